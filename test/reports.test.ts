import { execFile } from "node:child_process";
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { documentOf, type Ended, lastLine, program, run } from "./support/program.js";
import { elementsOf, rendered, textOf } from "./support/reports.js";
import { placesIn, sarifOf } from "./support/sarif.js";
import { accessTo, definitionOfPushing, pushing, row, send, service } from "./support/service.js";

/*
 * What reviewers see, through the built program: reports in files beside what it prints, and what a job of GitHub Actions is told.
 */

const STRIPE = definitionOfPushing(false);
const INTO = ["--json-into", "r.json", "--markdown-into", "r.md", "--html-into", "r.html", "--sarif-into", "r.sarif"];

function textIn(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

/** A link in a folder; its name. */
function linked(folder: string, name: string, to: string): string {
  symlinkSync(to, join(folder, name));
  return name;
}

/** All four reports that a run has written, the documents held against their schemas. */
function reportsIn(folder: string, ended: Ended) {
  return {
    document: documentOf({ ...ended, stdout: textIn(folder, "r.json") }),
    markdown: textIn(folder, "r.md"),
    html: textIn(folder, "r.html"),
    sarif: sarifOf(textIn(folder, "r.sarif")),
  };
}

describe("reports in files", () => {
  it("tell a plan beside what it prints, with its last line and its dangers", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const ended = await run(["plan", ...INTO], { cwd, env: accessTo(live) });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { document, markdown, html, sarif } = reportsIn(cwd, ended);
    const danger = "invoices will no longer be pushed to Stripe";
    expect(document).toMatchObject({
      command: "plan",
      targets: [
        {
          changes: [
            {
              dangers: [danger],
              consequences: [{ path: "sync_config.invoice.outbound", sentence: danger, weight: "danger" }],
            },
          ],
        },
      ],
    });
    expect(ended.stdout).toContain(`danger: ${danger}`);
    expect(markdown.split("\n")).toContain(lastLine(ended.stdout));
    for (const text of [markdown, html]) expect(text).toContain(danger);
    expect(html).toContain(lastLine(ended.stdout));
    expect(placesIn(sarif)).toEqual([]);
    expect(live.writes()).toEqual([]);
  });

  it("have the very document that --json prints", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const { stdout } = await run(["plan", "--json", "--json-into", "r.json"], { cwd, env: accessTo(live) });
    expect(textIn(cwd, "r.json")).toBe(stdout);
  });

  it("tell what became of a plan", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const ended = await run(["apply", "--yes", ...INTO], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(0);
    const { document, markdown, html } = reportsIn(cwd, ended);
    expect(document.targets[0]?.changes[0]?.outcome).toMatchObject({ status: "updated" });
    expect(markdown.split("\n")).toContain(lastLine(ended.stdout));
    expect(markdown).toContain("~ updated <code>Stripe</code>");
    expect(textOf(html)).toMatch(/1\s*~ updated/);
  });

  it.each<[string, readonly string[], number, string]>([
    ["definitions that are wrong", ["plan"], 3, "VALIDATE.WRONG_TYPE"],
    ["definitions that are wrong, offline", ["validate"], 3, "VALIDATE.WRONG_TYPE"],
    ["a service that fails", ["plan"], 1, "SERVICE.FAILED"],
    ["options that do not go together", ["plan", "--expires", "1h"], 64, "USAGE.CONFLICT"],
    ["a missing folder", ["plan", "-d", "nowhere"], 3, "LOAD.NO_FOLDER"],
  ])("tell a run that failed, too: %s", async (what, args, code, problem) => {
    const isBroken = what.startsWith("definitions");
    const cwd = folderWith({ "connections/stripe.yaml": isBroken ? STRIPE.replace("false", '"no"') : STRIPE });
    const live = await service([], (_request, response) => send(response, 500, { error: "no" }));
    const ended = await run([...args, ...INTO], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(code);
    const { document, markdown, html, sarif } = reportsIn(cwd, ended);
    expect(document.problems.map((found) => found.code)).toContain(problem);
    expect(markdown).toContain(problem);
    expect(markdown).toContain(`(exit code ${code})`);
    expect(html).toContain(problem);
    expect(sarif.runs[0].invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: code });
    if (isBroken) expect(placesIn(sarif)).toEqual(["VALIDATE.WRONG_TYPE connections/stripe.yaml:3:37"]);
    else expect(sarif.runs[0].invocations[0]?.toolExecutionNotifications[0]?.descriptor.id).toBe(problem);
  });

  it("of 401 changed connections are a comment that GitHub takes, with the totals", async () => {
    const numbers = [...Array(401).keys()];
    const cwd = folderWith({
      "connections/many.yaml": numbers
        .map(
          (at) =>
            `name: exports ${at}\nprovider_type: s3\nmetadata: { team: billing, number: ${at} }\nsync_config: { s3: { bucket: b, region: r } }\n`,
        )
        .join("---\n"),
    });
    const rows = numbers.map((at) =>
      row({
        id: `conn_${at}`,
        provider_type: "s3",
        name: `exports ${at}`,
        sync_config: { s3: { bucket: "a", region: "r" } },
      }),
    );
    const summary = join(cwd, "summary.md");
    const env = accessTo(await service(rows), { GITHUB_STEP_SUMMARY: summary });
    const ended = await run(["plan", "--markdown-into", "r.md"], { cwd, env });
    const markdown = textIn(cwd, "r.md");
    expect(statSync(join(cwd, "r.md")).size).toBeLessThanOrEqual(65_536);
    expect(markdown.split("\n")).toContain(lastLine(ended.stdout));
    expect(markdown).toContain("401 to update");
    expect(markdown).toMatch(/Of 401 connections \d+ are shown in full and \d+ in one line/);
    expect(elementsOf(rendered(markdown))).toContain("details");
    expect(textIn(cwd, "summary.md")).toBe(markdown);
  });

  it("are told of as problems, before anything is asked or written, where they cannot be written", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, "taken/x": "" });
    const live = await service([pushing]);
    const args = [
      "--html-into",
      "taken",
      "--markdown-into",
      "none/r.md",
      "--sarif-into",
      "connections/new.yaml",
      "--json-into",
      "r.json",
    ];
    const ended = await run(["apply", "--yes", ...args], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(live.received).toEqual([]);
    expect(ended.stderr).toContain(
      "error[OUTPUT.NOT_WRITTEN] File not written: taken cannot be written: it is a folder.\nhint: name another file with --html-into.",
    );
    expect(ended.stderr).toContain("none/r.md cannot be written: its folder does not exist.");
    expect(ended.stderr).toContain(
      "connections/new.yaml cannot be written: a file that ends in .yaml or .yml would be read as a definition.",
    );
    expect(existsSync(join(cwd, "connections/new.yaml"))).toBe(false);
    // The one that can be written says so.
    const document = documentOf({ ...ended, stdout: textIn(cwd, "r.json") });
    expect(document.problems.map(({ code }) => code)).toEqual(Array(3).fill("OUTPUT.NOT_WRITTEN"));
  });

  it("that fail after a write make a run that is partly done", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, "out/keep": "" });
    const { rmSync } = await import("node:fs");
    const live = await service([pushing], ({ method }) => {
      if (method === "PUT") rmSync(join(cwd, "out"), { recursive: true });
      return false;
    });
    const ended = await run(["apply", "--yes", "--html-into", "out/r.html", "--json-into", "r.json"], {
      cwd,
      env: accessTo(live),
    });
    expect(ended.code).toBe(4);
    expect(lastLine(ended.stdout)).toContain("1 updated");
    const document = documentOf({ ...ended, stdout: textIn(cwd, "r.json") });
    expect(document.problems).toMatchObject([{ code: "OUTPUT.NOT_WRITTEN", severity: "error" }]);
  });

  it("write over the report before, and over what a link leads to", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, "deep/r.json": "old", "r.md": "old" });
    symlinkSync("deep/r.json", join(cwd, "link.json"));
    const live = await service([pushing]);
    await run(["plan", "--json-into", "link.json", "--markdown-into", "r.md"], { cwd, env: accessTo(live) });
    expect(JSON.parse(textIn(cwd, "deep/r.json"))).toMatchObject({ command: "plan" });
    expect(textIn(cwd, "r.md")).toMatch(/^<!-- flexprice-sync:plan-/);
  });

  it("can go where there is no file", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const { code, stdout } = await run(["validate", "--html-into", "/dev/null"], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n" });
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it.each<[string, (cwd: string) => readonly string[], string]>([
    [
      "two reports",
      () => ["plan", "--json-into", "kept.txt", "--html-into", "./kept.txt"],
      "--html-into and --json-into name one file.",
    ],
    ["a plan", () => ["plan", "--out", "p.json", "--json-into", "./p.json"], "--out and --json-into name one file."],
    [
      "a plan, by its whole path",
      (cwd) => ["plan", "--out", "p.json", "--sarif-into", join(cwd, "p.json")],
      "--out and --sarif-into name one file.",
    ],
    [
      "a plan, by a link",
      () => ["plan", "--out", "p.json", "--markdown-into", "link"],
      "--out and --markdown-into name one file.",
    ],
    [
      "the saved plan",
      () => ["apply", "p.json", "--json-into", "p.json"],
      "the saved plan and --json-into name one file.",
    ],
    [
      "the settings",
      () => ["plan", "-c", "settings.txt", "--markdown-into", "settings.txt"],
      "--config and --markdown-into name one file.",
    ],
    [
      "a definition",
      () => ["validate", "definition.txt", "--html-into", "definition.txt"],
      "definition.txt and --html-into name one file.",
    ],
    [
      "the file of a variable",
      () => ["plan", "--html-into", "key"],
      "FLEXPRICE_API_KEY_FILE and --html-into name one file.",
    ],
  ])("never go over what the run reads or writes otherwise: %s", async (_what, args, detail) => {
    const files = {
      "kept.txt": "kept",
      "p.json": "a plan",
      "settings.txt": "environments: {}",
      "definition.txt": STRIPE,
      key: "sk_01K0TESTKEY",
    };
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, ...files });
    symlinkSync("p.json", join(cwd, "link"));
    const live = await service([pushing]);
    const { FLEXPRICE_API_KEY: _key, ...env } = accessTo(live, { FLEXPRICE_API_KEY_FILE: "key" });
    const { code, stderr } = await run(args(cwd), { cwd, env });
    expect(code).toBe(64);
    expect(stderr).toContain(`error[USAGE.CONFLICT] Options that do not go together: ${detail}`);
    expect(live.received).toEqual([]);
    // Of two reports that collide the first one is written.
    for (const [name, text] of Object.entries(files))
      if (name !== "kept.txt") expect([name, textIn(cwd, name)]).toEqual([name, text]);
  });

  it("of a command line that is not understood are the document alone, and over nothing that it names twice", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, "p.json": "a plan", "r.md": "before" });
    const wrong = await run(["plan", "--nonsense", "--json-into", "r.json", "--markdown-into", "r.md"], { cwd });
    expect(documentOf({ ...wrong, stdout: textIn(cwd, "r.json") }).problems).toMatchObject([
      { code: "USAGE.UNKNOWN_OPTION" },
    ]);
    expect(textIn(cwd, "r.md")).toBe("before");
    await run(["apply", "p.json", "--nonsense", "--json-into", "p.json"], { cwd });
    await run(["validate", "--", "--json-into=p.json", "--json-into", "p.json"], { cwd });
    expect(textIn(cwd, "p.json")).toBe("a plan");
  });

  it("go to no other place when the working folder is gone", async () => {
    const cwd = folderWith();
    const name = `flexprice-sync-${Math.random().toString(36).slice(2)}.json`;
    const command = `mkdir gone && cd gone && rmdir ../gone && exec ${process.execPath} ${program} validate --json-into ${name} --html-into ${join(cwd, "r.html")}`;
    const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) =>
      execFile("sh", ["-c", command], { cwd }, (fault, _stdout, stderr) => resolve({ code: fault?.code, stderr })),
    );
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`${name} cannot be written: the working folder does not exist any more.`);
    expect(existsSync(`/${name}`)).toBe(false);
    expect(textIn(cwd, "r.html")).toContain("LOAD.NO_FOLDER");
  });

  it("wait for nobody: a pipe without a reader is a problem, one with a reader gets all of it", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    await promisify(execFile)("mkfifo", ["pipe"], { cwd });
    const live = await service([pushing]);
    const alone = await run(["apply", "--yes", "--html-into", "pipe"], { cwd, env: accessTo(live) });
    expect(alone.code).toBe(4);
    expect(lastLine(alone.stdout)).toContain("1 updated");
    expect(alone.stderr).toContain("pipe cannot be written: nobody reads from it.");
    const reader = promisify(execFile)("cat", ["pipe"], { cwd });
    const read = await run(["plan", "--html-into", "pipe"], { cwd, env: accessTo(live) });
    expect(read.code).toBe(0);
    expect((await reader).stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });

  it("can go to a stream of ours, before what the command prints", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const command = `${process.execPath} ${program} validate --json-into /dev/stdout > out 2> err`;
    await promisify(execFile)("sh", ["-c", command], { cwd });
    const text = textIn(cwd, "out");
    const end = text.lastIndexOf("}\n") + 2;
    expect(JSON.parse(text.slice(0, end))).toMatchObject({ command: "validate" });
    expect(text.slice(end)).toBe("Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n");
  });

  it.each<[string, (cwd: string) => string, string]>([
    ["a link in a circle", (cwd) => linked(cwd, "circle", "circle"), "its links lead in a circle"],
    ["a name that is too long", () => "x".repeat(300), "its name is too long"],
    ["a folder to come", () => "x/", "it names a folder"],
    [
      "a link to a definition",
      (cwd) => linked(cwd, "l", "connections/stripe.yaml"),
      "a file that ends in .yaml or .yml would be read as a definition",
    ],
  ])("are refused with the reason: %s", async (_what, make, why) => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const { code, stderr } = await run(["validate", "--json-into", make(cwd)], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot be written: ${why}.`);
    expect(stderr).not.toContain("bug");
    expect(textIn(cwd, "connections/stripe.yaml")).toBe(STRIPE);
  });

  it("make what a link names that leads to nothing yet", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    symlinkSync("made.json", join(cwd, "link.json"));
    await run(["validate", "--json-into", "link.json"], { cwd });
    expect(JSON.parse(textIn(cwd, "made.json"))).toMatchObject({ command: "validate" });
    expect(lstatSync(join(cwd, "link.json")).isSymbolicLink()).toBe(true);
  });

  it("name the connection that took the place of another", async () => {
    const cwd = folderWith({
      "connections/stripe.yaml":
        'name: Stripe\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${K}", webhook_secret: "${K}" }\n',
    });
    const live = await service([pushing]);
    const args = [
      "apply",
      "--yes",
      "--allow-dangerous",
      "--replace",
      "Stripe",
      "--markdown-into",
      "r.md",
      "--html-into",
      "r.html",
    ];
    expect((await run(args, { cwd, env: accessTo(live, { K: "k" }) })).code).toBe(0);
    const after = live.rows[0]?.id ?? "";
    for (const name of ["r.md", "r.html"]) expect(textOf(textIn(cwd, name))).toContain(`conn_s → ${after}`);
    expect(textIn(cwd, "r.md")).toContain("dangers of the plan**");
  });
});

const BROKEN = `name: Stripe
provider_type: stripe
sync_config:
  invoice: { outbound: "no" }
  plan: { inbond: true }
`;

describe("in GitHub Actions", () => {
  it("problems are annotations on their lines, on stderr", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": BROKEN, "connections/empty.yaml": "" });
    for (const json of [[], ["--json"]]) {
      const { stdout, stderr, code } = await run(["validate", ...json], { cwd, env: { GITHUB_ACTIONS: "true" } });
      expect(code).toBe(3);
      expect(stdout).not.toContain("::");
      const annotations = stderr.split("\n").filter((line) => line.startsWith("::"));
      expect(annotations.map((line) => line.slice(0, line.indexOf("::", 2)))).toEqual([
        "::warning file=connections/empty.yaml,line=1,col=1",
        "::error file=connections/stripe.yaml,line=4,col=24",
        "::error file=connections/stripe.yaml,line=5,col=11",
      ]);
      // They stand beside what a person reads.
      expect(stderr).toContain("error[VALIDATE.WRONG_TYPE] connections/stripe.yaml:4:24: Wrong type:");
    }
  });

  it("have paths from the top of the repository, also when the command runs in a folder of it", async () => {
    const top = folderWith({ "infra/billing/connections/stripe.yaml": BROKEN });
    const cwd = join(top, "infra/billing");
    const env = { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: top };
    const { stderr } = await run(["validate", "--sarif-into", "r.sarif"], { cwd, env });
    expect(stderr).toContain("::error file=infra/billing/connections/stripe.yaml,line=4,col=24::");
    expect(placesIn(sarifOf(textIn(cwd, "r.sarif")))).toContain(
      "VALIDATE.WRONG_TYPE infra/billing/connections/stripe.yaml:4:24",
    );
    const elsewhere = await run(["validate"], { cwd, env: { ...env, GITHUB_WORKSPACE: join(top, "other") } });
    expect(elsewhere.stderr).toContain("::error file=connections/stripe.yaml,line=4,col=24::");
  });

  it("dangers of a plan are warnings on their definitions", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": `# ours\n${STRIPE}` });
    const env = accessTo(await service([pushing]), { GITHUB_ACTIONS: "true" });
    const { stderr } = await run(["plan"], { cwd, env });
    expect(stderr).toBe(
      "::warning file=connections/stripe.yaml,line=4,col=37::danger: Stripe: invoices will no longer be pushed to Stripe\n",
    );
    expect((await run(["plan", "-q"], { cwd, env })).stderr).toBe("");
  });

  it("there are none elsewhere", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": BROKEN });
    for (const env of [{}, { GITHUB_ACTIONS: "" }, { GITHUB_ACTIONS: "false" }] as const)
      expect((await run(["validate"], { cwd, env })).stderr).not.toContain("::");
  });

  it("the summary and the outputs of a step are added to what is there", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE, "summary.md": "before\n", outputs: "other=1\n" });
    const env = accessTo(await service([pushing]), {
      GITHUB_STEP_SUMMARY: join(cwd, "summary.md"),
      GITHUB_OUTPUT: join(cwd, "outputs"),
    });
    const { stdout, code } = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect(code).toBe(2);
    expect(textIn(cwd, "outputs")).toBe(`other=1\nexitcode=2\nhas_changes=true\nsummary=${lastLine(stdout)}\n`);
    expect(textIn(cwd, "summary.md")).toMatch(/^before\n<!-- flexprice-sync:plan-/);
    expect(textIn(cwd, "summary.md").split("\n")).toContain(lastLine(stdout));
    for (const command of ["plan", "validate"]) await run([command, "--nonsense"], { cwd, env });
    const failed = ["exitcode=64", "has_changes=", "summary="];
    expect(textIn(cwd, "outputs").split("\n").slice(4)).toEqual([...failed, ...failed, ""]);
  });

  it("a summary that cannot be written is a warning: the run is what it is", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const env = accessTo(await service([pushing]), {
      GITHUB_STEP_SUMMARY: join(cwd, "none/summary.md"),
      GITHUB_OUTPUT: cwd,
    });
    const { stderr, code } = await run(["apply", "--yes"], { cwd, env });
    expect(code).toBe(0);
    expect(stderr).toContain(
      "warning[OUTPUT.NOT_WRITTEN] File not written: the file of GITHUB_STEP_SUMMARY cannot be written:",
    );
    expect(stderr).toContain(
      "warning[OUTPUT.NOT_WRITTEN] File not written: the file of GITHUB_OUTPUT cannot be written:",
    );
  });

  it("no name can give the runner a command", async () => {
    const name = "x ##[set-output name=exitcode]0 ::set-output name=a::b";
    const cwd = folderWith({
      "connections/a.yaml": `name: ${JSON.stringify(name)}\nprovider_type: s3\nmetadata: { "::error::k": "##[add-mask]a" }\n`,
    });
    const live = await service([row({ id: "conn_1", provider_type: "s3", name: "::stop-commands::x" })]);
    for (const args of [["plan"], ["plan", "--json"], ["plan", "-v"], ["plan", "--debug"], ["apply", "--yes"]]) {
      const { stdout, stderr } = await run(args, { cwd, env: accessTo(live, { GITHUB_ACTIONS: "true" }) });
      for (const line of (stdout + stderr).split("\n")) {
        expect(line, args.join(" ")).not.toContain("##[");
        expect(line.trim(), args.join(" ")).not.toMatch(/^::(?!error file=|warning file=)/);
      }
    }
  });
});

describe("the marker of a comment", () => {
  it("is the same whatever comes of the run, and another for other environments, folders, definitions and commands", async () => {
    const cwd = folderWith({
      "connections/stripe.yaml": STRIPE,
      "more/hubspot.yaml": "name: H\nprovider_type: hubspot\n",
    });
    const live = await service([pushing]);
    const markerOf = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
      await run([...args, "--markdown-into", "r.md"], { cwd, env: { ...accessTo(live), ...more } });
      return /^<!-- flexprice-sync:(plan|validate)-[0-9a-f]{12} -->$/.exec(
        textIn(cwd, "r.md").split("\n")[0] ?? "",
      )?.[0];
    };
    const usual = await markerOf(["plan"]);
    expect(usual).toBeDefined();
    // Also of one that failed before it began.
    const inEurope = await markerOf(["plan", "--env", "eu"]);
    expect(await markerOf(["plan", "--env", "eu", "--expires", "1h"])).toBe(inEurope);
    expect(await markerOf(["plan", "--json", "-q", "--detailed-exitcode", "--out", "p.json"])).toBe(usual);
    live.intercept = (_request, response) => send(response, 500, {});
    expect(await markerOf(["plan"])).toBe(usual);
    const markers = new Set([usual]);
    for (const args of [["validate"], ["plan", "--only", "Stripe"], ["plan", "-d", "more"], ["plan", "--env", "eu"]])
      markers.add(await markerOf(args));
    markers.add(await markerOf(["plan"], { FLEXPRICE_ENVIRONMENT_ID: "env_other" }));
    expect(markers.size).toBe(6);
  });
});
