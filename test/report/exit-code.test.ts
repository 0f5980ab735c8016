import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Outcome, OutcomeStatus } from "../../src/model/outcome.js";
import type { Change, Plan } from "../../src/model/plan.js";
import { error, type ProblemCode, warning } from "../../src/model/problem.js";
import type { Run } from "../../src/model/run.js";
import { exitCodeOf, exitCodeOfProblems, exitCodes } from "../../src/report/exit-code.js";

const change: Change = {
  action: "update",
  name: "x",
  providerType: "stripe",
  id: "conn_1",
  stamp: false,
  stampParts: [],
  file: "f.yaml",
  line: 1,
  fields: [],
  secrets: [],
  consequences: [],
  dangers: [],
  guarded: false,
  isProtected: false,
  keptKeys: 0,
};

function run(
  problems: readonly ProblemCode[],
  statuses: readonly OutcomeStatus[] = [],
  changes: readonly Change[] = [],
): Run {
  const wrote = (status: OutcomeStatus) => ["created", "updated", "not-converged"].includes(status);
  const outcomes = new Map(
    statuses.map((status): [Change, Outcome] => [{ ...change }, { status, attempts: 1, wrote: wrote(status) }]),
  );
  const plan = { changes, unclaimed: [], summary: {} } as unknown as Plan;
  return {
    command: "apply",
    environments: ["default"],
    definitions: 1,
    files: 1,
    targets: [{ environment: "default", baseUrl: "", environmentId: null, isConfirmed: true, plan, outcomes }],
    problems: problems.map((code) => error(code, "x.")),
  };
}

const plain = { isDetailed: false };

describe("the exit code", () => {
  it.each<[string, Run, number]>([
    ["nothing wrong", run([], ["updated", "unchanged"]), 0],
    ["a failed read", run(["SERVICE.UNAUTHORIZED"]), 1],
    ["a wrong definition", run(["VALIDATE.WRONG_TYPE"]), 3],
    ["a wrong definition and a failed read", run(["SERVICE.FAILED", "LOAD.BAD_YAML"]), 3],
    ["no consent", run(["APPLY.NO_CONSENT"]), 6],
    ["a blocked field left, the rest written", run(["APPLY.BLOCKED"], ["updated"]), 6],
    ["a failed write, nothing written", run(["SERVICE.REJECTED"], ["failed", "not-started"]), 1],
    ["a failed write, another written", run(["SERVICE.REJECTED"], ["failed", "updated"]), 4],
    [
      "a failed write beside one that does not show",
      run(["SERVICE.REJECTED", "APPLY.NOT_CONVERGED"], ["failed", "not-converged"]),
      4,
    ],
    ["an unknown outcome", run(["APPLY.OUTCOME_UNKNOWN"], ["unknown"]), 4],
    ["written, but not shown", run(["APPLY.NOT_CONVERGED"], ["updated", "not-converged"]), 7],
    [
      "written, but not shown, and something blocked",
      run(["APPLY.NOT_CONVERGED", "APPLY.BLOCKED"], ["not-converged"]),
      7,
    ],
    ["the first connection made in another environment", run(["APPLY.WRONG_ENVIRONMENT"], ["created"]), 4],
  ])("%s", (_what, result, expected) => {
    expect(exitCodeOf(result, plain)).toBe(expected);
  });

  it("is 2 with changes or blocked items only when asked for, and only when it worked", () => {
    const blocked: Change = {
      ...change,
      action: "none",
      secrets: [{ path: "p", state: "blocked", isSent: false, isRecorded: false }],
    };
    const none: Change = { ...change, action: "none" };
    for (const [changes, expected] of [
      [[change], 2],
      [[blocked], 2],
      [[none], 0],
    ] as const) {
      expect(exitCodeOf(run([], [], changes), { isDetailed: true })).toBe(expected);
      expect(exitCodeOf(run([], [], changes), plain)).toBe(0);
    }
    expect(exitCodeOf(run(["SERVICE.FAILED"], [], [change]), { isDetailed: true })).toBe(1);
  });

  it("is not moved by warnings", () => {
    expect(exitCodeOf({ ...run([]), problems: [warning("LOAD.EMPTY_FILE", "x.")] }, plain)).toBe(0);
  });

  it("counts the most serious of all", () => {
    expect(exitCodes.map(({ code }) => code)).toEqual([130, 143, 64, 4, 7, 5, 6, 3, 1, 2, 0]);
  });

  it("means what README says", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const told = [...readme.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning]);
    const meant = [...exitCodes].sort((a, b) => a.code - b.code).map(({ code, meaning }) => [code, meaning]);
    expect(told).toEqual(meant);
  });

  it("is the outcome's where no problem tells of it", () => {
    expect(exitCodeOf(run([], ["unknown"]), plain)).toBe(4);
    expect(exitCodeOf(run([], ["not-converged"]), plain)).toBe(7);
    expect(exitCodeOf(run([], ["failed"]), plain)).toBe(1);
    expect(exitCodeOf(run([], ["not-started"]), plain)).toBe(1);
    expect(exitCodeOf(run([], ["updated", "not-started"]), plain)).toBe(4);
  });

  it.each<[ProblemCode, number]>([
    ["SERVICE.FAILED", 4],
    ["LOAD.BAD_YAML", 4],
    ["STALE.EXPIRED", 4],
    ["APPLY.DANGEROUS", 6],
  ])("of what was written here and went wrong elsewhere: %s is %i", (code, expected) => {
    expect(exitCodeOf(run([code], ["updated"]), plain)).toBe(expected);
  });

  it("is of all environments together, and of those that came to nothing, too", () => {
    const [written] = run([], ["updated"]).targets;
    const [failed] = run([], ["failed"]).targets;
    const [planned] = run([], [], [change]).targets;
    if (written === undefined || failed === undefined || planned === undefined) throw new Error("no targets");
    const { plan: _plan, outcomes: _outcomes, ...nothing } = written;
    expect(exitCodeOf({ ...run([]), targets: [nothing, failed] }, plain)).toBe(1);
    expect(exitCodeOf({ ...run([]), targets: [nothing, failed, written] }, plain)).toBe(4);
    expect(exitCodeOf({ ...run([]), targets: [nothing] }, { isDetailed: true })).toBe(0);
    expect(exitCodeOf({ ...run([]), targets: [nothing, planned] }, { isDetailed: true })).toBe(2);
  });

  it("of a command that writes nothing is that of its most serious error", () => {
    expect(exitCodeOfProblems([])).toBe(0);
    expect(exitCodeOfProblems([warning("LOAD.EMPTY_FILE", "x.")])).toBe(0);
    const both = [error("SERVICE.FAILED", "x."), error("LOAD.BAD_YAML", "x.")];
    expect(exitCodeOfProblems(both)).toBe(3);
    expect(exitCodeOfProblems(both.slice(0, 1))).toBe(1);
  });
});
