import { describe, expect, it } from "vitest";
import type { CallOptions } from "../../src/api/sender.js";
import { Base, type Rows } from "../../src/apply/base.js";
import { foundBySalt } from "../../src/apply/lost-create.js";
import type { Way } from "../../src/apply/write.js";
import type { Observed } from "../../src/model/connection.js";
import { error } from "../../src/model/problem.js";
import { json, observed, stampWith } from "../support/steps.js";

const SALT = "the-salt-that-was-sent";

function row(id: string, salt: string, more: Parameters<typeof stampWith>[1] = {}): Observed {
  return observed({
    id,
    providerType: "s3",
    metadata: json({ flexprice_sync: stampWith("s3", { salt, ...more }) }),
  });
}

const away = error("SERVICE.FAILED", "x.");

/** Looks for a create in lists, look by look; the last one again and again. */
async function lookFor(
  salt: string | undefined,
  lists: readonly (readonly Observed[] | typeof away)[],
  isEnding: () => boolean = () => false,
) {
  const asked: CallOptions[] = [];
  const waits: number[] = [];
  const refresh = async (options: CallOptions): Promise<Rows> => {
    const shown = lists[Math.min(asked.length, lists.length - 1)] ?? [];
    asked.push(options);
    return "code" in shown ? { rows: [row("conn_old", SALT)], problem: shown } : { rows: shown };
  };
  const pause = async (ms: number) => {
    waits.push(ms);
  };
  const way = { base: new Base([], 0, refresh, () => 0), pause, isEnding } as unknown as Way;
  return { found: await foundBySalt(salt, way), asked, waits };
}

describe("a create whose answer is missing", () => {
  const ours = row("conn_ours", SALT);

  it("is found by the salt of its stamp, and by nothing else", async () => {
    const { found, waits } = await lookFor(SALT, [
      [row("conn_1", "another-salt"), ours, observed({ providerType: "s3" })],
    ]);
    expect([found, waits]).toEqual([ours, [0]]);
    expect((await lookFor(SALT, [[row("conn_1", "another-salt")]])).found).toBe("not-shown");
  });

  it("is looked for three times over about five seconds, as a part of the write, for a replica may lag", async () => {
    const late = await lookFor(SALT, [[], [], [ours]]);
    expect([late.found, late.waits]).toEqual([ours, [0, 1_500, 3_500]]);
    expect(late.asked).toEqual([{ isSequel: true }, { isSequel: true }, { isSequel: true }]);
    const never = await lookFor(SALT, [[]]);
    expect([never.found, never.waits]).toEqual(["not-shown", [0, 1_500, 3_500]]);
  });

  it("is not known without a salt, and nothing is asked", async () => {
    expect(await lookFor(undefined, [[ours]])).toEqual({ found: "not-known", asked: [], waits: [] });
  });

  it("is not known while the list cannot be read, and its old rows tell nothing", async () => {
    expect((await lookFor(SALT, [away])).found).toBe("not-known");
    expect((await lookFor(SALT, [[], [], away])).found).toBe("not-known");
    expect((await lookFor(SALT, [away, away, []])).found).toBe("not-shown");
    expect((await lookFor(SALT, [away, [ours]])).found).toBe(ours);
  });

  it("is not known when two rows have its salt: somebody on the way sent it twice", async () => {
    const { found, waits } = await lookFor(SALT, [[ours, row("conn_twin", SALT)]]);
    expect([found, waits]).toEqual(["not-known", [0]]);
  });

  it("is no row whose stamp knows its connection: that was there before", async () => {
    expect((await lookFor(SALT, [[row("conn_1", SALT, { id: "conn_1" })]])).found).toBe("not-shown");
  });

  it("is no row with a stamp that was copied there or is damaged", async () => {
    const copied = observed({
      id: "conn_2",
      providerType: "stripe",
      metadata: json({ flexprice_sync: stampWith("s3", { salt: SALT }) }),
    });
    const damaged = observed({ providerType: "s3", metadata: json({ flexprice_sync: `{"salt":"${SALT}"}` }) });
    expect((await lookFor(SALT, [[copied, damaged]])).found).toBe("not-shown");
  });

  it("is looked for once when the run is to end: too soon to tell that it does not come", async () => {
    const { found, waits } = await lookFor(SALT, [[]], () => true);
    expect([found, waits]).toEqual(["not-known", [0]]);
    expect((await lookFor(SALT, [[ours]], () => true)).found).toBe(ours);
  });
});
