import { describe, expect, it } from "vitest";
import type { Outcome, OutcomeStatus } from "../../src/model/outcome.js";
import type { Change, Plan } from "../../src/model/plan.js";
import type { TargetRun } from "../../src/model/run.js";
import { dangersOf, shownIn, whoseIn } from "../../src/report/shown.js";

function change(name: string, more: Partial<Change> = {}): Change {
  return {
    action: "update",
    name,
    providerType: "stripe",
    id: `conn_${name}`,
    stamp: false,
    stampParts: [],
    fields: [],
    secrets: [],
    consequences: [],
    dangers: [],
    guarded: false,
    isProtected: false,
    keptKeys: 0,
    ...more,
  };
}

function target(
  environment: string,
  changes: readonly Change[],
  outcomes?: readonly (readonly [Change, Partial<Outcome> & { readonly status: OutcomeStatus }])[],
): TargetRun {
  const became = outcomes?.map(([one, facts]): [Change, Outcome] => [one, { attempts: 1, wrote: true, ...facts }]);
  return {
    environment,
    baseUrl: "http://x",
    environmentId: null,
    isConfirmed: false,
    plan: { version: 1, changes, unclaimed: [], summary: {} as Plan["summary"] },
    ...(became === undefined ? {} : { outcomes: new Map(became) }),
  };
}

function shown(...targets: readonly TargetRun[]) {
  return shownIn({ environments: targets.map(({ environment }) => environment), targets });
}

const unchanged = change("none", { action: "none" });

describe("the connections that a report shows", () => {
  it("are those with something to do or to decide, numbered over all environments", () => {
    const blocked = change("blocked", {
      action: "none",
      secrets: [{ path: "p", state: "blocked", isSent: false, isRecorded: false }],
    });
    const all = shown(target("eu", [unchanged, change("a"), blocked]), target("us", [change("b")]));
    expect(
      all.map(({ number, environment, whose, change: { name }, mark }) => [
        number,
        environment,
        whose,
        name,
        mark.word,
      ]),
    ).toEqual([
      [1, "eu", "eu: ", "a", "update"],
      [2, "eu", "eu: ", "blocked", "blocked"],
      [3, "us", "us: ", "b", "update"],
    ]);
    for (const one of all) expect(one).not.toHaveProperty("outcome");
  });

  it("are none of an environment without a plan", () => {
    const { plan: _plan, ...planless } = target("eu", []);
    expect(shown(planless)).toEqual([]);
  });

  it("are marked by what became of them, once something did", () => {
    const one = change("a");
    const [first] = shown(target("eu", [one], [[one, { status: "updated" }]]));
    expect(first).toMatchObject({ mark: { word: "updated", tone: "good" }, outcome: { status: "updated" }, whose: "" });
  });

  it.each<[OutcomeStatus, boolean]>([
    ["failed", true],
    ["not-converged", true],
    ["unknown", true],
    ["not-started", true],
    ["unchanged", false],
    ["updated", false],
  ])("hide nothing that went wrong, whatever was planned: %s", (status, isShown) => {
    expect(shown(target("eu", [unchanged], [[unchanged, { status }]]))).toHaveLength(isShown ? 1 : 0);
  });

  it("have their id, both ids where one took the place of another, and words where there is none", () => {
    const { id: _id, ...idless } = change("new", { action: "create" });
    const replaced = change("old", { action: "replace" });
    expect(
      shown(target("eu", [change("a"), idless, replaced], [[replaced, { status: "replaced", id: "conn_next" }]])).map(
        ({ ids }) => ids,
      ),
    ).toEqual(["conn_a", "not there yet", "conn_old → conn_next"]);
    expect(shown(target("eu", [idless], [[idless, { status: "created", id: "conn_next" }]]))[0]?.ids).toBe("conn_next");
  });
});

describe("what stands before all that is about one environment", () => {
  it("is its name where there are several, and nothing where there is one", () => {
    const eu = target("eu", []);
    expect(whoseIn({ environments: ["eu", "us"] }, eu)).toBe("eu: ");
    expect(whoseIn({ environments: ["eu"] }, eu)).toBe("");
  });
});

describe("dangers", () => {
  it("are told once each, with all connections that bring them, in the order in which they come", () => {
    const all = shown(
      target("eu", [
        change("a", { dangers: ["stops invoices", "moves exports"] }),
        change("b"),
        change("c", { dangers: ["stops invoices"] }),
      ]),
    );
    expect(dangersOf(all).map(({ danger, of }) => [danger, of.map(({ change: { name } }) => name)])).toEqual([
      ["stops invoices", ["a", "c"]],
      ["moves exports", ["a"]],
    ]);
    expect(dangersOf([])).toEqual([]);
  });
});
