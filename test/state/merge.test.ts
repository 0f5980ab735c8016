import { describe, expect, it } from "vitest";
import type { SyncField, SyncGroup } from "../../src/model/catalogue.js";
import type { JsonObject } from "../../src/model/json.js";
import { edited, withoutEmptyBlocks } from "../../src/state/merge.js";
import { unmet } from "../../src/state/wish.js";
import { catalogue, json, observed } from "../support/steps.js";

const direction: Omit<SyncField, "kind"> = { default: false, update: "applied", serverFilled: false, meaning: {} };

describe("editing a map", () => {
  const map = json({ a: 1, b: { c: { d: 2 }, e: 3 } });

  it("changes what it is told and nothing else, and leaves the old map alone", () => {
    const before = JSON.stringify(map);
    expect(
      edited(map, [
        { keys: ["b", "c", "d"], value: 9 },
        { keys: ["f", "g"], value: true },
        { keys: ["a"], remove: true },
      ]),
    ).toEqual({
      b: { c: { d: 9 }, e: 3 },
      f: { g: true },
    });
    expect(JSON.stringify(map)).toBe(before);
  });

  it("does not make what it was to remove, and takes nothing away from what has no inside", () => {
    expect(edited(map, [{ keys: ["x", "y"], remove: true }])).toStrictEqual(map);
    expect(edited(map, [{ keys: ["a", "y"], remove: true }])).toStrictEqual(map);
  });

  it("makes what it is to give a value to, whatever else is to be removed beside it or stood there", () => {
    const edits = [
      { keys: ["x", "y"], remove: true },
      { keys: ["x", "z"], value: 1 },
      { keys: ["a", "b"], value: 2 },
    ] as const;
    expect(edited(map, edits)).toStrictEqual({ a: { b: 2 }, b: { c: { d: 2 }, e: 3 }, x: { z: 1 } });
  });

  it("of no place does nothing", () => {
    expect(edited(map, [{ keys: [], value: 1 }])).toStrictEqual(map);
  });

  it("takes a whole part away, or gives it one value", () => {
    expect(edited(map, [{ keys: ["b"], remove: true }])).toStrictEqual({ a: 1 });
    expect(edited(map, [{ keys: ["b", "c"], value: null }])).toStrictEqual({ a: 1, b: { c: null, e: 3 } });
  });

  it("keeps keys that JavaScript treats in a special way", () => {
    const hostile = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') as JsonObject;
    const after = edited(hostile, [{ keys: ["a"], value: 1 }]);
    expect(JSON.stringify(after)).toBe('{"__proto__":{"x":1},"constructor":2,"a":1}');
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("takes away blocks that say nothing where the service demands a field in them", () => {
    const sync = json({
      s3: { is_flexprice_managed: false, bucket: "" },
      invoice_sync_settings: {},
      invoice: { inbound: false },
    });
    expect(withoutEmptyBlocks(sync, catalogue.syncConfig)).toEqual({
      invoice_sync_settings: {},
      invoice: { inbound: false },
    });
  });

  it("leaves what says nothing where nobody has heard of it, where it is no block, and where it says something", () => {
    const flat: SyncGroup = {
      ...catalogue.syncConfig,
      members: { ...catalogue.syncConfig.members, flat: { kind: "field", ...direction } },
    };
    for (const sync of [{ unheard: {} }, { flat: {} }, { s3: { bucket: "b" } }, { s3: null }])
      expect(withoutEmptyBlocks(json(sync), flat)).toStrictEqual(sync);
  });
});

describe("holding an answer against a wish", () => {
  const facts = catalogue.syncConfig;
  const answer = (metadata: unknown, syncConfig: unknown) =>
    observed({
      providerType: "stripe",
      name: "S",
      metadata: metadata === null ? null : json(metadata),
      syncConfig: json(syncConfig),
    });

  it.each([
    [
      "all of it shown",
      { name: "S", metadata: json({ a: 1 }), syncConfig: json({ invoice: { outbound: true } }) },
      answer({ a: 1 }, { invoice: { inbound: false, outbound: true } }),
      [],
    ],
    ["an empty map shown as none", { metadata: json({}) }, answer(null, {}), []],
    [
      "defaults filled in",
      { syncConfig: json({}) },
      answer(null, { plan: { inbound: false, outbound: false }, s3: { bucket: "", region: "" } }),
      [],
    ],
    ["another name", { name: "T" }, answer(null, {}), ["name"]],
    ["a lost key", { metadata: json({ a: 1, b: 2 }) }, answer({ a: 1 }, {}), ["metadata.b"]],
    ["a key that should be gone", { metadata: json({ a: 1 }) }, answer({ a: 1, b: 2 }, {}), ["metadata.b"]],
    [
      "a direction that did not turn",
      { syncConfig: json({ invoice: { outbound: true } }) },
      answer(null, { invoice: { inbound: false, outbound: false } }),
      ["sync_config.invoice.outbound"],
    ],
    [
      "a direction that turned back on",
      { syncConfig: json({}) },
      answer(null, { invoice: { inbound: false, outbound: true } }),
      ["sync_config.invoice.outbound"],
    ],
    ["nothing asked of a map", { name: "S" }, answer({ a: 1 }, { invoice: { inbound: false, outbound: true } }), []],
    [
      "storage that the service keeps",
      { syncConfig: json({ s3: { is_flexprice_managed: true, bucket: "mine" } }) },
      answer(null, { s3: { is_flexprice_managed: true, bucket: "theirs", region: "us", key_prefix: "t/e" } }),
      [],
    ],
  ])("finds in %s", (_what, wish, shown, expected) => {
    expect(unmet(wish, shown, facts)).toEqual(expected);
  });
});
