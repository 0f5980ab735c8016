import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readPage } from "../../src/api/wire.js";
import type { Declaration, Desired, Observed } from "../../src/model/connection.js";
import { type Json, type JsonObject, sameJson } from "../../src/model/json.js";
import { dotted } from "../../src/model/location.js";
import type { Change } from "../../src/model/plan.js";
import { isError } from "../../src/model/problem.js";
import { makePlan, type Planned } from "../../src/plan/plan.js";
import { resolve } from "../../src/secrets/resolve.js";
import { variablesOf } from "../../src/secrets/variables.js";
import { moved, unmet, updateWish } from "../../src/state/wish.js";
import { validate } from "../../src/validate/validate.js";
import { catalogue, declarationsOf, desiredOf, json, noSecrets, noStamps, oneDesired } from "../support/steps.js";

/*
 * A state is drawn, then spelled: defaults written out or left out, blocks empty or absent, the keys of every map in any
 * order. One spelling is the file, another is the service's row, both read by the product's own readers:
 *   spellings of one state never differ · order never matters · one real change shows, on its own path and no other
 */

const facts = catalogue.syncConfig;
const RUNS = { numRuns: 500, seed: 20260301 };

// ── A state ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Period {
  readonly start: string;
  readonly end: string;
}

interface CustomField {
  readonly source: "customer" | "invoice";
  readonly metadata_key: string;
  readonly field: string;
}

type Storage =
  | { readonly kind: "none" }
  | { readonly kind: "own"; readonly texts: Readonly<Record<OwnText, string>> }
  | { readonly kind: "managed"; readonly texts: Readonly<Record<ManagedText, string>> };

type ManagedText = "compression" | "encryption";
type OwnText = "bucket" | "region" | "key_prefix" | ManagedText;

/** What a connection is, in one form only: every default said, no key twice. */
interface State {
  readonly metadata: JsonObject;
  /** The directions that are on, such as `invoice.outbound`. */
  readonly on: readonly Direction[];
  readonly storage: Storage;
  /** `null` where there is no such block, which is not the same as an empty region: that is refused. */
  readonly marketplaceRegion: string | null;
  readonly billingPeriod: string;
  readonly period: Period | null;
  readonly customFields: readonly CustomField[];
}

const ENTITIES = ["plan", "subscription", "invoice", "customer", "payment", "price", "deal", "quote"] as const;

/** The directions that the service lets be turned on. */
const DIRECTIONS = [
  "plan.inbound",
  "subscription.inbound",
  "invoice.outbound",
  "customer.inbound",
  "customer.outbound",
  "payment.inbound",
  "payment.outbound",
  "price.outbound",
  "deal.outbound",
  "quote.outbound",
] as const;

type Direction = (typeof DIRECTIONS)[number];

const VALUES: Readonly<Record<OwnText, readonly string[]>> = {
  bucket: ["acme-exports", "Acme-Exports", "b"],
  region: ["eu-west-1", "us-east-1"],
  key_prefix: ["", " ", "p", "p/"],
  compression: ["", "none", "gzip"],
  encryption: ["", "AES256", "aws:kms", "aws:kms:dsse"],
};
const PERIODS = ["", "MONTHLY", "ANNUAL", "WEEKLY", "DAILY", "QUARTERLY", "HALF_YEARLY", "ONETIME"];
const REGIONS = [null, "us-east-1", "eu-west-1"];
const FIELD_IDS = ["cf_1", "cf_2", "CF_1", " cf 3 ", "4", "ä", "true"];

const isPlainText = (text: string) => !text.includes("${") && !text.includes("\0");
const text = fc.string({ unit: "grapheme", maxLength: 4 }).filter(isPlainText);
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("team", "tier", "a.b", "", "0", "1", "null", "toString", "inbound", "s3") },
  { weight: 1, arbitrary: fc.constantFrom("hasOwnProperty", "with space", "-", "~") },
  { weight: 2, arbitrary: text.filter((one) => one !== "flexprice_sync") },
);
const scalar: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.constantFrom("", " ", "3", "true", "null", "~", "1e3", "0x10", "- a", "a: b", "# c", "two\nlines\n"),
  fc.integer(),
  fc.constantFrom(0, 0.5, -2.25, 1e-7),
  fc.boolean(),
  fc.constant(null),
);
const value = fc.letrec<{ value: Json; map: JsonObject; list: readonly Json[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: "xsmall" }, scalar, tie("map"), tie("list")),
  map: fc
    .uniqueArray(fc.tuple(key, tie("value")), { maxLength: 3, selector: ([name]) => name })
    .map((entries): JsonObject => Object.fromEntries(entries)),
  list: fc.array(tie("value"), { maxLength: 2 }),
}));

const textsOf = <Name extends OwnText>(...names: readonly Name[]): fc.Arbitrary<Readonly<Record<Name, string>>> =>
  fc
    .tuple(...names.map((name) => fc.constantFrom(...VALUES[name])))
    .map((texts) => Object.fromEntries(names.map((name, at) => [name, texts[at] ?? ""])) as Record<Name, string>);

const storage: fc.Arbitrary<Storage> = fc.oneof(
  fc.constant<Storage>({ kind: "none" }),
  textsOf("bucket", "region", "key_prefix", "compression", "encryption").map(
    (texts): Storage => ({ kind: "own", texts }),
  ),
  textsOf("compression", "encryption").map((texts): Storage => ({ kind: "managed", texts })),
);

/** Fields of the invoice settings, each used once. */
const invoiceSettings = fc
  .record({
    ids: fc.shuffledSubarray(FIELD_IDS, { minLength: 2, maxLength: 5 }),
    hasPeriod: fc.boolean(),
    sources: fc.array(fc.constantFrom<CustomField["source"]>("customer", "invoice"), { minLength: 5, maxLength: 5 }),
    keys: fc.array(fc.constantFrom("region", "po", " x", "x"), { minLength: 5, maxLength: 5 }),
  })
  .map(({ ids, hasPeriod, sources, keys }) => {
    const [start = "cf_1", end = "cf_2", ...others] = ids;
    return {
      period: hasPeriod ? { start, end } : null,
      customFields: others.map(
        (field, at): CustomField => ({ source: sources[at] ?? "customer", metadata_key: keys[at] ?? "x", field }),
      ),
    };
  });

const state: fc.Arbitrary<State> = fc
  .record({
    metadata: value.map,
    on: fc.subarray([...DIRECTIONS]),
    storage,
    marketplaceRegion: fc.constantFrom(...REGIONS),
    billingPeriod: fc.constantFrom(...PERIODS),
    settings: invoiceSettings,
  })
  .map(({ settings, ...rest }) => ({ ...rest, ...settings }));

// ── Its spellings ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Small numbers to decide by, from the first on and around again; all zero leaves out whatever can be left out. */
type Choices = () => number;

const numbers = fc.array(fc.nat({ max: 997 }), { minLength: 1, maxLength: 31, size: "max" });

function choicesOf(drawn: readonly number[]): Choices {
  let next = 0;
  return () => {
    const number = drawn[next % drawn.length] ?? 0;
    next += 1;
    return number;
  };
}

function oneOf<T>(choices: Choices, first: T, ...others: readonly T[]): T {
  return [first, ...others][choices() % (others.length + 1)] ?? first;
}

type Side = "file" | "service";

/** What a file or an answer says of a connection, for a state; `isWhole` where both maps must be said. */
function spelled(one: State, side: Side, choices: Choices, isWhole: boolean): JsonObject {
  const metadata = shuffled(one.metadata, choices) as JsonObject;
  const syncConfig = shuffled(syncConfigOf(one, side, choices), choices) as JsonObject;
  // A file cannot say null.
  const nothing = side === "file" ? [undefined] : [undefined, null];
  return {
    ...said("metadata", choices, isWhole ? [] : nothing, metadata),
    ...said("sync_config", choices, isWhole ? [] : nothing, syncConfig),
  };
}

/** A map under its name; one without anything in it also as nothing at all, in the ways that are given. */
function said(
  name: string,
  choices: Choices,
  nothing: readonly (null | undefined)[],
  map: JsonObject,
): Readonly<Record<string, Json>> {
  const chosen = Object.keys(map).length > 0 ? map : oneOf<Json | undefined>(choices, map, ...nothing);
  return chosen === undefined ? {} : { [name]: chosen };
}

function syncConfigOf(one: State, side: Side, choices: Choices): JsonObject {
  const entities = ENTITIES.flatMap((entity) => {
    const directions = (["inbound", "outbound"] as const).map(
      (direction) => [direction, one.on.some((on) => on === `${entity}.${direction}`), [false]] as const,
    );
    return block(entity, directions, choices);
  });
  const region =
    one.marketplaceRegion === null ? [] : [["aws_marketplace", { region: one.marketplaceRegion }] as const];
  return Object.fromEntries([
    ...entities,
    ...block("s3", storageOf(one.storage, side, choices), choices),
    ...region,
    ...block(
      "invoice_sync_settings",
      [
        ["normalize_fixed_to", one.billingPeriod, [""]],
        [
          "service_period_custom_fields",
          one.period === null ? {} : { start_field_id: one.period.start, end_field_id: one.period.end },
          [{}, { start_field_id: "", end_field_id: "" }],
        ],
        ["metadata_custom_fields", one.customFields as unknown as Json, [[]]],
      ],
      choices,
    ),
  ]);
}

/** A field, its value, and the ways to say its default; with a default it may also be absent. */
type Member = readonly [name: string, value: Json, defaults: readonly Json[]];

function storageOf(one: Storage, side: Side, choices: Choices): readonly Member[] {
  const texts = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([name, written]): Member => [name, written, [""]]);
  switch (one.kind) {
    case "none":
      return [
        ...texts({ bucket: "", region: "", key_prefix: "", compression: "", encryption: "" }),
        ["is_flexprice_managed", false, [false]],
      ];
    case "own":
      return [...texts(one.texts), ["is_flexprice_managed", false, [false]]];
    case "managed": {
      // Theirs, whatever the file says there.
      const kept =
        side === "service"
          ? { bucket: "flexprice-exports", region: "us-east-1", key_prefix: "tenant_1/env_1" }
          : {
              bucket: oneOf(choices, "", "mine", "flexprice-exports"),
              region: oneOf(choices, "", "eu"),
              key_prefix: oneOf(choices, "", "p"),
            };
      return [...texts({ ...kept, ...one.texts }), ["is_flexprice_managed", true, [false]]];
    }
  }
}

/** A block with those of its members that are said; one without any is empty or absent. */
function block(name: string, members: readonly Member[], choices: Choices): readonly (readonly [string, Json])[] {
  const entries = members.flatMap(([member, written, defaults]): readonly (readonly [string, Json])[] => {
    if (!defaults.some((one) => sameJson(one, written))) return [[member, written]];
    const chosen = oneOf<Json | undefined>(choices, undefined, undefined, ...defaults);
    return chosen === undefined ? [] : [[member, chosen]];
  });
  if (entries.length === 0 && oneOf(choices, true, false)) return [];
  return [[name, Object.fromEntries(entries)]];
}

/** The same value with the keys of every map in it in another order, lists as they are. */
function shuffled(one: Json, choices: Choices): Json {
  if (Array.isArray(one)) return one.map((inner: Json) => shuffled(inner, choices));
  if (typeof one !== "object" || one === null) return one;
  const entries = Object.entries(one as JsonObject).map(
    ([name, inner]) => [choices(), name, shuffled(inner, choices)] as const,
  );
  entries.sort(([left], [right]) => left - right);
  return Object.fromEntries(entries.map(([, name, inner]) => [name, inner]));
}

// ── Through the steps ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Who {
  readonly name: string;
  readonly provider: string;
}

const STRIPE: Who = { name: "S", provider: "stripe" };
const BOTH = ["metadata", "sync_config"] as const;

/** One file's text: JSON, or YAML as people write it. */
function textOf({ name, provider }: Who, said: JsonObject, exact: readonly string[], choices: Choices): string {
  const definition = { name, provider_type: provider, ...said, ...(exact.length === 0 ? {} : { exact: [...exact] }) };
  return oneOf(choices, true, true, true, false) ? JSON.stringify(definition) : stringify(definition);
}

const INSTANTS = ["2026-03-01T08:00:00Z", "2026-03-01T13:30:00+05:30", "2026-03-01T03:00:00-05:00"] as const;

/** One item of the service's list, with all that only the service writes. */
function itemOf(id: string, { name, provider }: Who, said: JsonObject, choices: Choices): JsonObject {
  const [first, ...others] = INSTANTS;
  const entries: readonly (readonly [string, Json])[] = [
    ["id", id],
    ["name", name],
    ["provider_type", provider],
    ["environment_id", "env_1"],
    ["tenant_id", oneOf(choices, "tenant_1", "tenant_2")],
    ["status", "published"],
    ["created_at", oneOf(choices, first, ...others)],
    ["updated_at", oneOf(choices, first, ...others)],
    ["created_by", oneOf(choices, "user_1", "", "tenant_1")],
    ["updated_by", oneOf(choices, "user_1", "")],
    ...Object.entries(said),
  ];
  const placed = entries.map((entry) => [choices(), entry] as const);
  return Object.fromEntries(placed.sort(([left], [right]) => left - right).map(([, entry]) => entry));
}

function rowsOf(connections: readonly JsonObject[]): readonly Observed[] {
  const page = readPage(JSON.parse(JSON.stringify({ connections, total: connections.length, limit: 50, offset: 0 })));
  if (page === undefined) throw new Error("the answer has another shape");
  return page.rows;
}

function rowOf(said: JsonObject, choices: Choices): Observed {
  const [row] = rowsOf([itemOf("conn_1", STRIPE, said, choices)]);
  if (row === undefined) throw new Error("no row");
  return row;
}

/** A wish for all that a row shows. */
function wishOf({ name, metadata, syncConfig }: Observed) {
  return { name, metadata: metadata ?? {}, syncConfig };
}

function planOf(desired: readonly Desired[], rows: readonly Observed[]): Planned {
  return makePlan(desired, new Set(desired), rows, catalogue, noSecrets, noStamps);
}

function onlyChange({ plan }: Planned): Change {
  const [change, ...more] = plan.changes;
  if (change === undefined || more.length > 0) throw new Error(`one change expected: ${JSON.stringify(plan.changes)}`);
  return change;
}

// ── One real change ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A state that differs from another in one thing, and the path of it. */
interface Changed {
  readonly after: State;
  readonly path: string;
}

function others<T>(values: readonly T[], now: T): readonly T[] {
  return values.filter((one) => one !== now);
}

/** All states that are one real change away, as far as there are a few of a kind. */
function neighbours(one: State): readonly Changed[] {
  const settings = "sync_config.invoice_sync_settings";
  const [firstField, ...otherFields] = one.customFields;
  const spare = FIELD_IDS.filter(
    (id) => id !== one.period?.start && id !== one.period?.end && one.customFields.every(({ field }) => field !== id),
  ).slice(0, 1);
  const lists: readonly (readonly CustomField[])[] = [
    ...(firstField === undefined ? [] : [otherFields]),
    ...(firstField === undefined || otherFields.length === 0 ? [] : [[...otherFields, firstField]]),
    ...(firstField === undefined
      ? []
      : [
          [
            { ...firstField, source: firstField.source === "customer" ? ("invoice" as const) : ("customer" as const) },
            ...otherFields,
          ],
          [{ ...firstField, metadata_key: `${firstField.metadata_key} ` }, ...otherFields],
        ]),
    ...spare.map((field) => [...one.customFields, { source: "customer" as const, metadata_key: "k", field }]),
  ];
  return [
    ...DIRECTIONS.map((direction) => ({
      after: {
        ...one,
        on: one.on.includes(direction) ? one.on.filter((on) => on !== direction) : [...one.on, direction],
      },
      path: `sync_config.${direction}`,
    })),
    ...storageNeighbours(one.storage).map(({ after, name }) => ({
      after: { ...one, storage: after },
      path: `sync_config.s3.${name}`,
    })),
    ...others(REGIONS, one.marketplaceRegion).map((marketplaceRegion) => ({
      after: { ...one, marketplaceRegion },
      path: "sync_config.aws_marketplace.region",
    })),
    ...others(PERIODS, one.billingPeriod)
      .slice(0, 2)
      .map((billingPeriod) => ({ after: { ...one, billingPeriod }, path: `${settings}.normalize_fixed_to` })),
    ...(one.period === null
      ? []
      : spare.map((end) => ({
          after: { ...one, period: { start: one.period?.start ?? "", end } },
          path: `${settings}.service_period_custom_fields.end_field_id`,
        }))),
    ...lists.map((customFields) => ({ after: { ...one, customFields }, path: `${settings}.metadata_custom_fields` })),
    ...metadataNeighbours(one.metadata).map(({ after, name }) => ({
      after: { ...one, metadata: after },
      path: dotted(["metadata", name]),
    })),
  ];
}

function storageNeighbours(one: Storage): readonly { readonly after: Storage; readonly name: string }[] {
  if (one.kind === "none") return [];
  return (Object.keys(one.texts) as OwnText[]).flatMap((name) =>
    others(VALUES[name], (one.texts as Readonly<Partial<Record<OwnText, string>>>)[name]).map((written) => ({
      after: { ...one, texts: { ...one.texts, [name]: written } } as Storage,
      name,
    })),
  );
}

function metadataNeighbours(map: JsonObject): readonly { readonly after: JsonObject; readonly name: string }[] {
  const entries = Object.entries(map);
  const added = ([null, false, "", 0, {}, []] as const)
    .filter(() => !Object.hasOwn(map, "added"))
    .map((written) => ({ after: Object.fromEntries([...entries, ["added", written]]), name: "added" }));
  return [
    ...added,
    ...entries.flatMap(([name, inner]) => [
      { after: Object.fromEntries(entries.filter(([other]) => other !== name)), name },
      ...valueNeighbours(inner).map((written) => ({
        after: Object.fromEntries(entries.map(([other, kept]) => [other, other === name ? written : kept])),
        name,
      })),
    ]),
  ];
}

/** Values that are close to one and not it. */
function valueNeighbours(one: Json): readonly Json[] {
  const around: readonly Json[] = [[one], { "": one }, null, "", JSON.stringify(one)];
  return [...around, ...within(one)].filter((other) => !sameJson(other, one));
}

/** Values that differ from a map or a list in one thing inside it. */
function within(one: Json): readonly Json[] {
  if (Array.isArray(one)) {
    const list = one as readonly Json[];
    return [
      [...list, null],
      list.slice(1),
      [...list].reverse(),
      ...list.flatMap((inner, at) =>
        valueNeighbours(inner)
          .slice(0, 3)
          .map((other) => list.map((kept, place) => (place === at ? other : kept))),
      ),
    ];
  }
  if (typeof one !== "object" || one === null) return [];
  const entries = Object.entries(one as JsonObject);
  return [
    ...(Object.hasOwn(one, "added") ? [] : [Object.fromEntries([...entries, ["added", null]])]),
    Object.fromEntries(entries.slice(1)),
    ...entries.flatMap(([name, inner]) =>
      valueNeighbours(inner)
        .slice(0, 3)
        .map((other) => Object.fromEntries(entries.map(([key1, kept]) => [key1, key1 === name ? other : kept]))),
    ),
  ];
}

// ── The laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe("for any state of a connection", () => {
  it("two spellings of it, one in the file and one on the service, differ in nothing, and nothing is written", () => {
    fc.assert(
      fc.property(state, numbers, numbers, fc.subarray([...BOTH]), (one, forFile, forRow, exact) => {
        const written = choicesOf(forFile);
        const shown = choicesOf(forRow);
        const file = spelled(one, "file", written, exact.length > 0);
        const desired = desiredOf(textOf(STRIPE, file, exact, written));
        const made = planOf(desired, [rowOf(spelled(one, "service", shown, false), shown)]);
        expect(onlyChange(made)).toMatchObject({ action: "none", fields: [], keptKeys: 0, dangers: [] });
        expect(made.plan.summary).toMatchObject({ unchanged: 1, update: 0, create: 0, blocked: 0, keptKeys: 0 });
        expect(made.problems.filter(isError)).toEqual([]);
        for (const [{ fields }, source] of made.sources) {
          if (source.observed === undefined) throw new Error("no row");
          expect(updateWish(fields, source.desired, source.observed, facts)).toEqual({});
        }
      }),
      RUNS,
    );
  });

  it("what was sent in one spelling and is shown in another was kept, and has not moved", () => {
    fc.assert(
      fc.property(state, numbers, numbers, numbers, (one, forFile, forRow, forAnswer) => {
        const written = choicesOf(forFile);
        const [before, now] = [forRow, forAnswer].map((drawn) => {
          const shown = choicesOf(drawn);
          return rowOf(spelled(one, "service", shown, false), shown);
        });
        if (before === undefined || now === undefined) throw new Error("no row");
        expect(unmet(wishOf(before), now, facts)).toEqual([]);
        const desired = oneDesired(textOf(STRIPE, spelled(one, "file", written, false), [], written));
        expect(moved([], desired, before, now, facts, true)).toEqual([]);
      }),
      RUNS,
    );
  });

  it("one thing that really changes, in the file or on the service, is the one difference under exact", () => {
    fc.assert(
      fc.property(state, fc.nat(), fc.boolean(), numbers, numbers, (one, which, inFile, forFile, forRow) => {
        const changed = pickedFrom(neighbours(one), which);
        const written = choicesOf(forFile);
        const shown = choicesOf(forRow);
        const [forTheFile, forTheRow] = inFile ? [changed.after, one] : [one, changed.after];
        const row = rowOf(spelled(forTheRow, "service", shown, false), shown);
        const desired = oneDesired(textOf(STRIPE, spelled(forTheFile, "file", written, true), BOTH, written));
        const made = planOf([desired], [row]);
        const change = onlyChange(made);
        expect(change.fields.map(({ path }) => path)).toEqual([changed.path]);
        expect(change).toMatchObject({ action: "update", keptKeys: 0 });
        expect(made.plan.summary).toMatchObject({ unchanged: 0, update: 1 });
        // The same between two answers of the service.
        const now = rowOf(spelled(forTheFile, "service", written, false), written);
        expect(moved(change.fields, desired, row, now, facts, true)).toEqual([changed.path]);
        expect(unmet(wishOf(row), now, facts)).toEqual([changed.path]);
      }),
      RUNS,
    );
  });

  it("without exact it is the one difference where the file says it, else the one kept key", () => {
    fc.assert(
      fc.property(state, fc.nat(), fc.boolean(), numbers, numbers, (one, which, inFile, forFile, forRow) => {
        const changed = pickedFrom(neighbours(one), which);
        const written = choicesOf(forFile);
        const shown = choicesOf(forRow);
        const file = spelled(inFile ? changed.after : one, "file", written, false);
        const row = rowOf(spelled(inFile ? one : changed.after, "service", shown, false), shown);
        const change = onlyChange(planOf(desiredOf(textOf(STRIPE, file, [], written)), [row]));
        expect([change.fields.map(({ path }) => path), change.keptKeys]).toEqual(
          change.fields.length > 0 ? [[changed.path], 0] : [[], 1],
        );
      }),
      RUNS,
    );
  });

  it("how the service spells its row never shows in the plan, also where the file differs", () => {
    fc.assert(
      fc.property(
        state,
        state,
        numbers,
        numbers,
        numbers,
        fc.subarray([...BOTH]),
        (one, other, forFile, forRow, forAgain, exact) => {
          const written = choicesOf(forFile);
          const desired = desiredOf(textOf(STRIPE, spelled(one, "file", written, exact.length > 0), exact, written));
          const [first, second] = [forRow, forAgain].map((drawn) => {
            const shown = choicesOf(drawn);
            return planOf(desired, [rowOf(spelled(other, "service", shown, false), shown)]);
          });
          expect(json(first?.plan)).toEqual(json(second?.plan));
        },
      ),
      RUNS,
    );
  });
});

function pickedFrom(changes: readonly Changed[], which: number): Changed {
  const picked = changes[which % changes.length];
  if (picked === undefined) throw new Error("every state has a neighbour");
  return picked;
}

describe("for any states of several connections", () => {
  const who: readonly Who[] = [
    STRIPE,
    { name: "H", provider: "hubspot" },
    { name: "Q", provider: "quickbooks" },
    { name: "exports", provider: "s3" },
    { name: "Exports", provider: "s3" },
    { name: "archive", provider: "s3" },
  ];
  const fleet = fc
    .uniqueArray(
      fc.record({
        at: fc.nat({ max: who.length - 1 }),
        one: state,
        other: state,
        kind: fc.constantFrom("same", "other", "row-only", "file-only"),
      }),
      { minLength: 2, maxLength: 3, selector: ({ at }) => at },
    )
    .map((drawn) => drawn.map((one) => ({ ...one, member: who[one.at] ?? STRIPE })));
  type Fleet = typeof fleet extends fc.Arbitrary<infer T> ? T : never;

  const asDrawn: Choices = () => 0;

  interface Spelled {
    /** Each from a file of its own, so that a place says nothing of the order. */
    readonly declarations: readonly Declaration[];
    readonly items: readonly JsonObject[];
  }

  function spelledAll(drawn: Fleet, forFiles: readonly number[], forRows: readonly number[]): Spelled {
    const declarations = drawn
      .filter(({ kind }) => kind !== "row-only")
      .flatMap(({ member, at, one }) => {
        const written = choicesOf(forFiles.map((number) => number + at));
        const content = textOf(member, spelled(one, "file", written, false), [], asDrawn);
        return declarationsOf(content, `connections/${at}.yaml`);
      });
    const items = drawn
      .filter(({ kind }) => kind !== "file-only")
      .map(({ member, at, one, other, kind }) => {
        const shown = choicesOf(forRows.map((number) => number + at));
        const saidOfIt = spelled(kind === "other" ? other : one, "service", shown, false);
        return itemOf(`conn_${at}`, member, saidOfIt, shown);
      });
    return { declarations, items };
  }

  function planIn(order: Choices, { declarations, items }: Spelled): Planned {
    const { definitions, problems } = validate(ordered(declarations, order), catalogue);
    expect(problems.filter(isError)).toEqual([]);
    const variables = variablesOf({}, () => new Uint8Array());
    return planOf(resolve(definitions, variables, {}, catalogue).desired, rowsOf(ordered(items, order)));
  }

  function ordered<T>(items: readonly T[], choices: Choices): readonly T[] {
    return items
      .map((item) => [choices(), item] as const)
      .sort(([left], [right]) => left - right)
      .map(([, item]) => item);
  }

  it("spellings of the same states in any order of files and rows give one plan, byte by byte, that changes nothing", () => {
    fc.assert(
      fc.property(fleet, numbers, numbers, numbers, numbers, numbers, (drawn, f1, r1, f2, r2, order) => {
        const settled = drawn.map((one) => ({ ...one, kind: one.kind === "row-only" ? one.kind : ("same" as const) }));
        const first = planIn(asDrawn, spelledAll(settled, f1, r1));
        const second = planIn(choicesOf(order), spelledAll(settled, f2, r2));
        const claimed = settled.filter(({ kind }) => kind === "same").length;
        expect(first.plan.summary).toMatchObject({
          unchanged: claimed,
          update: 0,
          create: 0,
          keptKeys: 0,
          unclaimed: settled.length - claimed,
        });
        expect(JSON.stringify(second.plan)).toBe(JSON.stringify(first.plan));
        expect(second.isWhole).toBe(true);
      }),
      RUNS,
    );
  });

  it("the order of files and rows never shows in a plan with changes, creates and unclaimed rows", () => {
    fc.assert(
      fc.property(fleet, numbers, numbers, numbers, (drawn, forFiles, forRows, order) => {
        const all = spelledAll(drawn, forFiles, forRows);
        const first = planIn(asDrawn, all);
        const second = planIn(choicesOf(order), all);
        expect(JSON.stringify(second.plan)).toBe(JSON.stringify(first.plan));
        const told = ({ problems }: Planned) => problems.map((one) => JSON.stringify(one)).sort();
        expect(told(second)).toEqual(told(first));
      }),
      RUNS,
    );
  });
});
