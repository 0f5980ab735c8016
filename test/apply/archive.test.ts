import { describe, expect, it } from "vitest";
import type { ConnectionsApi } from "../../src/api/connections.js";
import type { EarlierTries } from "../../src/api/sender.js";
import { writeArchive } from "../../src/apply/archive.js";
import { Base, OLDEST_BASE_MS, type Rows } from "../../src/apply/base.js";
import type { Way } from "../../src/apply/write.js";
import type { Observed } from "../../src/model/connection.js";
import { error } from "../../src/model/problem.js";
import { catalogue, noStamps, observed } from "../support/steps.js";

const planned = observed({ id: "conn_1", providerType: "stripe" });

/** An archive behind earlier tries, for which the service shows this when it is asked again. */
async function archived(earlier: EarlierTries, now: Rows) {
  const unused = () => Promise.reject(new Error("not used here"));
  const api: ConnectionsApi = {
    list: unused,
    get: unused,
    create: unused,
    update: unused,
    async remove(_id, check) {
      await check(earlier);
      return { value: undefined, attempts: earlier.count + 1, httpStatus: 204, requestId: "r" };
    },
  };
  const nowMs = () => OLDEST_BASE_MS + 1;
  const way: Way = {
    api,
    catalogue,
    environment: { id: "env_test", isProven: true },
    stamps: noStamps.stamps,
    base: new Base([planned], 0, async () => now, nowMs),
    pause: async () => {},
    isEnding: () => false,
  };
  const { outcome, mayBeDone } = await writeArchive(planned, way);
  return { ...outcome, mayBeDone };
}

const FIRST: EarlierTries = { count: 0, mayBeDone: false };
const REFUSED: EarlierTries = { count: 1, mayBeDone: false };
const LOST: EarlierTries = { count: 1, mayBeDone: true };
const unreadable: Rows = { rows: [], problem: error("SERVICE.FAILED", "it answered 500.", { hint: "wait." }) };
const changed: Rows = { rows: [{ ...planned, name: "another" } satisfies Observed] };

describe("an archive", () => {
  it.each([
    ["was never tried", FIRST, { rows: [planned] }, "archived"],
    ["was lost, and the connection is gone", LOST, { rows: [] }, "archived"],
    ["was lost, and it is there as it was", LOST, { rows: [planned] }, "archived"],
  ])("is done where it %s", async (_what, earlier, now, status) => {
    expect(await archived(earlier, now)).toMatchObject({ status, attempts: earlier.count + 1, wrote: true });
  });

  it.each([
    ["cannot be read", unreadable, "SERVICE.FAILED"],
    ["was changed by somebody", changed, "APPLY.ROW_MOVED"],
  ])("may be done where an earlier try was lost and the connection %s", async (_what, now, code) => {
    const told = await archived(LOST, now);
    expect(told).toMatchObject({ status: "unknown", code, attempts: 1, wrote: false, mayBeDone: true });
    expect(told.message).toMatch(/; an earlier try may have archived it$/);
    expect(told.message).not.toContain("was not archived");
  });

  it.each([
    ["was not begun where the rows cannot be read", FIRST, unreadable, "not-started", "SERVICE.FAILED"],
    ["failed where they cannot be read behind a refusal", REFUSED, unreadable, "failed", "SERVICE.FAILED"],
    ["failed where somebody changed the connection", FIRST, changed, "failed", "APPLY.ROW_MOVED"],
    ["failed where somebody took it away", FIRST, { rows: [] }, "failed", "APPLY.ROW_MOVED"],
  ])("%s", async (_what, earlier, now, status, code) => {
    const told = await archived(earlier, now);
    expect(told).toMatchObject({ status, code, attempts: earlier.count, wrote: false, mayBeDone: false });
  });
});
