import { describe, expect, it } from "vitest";
import type { ConnectionsApi } from "../../src/api/connections.js";
import { readPage, updateBody } from "../../src/api/wire.js";
import { fetchAll } from "../../src/fetch/fetch.js";
import type { Observed } from "../../src/model/connection.js";
import type { Change } from "../../src/model/plan.js";
import { makePlan, type Planned } from "../../src/plan/plan.js";
import { moved, unmet, updateWish } from "../../src/state/wish.js";
import { catalogue, check, codes, desiredOf, noSecrets, noStamps } from "../support/steps.js";

/*
 * Which spellings of a connection are one state, and which only look like it. Both sides are read by the product's own
 * readers: the file from its text, the row from the service's JSON. What a file leaves out is not compared, so each pair is
 * tried under `exact` too, and nothing may be counted as kept: a default is no value.
 */

/** What a file or an answer says of one connection: keys of the API, absent where they are not said. */
type Said = Readonly<Record<string, unknown>>;

const facts = catalogue.syncConfig;

/** JSON is YAML. */
function fileOf(said: Said, exact: readonly string[] = []): string {
  return JSON.stringify({ name: "S", provider_type: "stripe", ...said, ...(exact.length === 0 ? {} : { exact }) });
}

function rowOf(said: Said): Said {
  return {
    id: "conn_1",
    name: "S",
    provider_type: "stripe",
    environment_id: "env_1",
    tenant_id: "tenant_1",
    status: "published",
    created_at: "2026-03-01T08:00:00Z",
    updated_at: "2026-03-01T08:00:00Z",
    created_by: "user_1",
    updated_by: "user_1",
    ...said,
  };
}

/** The rows of an answer with these connections. */
function rowsOf(connections: readonly Said[]): readonly Observed[] {
  const page = readPage(JSON.parse(JSON.stringify({ connections, total: connections.length, limit: 50, offset: 0 })));
  if (page === undefined) throw new Error("the answer has another shape");
  return page.rows;
}

/** The one row that is said so. */
function readOf({ said }: { readonly said: Said }): Observed {
  const [row] = rowsOf([rowOf(said)]);
  if (row === undefined) throw new Error("no row");
  return row;
}

function planOf(text: string, connections: readonly Said[]): Planned {
  const desired = desiredOf(text);
  return makePlan(desired, new Set(desired), rowsOf(connections), catalogue, noSecrets, noStamps);
}

function onlyChange({ plan }: Planned): Change {
  const [change, ...more] = plan.changes;
  if (change === undefined || more.length > 0) throw new Error(`one change expected: ${JSON.stringify(plan.changes)}`);
  return change;
}

/** The body that a PUT of the one planned change would have, read back. */
function bodyOf(planned: Planned): unknown {
  const change = onlyChange(planned);
  const source = planned.sources.get(change);
  if (source?.observed === undefined) throw new Error("no row");
  return JSON.parse(updateBody(updateWish(change.fields, source.desired, source.observed, facts)));
}

const MAPS = ["metadata", "sync_config"] as const;

/** The maps that a file may name under `exact`: those that it writes. */
function mapsOf(said: Said): readonly string[] {
  return MAPS.filter((map) => Object.hasOwn(said, map));
}

const ENTITIES = ["plan", "subscription", "invoice", "customer", "payment", "price", "deal", "quote"] as const;
const DIRECTIONS = ["inbound", "outbound"] as const;

/** Directions that the service refuses to turn on. */
const IMPOSSIBLE: ReadonlySet<string> = new Set([
  "plan.outbound",
  "subscription.outbound",
  "invoice.inbound",
  "price.inbound",
  "deal.inbound",
  "quote.inbound",
]);

const possible = ENTITIES.flatMap((entity) =>
  DIRECTIONS.filter((direction) => !IMPOSSIBLE.has(`${entity}.${direction}`)).map((direction) => ({
    entity,
    direction,
    other: direction === "inbound" ? "outbound" : "inbound",
  })),
);

const allEntities = (value: unknown): Said => Object.fromEntries(ENTITIES.map((entity) => [entity, value]));

/** One way to say a state. `isForFiles` is false for what a file cannot say. */
interface Spelling {
  readonly words: string;
  readonly said: Said;
  readonly isForFiles: boolean;
}

function as(words: string, said: Said): Spelling {
  return { words, said, isForFiles: true };
}

function onlyShown(words: string, said: Said): Spelling {
  return { words, said, isForFiles: false };
}

const sync = (syncConfig: Said): Said => ({ sync_config: syncConfig });
const s3 = (block: Said): Said => sync({ s3: block });
const settings = (block: Said): Said => sync({ invoice_sync_settings: block });

const S3 = {
  bucket: "acme-exports",
  region: "eu-west-1",
  key_prefix: "billing/",
  compression: "gzip",
  encryption: "AES256",
};
const SETTINGS = {
  normalize_fixed_to: "MONTHLY",
  service_period_custom_fields: { start_field_id: "cf_1", end_field_id: "cf_2" },
  metadata_custom_fields: [
    { source: "customer", metadata_key: "region", field: "cf_3" },
    { source: "invoice", metadata_key: "po", field: "cf_4" },
  ],
};

function without(said: Said, key: string): Said {
  return Object.fromEntries(Object.entries(said).filter(([name]) => name !== key));
}

/** The same value with the keys of every map in it the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

/** A map that something can be beside, so that it is not the whole map that is empty. */
const BESIDE = { aws_marketplace: { region: "us-east-1" } };

const orderedMetadata = {
  team: "billing",
  limits: { soft: 1, hard: { eu: 2, us: [{ a: 1, b: { c: 2, d: 3 } }, "x"] } },
  "": { "": 1, z: null },
};

const equalSpellings: readonly (readonly [state: string, ...spellings: Spelling[]])[] = [
  ["metadata", as("absent", {}), onlyShown("null", { metadata: null }), as("{}", { metadata: {} })],
  [
    "sync_config",
    as("absent", {}),
    onlyShown("null", { sync_config: null }),
    as("{}", sync({})),
    as("eight entities off", sync(allEntities({ inbound: false, outbound: false }))),
    as("eight empty entities", sync(allEntities({}))),
  ],
  [
    "sync_config without anything in it",
    as("{}", sync({})),
    onlyShown(
      "null for every part",
      sync({ ...allEntities(null), s3: null, aws_marketplace: null, invoice_sync_settings: null }),
    ),
    onlyShown(
      "null for every field",
      sync({
        ...allEntities({ inbound: null, outbound: null }),
        s3: { bucket: null, is_flexprice_managed: null },
        invoice_sync_settings: { service_period_custom_fields: null, metadata_custom_fields: null },
      }),
    ),
  ],
  ...ENTITIES.map(
    (entity) =>
      [
        entity,
        as("absent", sync(BESIDE)),
        as("{}", sync({ [entity]: {}, ...BESIDE })),
        as("inbound off", sync({ [entity]: { inbound: false }, ...BESIDE })),
        as("outbound off", sync({ [entity]: { outbound: false }, ...BESIDE })),
        as("both off", sync({ [entity]: { inbound: false, outbound: false }, ...BESIDE })),
      ] as const,
  ),
  ...possible.map(
    ({ entity, direction, other }) =>
      [
        `${entity}.${other} beside ${direction}`,
        as("absent", sync({ [entity]: { [direction]: true } })),
        as("false", sync({ [entity]: { [direction]: true, [other]: false } })),
      ] as const,
  ),
  ...Object.keys(S3).map(
    (field) => [`s3.${field}`, as("absent", s3(without(S3, field))), as('""', s3({ ...S3, [field]: "" }))] as const,
  ),
  [
    "s3",
    as("absent", sync({})),
    as("{}", s3({})),
    as('all ""', s3({ bucket: "", region: "", key_prefix: "", compression: "", encryption: "" })),
    as("bucket and region echoed", s3({ bucket: "", region: "" })),
    as("all defaults", s3({ ...turnedOff(S3), is_flexprice_managed: false })),
  ],
  ["s3.is_flexprice_managed", as("absent", s3(S3)), as("false", s3({ ...S3, is_flexprice_managed: false }))],
  [
    "metadata_custom_fields",
    as("absent", settings(without(SETTINGS, "metadata_custom_fields"))),
    as("[]", settings({ ...SETTINGS, metadata_custom_fields: [] })),
  ],
  [
    "service_period_custom_fields",
    as("absent", settings(without(SETTINGS, "service_period_custom_fields"))),
    as("{}", settings({ ...SETTINGS, service_period_custom_fields: {} })),
    as('both ""', settings({ ...SETTINGS, service_period_custom_fields: { start_field_id: "", end_field_id: "" } })),
  ],
  [
    "normalize_fixed_to",
    as("absent", settings(without(SETTINGS, "normalize_fixed_to"))),
    as('""', settings({ ...SETTINGS, normalize_fixed_to: "" })),
  ],
  [
    "invoice_sync_settings",
    as("absent", sync({})),
    as("{}", settings({})),
    as(
      "all defaults",
      settings({
        normalize_fixed_to: "",
        service_period_custom_fields: { start_field_id: "", end_field_id: "" },
        metadata_custom_fields: [],
      }),
    ),
  ],
  [
    "metadata with keys",
    as("in one order", { metadata: orderedMetadata }),
    as("in another order", { metadata: turned(orderedMetadata) }),
  ],
  [
    "sync_config with keys",
    as("in one order", sync({ ...allEntities({ inbound: false, outbound: false }), s3: S3, ...settingsBlock() })),
    as(
      "in another order",
      sync(
        turned({ ...allEntities({ inbound: false, outbound: false }), s3: S3, ...settingsBlock() }) as typeof BESIDE,
      ),
    ),
  ],
];

function turnedOff(block: Said): Said {
  return Object.fromEntries(Object.keys(block).map((key) => [key, ""]));
}

function settingsBlock(): Said {
  return { invoice_sync_settings: SETTINGS };
}

const equalStates = equalSpellings.map(([state, ...spellings]) => [state, spellings] as const);

/** Every spelling of a state in the file, beside every spelling of it on the service. */
const equalPairs = equalStates.flatMap(([state, spellings]) =>
  spellings
    .filter(({ isForFiles }) => isForFiles)
    .flatMap((file) => spellings.map((row) => [state, file.words, row.words, file.said, row.said] as const)),
);

describe("one state in two spellings is no difference", () => {
  it.each(equalPairs)("%s: %s in the file, %s on the service", (_state, _file, _row, file, row) => {
    for (const exact of [[], mapsOf(file)]) {
      const made = planOf(fileOf(file, exact), [rowOf(row)]);
      expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0, id: "conn_1" });
      expect(made.plan.summary).toMatchObject({ unchanged: 1, create: 0, update: 0, blocked: 0, keptKeys: 0 });
      expect(made.problems).toEqual([]);
      expect(bodyOf(made)).toEqual({});
    }
  });

  it.each(equalStates)("%s: sent in one and shown in another keeps the wish", (_state, spellings) => {
    for (const sent of spellings.map(readOf)) {
      const wish = { name: sent.name, metadata: sent.metadata ?? {}, syncConfig: sent.syncConfig };
      for (const answer of spellings.map(readOf)) expect(unmet(wish, answer, facts)).toEqual([]);
    }
  });

  it.each(equalStates)("%s: planned from one and shown in another has not moved", (_state, spellings) => {
    for (const desired of spellings
      .filter(({ isForFiles }) => isForFiles)
      .flatMap(({ said }) => desiredOf(fileOf(said)))) {
      for (const before of spellings.map(readOf))
        for (const now of spellings.map(readOf)) expect(moved([], desired, before, now, facts, true)).toEqual([]);
    }
  });

  it.each([
    ["3", "3.0"],
    ["3", "3e0"],
    ["100", "1E+2"],
    ["0.5", "5e-1"],
    ["0", "0.0"],
  ])("numbers: %s and %s", (one, other) => {
    for (const [file, row] of [
      [one, other],
      [other, one],
    ] as const) {
      const made = planOf(`name: S\nprovider_type: stripe\nmetadata: { n: ${file}, list: [${file}] }\n`, [
        rowOf({ metadata: JSON.parse(`{ "n": ${row}, "list": [${row}] }`) as unknown }),
      ]);
      expect(onlyChange(made)).toMatchObject({ action: "none", fields: [] });
    }
  });

  it("our own note in the metadata is none either, whatever else is there", () => {
    for (const metadata of [{}, { team: "billing" }]) {
      const made = planOf(fileOf({ metadata }, ["metadata"]), [
        rowOf({ metadata: { ...metadata, flexprice_sync: '{"v":1}' } }),
      ]);
      expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0 });
    }
  });
});

describe("a file cannot say null for a map: it is an error on its line", () => {
  it.each([
    ["metadata", "name: S\nprovider_type: stripe\nmetadata:\n", "VALIDATE.NULL 3"],
    ["metadata", "name: S\nprovider_type: stripe\nmetadata: null\n", "VALIDATE.NULL 3"],
    ["sync_config", "name: S\nprovider_type: stripe\nmetadata: {}\nsync_config:\n", "VALIDATE.NULL 4"],
    ["an entity", "name: S\nprovider_type: stripe\nsync_config:\n  invoice:\n", "VALIDATE.NULL 4"],
    ["a direction", "name: S\nprovider_type: stripe\nsync_config:\n  invoice:\n    outbound: ~\n", "VALIDATE.NULL 5"],
  ])("%s in %j", (_what, text, expected) => {
    const { definitions, problems } = check(text);
    expect(definitions).toEqual([]);
    expect(codes(problems).map((code) => code.replace(/:\d+$/, ""))).toEqual([expected]);
  });
});

describe("what only the service writes is never a difference", () => {
  const said = { metadata: { team: "billing" }, ...sync({ invoice: { outbound: true } }) };
  const plain = JSON.stringify(planOf(fileOf(said), [rowOf(said)]).plan);

  it.each<[string, Said]>([
    ["the same instant in another zone", { created_at: "2026-03-01T13:30:00+05:30" }],
    ["the same instant, moved by an empty update", { updated_at: "2026-03-01T10:00:00+02:00" }],
    ["another instant", { created_at: "2020-01-01T00:00:00Z", updated_at: "2026-09-09T09:09:09-07:00" }],
    ["no instants", { created_at: undefined, updated_at: undefined }],
    ["other actors", { created_by: "", updated_by: "tenant_1" }],
    ["another tenant", { tenant_id: "tenant_2" }],
    ["another environment", { environment_id: "env_2" }],
    ["another status", { status: "active" }],
    ["no status", { status: undefined }],
    ["a field of a newer service", { health: { state: "degraded" } }],
  ])("%s", (_what, shown) => {
    const made = planOf(fileOf(said), [rowOf({ ...said, ...shown })]);
    expect(made.plan.summary).toMatchObject({ unchanged: 1, update: 0, keptKeys: 0 });
    expect(JSON.stringify(made.plan)).toBe(plain);
    const before = readOf({ said });
    const now = readOf({ said: { ...said, ...shown } });
    const [desired] = desiredOf(fileOf(said));
    if (desired === undefined) throw new Error("no definition");
    expect(moved([], desired, before, now, facts, true)).toEqual([]);
    expect(unmet({ name: "S", metadata: before.metadata ?? {}, syncConfig: before.syncConfig }, now, facts)).toEqual(
      [],
    );
  });

  it("only another id shows, as the row that it is", () => {
    const made = planOf(fileOf(said), [rowOf({ ...said, id: "conn_2" })]);
    expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], id: "conn_2" });
  });

  it("the keys of the row itself may stand in any order", () => {
    const row = turned(rowOf(said)) as Said;
    expect(JSON.stringify(planOf(fileOf(said), [row]).plan)).toBe(plain);
    const file = JSON.stringify(turned(JSON.parse(fileOf(said))));
    expect(JSON.stringify(planOf(file, [rowOf(said)]).plan)).toBe(plain);
  });
});

describe("the order of rows is never a difference", () => {
  const file = [
    { name: "b", provider_type: "s3", sync_config: { s3: S3 } },
    { name: "S", provider_type: "stripe", metadata: { a: 1 } },
    { name: "a", provider_type: "s3", sync_config: {} },
    { name: "H", provider_type: "hubspot" },
  ]
    .map((definition) => JSON.stringify(definition))
    .join("\n---\n");
  const rows = [
    rowOf({ id: "conn_4", name: "H", provider_type: "hubspot" }),
    rowOf({ id: "conn_1", name: "a", provider_type: "s3", created_at: "2026-03-01T13:30:00+05:30" }),
    rowOf({ id: "conn_2", name: "b", provider_type: "s3", sync_config: { s3: S3 } }),
    rowOf({ id: "conn_3", metadata: { a: 1 } }),
    rowOf({ id: "conn_6", name: "z", provider_type: "s3" }),
    rowOf({ id: "conn_5", name: "R", provider_type: "razorpay" }),
  ];

  it("the plan is the same, byte by byte, unclaimed rows with it", () => {
    const made = planOf(file, rows).plan;
    expect(made.summary).toMatchObject({ unchanged: 4, update: 0, create: 0, unclaimed: 2 });
    expect(made.changes.map(({ name }) => name)).toEqual(["H", "a", "b", "S"]);
    expect(made.unclaimed.map(({ name }) => name)).toEqual(["R", "z"]);
    for (let by = 1; by < rows.length; by += 1) {
      const rotated = [...rows.slice(by), ...rows.slice(0, by)];
      expect(JSON.stringify(planOf(file, rotated).plan)).toBe(JSON.stringify(made));
      expect(JSON.stringify(planOf(file, [...rotated].reverse()).plan)).toBe(JSON.stringify(made));
    }
  });

  it("rows come by the instant they were made, whatever zone it is written in", async () => {
    const twins = [
      rowOf({ id: "conn_2", created_at: "2026-03-01T08:00:01Z" }),
      rowOf({ id: "conn_3", created_at: "2026-03-01T04:00:00-04:00" }),
      rowOf({ id: "conn_1", created_at: "2026-03-01T13:30:02+05:30" }),
      rowOf({ id: "conn_0", created_at: "2026-03-01T13:30:00+05:30" }),
    ];
    for (const shown of [twins, [...twins].reverse()]) {
      const api: Pick<ConnectionsApi, "list"> = {
        list: async () => ({
          value: { rows: rowsOf(shown), total: shown.length },
          attempts: 1,
          httpStatus: 200,
          requestId: "r",
        }),
      };
      const { observed } = await fetchAll(api as ConnectionsApi, undefined);
      expect(observed.map(({ id }) => id)).toEqual(["conn_0", "conn_3", "conn_2", "conn_1"]);
    }
  });
});

/** Two states that look alike, each once in the file and once on the service; the paths are those that differ. */
const near: readonly (readonly [what: string, one: Said, other: Said, paths: readonly string[]])[] = [
  ...(
    [
      ["the order of a list", ["a", "b"], ["b", "a"]],
      ["the order of a list of maps", [{ a: 1 }, { b: 2 }], [{ b: 2 }, { a: 1 }]],
      ["the order of a list deep inside", { x: [[1, 2]] }, { x: [[2, 1]] }],
      ["a longer list", ["a"], ["a", "a"]],
      ["a list with null in it and an empty one", [null], []],
      ["lists nested another way", [[1], 2], [1, [2]]],
      ["a list of one and the value in it", ["a"], "a"],
      ["a list and a map with its positions as keys", ["a"], { 0: "a" }],
      ["3 and the text 3", 3, "3"],
      ["3 and the text 3 deep inside", { x: [3] }, { x: ["3"] }],
      ["true and the text true", true, "true"],
      ["true and 1", true, 1],
      ["false and 0", false, 0],
      ["false and an empty text", false, ""],
      ["false and null", false, null],
      ["0 and an empty text", 0, ""],
      ["null and an empty text", null, ""],
      ["null and the text null", null, "null"],
      ["null and {}", null, {}],
      ["[] and {}", [], {}],
      ["[] and an empty text", [], ""],
      ["a map with null in it and an empty one", { x: null }, {}],
      ["a map with false in it and an empty one", { x: false }, {}],
      ["a map with {} in it and an empty one", { x: {} }, {}],
      ["null deep inside and an absent key", { x: { y: null, z: 1 } }, { x: { z: 1 } }],
      ["null in a list of maps and an absent key", [{ x: null }], [{}]],
      ["a blank and an empty text", " ", ""],
      ["a text and the same with a blank behind it", "billing", "billing "],
      ["a text and the same with a line feed behind it", "billing", "billing\n"],
      ["capitals", "Billing", "billing"],
      ["one letter and the same as letter and accent", "\u00e9", "e\u0301"],
      ["two numbers that are close", 1, 1.0000001],
      ["a time and the same in another zone", "2026-03-01T08:00:00Z", "2026-03-01T13:30:00+05:30"],
    ] as const
  ).map(
    ([what, one, other]) =>
      [what, { metadata: { k: one, same: 1 } }, { metadata: { k: other, same: 1 } }, ["metadata.k"]] as const,
  ),
  ...([null, false, "", 0, [], {}, " "] as const).map(
    (value) =>
      [
        `a key with ${JSON.stringify(value)} and an absent one`,
        { metadata: { k: value, same: 1 } },
        { metadata: { same: 1 } },
        ["metadata.k"],
      ] as const,
  ),
  ["metadata with null in it and none", { metadata: { k: null } }, { metadata: {} }, ["metadata.k"]],
  ["capitals in a key", { metadata: { Team: 1 } }, { metadata: { team: 1 } }, ["metadata.Team", "metadata.team"]],
  [
    "a key with a dot and a map in a map",
    { metadata: { "a.b": 1 } },
    { metadata: { a: { b: 1 } } },
    ["metadata.a", 'metadata["a.b"]'],
  ],
  ["an empty key and an absent one", { metadata: { "": null } }, { metadata: {} }, ['metadata[""]']],
  ...possible.map(
    ({ entity, direction }) =>
      [
        `${entity}.${direction} on and off`,
        sync({ [entity]: { [direction]: true } }),
        sync({ [entity]: { [direction]: false } }),
        [`sync_config.${entity}.${direction}`],
      ] as const,
  ),
  ...possible.map(
    ({ entity, direction }) =>
      [
        `${entity}.${direction} on and absent`,
        sync({ [entity]: { [direction]: true } }),
        sync({}),
        [`sync_config.${entity}.${direction}`],
      ] as const,
  ),
  [
    "one direction and the other",
    sync({ customer: { inbound: true } }),
    sync({ customer: { outbound: true } }),
    ["sync_config.customer.inbound", "sync_config.customer.outbound"],
  ],
  [
    "compression none and absent",
    s3({ ...S3, compression: "none" }),
    s3(without(S3, "compression")),
    ["sync_config.s3.compression"],
  ],
  [
    "compression none and empty",
    s3({ ...S3, compression: "none" }),
    s3({ ...S3, compression: "" }),
    ["sync_config.s3.compression"],
  ],
  [
    "encryption AES256 and absent",
    s3({ ...S3, encryption: "AES256" }),
    s3(without(S3, "encryption")),
    ["sync_config.s3.encryption"],
  ],
  [
    "encryption aws:kms and aws:kms:dsse",
    s3({ ...S3, encryption: "aws:kms" }),
    s3({ ...S3, encryption: "aws:kms:dsse" }),
    ["sync_config.s3.encryption"],
  ],
  [
    "a blank prefix and an empty one",
    s3({ ...S3, key_prefix: " " }),
    s3({ ...S3, key_prefix: "" }),
    ["sync_config.s3.key_prefix"],
  ],
  [
    "a prefix with and without its slash",
    s3({ ...S3, key_prefix: "p" }),
    s3({ ...S3, key_prefix: "p/" }),
    ["sync_config.s3.key_prefix"],
  ],
  ["capitals in a bucket", s3({ ...S3, bucket: "acme" }), s3({ ...S3, bucket: "Acme" }), ["sync_config.s3.bucket"]],
  ["a block and none", s3(S3), sync({}), Object.keys(S3).map((field) => `sync_config.s3.${field}`)],
  ["a marketplace region and none", sync(BESIDE), sync({}), ["sync_config.aws_marketplace.region"]],
  [
    "a billing period and none",
    settings(SETTINGS),
    settings({ ...SETTINGS, normalize_fixed_to: "" }),
    ["sync_config.invoice_sync_settings.normalize_fixed_to"],
  ],
  [
    "the two ends of the service period, swapped",
    settings(SETTINGS),
    settings({ ...SETTINGS, service_period_custom_fields: { start_field_id: "cf_2", end_field_id: "cf_1" } }),
    ["start_field_id", "end_field_id"].map(
      (end) => `sync_config.invoice_sync_settings.service_period_custom_fields.${end}`,
    ),
  ],
  [
    "a service period and an empty one",
    settings(SETTINGS),
    settings({ ...SETTINGS, service_period_custom_fields: {} }),
    ["start_field_id", "end_field_id"].map(
      (end) => `sync_config.invoice_sync_settings.service_period_custom_fields.${end}`,
    ),
  ],
  ...(
    [
      ["in another order", [...SETTINGS.metadata_custom_fields].reverse()],
      ["without the last", SETTINGS.metadata_custom_fields.slice(0, 1)],
      ["without any", []],
      ["with a blank behind one", SETTINGS.metadata_custom_fields.map((one) => ({ ...one, field: `${one.field} ` }))],
      ["of another source", SETTINGS.metadata_custom_fields.map((one) => ({ ...one, source: "customer" }))],
    ] as const
  ).map(
    ([what, fields]) =>
      [
        `custom fields ${what}`,
        settings(SETTINGS),
        settings({ ...SETTINGS, metadata_custom_fields: fields }),
        ["sync_config.invoice_sync_settings.metadata_custom_fields"],
      ] as const,
  ),
  ["the name with a blank behind it", { name: "S " }, { name: "S" }, ["name"]],
  ["the name in capitals", { name: "S" }, { name: "s" }, ["name"]],
];

describe("what only looks alike is a difference, on just that path", () => {
  const pairs = near.flatMap(([what, one, other, paths]) => [
    [what, "the first in the file", one, other, paths] as const,
    [what, "the second in the file", other, one, paths] as const,
  ]);

  it.each(pairs)("%s, %s", (_what, _side, file, row, paths) => {
    const made = planOf(fileOf(file, mapsOf(file)), [rowOf(row)]);
    const change = onlyChange(made);
    expect(change.fields.map(({ path }) => path).sort()).toEqual([...paths].sort());
    expect(change.action).toBe("update");
    expect(made.plan.summary).toMatchObject({ unchanged: 0, update: 1, keptKeys: 0 });
    const before = readOf({ said: row });
    const now = readOf({ said: file });
    const { desired } = made.sources.get(change) ?? {};
    if (desired === undefined) throw new Error("no definition");
    expect([...moved(change.fields, desired, before, now, facts, true)].sort()).toEqual([...paths].sort());
    const wish = { name: now.name, metadata: now.metadata ?? {}, syncConfig: now.syncConfig };
    expect([...unmet(wish, before, facts)].sort()).toEqual([...paths].sort());
  });

  it.each(pairs)("%s, %s: without exact it is a change where the file says it, else it is kept", (...pair) => {
    const [, , file, row, paths] = pair;
    const made = planOf(fileOf(file), [rowOf(row)]);
    const change = onlyChange(made);
    for (const { path } of change.fields) expect(paths).toContain(path);
    expect(change.fields.length + change.keptKeys).toBe(paths.length);
    expect(change.fields.every(({ kind }) => kind !== "remove")).toBe(true);
  });
});

describe("a row reads the same in every spelling, also where the file differs from it", () => {
  it.each<[string, Said, readonly Said[]]>([
    [
      "a direction turned on",
      sync({ customer: { outbound: true } }),
      [sync({}), sync({ customer: {} }), sync({ customer: { inbound: false, outbound: false } })],
    ],
    ["a first prefix", s3({ key_prefix: "p" }), [s3(without(S3, "key_prefix")), s3({ ...S3, key_prefix: "" })]],
    [
      "a first billing period",
      settings({ normalize_fixed_to: "DAILY" }),
      [sync({}), settings({}), settings({ normalize_fixed_to: "" })],
    ],
    [
      "a first service period",
      settings({ service_period_custom_fields: SETTINGS.service_period_custom_fields }),
      [
        sync({}),
        settings({ service_period_custom_fields: {} }),
        settings({ service_period_custom_fields: { start_field_id: "", end_field_id: "" } }),
      ],
    ],
    [
      "first custom fields",
      settings({ metadata_custom_fields: SETTINGS.metadata_custom_fields }),
      [sync({}), settings({}), settings({ metadata_custom_fields: [] })],
    ],
    ["a first key of metadata", { metadata: { a: 1 } }, [{}, { metadata: null }, { metadata: {} }]],
  ])("%s", (_what, file, rows) => {
    const [first, ...others] = rows.map((row) => planOf(fileOf(file), [rowOf(row)]).plan);
    expect(first?.summary.update).toBe(1);
    for (const other of others) expect(other).toEqual(first);
  });
});

describe("storage that the service keeps", () => {
  const block = {
    bucket: "flexprice-exports",
    region: "us-east-1",
    key_prefix: "tenant_1/env_1",
    compression: "gzip",
    encryption: "AES256",
    is_flexprice_managed: true,
  };
  const shown = {
    ...allEntities({ inbound: false, outbound: false }),
    invoice: { inbound: false, outbound: true },
    s3: block,
  };

  const managedRow = (more: Said = {}) => rowOf({ provider_type: "s3", sync_config: shown, ...more });
  const planFor = (syncConfig: Said | undefined, row: Said = managedRow(), more: Said = {}) =>
    planOf(
      JSON.stringify({
        name: "S",
        provider_type: "s3",
        ...(syncConfig === undefined ? {} : { sync_config: syncConfig }),
        ...more,
      }),
      [row],
    );
  const pathsOf = (made: Planned) => onlyChange(made).fields.map(({ path, state }) => [path, state]);

  it("is sent back as read when only the compression changes", () => {
    const made = planFor({ s3: { is_flexprice_managed: true, compression: "none" } });
    expect(pathsOf(made)).toEqual([["sync_config.s3.compression", undefined]]);
    expect(bodyOf(made)).toEqual({ sync_config: { ...shown, s3: { ...block, compression: "none" } } });
  });

  it("is sent back as read when only the encryption changes", () => {
    const made = planFor({ s3: { encryption: "aws:kms" } });
    expect(pathsOf(made)).toEqual([["sync_config.s3.encryption", undefined]]);
    expect(bodyOf(made)).toEqual({ sync_config: { ...shown, s3: { ...block, encryption: "aws:kms" } } });
  });

  it.each<[string, Said]>([
    ["does not mention it", {}],
    ["says that it is managed", { s3: { is_flexprice_managed: true } }],
    ["has an empty block", { s3: {} }],
    ["says other buckets", { s3: { is_flexprice_managed: true, bucket: "mine", region: "eu", key_prefix: "p" } }],
    ["says empty texts", { s3: { bucket: "", region: "", key_prefix: "" } }],
  ])("is sent back as read when another entity changes and the file %s", (_what, said) => {
    const made = planFor({ customer: { outbound: true }, ...said });
    expect(pathsOf(made)).toEqual([["sync_config.customer.outbound", undefined]]);
    expect(bodyOf(made)).toEqual({ sync_config: { ...shown, customer: { inbound: false, outbound: true } } });
  });

  it("is not sent at all when only the name or the metadata changes", () => {
    expect(bodyOf(planFor({ s3: { is_flexprice_managed: true } }, managedRow(), { metadata: { a: 1 } }))).toEqual({
      metadata: { a: 1 },
    });
    expect(bodyOf(planFor(undefined, managedRow(), { metadata: { a: 1 } }))).toEqual({ metadata: { a: 1 } });
    expect(bodyOf(planFor(undefined, managedRow({ name: "T" }), { id: "conn_1" }))).toEqual({ name: "S" });
  });

  it("is nothing to write when the file says of it what is true, and any bucket", () => {
    for (const exact of [[], ["sync_config"]]) {
      const made = planFor(
        {
          invoice: { outbound: true },
          s3: { ...block, bucket: "mine", region: "eu-west-1", key_prefix: "p" },
        },
        managedRow(),
        { exact },
      );
      expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0 });
      expect(made.plan.summary).toMatchObject({ unchanged: 1, blocked: 0 });
      expect(bodyOf(made)).toEqual({});
      expect(made.problems.map(({ code, severity }) => [code, severity])).toEqual([
        ["PLAN.KEPT_BY_SERVICE", "warning"],
      ]);
    }
  });

  it.each(["bucket", "region", "key_prefix"])(
    "is the service's in %s: neither compared nor counted as kept",
    (field) => {
      const said = { invoice: { outbound: true }, s3: without(block, field) };
      for (const exact of [[], ["sync_config"]]) {
        const made = planFor(said, managedRow(), { exact });
        expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0 });
      }
      const without1 = { ...shown, s3: without(block, field) };
      const made = planFor({ ...said, s3: block }, managedRow({ sync_config: without1 }), { exact: ["sync_config"] });
      expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0 });
    },
  );

  describe.each([
    ["bucket", "flexprice-exports-2"],
    ["region", "eu-central-1"],
    ["key_prefix", "tenant_1/env_2"],
  ])("when the service gives it another %s", (field, value) => {
    const made = planFor({ customer: { outbound: true }, s3: block });
    const before = readOf({ said: { provider_type: "s3", sync_config: shown } });
    const now = readOf({ said: { provider_type: "s3", sync_config: { ...shown, s3: { ...block, [field]: value } } } });

    it("has not moved for us, also where the file names the old one", () => {
      const change = onlyChange(made);
      const { desired } = made.sources.get(change) ?? {};
      if (desired === undefined) throw new Error("no definition");
      expect(moved(change.fields, desired, before, now, facts, true)).toEqual([]);
    });

    it("still is what was sent, also with a field that a newer service adds there", () => {
      const newer = readOf({
        said: { provider_type: "s3", sync_config: { ...shown, s3: { ...block, archive_days: 3 } } },
      });
      expect(unmet({ syncConfig: before.syncConfig }, newer, facts)).toEqual([]);
    });

    it("still is what was sent", () => {
      expect(unmet({ syncConfig: before.syncConfig }, now, facts)).toEqual([]);
    });
  });

  it("keeps under exact all but compression and encryption, when the file does not mention it", () => {
    const made = planFor({ invoice: { outbound: true } }, managedRow(), { exact: ["sync_config"] });
    expect(pathsOf(made)).toEqual([
      ["sync_config.s3.compression", undefined],
      ["sync_config.s3.encryption", undefined],
    ]);
    const { compression: _, encryption: __, ...rest } = block;
    expect(bodyOf(made)).toEqual({ sync_config: { ...shown, s3: rest } });
  });

  it("keeps under exact all but compression and encryption, when the file is empty", () => {
    const made = planFor({}, managedRow(), { exact: ["sync_config"] });
    expect(bodyOf(made)).toMatchObject({
      sync_config: {
        s3: {
          bucket: block.bucket,
          region: block.region,
          key_prefix: block.key_prefix,
          is_flexprice_managed: true,
        },
      },
    });
    expect(pathsOf(made)).toEqual([
      ["sync_config.invoice.outbound", undefined],
      ["sync_config.s3.compression", undefined],
      ["sync_config.s3.encryption", undefined],
    ]);
  });

  it("is sent back as read under exact, when the file says compression and encryption as they are", () => {
    const said = {
      customer: { inbound: true },
      s3: { is_flexprice_managed: true, compression: "gzip", encryption: "AES256" },
    };
    const made = planFor(said, managedRow(), { exact: ["sync_config"] });
    expect(pathsOf(made)).toEqual([
      ["sync_config.invoice.outbound", undefined],
      ["sync_config.customer.inbound", undefined],
    ]);
    expect(bodyOf(made)).toMatchObject({ sync_config: { s3: block, customer: { inbound: true } } });
  });

  it("keeps what a newer service shows in its block, also under exact", () => {
    const newer = { ...block, storage_class: "STANDARD_IA" };
    const row = managedRow({ sync_config: { ...shown, s3: newer } });
    const said = {
      invoice: { outbound: true },
      customer: { outbound: true },
      s3: { compression: "gzip", encryption: "AES256" },
    };
    for (const exact of [[], ["sync_config"]]) {
      const made = planFor(said, row, { exact });
      expect(pathsOf(made)).toEqual([["sync_config.customer.outbound", undefined]]);
      expect(bodyOf(made)).toMatchObject({ sync_config: { s3: newer } });
    }
  });

  it.each<[string, readonly string[]]>([
    ["as written", []],
    ["under exact", ["sync_config"]],
  ])("cannot be left by a file that says false, %s", (_what, exact) => {
    const said = { invoice: { outbound: true }, s3: { ...block, is_flexprice_managed: false } };
    const made = planFor(said, managedRow(), { exact });
    expect(onlyChange(made)).toMatchObject({
      action: "none",
      fields: [
        { path: "sync_config.s3.is_flexprice_managed", kind: "edit", before: true, after: false, state: "blocked" },
      ],
    });
    expect(made.plan.summary).toMatchObject({ update: 0, blocked: 1 });
    expect(bodyOf(made)).toEqual({});
  });

  it("stays managed in what is sent for the other fields of a file that says false", () => {
    const said = {
      invoice: { outbound: false },
      s3: { bucket: "mine", region: "eu-west-1", compression: "none", is_flexprice_managed: false },
    };
    const made = planFor(said);
    expect(onlyChange(made).action).toBe("update");
    expect(made.plan.summary).toMatchObject({ update: 1, blocked: 1 });
    expect(pathsOf(made)).toEqual([
      ["sync_config.invoice.outbound", undefined],
      ["sync_config.s3.compression", undefined],
      ["sync_config.s3.is_flexprice_managed", "blocked"],
    ]);
    expect(bodyOf(made)).toEqual({
      sync_config: {
        ...shown,
        invoice: { inbound: false, outbound: false },
        s3: { ...block, compression: "none" },
      },
    });
  });

  describe.each<[string, Said]>([
    ["says that it is not", { ...S3, is_flexprice_managed: false }],
    ["does not say", S3],
  ])("cannot be entered by a file that says true, where the row %s", (_what, own) => {
    const row = managedRow({ sync_config: { ...shown, s3: own } });

    it("which is blocked, alone", () => {
      const made = planFor({ s3: { ...S3, is_flexprice_managed: true } }, row);
      expect(onlyChange(made)).toMatchObject({
        action: "none",
        fields: [
          { path: "sync_config.s3.is_flexprice_managed", kind: "edit", before: false, after: true, state: "blocked" },
        ],
      });
      expect(made.plan.summary).toMatchObject({ update: 0, blocked: 1 });
      expect(bodyOf(made)).toEqual({});
    });

    it("while its own bucket, region and prefix are compared as ever, and true is never sent", () => {
      const made = planFor(
        { customer: { outbound: true }, s3: { ...S3, bucket: "new", key_prefix: "", is_flexprice_managed: true } },
        row,
      );
      expect(pathsOf(made)).toEqual([
        ["sync_config.customer.outbound", undefined],
        ["sync_config.s3.bucket", undefined],
        ["sync_config.s3.key_prefix", undefined],
        ["sync_config.s3.is_flexprice_managed", "blocked"],
      ]);
      expect(bodyOf(made)).toEqual({
        sync_config: {
          ...shown,
          customer: { inbound: false, outbound: true },
          s3: { ...own, bucket: "new", key_prefix: "" },
        },
      });
    });
  });

  it("cannot be entered where the row has no block", () => {
    const { s3: _, ...none } = shown;
    const made = planFor({ s3: { is_flexprice_managed: true } }, managedRow({ sync_config: none }));
    expect(pathsOf(made)).toEqual([["sync_config.s3.is_flexprice_managed", "blocked"]]);
    expect(bodyOf(made)).toEqual({});
    const more = planFor(
      { customer: { outbound: true }, s3: { is_flexprice_managed: true } },
      managedRow({ sync_config: none }),
    );
    expect(bodyOf(more)).toEqual({ sync_config: { ...none, customer: { inbound: false, outbound: true } } });
  });

  it("is asked for when the connection is made", () => {
    const made = planOf(
      JSON.stringify({ name: "S", provider_type: "s3", sync_config: { s3: { is_flexprice_managed: true } } }),
      [],
    );
    expect(onlyChange(made)).toMatchObject({
      action: "create",
      fields: [{ path: "sync_config.s3.is_flexprice_managed", after: true }],
    });
  });
});
