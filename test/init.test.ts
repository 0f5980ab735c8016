import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseArguments } from "../src/cli/arguments.js";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, lastLine, run } from "./support/program.js";
import { accessTo, ENVIRONMENT, row, service } from "./support/service.js";

const all = [
  ".env.example",
  ".flexprice-sync/connection.schema.json",
  ".flexprice-sync/settings.schema.json",
  ".github/workflows/flexprice-sync.yml",
  ".gitignore",
  "connections/README.md",
  "flexprice-sync.yaml",
];

function filesIn(cwd: string): readonly string[] {
  return readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(cwd.length + 1))
    .sort();
}

const textIn = (cwd: string) => (file: string) => readFileSync(join(cwd, file), "utf8");

describe("init", () => {
  it("starts a repository without asking the service, and what it wrote is valid", async () => {
    const live = await service();
    const cwd = folderWith();
    const env = accessTo(live);
    const ended = await run(["init"], { cwd, env });
    expect([ended.code, filesIn(cwd), lastLine(ended.stdout), live.received]).toEqual([
      0,
      all,
      "Init: 7 written, 0 kept.",
      [],
    ]);
    const settings = textIn(cwd)("flexprice-sync.yaml");
    expect(parse(settings)).toEqual({
      environments: {
        default: {
          base_url: live.baseUrl,
          api_key: "${FLEXPRICE_API_KEY}",
          environment_id: ENVIRONMENT,
          connections: ["connections"],
        },
      },
    });
    writeInto(cwd, { "connections/s.yaml": "name: S\nprovider_type: stripe\n" });
    expect((await run(["validate"], { cwd })).code).toBe(0);
    live.rows.push(row({ id: "conn_1", provider_type: "stripe", name: "S" }));
    const plan = await run(["plan", "--json"], { cwd, env });
    expect([plan.code, documentOf(plan).targets[0]?.environment]).toEqual([0, "default"]);
  });

  it("keeps files and links to files, and says what else is in the place of one", async () => {
    const cwd = folderWith({ "real.yaml": "environments: {}\n" });
    symlinkSync("real.yaml", join(cwd, "flexprice-sync.yaml"));
    mkdirSync(join(cwd, ".github/workflows/flexprice-sync.yml"), { recursive: true });
    writeInto(cwd, { connections: "a file\n" });
    const ended = await run(["init"], { cwd });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain("kept, was there  flexprice-sync.yaml");
    expect(ended.stdout).toContain("could not be written  .github/workflows/flexprice-sync.yml");
    expect(ended.stderr).toContain(".github/workflows/flexprice-sync.yml is left as it is: it is no regular file");
    expect(ended.stderr).toContain("connections/README.md cannot be written: a file is in the place of its folder.");
    const other = folderWith({});
    symlinkSync("nowhere", join(other, "flexprice-sync.yaml"));
    symlinkSync("nowhere", join(other, ".github"));
    const dangling = await run(["init"], { cwd: other });
    expect([dangling.code, dangling.stdout]).toEqual([
      1,
      expect.stringContaining("could not be written  flexprice-sync.yaml"),
    ]);
    expect(dangling.stderr).toContain("its folder is not there, or is a link that leads nowhere");
  });

  it("without variables names no secret and no address but the public one, and has every hint it needs", async () => {
    const cwd = folderWith();
    expect((await run(["init"], { cwd })).code).toBe(0);
    expect(textIn(cwd)("flexprice-sync.yaml")).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=.flexprice-sync/settings.schema.json
      # owner: acme-billing   # whose connections these are; prune goes by it
      environments:
        default:   # any name: outputs and --env have it
          base_url: https://us.api.flexprice.io/v1   # or https://api.cloud.flexprice.io/v1, or your own
          api_key: \${FLEXPRICE_API_KEY}   # the variable's name, never the key
          # environment_id: env_…   # strongly advised   # connections of any other environment stop the run
          connections: [connections]
          # vars: { BUCKET: acme-exports }   # a definition takes it with \${var.BUCKET}
      "
    `);
    expect((await run(["validate", "--json"], { cwd })).code).toBe(3);
  });

  it("keeps a host of your own out of the file until it is allowed", async () => {
    const cwd = folderWith();
    const env = { FLEXPRICE_BASE_URL: "https://billing.example.com/v1", FLEXPRICE_API_KEY: "sk_canary" };
    expect((await run(["init"], { cwd, env })).code).toBe(0);
    writeInto(cwd, { "connections/s.yaml": "name: S\nprovider_type: stripe\n" });
    const ended = await run(["validate", "--json"], { cwd });
    expect(documentOf(ended).problems).toEqual([]);
    for (const file of filesIn(cwd)) expect(textIn(cwd)(file), file).not.toContain("canary");
    // CI has to be told it, then.
    const workflow = textIn(cwd)(".github/workflows/flexprice-sync.yml");
    expect(workflow.match(/FLEXPRICE_BASE_URL: \$\{\{ vars\.FLEXPRICE_BASE_URL \}\}/g)).toHaveLength(2);
  });

  it("writes over nothing that is there, and adds only what is missing", async () => {
    const mine = {
      "flexprice-sync.yaml": "owner: me\n",
      ".env.example": "FLEXPRICE_API_KEY=mine\n",
      ".gitignore": "node_modules\n.env\n",
      ".github/workflows/flexprice-sync.yml": "mine\n",
    };
    const cwd = folderWith(mine);
    const ended = await run(["init", "--json"], { cwd });
    expect(ended.code).toBe(0);
    const { init } = documentOf(ended) as unknown as { init: { files: readonly { file: string; status: string }[] } };
    expect(init.files).toEqual([
      { file: "flexprice-sync.yaml", status: "kept" },
      { file: "connections/README.md", status: "written" },
      { file: ".env.example", status: "added-to" },
      { file: ".gitignore", status: "added-to" },
      { file: ".flexprice-sync/connection.schema.json", status: "written" },
      { file: ".flexprice-sync/settings.schema.json", status: "written" },
      { file: ".github/workflows/flexprice-sync.yml", status: "kept" },
    ]);
    const text = textIn(cwd);
    expect(text("flexprice-sync.yaml")).toBe(mine["flexprice-sync.yaml"]);
    expect(text(".env.example")).toBe("FLEXPRICE_API_KEY=mine\nFLEXPRICE_SYNC_FINGERPRINT_KEY=\n");
    expect(text(".gitignore")).toBe("node_modules\n.env\nplan.json\nflexprice-sync-recovery-*.json\n");
    const before = filesIn(cwd).map(text);
    const again = await run(["init"], { cwd });
    expect([again.code, lastLine(again.stdout), filesIn(cwd).map(text)]).toEqual([
      0,
      "Init: 0 written, 3 kept.",
      before,
    ]);
  });

  it("leaves alone what it cannot read, and says so", async () => {
    const cwd = folderWith({
      ".env": "STRIPE_SECRET_KEY=precious\n",
      ".gitignore": new Uint8Array([0x66, 0xff, 0x0a]),
    });
    symlinkSync(".env", join(cwd, ".env.example"));
    symlinkSync("nowhere.yaml", join(cwd, "flexprice-sync.yaml"));
    writeInto(cwd, { ".github": "a file" });
    const ended = await run(["init", "--json"], { cwd });
    expect(ended.code).toBe(1);
    const told = documentOf(ended).problems.map(({ code, message }) => `${code} ${message}`);
    expect(told).toHaveLength(4);
    for (const [at, file] of [
      "flexprice-sync.yaml is left",
      ".env.example is left",
      ".gitignore is left",
      ".github/workflows/flexprice-sync.yml cannot be written",
    ].entries())
      expect(told[at]).toContain(file);
    expect(readlinkSync(join(cwd, ".env.example"))).toBe(".env");
    expect(readlinkSync(join(cwd, "flexprice-sync.yaml"))).toBe("nowhere.yaml");
    expect(readFileSync(join(cwd, ".gitignore"))).toEqual(Buffer.from([0x66, 0xff, 0x0a]));
    expect(textIn(cwd)(".env")).toBe("STRIPE_SECRET_KEY=precious\n");
  });

  it("writes no key that stands where the owner belongs", async () => {
    const cwd = folderWith();
    const ended = await run(["init", "--json"], { cwd, env: { FLEXPRICE_SYNC_OWNER: "sk_live_canary" } });
    expect([ended.code, documentOf(ended).problems.map(({ code }) => code)]).toEqual([3, ["SETTINGS.BAD_OWNER"]]);
    for (const file of filesIn(cwd)) expect(textIn(cwd)(file), file).not.toContain("canary");
    const good = folderWith();
    await run(["init"], { cwd: good, env: { FLEXPRICE_SYNC_OWNER: "no" } });
    expect(parse(textIn(good)("flexprice-sync.yaml")).owner).toBe("no");
  });

  it("begins one folder", async () => {
    expect((await run(["init", "-d", "a", "-d", "b"], { cwd: folderWith() })).code).toBe(64);
  });

  it("--pull brings what the service has, and ends with a plan of zero", async () => {
    const live = await service([
      row({ id: "conn_1", provider_type: "stripe", name: "S", metadata: { team: "billing" } }),
      row({ id: "conn_2", provider_type: "tabs", name: "T" }),
    ]);
    const cwd = folderWith();
    const { FLEXPRICE_ENVIRONMENT_ID: _, ...env } = accessTo(live);
    const ended = await run(["init", "--pull", "-d", "defs"], { cwd, env });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("+ written  defs/stripe.yaml  S (stripe, conn_1)");
    // The rows have shown which environment it is.
    expect(textIn(cwd)("flexprice-sync.yaml")).toContain(`environment_id: ${ENVIRONMENT}`);
    const workflow = textIn(cwd)(".github/workflows/flexprice-sync.yml");
    expect(workflow).toContain("STRIPE_SECRET_KEY: ${{ secrets.STRIPE_SECRET_KEY }}");
    const plan = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect([plan.code, live.writes()]).toEqual([0, []]);
    const json = await run(["init", "--pull", "--json"], { cwd, env });
    expect([json.code, documentOf(json).command]).toEqual([0, "init"]);
  });

  it("--pull that does not reach the service says why, and the files are there all the same", async () => {
    const cwd = folderWith();
    const ended = await run(["init", "--pull", "--json"], { cwd });
    expect([ended.code, filesIn(cwd)]).toEqual([3, all]);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["SETTINGS.NO_API_KEY", "SETTINGS.NO_BASE_URL"]);
  });
});

describe("the workflow that init writes", () => {
  async function workflow() {
    const cwd = folderWith();
    await run(["init"], { cwd });
    const text = readFileSync(join(cwd, ".github/workflows/flexprice-sync.yml"), "utf8");
    return { text, data: parse(text) };
  }

  it("runs commands that the program takes, of this version", async () => {
    const { text, data } = await workflow();
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    const steps = Object.values(data.jobs as Record<string, { steps: readonly { run?: string }[] }>).flatMap(
      (job) => job.steps,
    );
    const commands = steps.flatMap(({ run: line }) => (line?.startsWith("flexprice-sync ") ? [line] : []));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const argv = command
        .split(" ")
        .slice(1)
        .map((word) => word.replaceAll("'", ""));
      expect([command, parseArguments(argv, "1").kind]).toEqual([command, "command"]);
    }
    expect(text.match(/flexprice-sync@[\d.]+/g)).toEqual(Array(3).fill(`flexprice-sync@${version}`));
  });

  it("gives forks no secret, runs one apply at a time, and breaks none off", async () => {
    const { text, data } = await workflow();
    expect(text).not.toContain("pull_request_target");
    expect(JSON.stringify(data.jobs.validate)).not.toContain("secrets.");
    expect(data.jobs.plan.if).toContain("head.repo.full_name == github.repository");
    expect(data.jobs.apply.if).toBe("github.event_name != 'pull_request' && github.ref == 'refs/heads/main'");
    expect(data.jobs.apply.concurrency).toEqual({ group: "flexprice-sync-apply", "cancel-in-progress": false });
    expect(data.permissions).toEqual({ contents: "read" });
  });
});
