import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observed } from "../../src/model/connection.js";
import type { Json, JsonObject } from "../../src/model/json.js";
import { compare, compareWithNothing, nothingKnown } from "../../src/plan/compare.js";
import { catalogue, json, observed, oneDesired } from "../support/steps.js";

const facts = catalogue.syncConfig;

function fields(text: string, row: Partial<Observed>, environment: Readonly<Record<string, string>> = {}) {
  const desired = oneDesired(`name: S\nprovider_type: stripe\n${text}`, environment);
  const { fields: found, keptKeys } = compare(
    desired,
    observed({ providerType: "stripe", name: "S", ...row }),
    facts,
    nothingKnown,
  );
  return { changes: found.map(({ keys: _, ...field }) => field), keptKeys };
}

describe("only what the definition declares is compared", () => {
  it("direction by direction", () => {
    const { changes, keptKeys } = fields("sync_config: { customer: { outbound: true } }\n", {
      syncConfig: json({ customer: { inbound: true, outbound: false }, invoice: { inbound: false, outbound: true } }),
    });
    expect(changes).toEqual([{ path: "sync_config.customer.outbound", kind: "edit", before: false, after: true }]);
    expect(keptKeys).toBe(2);
  });

  it("block field by block field", () => {
    const { changes, keptKeys } = fields("sync_config: { s3: { bucket: new } }\n", {
      syncConfig: json({ s3: { bucket: "old", region: "eu", compression: "gzip" } }),
    });
    expect(changes).toEqual([{ path: "sync_config.s3.bucket", kind: "edit", before: "old", after: "new" }]);
    expect(keptKeys).toBe(2);
  });

  it("metadata by its top-level keys, each whole", () => {
    const { changes } = fields("metadata: { a: { x: 1, y: [1, 2] }, b: null, c: same }\n", {
      metadata: json({ a: { x: 1, y: [2, 1], z: 0 }, c: "same", d: "kept" }),
    });
    expect(changes).toEqual([
      { path: "metadata.a", kind: "edit", before: { x: 1, y: [2, 1], z: 0 }, after: { x: 1, y: [1, 2] } },
      { path: "metadata.b", kind: "add", after: null },
    ]);
  });

  it("with types that show: 3 is not '3'", () => {
    expect(fields('metadata: { retries: "3" }\n', { metadata: json({ retries: 3 }) }).changes).toEqual([
      { path: "metadata.retries", kind: "edit", before: 3, after: "3" },
    ]);
  });

  it("a longer list as one change", () => {
    expect(
      fields("metadata: { regions: [ap, us, eu] }\n", { metadata: json({ regions: ["us", "eu"] }) }).changes,
    ).toHaveLength(1);
  });

  it("never our own note in the metadata", () => {
    const { changes, keptKeys } = fields("metadata: {}\nexact: [metadata]\n", {
      metadata: json({ flexprice_sync: "{}", other: 1 }),
    });
    expect(changes).toEqual([{ path: "metadata.other", kind: "remove", before: 1 }]);
    expect(keptKeys).toBe(0);
  });

  it("an empty key like any other, at the top and inside", () => {
    expect(fields('metadata: { "": 3 }\n', {}).changes).toEqual([{ path: 'metadata[""]', kind: "add", after: 3 }]);
    expect(fields('metadata: { a: { "": 1 } }\n', { metadata: json({ a: {} }) }).changes).toHaveLength(1);
    expect(fields("metadata: { a: {} }\n", { metadata: json({ a: { "": 1 } }) }).changes).toHaveLength(1);
    expect(
      fields('metadata: { a: { "": { "": [] } } }\n', { metadata: json({ a: { "": { "": [1] } } }) }).changes,
    ).toHaveLength(1);
    expect(fields('metadata: { "": 3 }\n', { metadata: json({ "": 3 }) }).changes).toEqual([]);
  });

  it("the name too", () => {
    expect(fields("", { name: "T" }).changes).toEqual([{ path: "name", kind: "edit", before: "T", after: "S" }]);
  });

  it("with paths that cannot be misread", () => {
    const { changes } = fields('metadata: { "a.b": 1, "with space": 2, "toString": 3 }\n', {});
    expect(changes.map(({ path }) => path)).toEqual(["metadata.toString", 'metadata["a.b"]', 'metadata["with space"]']);
  });
});

describe("equal are", () => {
  const off = json(
    Object.fromEntries(
      ["plan", "invoice", "customer", "deal"].map((entity) => [entity, { inbound: false, outbound: false }]),
    ),
  );
  it.each<[string, string, Partial<Observed>]>([
    ["absent and {} metadata", "metadata: {}\n", { metadata: null }],
    ["undeclared metadata and any", "", { metadata: json({ a: 1 }) }],
    ["all off and {}", "sync_config: { plan: { inbound: false }, invoice: { outbound: false } }\n", { syncConfig: {} }],
    ["{} and all off", "sync_config: {}\n", { syncConfig: off }],
    ["an entity without directions and one that is off", "sync_config: { invoice: {} }\n", { syncConfig: off }],
    [
      "an absent and a null entity",
      "sync_config: { invoice: { outbound: false } }\n",
      { syncConfig: json({ invoice: null }) },
    ],
    [
      "an absent direction and false",
      "sync_config: { customer: { inbound: false, outbound: true } }\n",
      { syncConfig: json({ customer: { outbound: true } }) },
    ],
    [
      "absent and empty texts of a block",
      'sync_config: { s3: { bucket: b, region: r, key_prefix: "", compression: "" } }\n',
      { syncConfig: json({ s3: { bucket: "b", region: "r" } }) },
    ],
    [
      "absent and false is_flexprice_managed",
      "sync_config: { s3: { bucket: b, region: r, is_flexprice_managed: false } }\n",
      { syncConfig: json({ s3: { bucket: "b", region: "r" } }) },
    ],
    [
      "absent and empty custom fields",
      "sync_config: { invoice_sync_settings: { metadata_custom_fields: [] } }\n",
      { syncConfig: json({ invoice_sync_settings: {} }) },
    ],
    [
      "absent, {} and empty service period",
      'sync_config: { invoice_sync_settings: { service_period_custom_fields: { start_field_id: "", end_field_id: "" } } }\n',
      { syncConfig: json({ invoice_sync_settings: { service_period_custom_fields: {} } }) },
    ],
    [
      "absent and empty billing period",
      'sync_config: { invoice_sync_settings: { normalize_fixed_to: "" } }\n',
      { syncConfig: {} },
    ],
    [
      "maps whose keys have another order",
      "metadata: { a: { x: 1, y: 2 } }\n",
      { metadata: json({ a: { y: 2, x: 1 } }) },
    ],
    ["3 and 3.0", "metadata: { a: 3.0 }\n", { metadata: json({ a: 3 }) }],
  ])("%s", (_what, text, row) => {
    expect(fields(text, row).changes).toEqual([]);
  });
});

describe("exact", () => {
  it("removes every other key of metadata", () => {
    const { changes, keptKeys } = fields("metadata: { a: 1 }\nexact: [metadata]\n", {
      metadata: json({ a: 1, b: 2, c: null }),
    });
    expect(changes).toEqual([
      { path: "metadata.b", kind: "remove", before: 2 },
      { path: "metadata.c", kind: "remove", before: null },
    ]);
    expect(keptKeys).toBe(0);
  });

  it("turns off every other direction and takes away every other block field", () => {
    const { changes } = fields("sync_config: { invoice: { outbound: true } }\nexact: [sync_config]\n", {
      syncConfig: json({
        invoice: { inbound: false, outbound: true },
        customer: { inbound: true, outbound: false },
        s3: { bucket: "b", region: "r" },
        tax: { inbound: true },
      }),
    });
    expect(changes).toEqual([
      { path: "sync_config.customer.inbound", kind: "remove", before: true },
      { path: "sync_config.s3.bucket", kind: "remove", before: "b" },
      { path: "sync_config.s3.region", kind: "remove", before: "r" },
      { path: "sync_config.tax", kind: "remove", before: { inbound: true } },
    ]);
  });

  it("says nothing of the other map", () => {
    expect(
      fields("metadata: {}\nexact: [metadata]\n", { syncConfig: json({ invoice: { outbound: true } }) }).keptKeys,
    ).toBe(1);
  });
});

describe("storage that the service keeps", () => {
  const managed = json({
    s3: { bucket: "theirs", region: "us", key_prefix: "t/e", compression: "gzip", is_flexprice_managed: true },
  });

  it("is never compared in bucket, region and prefix", () => {
    expect(
      fields("sync_config: { s3: { is_flexprice_managed: true, bucket: mine, region: eu, key_prefix: p } }\n", {
        syncConfig: managed,
      }).changes,
    ).toEqual([]);
  });

  it("stays so under exact, whatever the file leaves out", () => {
    const { changes } = fields("sync_config: { invoice: { outbound: true } }\nexact: [sync_config]\n", {
      syncConfig: { ...managed, ...json({ customer: { inbound: true } }) },
    });
    expect(changes.map(({ path }) => path)).not.toContain("sync_config.s3.is_flexprice_managed");
    expect(changes.map(({ path }) => path)).toContain("sync_config.customer.inbound");
  });

  it("is compared in compression and encryption, also under exact", () => {
    expect(
      fields("sync_config: { s3: { is_flexprice_managed: true, encryption: AES256 } }\nexact: [sync_config]\n", {
        syncConfig: managed,
      }).changes,
    ).toEqual([
      { path: "sync_config.s3.compression", kind: "remove", before: "gzip" },
      { path: "sync_config.s3.encryption", kind: "add", after: "AES256" },
    ]);
  });

  it("cannot be left or entered", () => {
    expect(fields("sync_config: { s3: { is_flexprice_managed: false } }\n", { syncConfig: managed }).changes).toEqual([
      { path: "sync_config.s3.is_flexprice_managed", kind: "edit", before: true, after: false, state: "blocked" },
    ]);
    expect(fields("sync_config: { s3: { is_flexprice_managed: true } }\n", { syncConfig: {} }).changes).toMatchObject([
      { before: false, after: true, state: "blocked" },
    ]);
  });

  it("that cannot be entered leaves the block as it is, also under exact", () => {
    const own = json({ s3: { bucket: "b", region: "r", compression: "gzip" }, customer: { inbound: true } });
    const { changes, keptKeys } = fields(
      "sync_config: { s3: { is_flexprice_managed: true } }\nexact: [sync_config]\n",
      { syncConfig: own },
    );
    expect(changes.map(({ path, kind, state }) => `${kind} ${path} ${state ?? ""}`.trim())).toEqual([
      "remove sync_config.customer.inbound",
      "edit sync_config.s3.is_flexprice_managed blocked",
    ]);
    expect(keptKeys).toBe(3);
  });

  it("that cannot be entered keeps no metadata of the same name from being removed", () => {
    const { changes } = fields(
      "metadata: {}\nsync_config: { s3: { is_flexprice_managed: true } }\nexact: [metadata]\n",
      { metadata: json({ s3: "old" }) },
    );
    expect(changes.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      "remove metadata.s3",
      "edit sync_config.s3.is_flexprice_managed",
    ]);
  });

  it("is told from metadata of the same name", () => {
    const { changes } = fields("metadata: { s3: mine }\n", { metadata: json({ s3: "theirs" }), syncConfig: managed });
    expect(changes).toEqual([{ path: "metadata.s3", kind: "edit", before: "theirs", after: "mine" }]);
  });
});

describe("values from the environment", () => {
  it("are masked on both sides of a change, the whole key with them", () => {
    const { changes } = fields(
      'metadata: { a: { b: "${X}", c: 1 }, d: plain }\n',
      { metadata: json({ a: { b: "old canary", c: 1 }, d: "x" }) },
      { X: "new canary" },
    );
    expect(changes).toEqual([
      { path: "metadata.a", kind: "edit", before: "(secret)", after: "(secret)" },
      { path: "metadata.d", kind: "edit", before: "x", after: "plain" },
    ]);
  });

  it("are left out of the comparison when they are missing, and listed", () => {
    const { changes } = fields('metadata: { a: "${X}", b: 1 }\nsync_config: { s3: { bucket: "${B}", region: r } }\n', {
      metadata: json({ a: "kept", b: 2 }),
      syncConfig: json({ s3: { region: "r" } }),
    });
    expect(changes).toEqual([
      { path: "metadata.a", kind: "edit", state: "unresolved", variable: "X", why: "unset" },
      { path: "metadata.b", kind: "edit", before: 2, after: 1 },
      { path: "sync_config.s3.bucket", kind: "add", state: "unresolved", variable: "B", why: "unset" },
    ]);
  });

  it("are named each, when a key lacks several", () => {
    const { changes } = fields('metadata: { a: ["${X}${Y}", { b: "${Z}" }, "${X}"] }\n', {}, { Y: "" });
    expect(changes.map(({ path, variable, why }) => [path, variable, why])).toEqual([
      ["metadata.a", "X", "unset"],
      ["metadata.a", "Y", "empty"],
      ["metadata.a", "Z", "unset"],
    ]);
  });

  it("are not removed under exact when they are missing", () => {
    expect(fields('metadata: { a: "${X}" }\nexact: [metadata]\n', { metadata: json({ a: "kept" }) }).changes).toEqual([
      { path: "metadata.a", kind: "edit", state: "unresolved", variable: "X", why: "unset" },
    ]);
  });
});

describe("a new connection", () => {
  it("is made of every declared value that is not a default", () => {
    const desired = oneDesired(
      'name: S\nprovider_type: stripe\nmetadata: { b: "${X}", a: 1 }\nsync_config: { invoice: { inbound: false, outbound: true }, s3: { bucket: b, region: "" } }\n',
      { X: "x" },
    );
    expect(compareWithNothing(desired, facts).fields.map(({ keys: _, ...field }) => field)).toEqual([
      { path: "metadata.a", kind: "add", after: 1 },
      { path: "metadata.b", kind: "add", after: "(secret)" },
      { path: "sync_config.invoice.outbound", kind: "add", after: true },
      { path: "sync_config.s3.bucket", kind: "add", after: "b" },
    ]);
  });
});

describe("the law of equality", () => {
  const json1: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 2, noUnicodeString: false }) as fc.Arbitrary<Json>;
  const key = fc
    .string({ maxLength: 6 })
    .filter((text) => !text.includes("${") && !["__proto__", "flexprice_sync"].includes(text) && !text.includes("\0"));
  const metadata = fc.dictionary(
    key,
    json1.filter((value) => !JSON.stringify(value).includes("${")),
    { maxKeys: 4, noNullPrototype: true },
  );
  const syncConfig = fc.record(
    {
      invoice: fc.record({ inbound: fc.constant(false), outbound: fc.boolean() }, { requiredKeys: [] }),
      customer: fc.record({ inbound: fc.boolean(), outbound: fc.boolean() }, { requiredKeys: [] }),
      s3: fc.record(
        {
          bucket: fc.constantFrom("", "b"),
          region: fc.constantFrom("", "r"),
          compression: fc.constantFrom("", "gzip"),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );

  /** Another spelling of the same state: keys in another order, defaults written out. */
  function respelled(value: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, inner]) => [
          name,
          inner !== null && typeof inner === "object" && !Array.isArray(inner) ? respelled(inner as JsonObject) : inner,
        ]),
    );
  }

  it("two spellings of one state differ in nothing", () => {
    fc.assert(
      fc.property(metadata, syncConfig, fc.boolean(), (meta, sync, isExact) => {
        const base = oneDesired("name: S\nprovider_type: stripe\n");
        const definition = { ...base.definition, exact: isExact ? (["metadata", "sync_config"] as const) : [] };
        const desired = { ...base, definition, metadata: json(meta), syncConfig: json(sync) };
        const spelled = json({ deal: { inbound: false, outbound: false }, ...respelled(json(sync)) });
        const row = observed({
          providerType: "stripe",
          name: "S",
          metadata: Object.keys(meta).length === 0 ? null : respelled(json(meta)),
          syncConfig: spelled,
        });
        expect(compare(desired, row, facts, nothingKnown)).toEqual({
          fields: [],
          keptKeys: 0,
          lost: [],
          gone: [],
          needed: [],
        });
      }),
    );
  });
});
