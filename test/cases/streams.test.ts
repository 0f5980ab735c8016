import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, run } from "../support/program.js";
import { accessTo, definitionOfPushing, pushing, row, send, service } from "../support/service.js";

// Faults of other tools with what goes to which stream, and what their exit codes say, as the right result here. test/README.md
// says where they come from.

const STRIPE = definitionOfPushing(true);
const other = row({ ...pushing, metadata: { kept: "x" }, sync_config: {} });

const traces: readonly (readonly string[])[] = [[], ["--debug"], ["-v"], ["--debug", "-v"], ["--color", "always"]];
const jobs: readonly Readonly<Record<string, string>>[] = [
  {},
  { GITHUB_ACTIONS: "true", CI: "true" },
  { FORCE_COLOR: "1", TERM: "xterm-256color" },
];

/** Runs with every trace and in every job, those of a trace side by side; the exit codes. */
async function codesOf(
  rows: Parameters<typeof service>[0],
  intercept: Parameters<typeof service>[1],
  look: (ended: Ended) => void,
  files = {},
) {
  const codes: (number | null)[] = [];
  const live = await service(rows, intercept);
  for (const trace of traces) {
    const runs = jobs.map(async (job) => {
      const cwd = folderWith({ "connections/stripe.yaml": STRIPE, ...files });
      const summary =
        job["GITHUB_ACTIONS"] === undefined
          ? {}
          : { GITHUB_STEP_SUMMARY: join(cwd, "summary.md"), GITHUB_OUTPUT: join(cwd, "outputs") };
      const args = ["plan", "--json", "--detailed-exitcode", ...trace];
      const ended = await run(args, { cwd, env: accessTo(live, { ...job, ...summary }) });
      // One document, one line feed at its end, and no escape byte, whatever else is asked for.
      documentOf(ended);
      expect(ended.stdout).toMatch(/^\{\n[\s\S]*\n\}\n$/);
      expect(ended.stdout.includes("\u001b")).toBe(false);
      if (!trace.includes("always")) expect(ended.stderr.includes("\u001b")).toBe(false);
      // What is asked for beside it goes to the other stream.
      if (trace.includes("--debug")) expect(ended.stderr).toContain(`GET ${live.baseUrl}/connections`);
      if (job["GITHUB_ACTIONS"] !== undefined)
        expect(readFileSync(join(cwd, "outputs"), "utf8")).toContain(`exitcode=${ended.code}\n`);
      look(ended);
      return ended.code;
    });
    codes.push(...(await Promise.all(runs)));
  }
  expect(codes).toHaveLength(traces.length * jobs.length);
  return [...new Set(codes)];
}

describe("stdout is one document and the exit code tells three ends apart", () => {
  it("when there is no change", async () => {
    const codes = await codesOf([pushing], undefined, (ended) => {
      expect(documentOf(ended).problems).toEqual([]);
    });
    expect(codes).toEqual([0]);
  });

  it("when there are a change and a warning", async () => {
    const codes = await codesOf(
      [other],
      undefined,
      (ended) => {
        expect(documentOf(ended).targets[0]?.changes).toHaveLength(1);
        expect(ended.stderr).toContain("warning[LOAD.EMPTY_FILE]");
      },
      { "connections/empty.yaml": "# later\n" },
    );
    expect(codes).toEqual([2]);
  });

  it("when the service fails", async () => {
    const codes = await codesOf(
      [],
      (_request, response) => send(response, 500, { code: "internal_error", message: "no" }),
      (ended) => {
        expect(documentOf(ended).problems).toMatchObject([{ code: "SERVICE.FAILED", severity: "error" }]);
        expect(ended.stderr).toContain("error[SERVICE.FAILED]");
      },
    );
    expect(codes).toEqual([1]);
  });
});
