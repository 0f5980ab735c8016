import { describe, expect, it } from "vitest";
import type { StoredConnection } from "../../src/sandbox/stored.js";
import { program } from "../support/program.js";
import { byProgram } from "./by-program.js";
import { inProcess } from "./in-process.js";
import { CANARY, type RunnerOf, type Told } from "./runner.js";
import { type Scenario, scenarioOf, type Wanted } from "./scenario.js";
import { ServiceLog } from "./service-log.js";
import { playAll, report } from "./suite.js";
import {
  bugs,
  crowding,
  idleWrites,
  leaks,
  lostParts,
  readingOnly,
  type Seen,
  twinsIn,
  unfinished,
  untrueOutcomes,
  wrongPrunes,
} from "./truths.js";

/*
 * Random fleets, random rows, random faults: what must be true of every run is held against what the server itself has seen. A seed
 * that fails is printed with all that happened in it, and with the command that plays it alone.
 */

async function expectTrue(first: number, seeds: number, runnerOf: RunnerOf): Promise<void> {
  const { failed, counts } = await playAll(first, seeds, runnerOf);
  expect(failed.map(report).join("\n")).toBe("");
  expect(counts.faults, "no fault met a request: nothing was tried").toBeGreaterThan(0);
  expect(counts.writes, "nothing was written: nothing was tried").toBeGreaterThan(0);
}

const BATCH = 25;
const batches = Array.from({ length: 8 }, (_, at) => [1 + at * BATCH, (at + 1) * BATCH] as const);

describe("random worlds with random faults", () => {
  it.each(batches)(
    "come to what the files say, with nothing lost, doubled or untold: seeds %i to %i",
    (first) => expectTrue(first, BATCH, inProcess),
    120_000,
  );

  it(
    "do so with the built program, its signals and its sudden ends",
    () => expectTrue(1, 8, byProgram(program)),
    180_000,
  );

  it("are the same for the same seed, and others for others", () => {
    expect(scenarioOf(7)).toEqual(scenarioOf(7));
    expect(scenarioOf(7)).not.toEqual(scenarioOf(8));
  });
});

const wanted: Wanted = { name: "S", provider: "s3", metadata: { team: "a" }, exact: [] };
const row: StoredConnection = {
  id: "conn_1",
  name: "S",
  providerType: "s3",
  environmentId: "env",
  tenantId: "tenant",
  status: "published",
  secrets: {},
  metadata: { team: "a", by_hand: "x" },
  syncConfig: { plan: { inbound: true } },
  createdAt: "",
  updatedAt: "",
  createdBy: "",
  updatedBy: "",
};
const calm: Scenario = { ...scenarioOf(1), parallelism: 2, faults: "500@PUT#1" };

function logWith(...written: ServiceLog["written"]): ServiceLog {
  const log = new ServiceLog();
  log.written = written;
  return log;
}

/** A run that told this of the one connection. */
function told(status: Told["outcomes"][number]["status"], exitCode: number, more: Partial<Told> = {}): Told {
  const outcome = { name: "S", action: "update", id: "conn_1", status };
  return { exitCode, outcomes: [outcome], errors: [], gaveUp: [], text: "", ...more };
}

function seen(log: ServiceLog, live: readonly StoredConnection[] = [row]): Seen {
  return { wanted: [wanted], command: "apply", scenario: calm, log, live };
}

describe("what must be true", () => {
  const other = { ...row, metadata: { team: "b", by_hand: "x" } };
  const change = { atMs: 1, before: other, after: row };
  const owned = { ...calm, owner: "me" };
  const mine = { ...row, metadata: { flexprice_sync: '{"v":1,"owner":"me"}' } };
  const archive = { atMs: 1, before: mine, after: { ...mine, status: "archived" as const } };

  it("is, where all is as it should be", () => {
    expect(untrueOutcomes(told("updated", 0), seen(logWith(change)))).toEqual([]);
    expect(lostParts(other, row, [wanted])).toEqual([]);
    expect(idleWrites(calm, logWith(change), [])).toEqual([]);
    expect(wrongPrunes(owned, logWith(archive), [])).toEqual([]);
  });

  it.each<[string, readonly string[], RegExp]>([
    ["two rows of one definition", twinsIn([row, { ...row, id: "conn_2" }], [wanted]), /there 2 times/],
    ["a PUT that changes nothing", idleWrites(calm, logWith({ ...change, before: row }), []), /changed nothing/],
    ["a key that is gone", lostParts(row, { ...row, metadata: { team: "a" } }, [wanted]), /metadata\.by_hand/],
    ["an entity that is off", lostParts(row, { ...row, syncConfig: {} }, [wanted]), /sync_config\.plan/],
    [
      "a row of nobody that changed",
      lostParts({ ...row, name: "T" }, { ...row, name: "U" }, [wanted]),
      /no definition/,
    ],
    ["a plan that writes", readingOnly(logWith(change)), /a plan changed conn_1/],
    ["a prune of what has a definition", wrongPrunes(owned, logWith(archive), [wanted]), /not to be pruned/],
    ["a prune of what is not ours", wrongPrunes({ ...owned, owner: "x" }, logWith(archive), []), /not to be pruned/],
    ["an archive that did not happen", untrueOutcomes(told("archived", 0), seen(logWith())), /was not archived/],
    ["an update that did not happen", untrueOutcomes(told("updated", 0), seen(logWith())), /no request made it so/],
    ["an update that did not last", untrueOutcomes(told("updated", 0), seen(logWith(change), [other])), /no request/],
    ["a create that did not happen", untrueOutcomes(told("created", 0), seen(logWith())), /no request created it/],
    ["a change that is not told", untrueOutcomes(told("not-started", 4), seen(logWith(change))), /it was changed/],
    ["a failure that is none", untrueOutcomes(told("failed", 4), seen(logWith(change))), /it was changed/],
    ["a failure that looks green", untrueOutcomes(told("failed", 0), seen(logWith())), /ended with 0/],
    ["an unknown that looks certain", untrueOutcomes(told("unknown", 1), seen(logWith())), /a write is unknown/],
    ["a write behind an error", untrueOutcomes(told("unchanged", 1), seen(logWith(change))), /says that nothing/],
    ["a definition that is not met", unfinished([other], [wanted]), /not as its definition says/],
    ["a definition without a row", unfinished([], [wanted]), /not there at the end/],
    ["a secret", leaks(told("updated", 0, { text: `x${CANARY}x` })), /a secret shows/],
    ["a stack trace", bugs(told("updated", 0, { text: "boom\n    at f (x.ts:1)" })), /stack trace/],
    ["a bug", bugs(told("updated", 0, { errors: ["INTERNAL.BUG: oh"] })), /INTERNAL/],
  ])("is not, and that is noticed: %s", (_what, said, words) => {
    expect(said.join("\n")).toMatch(words);
  });

  it("is not where more requests are open than may be, however they ended", () => {
    const log = new ServiceLog();
    const open = (fromMs: number, untilMs: number) => ({ method: "GET", path: "/", fromMs, untilMs });
    log.arrivals = [open(0, 10), open(1, 11), open(10, 12)];
    expect(crowding(calm, log)).toEqual([]);
    log.arrivals.push(open(2, 3));
    expect(crowding(calm, log).join()).toContain("3 requests were in flight, and 2 are allowed");
  });
});
