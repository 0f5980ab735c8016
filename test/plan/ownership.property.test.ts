import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observed } from "../../src/model/connection.js";
import { type Json, type JsonObject, sameJson } from "../../src/model/json.js";
import type { Stamp } from "../../src/model/stamp.js";
import { compare, nothingKnown } from "../../src/plan/compare.js";
import { makePlan } from "../../src/plan/plan.js";
import { nextStamp } from "../../src/state/next-stamp.js";
import { readStamps, stampText, valueMark } from "../../src/state/stamp.js";
import { updateWish } from "../../src/state/wish.js";
import { catalogue, json, noSecrets, observed, oneDesired, stamped } from "../support/steps.js";

/*
 * Who decides about a part of a connection: the file, an earlier file of ours, or somebody else. A model that says it in a
 * few lines is held against the product, for random files, rows and stamps.
 */

const salt = "the-salt-of-the-row";
const facts = catalogue.syncConfig;

/** A part that can be compared and written by itself; its default is what its absence means, where it means something. */
interface Part {
  readonly path: string;
  readonly keys: readonly [string, ...string[]];
  readonly fallback?: Json;
  readonly values: readonly Json[];
}

const parts: readonly Part[] = [
  ...["a", "b c"].map((key) => ({
    path: key === "a" ? "metadata.a" : 'metadata["b c"]',
    keys: ["metadata", key] as const,
    values: [1, "1", null, false, {}, { x: [1], y: "z" }, { y: "z", x: [1] }, []],
  })),
  ...["invoice.outbound", "customer.inbound", "customer.outbound"].map((name) => ({
    path: `sync_config.${name}`,
    keys: ["sync_config", ...name.split(".")] as const,
    fallback: false,
    values: [true, false],
  })),
  {
    path: "sync_config.invoice_sync_settings.normalize_fixed_to",
    keys: ["sync_config", "invoice_sync_settings", "normalize_fixed_to"],
    fallback: "",
    values: ["", "MONTHLY", "DAILY"],
  },
  {
    path: "sync_config.invoice_sync_settings.metadata_custom_fields",
    keys: ["sync_config", "invoice_sync_settings", "metadata_custom_fields"],
    fallback: [],
    values: [[], ["k", "l"].map((key) => ({ source: "customer", metadata_key: key, field: key }))],
  },
];

/** A value for some of the parts, none for the others. */
type Values = ReadonlyMap<Part, Json>;
const values: fc.Arbitrary<Values> = fc
  .tuple(...parts.map((part) => fc.option(fc.constantFrom(...part.values), { nil: undefined })))
  .map((found) => new Map(parts.flatMap((part, at) => (found[at] === undefined ? [] : [[part, found[at] as Json]]))));

const situation = fc.record({
  declared: values,
  shown: values,
  written: values,
  isStamped: fc.boolean(),
  exact: fc.subarray(["metadata", "sync_config"] as const),
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

function mapOf(all: Values, top: string): JsonObject {
  const map: Record<string, Json> = {};
  for (const [{ keys }, value] of all) {
    if (keys[0] !== top) continue;
    let at: Record<string, Json> = map;
    for (const key of keys.slice(1, -1)) {
      at[key] ??= {};
      at = at[key] as Record<string, Json>;
    }
    at[keys.at(-1) ?? ""] = value;
  }
  return map;
}

function desiredFrom({ declared, exact }: Situation) {
  const text = JSON.stringify({
    name: "S",
    provider_type: "stripe",
    metadata: mapOf(declared, "metadata"),
    sync_config: mapOf(declared, "sync_config"),
    exact,
  });
  return oneDesired(text);
}

function stampFrom({ written }: Situation): Stamp {
  const owns = Object.fromEntries([...written].map(([{ path }, value]) => [path, valueMark(salt, path, value)]));
  return { id: "conn_stripe", provider: "stripe", salt, owns, masked: [], secrets: {}, protect: false, pending: [] };
}

function rowFrom(made: Situation): Observed {
  const metadata = {
    ...mapOf(made.shown, "metadata"),
    ...(made.isStamped ? { flexprice_sync: stampText(stampFrom(made)) } : {}),
  };
  return observed({
    providerType: "stripe",
    name: "S",
    metadata: Object.keys(metadata).length === 0 ? null : json(metadata),
    syncConfig: json(mapOf(made.shown, "sync_config")),
  });
}

/** What should become of each part, said as plainly as it can be. */
function verdictOn(
  part: Part,
  { declared, shown, written, isStamped, exact }: Situation,
): "set" | "remove" | "lost" | "gone" | "kept" | "nothing" {
  const now = shown.has(part) ? shown.get(part) : part.fallback;
  const isThere = now !== undefined && !(part.fallback !== undefined && sameJson(now, part.fallback));
  const wanted = declared.get(part);
  if (wanted !== undefined) return now !== undefined && sameJson(wanted, now) ? "nothing" : "set";
  const ours = isStamped ? written.get(part) : undefined;
  const isExact = exact.some((map) => map === part.keys[0]);
  if (!isThere) {
    const wroteSomething = ours !== undefined && !(part.fallback !== undefined && sameJson(ours, part.fallback));
    return wroteSomething && !isExact ? "gone" : "nothing";
  }
  if (isExact) return "remove";
  if (ours === undefined) return "kept";
  return sameJson(ours, now) ? "remove" : "lost";
}

describe("for any file, row and stamp", () => {
  it("each part is decided by the file, else by what we wrote, else by nobody", () => {
    fc.assert(
      fc.property(situation, (made) => {
        const found = compare(desiredFrom(made), rowFrom(made), facts, {
          ...nothingKnown,
          ...(made.isStamped ? { ours: stampFrom(made) } : {}),
        });
        const verdicts = new Map(parts.map((part) => [part.path, verdictOn(part, made)]));
        const changed = new Map(found.fields.map(({ path, kind }) => [path, kind === "remove" ? "remove" : "set"]));
        const expected = [...verdicts].filter(([, verdict]) => verdict === "set" || verdict === "remove");
        expect([...changed].sort()).toEqual([...expected].sort());
        const with_ = (...wanted: readonly string[]) =>
          [...verdicts].filter(([, verdict]) => wanted.includes(verdict)).map(([path]) => path);
        expect([...found.lost].sort()).toEqual(with_("lost").sort());
        expect([...found.gone].sort()).toEqual(with_("gone").sort());
        expect(found.keptKeys).toBe(with_("lost", "kept").length);
        expect(found.needed).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a write leaves exactly what the model says, and then nothing differs and nothing is lost", () => {
    fc.assert(
      fc.property(situation, (made) => {
        const desired = desiredFrom(made);
        const row = rowFrom(made);
        const request = stamped({ saltFor: () => salt });
        const planned = makePlan([desired], new Set([desired]), [row], catalogue, noSecrets, request);
        const [change] = planned.plan.changes;
        if (change === undefined) throw new Error("no change");
        const verdicts = parts.map((part) => [part, verdictOn(part, made)] as const);
        const differs = verdicts.some(([, verdict]) => verdict === "set" || verdict === "remove");
        expect(change.action).toBe(differs ? "update" : "none");
        if (!differs) return;

        const before = planned.sources.get(change)?.stamp;
        const next = nextStamp(
          { desired, row, salt, fields: change.fields, secrets: [], ...(before === undefined ? {} : { before }) },
          request.stamps,
          facts,
        );
        const wish = updateWish(change.fields, desired, row, facts, change.stamp ? stampText(next) : undefined);
        const after: Observed = {
          ...row,
          metadata: wish.metadata ?? row.metadata,
          syncConfig: wish.syncConfig ?? row.syncConfig,
        };
        const expected = new Map(
          verdicts.flatMap(([part, verdict]): [Part, Json][] => {
            const value = verdict === "set" ? made.declared.get(part) : made.shown.get(part);
            return verdict === "remove" || value === undefined ? [] : [[part, value]];
          }),
        );
        const { flexprice_sync: _stamp, ...metadata } = after.metadata ?? {};
        expect(metadata).toEqual(mapOf(expected, "metadata"));
        for (const part of parts.filter(({ keys }) => keys[0] === "sync_config")) {
          const [, group = "", name = ""] = part.keys;
          const left = (after.syncConfig[group] as JsonObject | undefined)?.[name];
          expect([part.path, left ?? part.fallback]).toEqual([part.path, expected.get(part) ?? part.fallback]);
        }

        const reading = readStamps([after]).get(after);
        expect(reading).toMatchObject({ kind: "own", stamp: { id: row.id, salt } });
        if (reading?.kind !== "own") return;
        expect(Object.keys(reading.stamp.owns).sort()).toEqual(
          [...made.declared.keys()].map(({ path }) => path).sort(),
        );
        expect(compare(desired, after, facts, { ...nothingKnown, ours: reading.stamp })).toMatchObject({
          fields: [],
          lost: [],
          needed: [],
        });
        const again = makePlan([desired], new Set([desired]), [after], catalogue, noSecrets, request);
        expect(again.plan.summary).toMatchObject({ update: 0, unchanged: 1 });
        expect(again.problems).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
