import { describe, expect, it } from "vitest";
import { problemsOfOutcome, problemsOfRest, wrongEnvironment } from "../../src/apply/outcomes.js";
import type { Outcome, OutcomeStatus } from "../../src/model/outcome.js";
import type { Change } from "../../src/model/plan.js";
import { detailOf, type Problem } from "../../src/model/problem.js";
import { observed } from "../support/steps.js";

function change(name: string): Change {
  return {
    action: "update",
    name,
    providerType: "stripe",
    stamp: false,
    stampParts: [],
    file: "f.yaml",
    line: 3,
    fields: [],
    secrets: [],
    consequences: [],
    dangers: [],
    guarded: false,
    isProtected: false,
    keptKeys: 0,
  };
}

function outcome(status: OutcomeStatus, more: Partial<Outcome> = {}): Outcome {
  return { status, attempts: 1, wrote: false, ...more };
}

const told = (problems: readonly Problem[]) =>
  problems.map((problem) => [problem.severity, problem.code, detailOf(problem), problem.hint]);

describe("what there is to say of what became of a change", () => {
  it.each<[OutcomeStatus, Problem["code"]]>([
    ["failed", "SERVICE.REJECTED"],
    ["unknown", "APPLY.OUTCOME_UNKNOWN"],
    ["not-converged", "APPLY.NOT_CONVERGED"],
  ])("is an error where it is %s, at its definition", (status, code) => {
    const became = outcome(status, { code: "SERVICE.REJECTED", message: "it says no", hint: "ask." });
    const problems = problemsOfOutcome(change("A"), became);
    expect(told(problems)).toEqual([["error", code, '"A": it says no.', "ask."]]);
    expect(problems[0]?.place).toEqual({ file: "f.yaml", line: 3, column: 1 });
  });

  it("has words and a next step in any case, and the id of the request once", () => {
    const hintOf = (more: Partial<Outcome>) => told(problemsOfOutcome(change("A"), outcome("unknown", more)))[0];
    expect(hintOf({})).toEqual(["error", "APPLY.OUTCOME_UNKNOWN", '"A": unknown.', "run again."]);
    expect(hintOf({ requestId: "req-1" })?.[3]).toBe("run again. Request id: req-1.");
    expect(hintOf({ requestId: "req-1", hint: "tell them req-1." })?.[3]).toBe("tell them req-1.");
  });

  it("is nothing where all went well, or where it was not begun", () => {
    for (const status of ["created", "updated", "replaced", "archived", "unchanged", "not-started"] as const)
      expect(problemsOfOutcome(change("A"), outcome(status, { code: "SERVICE.FAILED", message: "x" }))).toEqual([]);
  });

  it("is a warning where it could not be read again", () => {
    const problems = problemsOfOutcome(change("A"), outcome("updated", { unseen: "it could not be read" }));
    expect(told(problems)).toEqual([
      [
        "warning",
        "APPLY.NOT_READ_AGAIN",
        '"A": it could not be read.',
        "run plan to see whether it stayed as it was written.",
      ],
    ]);
    expect(problems[0]?.place?.line).toBe(3);
  });
});

describe("what there is to say of changes that were not begun", () => {
  it("is told once for each reason that nothing else tells", () => {
    const away = { code: "SERVICE.FAILED", message: "the list is away", hint: "ask." } as const;
    const late = { code: "RUN.DEADLINE", message: "it is late" } as const;
    const outcomes = new Map([
      [change("A"), outcome("not-started", away)],
      [change("B"), outcome("not-started", late)],
      [change("C"), outcome("not-started", away)],
      [change("D"), outcome("not-started", { message: "the key was refused" })],
      [change("E"), outcome("failed", { code: "SERVICE.REJECTED", message: "no" })],
    ]);
    expect(told(problemsOfRest(outcomes))).toEqual([
      ["error", "SERVICE.FAILED", "2 changes were not begun: the list is away.", "ask."],
      ["error", "RUN.DEADLINE", '"B" was not begun: it is late.', "run again."],
    ]);
    expect(problemsOfRest(new Map())).toEqual([]);
  });
});

describe("a first write that did not show the environment that is meant", () => {
  it("is told with where it went, or that its answer does not say", () => {
    const row = observed({ id: "conn_1", providerType: "s3", environmentId: "env_prod" });
    expect(told([wrongEnvironment("env_test", row)])).toEqual([
      [
        "error",
        "APPLY.WRONG_ENVIRONMENT",
        "env_test is expected, but the first write went to env_prod, to conn_1; nothing more was written.",
        "look at conn_1 there, and use the key of the environment you mean.",
      ],
    ]);
    expect(told([wrongEnvironment("env_test", { ...row, environmentId: null })])).toEqual([
      [
        "error",
        "APPLY.WRONG_ENVIRONMENT",
        "env_test is expected, but the answer to the first write (conn_1) shows no environment; nothing more was written.",
        "look up where the connection is; without an environment id there is no such check.",
      ],
    ]);
  });
});
