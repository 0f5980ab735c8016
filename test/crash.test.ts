import { describe, expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { run } from "./support/program.js";
import { accessTo, row, service } from "./support/service.js";

/*
 * Mistakes of our own, put into the built program while it runs: they are called bugs, say what may have been done, and repeat
 * nothing that the environment holds.
 */

const CANARY = "canary-0123456789-of-a-crash";

/** Throws what a variable holds, out of a function of the program. */
const IN_A_FUNCTION = `const { map } = Array.prototype;
Array.prototype.map = function (...parts) {
  const { stack } = new Error();
  if (new RegExp("at (?:async )?" + process.env.BUG_IN + " ").test(stack)) throw new TypeError("oh " + process.env.SK);
  return map.apply(this, parts);
};
Error.stackTraceLimit = 40;
`;
/** Does something out of a timer as soon as the program listens for what nobody catches. */
const soon = (act: string) => `const waiting = setInterval(() => {
  if (process.listenerCount("uncaughtException") === 0) return;
  clearInterval(waiting);
  ${act}
}, 1);
`;
const IN_A_TIMER = soon('throw new Error("oh " + process.env.SK);');
const IN_A_PROMISE = soon('Promise.reject(new Error("oh " + encodeURIComponent(process.env.SK)));');

const stripe =
  'name: S\nprovider_type: stripe\nmetadata: { team: billing }\nencrypted_secret_data: { secret_key: "${SK}" }\n';

async function brokenBy(bug: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const live = await service([row({ id: "conn_s", provider_type: "stripe", name: "S" })]);
  // Answers that take longer than the mistake needs.
  if (bug !== IN_A_FUNCTION) live.intercept = () => new Promise((resolve) => setTimeout(() => resolve(false), 3_000));
  const cwd = folderWith({ "connections/s.yaml": stripe, "bug.mjs": bug, secret: `${CANARY}\n` });
  const env = accessTo(live, { SK: CANARY, NODE_OPTIONS: "--import=./bug.mjs", ...more });
  return { ...(await run(args, { cwd, env })), live };
}

describe("a mistake of ours", () => {
  it.each([
    ["in a plan", ["plan", "--json"], "makePlan", 1],
    ["in a plan, with everything told", ["plan", "--json", "--debug"], "makePlan", 1],
    ["after something was written", ["apply", "--yes", "--json"], "jsonText", 4],
  ])("is called one, and says nothing of the environment: %s", async (_what, args, BUG_IN, code) => {
    const ended = await brokenBy(IN_A_FUNCTION, args, { BUG_IN });
    expect(ended.stderr).toContain("error[INTERNAL.BUG]");
    expect(ended.stderr).toContain("    at ");
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it.each([
    ["a timer, while nothing was written", IN_A_TIMER, ["plan"], 1],
    ["a timer, when something may have been", IN_A_TIMER, ["apply", "--yes"], 4],
    ["a promise that nobody waits for", IN_A_PROMISE, ["apply", "--yes"], 4],
  ])("ends the process wherever it is: %s", async (_what, bug, args, code) => {
    const ended = await brokenBy(bug, args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(/^\(withheld: .*\n {4}at /);
    expect(ended.stderr).toContain("error[INTERNAL.BUG]");
    expect(ended.stderr).toContain("run plan, to see what was written");
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("repeats nothing in what looks like a line of code, in a name, or in a cause", async () => {
    const bug = soon(`const { SK } = process.env;
      const fault = new AggregateError([new Error(SK)], "oh\\n    at " + SK + " (x.js:1:1)", { cause: SK });
      fault.name = SK;
      fault.more = SK;
      throw fault;`);
    const { stderr } = await brokenBy(bug, ["plan", "--debug"]);
    expect(stderr).toContain("error[INTERNAL.BUG]");
    expect(stderr).not.toContain("canary");
  });

  it("says its words where they repeat nothing", async () => {
    const { stderr } = await brokenBy(soon('throw new Error("a plain word");'), ["plan"]);
    expect(stderr).toMatch(/^Error: a plain word\n {4}at .*error\[INTERNAL\.BUG\] Internal error: a plain word\./s);
  });

  it("repeats no password of a proxy and no token of a tool, and steers no terminal", async () => {
    const bug = soon('throw new Error("a\\u001b[2J\\n::error::b " + process.env.WORDS);');
    const more = { HTTPS_PROXY: `http://me:${CANARY.slice(7)}@127.0.0.1:9`, NODE_AUTH_TOKEN: "token-of-a-registry" };
    for (const WORDS of [CANARY.slice(7), "token-of-a-registry"]) {
      const { stderr } = await brokenBy(bug, ["plan"], { SK: "x", WORDS: WORDS.toUpperCase(), ...more });
      expect(stderr).toContain("error[INTERNAL.BUG]");
      expect(stderr.toLowerCase()).not.toContain(WORDS);
    }
    const { stderr } = await brokenBy(bug, ["plan"], { SK: "x", WORDS: "" });
    expect(stderr).not.toContain("\u001b");
    expect(stderr).not.toMatch(/^::error/m);
  });

  it("repeats nothing of a file that a variable names", async () => {
    const bug = soon('throw new Error("oh " + process.env.WORDS);');
    const { stderr } = await brokenBy(bug, ["plan"], { SK: "x", SECOND_FILE: "secret", WORDS: CANARY });
    expect(stderr).toContain("error[INTERNAL.BUG]");
    expect(stderr).not.toContain("canary");
  });
});
