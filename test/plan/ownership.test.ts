import { describe, expect, it } from "vitest";
import type { SyncField, SyncGroup } from "../../src/model/catalogue.js";
import { neededAround, stuckBeside } from "../../src/plan/ownership.js";
import { metadataUnits, syncUnits, type Unit } from "../../src/state/units.js";
import { json } from "../support/steps.js";

const field: SyncField = { kind: "field", default: "", update: "applied", serverFilled: false, meaning: {} };

function group(members: SyncGroup["members"], more: Partial<SyncGroup> = {}): SyncGroup {
  return { kind: "group", members, required: [], together: [], ...more };
}

/** A block that demands its bucket, with a group in it whose two fields go together; and one that demands nothing. */
const facts = group({
  store: group(
    {
      bucket: field,
      region: field,
      prefix: field,
      dates: group({ start: field, end: field, zone: field }, { together: ["start", "end"] }),
    },
    { required: ["bucket", "region"] },
  ),
  free: group({ bucket: field, region: field }),
  flat: field,
});

const unitsOf = (syncConfig: unknown): readonly Unit[] => syncUnits(json(syncConfig), facts);

/** Paths of what is needed among `left`, where a row has this and these paths could be taken away. */
function neededOf(syncConfig: unknown, left: readonly string[], demanded: readonly string[] = []): readonly string[] {
  const all = unitsOf(syncConfig);
  const removable = all.filter(({ path }) => left.includes(path.replace("sync_config.", "")));
  expect(removable).toHaveLength(left.length);
  return [...neededAround(removable, all, demanded, facts)].map(({ path }) => path.replace("sync_config.", ""));
}

describe("what could be taken away and is needed by what stays", () => {
  const store = { bucket: "b", region: "r", prefix: "p" };

  it("is a field that its block demands, while anything else stays in the block", () => {
    expect(neededOf({ store }, ["store.bucket"])).toEqual(["store.bucket"]);
    expect(neededOf({ store }, ["store.bucket", "store.region"])).toEqual(["store.bucket", "store.region"]);
    expect(neededOf({ store }, ["store.prefix"])).toEqual([]);
  });

  it("is nothing where the whole block goes, or where nothing that says something stays in it", () => {
    expect(neededOf({ store }, ["store.bucket", "store.region", "store.prefix"])).toEqual([]);
    expect(neededOf({ store: { ...store, prefix: "" } }, ["store.bucket", "store.region"])).toEqual([]);
    expect(neededOf({ free: { bucket: "b", region: "r" } }, ["free.bucket"])).toEqual([]);
  });

  it("is not needed by what stays in another block, or on the top", () => {
    const others = { store: { bucket: "b" }, free: { bucket: "b" }, flat: "x" };
    expect(neededOf(others, ["store.bucket"])).toEqual([]);
    expect(neededOf(others, ["flat"])).toEqual([]);
  });

  it("is a field that its block demands, while something stays deeper in the block", () => {
    expect(neededOf({ store: { bucket: "b", dates: { zone: "z" } } }, ["store.bucket"])).toEqual(["store.bucket"]);
  });

  it("is one of two fields that go together, while the other stays; what else is in their group is no reason", () => {
    const dates = { start: "s", end: "e", zone: "z" };
    expect(neededOf({ store: { dates } }, ["store.dates.start"])).toEqual(["store.dates.start"]);
    expect(neededOf({ store: { dates } }, ["store.dates.zone"])).toEqual([]);
    expect(neededOf({ store: { dates } }, ["store.dates.start", "store.dates.end"])).toEqual([]);
    expect(neededOf({ store: { prefix: "p", dates: { start: "s" } } }, ["store.dates.start"])).toEqual([]);
  });

  it("is what is needed by something that stays only because that is needed itself", () => {
    const both = group({
      dates: group({ start: field, end: field, zone: field }, { required: ["start"], together: ["start", "end"] }),
    });
    const all = syncUnits(json({ dates: { start: "s", end: "e", zone: "z" } }), both);
    // The zone stays, so the start does; and with the start its end.
    const left = all.filter(({ path }) => !path.endsWith("zone"));
    expect([...neededAround(left, all, [], both)]).toEqual(left);
    const chain = { store: { bucket: "b", region: "r" } };
    expect(neededOf(chain, ["store.bucket", "store.region"], ["store.region"])).toEqual([
      "store.region",
      "store.bucket",
    ]);
  });

  it("is what the provider is nothing without, whatever stays", () => {
    expect(neededOf({ store: { region: "r" } }, ["store.region"], ["store.region"])).toEqual(["store.region"]);
    expect(neededOf({ store: { region: "r" } }, ["store.region"], ["region", "sync_config.store.region"])).toEqual([]);
  });

  it("is nothing of the metadata: no key there needs another", () => {
    const units = metadataUnits(json({ bucket: "b", region: "r" }));
    expect([
      ...neededAround(
        units.slice(0, 1),
        units,
        [],
        group({}, { required: ["bucket"], together: ["bucket", "region"] }),
      ),
    ]).toEqual([]);
  });

  it("is nothing beside what stands in place of its block", () => {
    const [bucket] = unitsOf({ store: { bucket: "b" } });
    const other = unitsOf({ store: true });
    expect([...neededAround(bucket === undefined ? [] : [bucket], other, [], facts)]).toEqual([]);
  });

  it("is nothing in a group that is not known", () => {
    for (const keys of [
      ["sync_config", "no", "such", "bucket"],
      ["sync_config", "store", "bucket", "region"],
    ]) {
      const unit: Unit = { path: keys.join("."), keys, value: "x", isDefault: false };
      const beside: Unit = { ...unit, path: `${unit.path}.beside`, keys: [...keys.slice(0, -1), "beside"] };
      expect([...neededAround([unit], [unit, beside], [], facts)]).toEqual([]);
    }
  });

  it("is nothing of what nobody has heard of", () => {
    const row = { strange: { bucket: "b" }, store: { odd: "x", region: "r" }, flat: "y" };
    expect(neededOf(row, ["strange", "store.odd"])).toEqual([]);
  });
});

describe("what would be written into a block that cannot become what the file says", () => {
  const unit = (path: string) => {
    const [found] = [
      ...unitsOf({ store: { bucket: "b", region: "r", prefix: "p" }, free: { bucket: "b" }, flat: "x" }),
    ].filter((one) => one.path === `sync_config.${path}`);
    if (found === undefined) throw new Error(`no unit ${path}`);
    return found;
  };
  const stuck = (refused: readonly string[], wanted: readonly string[], present: readonly Unit[] = []) =>
    stuckBeside(refused.map(unit), wanted.map(unit), present, facts).map(({ path }) =>
      path.replace("sync_config.", ""),
    );

  it("is stuck where the block would lack a field that it demands", () => {
    expect(stuck(["store.prefix"], ["store.bucket"])).toEqual(["store.bucket"]);
    expect(stuck(["store.prefix"], ["store.bucket", "store.region"])).toEqual([]);
    expect(stuck(["store.region"], ["store.bucket", "store.prefix"])).toEqual(["store.bucket", "store.prefix"]);
  });

  it("is not stuck where the row has what is demanded; an empty text is not there", () => {
    const has = unitsOf({ store: { region: "r" } });
    expect(stuck(["store.prefix"], ["store.bucket"], has)).toEqual([]);
    expect(stuck(["store.prefix"], ["store.bucket"], unitsOf({ store: { region: "" } }))).toEqual(["store.bucket"]);
    expect(stuck(["store.prefix"], ["store.bucket"], unitsOf({ free: { region: "r" } }))).toEqual(["store.bucket"]);
  });

  it("is stuck only in the block where something is refused, and nowhere outside blocks", () => {
    expect(stuck(["free.bucket"], ["store.bucket"])).toEqual([]);
    expect(stuck(["store.prefix"], ["free.bucket", "flat"])).toEqual([]);
    expect(stuck([], ["store.bucket"])).toEqual([]);
    const metadata = metadataUnits(json({ store: 1 }));
    expect(stuckBeside([unit("store.prefix"), ...metadata], metadata, [], facts)).toEqual([]);
    const bare = { ...unit("flat"), keys: ["sync_config"] };
    expect(stuckBeside([bare], [bare], [], facts)).toEqual([]);
  });
});
