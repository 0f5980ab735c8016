import { describe, expect, it } from "vitest";
import type { SyncField, SyncGroup } from "../../src/model/catalogue.js";
import type { Json } from "../../src/model/json.js";
import {
  factsAt,
  isKeptByService,
  isManaged,
  metadataUnits,
  saysNothing,
  syncUnits,
  unitKeysOf,
  unitPathOf,
} from "../../src/state/units.js";
import { json } from "../support/steps.js";

function field(fallback: Json, more: Partial<SyncField> = {}): SyncField {
  return { kind: "field", default: fallback, update: "applied", serverFilled: false, meaning: {}, ...more };
}

function group(members: SyncGroup["members"], more: Partial<SyncGroup> = {}): SyncGroup {
  return { kind: "group", members, required: [], together: [], ...more };
}

/** A direction of an entity, and a block that the service keeps itself where it says so. */
const facts = group({
  invoice: group({ inbound: field(false), outbound: field(false) }),
  store: group(
    { kept: field(false), bucket: field("", { serverFilled: true }), rules: field([]), compression: field("") },
    { managedBy: "kept" },
  ),
  plain: field(""),
});

const told = (units: ReturnType<typeof syncUnits>) =>
  units.map(({ path, value, isDefault }) => [path, value, isDefault]);

describe("the units of a metadata map", () => {
  it("are its keys in order, but for our own note; a default they have none", () => {
    expect(metadataUnits(json({ "b c": 1, a: null, flexprice_sync: "{}" }))).toEqual([
      { path: "metadata.a", keys: ["metadata", "a"], value: null, isDefault: false },
      { path: 'metadata["b c"]', keys: ["metadata", "b c"], value: 1, isDefault: false },
    ]);
    expect([...metadataUnits(null), ...metadataUnits(undefined)]).toEqual([]);
  });
});

describe("the units of a sync_config", () => {
  it("are its fields in the catalogue's order, then what nobody has heard of by name", () => {
    const units = syncUnits(
      json({ zeta: 1, alpha: false, store: { z: 0, compression: "gzip", a: "" }, invoice: { outbound: true } }),
      facts,
    );
    expect(told(units)).toEqual([
      ["sync_config.invoice.outbound", true, false],
      ["sync_config.store.compression", "gzip", false],
      ["sync_config.store.a", "", true],
      ["sync_config.store.z", 0, false],
      ["sync_config.alpha", false, true],
      ["sync_config.zeta", 1, false],
    ]);
    expect(units[0]).toMatchObject({ keys: ["sync_config", "invoice", "outbound"], facts: { default: false } });
    expect(units[2]).not.toHaveProperty("facts");
  });

  it("are none for what is absent or null, in any depth", () => {
    for (const nothing of [
      undefined,
      null,
      {},
      { invoice: null, zeta: null },
      { invoice: { outbound: null }, store: {} },
    ])
      expect(syncUnits(nothing === undefined || nothing === null ? nothing : json(nothing), facts)).toEqual([]);
  });

  it("are a default where the value is what the service takes an absent one for, empty lists too", () => {
    const store = { kept: false, bucket: "", rules: [], compression: "" };
    expect(told(syncUnits(json({ store }), facts)).map(([, , isDefault]) => isDefault)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    for (const other of [[1], "", false, {}])
      expect(told(syncUnits(json({ store: { rules: other } }), facts))).toEqual([
        ["sync_config.store.rules", other, false],
      ]);
    expect(syncUnits(json({ store: { compression: [] } }), facts)[0]?.isDefault).toBe(false);
    const listed = group({ rules: field(["a"]) });
    expect(syncUnits(json({ rules: [] }), listed)[0]?.isDefault).toBe(false);
  });

  it("are one where a block is no map", () => {
    expect(told(syncUnits(json({ invoice: true, store: [] }), facts))).toEqual([
      ["sync_config.invoice", true, false],
      ["sync_config.store", [], true],
    ]);
  });

  it("are found by own keys alone", () => {
    expect(told(syncUnits(json({ constructor: 1, toString: 0 }), facts))).toEqual([
      ["sync_config.constructor", 1, false],
      ["sync_config.toString", 0, false],
    ]);
  });
});

describe("a value says nothing", () => {
  it.each<[Json, boolean]>([
    [null, true],
    [false, true],
    ["", true],
    [[], true],
    [{}, true],
    [{ a: { b: [] }, c: false }, true],
    [true, false],
    [0, false],
    ["x", false],
    [[false], false],
    [{ a: false, b: { c: 1 } }, false],
  ])("%j: %s", (value, expected) => {
    expect(saysNothing(value)).toBe(expected);
  });
});

describe("the unit that a pointer leads into", () => {
  it.each<[readonly (string | number)[], readonly string[] | undefined]>([
    [
      ["metadata", "a", "b", 2],
      ["metadata", "a"],
    ],
    [["metadata"], undefined],
    [
      ["sync_config", "invoice", "outbound"],
      ["sync_config", "invoice", "outbound"],
    ],
    [
      ["sync_config", "store", "rules", 0, "x"],
      ["sync_config", "store", "rules"],
    ],
    [
      ["sync_config", "store", "unheard", "of"],
      ["sync_config", "store", "unheard"],
    ],
    [
      ["sync_config", "plain"],
      ["sync_config", "plain"],
    ],
    [
      ["sync_config", "constructor", "x"],
      ["sync_config", "constructor"],
    ],
    [["sync_config", "store"], undefined],
    [["sync_config"], undefined],
    [["name"], undefined],
    [["name", "invoice", "outbound"], undefined],
    [["encrypted_secret_data", "plain"], undefined],
  ])("%j", (pointer, keys) => {
    expect(unitKeysOf(pointer, facts)).toEqual(keys);
  });

  it("has a path; what is no unit has the pointer's own", () => {
    expect(unitPathOf(["sync_config", "store", "rules", 0], facts)).toBe("sync_config.store.rules");
    expect(unitPathOf(["sync_config", "store"], facts)).toBe("sync_config.store");
    expect(unitPathOf(["items", 2], facts)).toBe("items[2]");
  });
});

describe("what is known of a field", () => {
  it("is found by its keys, and nothing is known of groups and of what nobody has heard of", () => {
    expect(factsAt(["sync_config", "store", "bucket"], facts)).toMatchObject({ serverFilled: true });
    expect(factsAt(["sync_config", "plain"], facts)).toMatchObject({ default: "" });
    for (const keys of [
      ["sync_config"],
      ["sync_config", "store"],
      ["sync_config", "no"],
      ["sync_config", "store", "no"],
    ])
      expect(factsAt(keys, facts)).toBeUndefined();
  });
});

describe("a block that the service keeps", () => {
  const kept = json({ store: { kept: true } });
  const block = ["sync_config", "store", "bucket"];

  it("is one whose own member says so", () => {
    expect(isManaged(block, kept, facts)).toBe(true);
    for (const other of [{}, { store: {} }, { store: { kept: false } }, { store: { kept: "true" } }, { store: true }])
      expect(isManaged(block, json(other), facts)).toBe(false);
  });

  it("is none elsewhere", () => {
    const elsewhere = json({ store: { kept: true }, invoice: { kept: true }, plain: { kept: true } });
    for (const keys of [
      ["metadata", "store", "bucket"],
      ["sync_config"],
      ["sync_config", "invoice", "outbound"],
      ["sync_config", "plain"],
      ["sync_config", "unheard"],
    ])
      expect(isManaged(keys, elsewhere, facts)).toBe(false);
    const undefinedMember = json({ invoice: { undefined: true } });
    expect(isManaged(["sync_config", "invoice", "outbound"], undefinedMember, facts)).toBe(false);
  });

  it("has units that are never compared: what the service fills in, and what nobody has heard of", () => {
    const unit = (name: string) => {
      const [found] = syncUnits(json({ store: { [name]: "x" } }), facts);
      if (found === undefined) throw new Error("no unit");
      return found;
    };
    expect(["bucket", "unheard", "compression"].map((name) => isKeptByService(unit(name), kept, facts))).toEqual([
      true,
      true,
      false,
    ]);
    expect(isKeptByService(unit("bucket"), json({}), facts)).toBe(false);
  });
});
