import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderWith, writeInto } from "./support/folder.js";
import { commentServer, evaluated, type Job, readAction, runAction } from "./support/github-actions.js";
import { accessTo, definitionOfPushing, pushing, row, send, service } from "./support/service.js";

/*
 * The action, its steps run as GitHub runs them: the packed program is installed, asked, and told of in a comment.
 */

const root = fileURLToPath(new URL("..", import.meta.url));
let packed: string;
let version: string;
beforeAll(async () => {
  packed = mkdtempSync(join(tmpdir(), "flexprice-sync-pack-"));
  await promisify(execFile)("npm", ["pack", "--ignore-scripts", "--pack-destination", packed], { cwd: root });
  const [tarball = ""] = readdirSync(packed);
  version = `file:${join(packed, tarball)}`;
});
afterAll(() => rmSync(packed, { recursive: true, force: true }));

const STRIPE = definitionOfPushing(false);
const pullRequest = { name: "pull_request", content: { pull_request: { number: 7 } } };

/** Runs the action with the program of this checkout. */
function act({ inputs = {}, ...job }: Job) {
  return runAction({ ...job, inputs: { version, ...inputs } });
}

describe("the action with plan", () => {
  it("puts the plan into one comment, and keeps that one up to date", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const comments = await commentServer([{ user: { login: "a-person" }, body: "LGTM" }]);
    const job = { cwd, env: accessTo(live), event: pullRequest, apiUrl: comments.apiUrl };
    const first = await act(job);
    expect(first).toMatchObject({ code: 0, steps: ["install", "run", "comment", "end"] });
    expect(first.outputs).toMatchObject({
      exitcode: "0",
      has_changes: "true",
      summary: "Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 0 unknown.",
    });
    expect(comments.all).toHaveLength(2);
    expect(comments.all[1]?.body).toContain("invoices will no longer be pushed to Stripe");
    expect(comments.all[1]?.body).toBe(first.summary);

    writeInto(cwd, { "connections/stripe.yaml": STRIPE.replace("false", "true") });
    await act(job);
    expect(comments.all).toHaveLength(2);
    expect(comments.all[0]?.body).toBe("LGTM");
    expect(comments.all[1]?.body).toContain("Plan: 0 to create, 0 to update");
    expect(comments.all[1]?.body).not.toContain("no longer");

    // A plan that is the same is not written again.
    comments.asked.length = 0;
    await act(job);
    expect(comments.asked.map((asked) => asked.split(" ")[0])).toEqual(["GET"]);
    expect(live.writes()).toEqual([]);
  });

  it("finds its comment behind hundreds of others, and never takes somebody else's for it", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const empty = await commentServer();
    const job = { cwd, env: accessTo(live), event: pullRequest };
    await act({ ...job, apiUrl: empty.apiUrl });
    const marker = empty.all[0]?.body.split("\n")[0] ?? "";
    expect(marker).toMatch(/^<!-- flexprice-sync:plan-[0-9a-f]{12} -->$/);
    const talk = [...Array(230).keys()].map((at) => ({ user: { login: "a-person" }, body: `${at}` }));
    const copied = { user: { login: "somebody-else" }, body: `${marker}\nAll is well, merge it.` };
    const ours = { user: { login: "github-actions[bot]" }, body: `${marker}\r\nold` };
    const comments = await commentServer([copied, ...talk, ours]);
    await act({ ...job, apiUrl: comments.apiUrl });
    expect(comments.all).toHaveLength(232);
    expect(comments.all[0]?.body).toContain("All is well");
    expect(comments.all[231]?.body).toContain("1 to update");
  });

  it("comments on a run that failed, and ends as that did", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE.replace("false", '"no"') });
    const comments = await commentServer();
    const { code, outputs, log } = await act({ cwd, event: pullRequest, apiUrl: comments.apiUrl });
    expect(code).toBe(3);
    expect(outputs).toMatchObject({ exitcode: "3", has_changes: "" });
    expect(comments.all[0]?.body).toContain("VALIDATE.WRONG_TYPE");
    expect(log).toContain("::error file=connections/stripe.yaml,line=3,col=37::");
  });

  it.each([
    [403, "Resource not accessible by integration"],
    [404, "Not Found"],
    [503, "no"],
  ])("goes on without a comment where there can be none: %i", async (status, message) => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const comments = await commentServer();
    comments.refuse = () => ({ status, message });
    const { code, log, summary } = await act({
      cwd,
      env: accessTo(await service([pushing])),
      event: pullRequest,
      apiUrl: comments.apiUrl,
    });
    expect(code).toBe(0);
    expect(log).toContain(
      `::warning::The report could not be put into a comment: GET ended with ${status} (${message}).`,
    );
    expect(log.includes("pull-requests: write")).toBe(status < 500);
    expect(comments.asked).toHaveLength(status < 500 ? 1 : 3);
    expect(summary).toContain("1 to update");
  });

  it("ends as the program did when there is no report to comment with", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const comments = await commentServer();
    const job = { cwd, event: pullRequest, apiUrl: comments.apiUrl };
    const helped = await act({ ...job, inputs: { arguments: "--help" } });
    expect(helped.code).toBe(0);
    expect(helped.log).toContain("::warning::The report could not be put into a comment: ENOENT");
    const wrong = await act({ ...job, inputs: { arguments: "--only Stripe" } });
    expect([wrong.code, wrong.outputs["exitcode"]]).toEqual([64, "64"]);
    expect(wrong.log).toContain("hint: option and value are two arguments, --only VALUE, or --only=VALUE.");
    expect(comments.all).toEqual([]);
  });

  it("repeats no new comment whose answer was an error: it may be there", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const comments = await commentServer();
    comments.refuse = (method) => (method === "POST" ? { status: 502, message: "bad gateway" } : undefined);
    const { code } = await act({
      cwd,
      env: accessTo(await service([pushing])),
      event: pullRequest,
      apiUrl: comments.apiUrl,
    });
    expect(code).toBe(0);
    expect(comments.asked.filter((asked) => asked.startsWith("POST"))).toHaveLength(1);
  });

  it("writes no comment outside of a pull request, or when nobody wants one", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const env = accessTo(await service([pushing]));
    expect((await act({ cwd, env })).steps).toEqual(["install", "run", "end"]);
    expect((await act({ cwd, env, event: pullRequest, inputs: { comment: "false" } })).steps).toEqual([
      "install",
      "run",
      "end",
    ]);
  });

  it("has all reports in one folder, for an artifact", async () => {
    const cwd = folderWith({ "infra/connections/stripe.yaml": STRIPE });
    const env = accessTo(await service([pushing]));
    const { outputs, log } = await act({ cwd, env, inputs: { "working-directory": "infra" } });
    expect(readdirSync(outputs["reports"] ?? "").sort()).toEqual([
      "report.html",
      "report.json",
      "report.md",
      "report.sarif",
    ]);
    expect(log).toContain("::warning file=infra/connections/stripe.yaml,line=3,col=37::danger: ");
  });

  it("takes patterns and arguments as they are, a line each", async () => {
    const settings = (names: readonly string[], url: string) =>
      `environments:\n${names.map((name) => `  ${name}:\n    base_url: ${url}\n    api_key: \${KEY}\n    connections: [connections]\n`).join("")}`;
    const live = await service([pushing]);
    const cwd = folderWith({
      "connections/stripe.yaml": STRIPE,
      "flexprice-sync.yaml": settings(["eu-1"], live.baseUrl),
    });
    const env = { KEY: accessTo(live)["FLEXPRICE_API_KEY"] ?? "" };
    const inputs = { environments: "eu-*\n", arguments: "--only\nStr* $(touch taken) `x`\n--detailed-exitcode" };
    const { code, log } = await act({ cwd, env, inputs });
    expect(code).toBe(3);
    expect(log).toContain("error[LOAD.NOTHING_SELECTED]");
    expect(existsSync(join(cwd, "taken"))).toBe(false);
    expect((await act({ cwd, env, inputs: { ...inputs, arguments: "--detailed-exitcode" } })).code).toBe(2);
  });
});

describe("the action with apply", () => {
  it("carries out the plan that was saved, and nothing else", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const live = await service([pushing]);
    const job = { cwd, env: accessTo(live) };
    expect((await act({ ...job, inputs: { "plan-file": "plan.json" } })).code).toBe(0);
    expect(live.writes()).toEqual([]);
    const applied = await act({ ...job, event: pullRequest, inputs: { command: "apply", "plan-file": "plan.json" } });
    expect(applied).toMatchObject({ code: 0, steps: ["install", "run", "end"] });
    expect(applied.outputs["summary"]).toMatch(/^Apply: 0 created, 1 updated, /);
    expect(live.writes()).toHaveLength(1);
    writeInto(cwd, { "connections/stripe.yaml": STRIPE.replace("false", "true") });
    const stale = await act({ ...job, inputs: { command: "apply", "plan-file": "plan.json" } });
    expect([stale.code, stale.outputs["exitcode"]]).toEqual([5, "5"]);
    expect(live.writes()).toHaveLength(1);
  });

  it("ends as apply did when that is half done", async () => {
    const cwd = folderWith({
      "connections/a.yaml": `${STRIPE}---\nname: H\nprovider_type: hubspot\nmetadata: { a: b }\n`,
    });
    const rows = [pushing, row({ id: "conn_h", provider_type: "hubspot", name: "H" })];
    const live = await service(
      rows,
      ({ method, path }, response) =>
        method === "PUT" && path.endsWith("conn_h") && send(response, 400, { message: "no" }),
    );
    const job = { cwd, env: accessTo(live) };
    await act({ ...job, inputs: { "plan-file": "plan.json" } });
    const { code, outputs } = await act({ ...job, inputs: { command: "apply", "plan-file": "plan.json" } });
    expect([code, outputs["exitcode"]]).toEqual([4, "4"]);
  });

  it("wants a saved plan", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": STRIPE });
    const { code, log } = await act({ cwd, inputs: { command: "apply" } });
    expect(code).toBe(64);
    expect(log).toContain("::error::apply carries out a saved plan: name its file with plan-file.");
  });
});

describe("the action", () => {
  it("makes no plan with validate", async () => {
    const { code, log, outputs } = await act({
      cwd: folderWith(),
      inputs: { command: "validate", "plan-file": "p.json" },
    });
    expect([code, outputs["exitcode"]]).toEqual([64, "64"]);
    expect(log).toContain("::error::validate makes no plan: leave out plan-file.");
  });

  it("has no other command", async () => {
    const { code, log } = await act({ cwd: folderWith(), inputs: { command: "prune" } });
    expect(code).toBe(64);
    expect(log).toContain("::error::command takes validate, plan or apply.");
  });

  it("installs the version that it is of", async () => {
    const { version: own } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const [install] = readAction().runs.steps;
    const bin = folderWith({ npm: '#!/bin/sh\necho "$@"\n' });
    await promisify(execFile)("chmod", ["+x", join(bin, "npm")]);
    const { stdout } = await promisify(execFile)("bash", ["-e", "-o", "pipefail", "-c", install?.run ?? ""], {
      env: {
        PATH: `${bin}:${process.env["PATH"]}`,
        ACTION: root,
        TOOLS: folderWith(),
        VERSION: "",
        GITHUB_OUTPUT: "/dev/null",
      },
    });
    expect(stdout).toContain(` flexprice-sync@${own}\n`);
  });

  it("puts nothing that comes from outside into a script", () => {
    for (const { run } of readAction().runs.steps) expect(run).not.toContain("${{");
  });

  it("says of every input and output what it is, and README's guide names them", () => {
    const { inputs, outputs } = readAction();
    const guide = readFileSync(join(root, "docs/ci.md"), "utf8");
    for (const [name, { description }] of Object.entries(inputs)) {
      expect(description, name).toMatch(/\.$/);
      expect(guide, name).toContain(`| \`${name}\` |`);
    }
    for (const name of Object.keys(outputs)) expect(guide, name).toContain(`\`${name}\``);
  });

  it("is held to what GitHub makes of an expression", () => {
    const context = { inputs: { comment: "true", command: "plan" }, github: { event_name: "pull_request" } };
    const condition = readAction().runs.steps.find(({ id }) => id === "comment")?.if ?? "";
    expect(evaluated(condition, context)).toBe("true");
    expect(evaluated(condition, { ...context, github: { event_name: "pull_request_target" } })).toBe("false");
  });
});
