import { existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run } from "./support/program.js";
import { elementsOf, rendered, textOf } from "./support/reports.js";
import { placesIn, sarifOf } from "./support/sarif.js";
import { accessTo, row, send, service } from "./support/service.js";

/*
 * What reviewers see, through the built program: reports in files beside what it prints, and what a job of GitHub Actions is told.
 */

const STRIPE = "name: Stripe\nprovider_type: stripe\nsync_config: { invoice: { outbound: false } }\n";
const pushing = row({
  id: "conn_s",
  provider_type: "stripe",
  name: "Stripe",
  sync_config: { invoice: { outbound: true } },
});
const INTO = ["--json-into", "r.json", "--markdown-into", "r.md", "--html-into", "r.html", "--sarif-into", "r.sarif"];

function textIn(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
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
    ["a command line that is wrong", ["plan", "--nonsense"], 64, "USAGE.UNKNOWN_OPTION"],
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
    expect(ended.stderr).toContain("connections/new.yaml cannot be written: definitions end like that.");
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

  it.each([
    [["plan", "--json-into", "r", "--html-into", "./r"], "--json-into and --html-into name one file."],
    [["plan", "--out", "p.json", "--json-into", "p.json"], "--out and --json-into name one file."],
    [["apply", "p.json", "--json-into", "p.json"], "the saved plan and --json-into name one file."],
  ])("are not one file: %j", async (args, detail) => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const { code, stderr } = await run(args, { cwd });
    expect(code).toBe(64);
    expect(stderr).toContain(`error[USAGE.CONFLICT] Options that do not go together: ${detail}`);
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
      "::warning file=connections/stripe.yaml,line=2,col=1::danger: Stripe: invoices will no longer be pushed to Stripe\n",
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
    await run(["plan", "--nonsense"], { cwd, env });
    expect(textIn(cwd, "outputs").split("\n").slice(4)).toEqual(["exitcode=64", "has_changes=", "summary=", ""]);
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
