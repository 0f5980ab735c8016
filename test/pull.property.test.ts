import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readYaml } from "../src/load/yaml-source.js";
import type { Observed } from "../src/model/connection.js";
import type { JsonObject } from "../src/model/json.js";
import { isError } from "../src/model/problem.js";
import { KnownSecrets, Secret } from "../src/model/secret.js";
import { makePlan } from "../src/plan/plan.js";
import { filesFor } from "../src/reconcile/filing.js";
import type { ReadingWorld, Target } from "../src/reconcile/invocation.js";
import { resolve } from "../src/secrets/resolve.js";
import { variablesOf } from "../src/secrets/variables.js";
import { neverInterrupted } from "../src/setup/interruption.js";
import { metadataUnits, syncUnits } from "../src/state/units.js";
import { validate } from "../src/validate/validate.js";
import { catalogue, stamped, stampWith } from "./support/steps.js";

/*
 * The law of pull, for any rows: what it writes is valid, a plan with it has nothing to do, every part of a row is in its file
 * or told to be left out, the same rows give the same bytes in any order, and no value that came from the environment shows.
 */

const CANARY = "canary-0f-the-law";

/** Texts that YAML, references or files could take for something else. */
const nasty = fc.constantFrom(
  "",
  "no",
  "NULL",
  "~",
  "0x1F",
  "1e3",
  "12:30:45",
  "2026-11-24",
  "${X}",
  "$${X}",
  "$$${var.X}",
  "${",
  "a: b",
  "# not a comment",
  "- item",
  "? key",
  "*alias",
  "&anchor",
  "!tag",
  "%YAML 1.1",
  "---",
  "...",
  "'quoted'",
  '"quoted"',
  " padded ",
  "line 1\nline 2",
  "line 1\n\n  indented\n",
  "\ttab",
  "trailing \n",
  "\u2028",
  "\u0085",
  "\ufeff",
  "\u0007",
  "é\u0301",
  "👩‍💻",
  "x".repeat(300),
  "__proto__",
  "(secret)",
  "<<",
);
const text = fc.oneof(
  nasty,
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const leaf = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constant(null),
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(text, tie("any"), { maxKeys: 3 }),
  ),
})).any;
const key = fc.oneof(text, fc.constantFrom("team", "constructor", "prototype", "a.b", "0", "on", "flexprice"));

const directions = fc.record({ inbound: fc.boolean(), outbound: fc.boolean() }, { requiredKeys: [] });
const syncConfig = fc.record(
  {
    plan: directions,
    invoice: directions,
    customer: directions,
    deal: fc.oneof(directions, fc.constant(null)),
    gadgets: directions,
    s3: fc.record(
      {
        bucket: text,
        region: text,
        key_prefix: text,
        compression: fc.constantFrom("none", "gzip", "zstd"),
        is_flexprice_managed: fc.boolean(),
      },
      { requiredKeys: ["bucket", "region"] },
    ),
    aws_marketplace: fc.record({ region: text }),
    invoice_sync_settings: fc.record(
      {
        normalize_fixed_to: fc.constantFrom("", "MONTHLY", "often"),
        service_period_custom_fields: fc.record({ start_field_id: text, end_field_id: text }, { requiredKeys: [] }),
        metadata_custom_fields: fc.array(
          fc.record({ source: fc.constantFrom("customer", "invoice", "else"), metadata_key: text, field: text }),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const providers = [...Object.keys(catalogue.providers), "fax"];

const drawn = fc.record({
  provider: fc.oneof(fc.constantFrom(...providers), fc.constantFrom("s3", "stripe")),
  name: fc.oneof(text, fc.constantFrom("Exports", "exports", "Ex ports")),
  metadata: fc.oneof(fc.constant(null), fc.dictionary(key, value, { maxKeys: 4 })),
  syncConfig,
  stamp: fc.constantFrom("none", "own", "others", "newer", "damaged", "masked"),
});

function rowsOf(all: readonly (typeof drawn extends fc.Arbitrary<infer Row> ? Row : never)[]): readonly Observed[] {
  return all.map(({ provider, name, metadata, syncConfig: sync, stamp }, at): Observed => {
    const id = `conn_${String(at).padStart(26, "0")}`;
    const stamps: Readonly<Record<typeof stamp, string | undefined>> = {
      none: undefined,
      own: stampWith(provider, { id }),
      others: stampWith(provider, { id, owner: "others" }),
      newer: JSON.stringify({ v: 7 }),
      damaged: "{",
      masked: stampWith(provider, { id, masked: ["metadata.from_environment"] }),
    };
    const kept = stamp === "masked" ? { from_environment: { deep: [CANARY, 1], text: CANARY } } : {};
    const text = stamps[stamp];
    const marked = text === undefined ? {} : { flexprice_sync: text };
    return {
      id,
      name,
      providerType: provider,
      environmentId: "env_1",
      metadata: metadata === null && text === undefined ? null : ({ ...metadata, ...kept, ...marked } as JsonObject),
      // As it comes from JSON.
      syncConfig: JSON.parse(JSON.stringify(sync)) as JsonObject,
      createdAt: "",
      isLive: true,
    };
  });
}

function isManaged({ syncConfig: { s3 } }: Observed): boolean {
  return (s3 as { is_flexprice_managed?: boolean } | undefined)?.is_flexprice_managed === true;
}

const target: Target = { environment: "default", baseUrl: "http://x", stamps: true, assumeUpdatable: [] };

function world(): ReadingWorld {
  const knownSecrets = new KnownSecrets();
  knownSecrets.add([new Secret("api-key-of-the-run")]);
  return {
    files: {
      kindOf: () => "missing",
      list: () => [],
      glob: () => ({ found: [], unreadable: [] }),
      read: () => new Uint8Array(),
      realPath: (path) => path,
      shown: (path) => path,
      absolute: (path) => path,
    },
    variables: variablesOf({}, () => new Uint8Array()),
    catalogue,
    connect: () => Promise.reject(new Error("nothing is asked")),
    knownSecrets,
    fingerprintKeys: {},
    newSalt: () => "a-salt",
    interrupt: neverInterrupted(),
    onProgress: () => {},
  };
}

function pulled(rows: readonly Observed[]) {
  return filesFor({
    world: world(),
    keyVariables: new Set(),
    force: false,
    taken: new Map(),
    target,
    prefix: "",
    schema: "../.flexprice-sync/connection.schema.json",
    rows,
    folder: "connections",
    existing: [],
  });
}

describe("for any connections", () => {
  it("pull writes definitions that are valid and plan nothing, tells what it leaves out, and shows no value of the environment", () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 6 }), fc.nat(), (all, turn) => {
        const rows = rowsOf(all);
        const { files = [], problems } = pulled(rows);
        expect(problems.filter(isError)).toEqual([]);
        expect(files).toHaveLength(rows.length);
        expect(JSON.stringify([files, problems])).not.toContain(CANARY);
        const written = files.flatMap(({ file = "", text, id }) => (text === undefined ? [] : [{ file, text, id }]));
        expect(new Set(written.map(({ file }) => file.toLowerCase())).size).toBe(written.length);

        const declarations = written.flatMap(({ file, text }) => {
          const { documents, problems: found } = readYaml(text, file);
          expect(found).toEqual([]);
          expect(documents).toHaveLength(1);
          return documents.map(({ data, refused, line, locate }) => ({
            data,
            refused,
            origin: { file, line, locate },
          }));
        });
        const checked = validate(declarations, catalogue);
        expect(checked.problems.filter(isError)).toEqual([]);
        const resolved = resolve(
          checked.definitions,
          variablesOf({}, () => new Uint8Array()),
          {},
          catalogue,
        );
        expect(resolved.problems).toEqual([]);
        const { plan, isWhole } = makePlan(
          resolved.desired,
          new Set(resolved.desired),
          rows,
          catalogue,
          new KnownSecrets(),
          stamped(),
        );
        expect(isWhole).toBe(true);
        expect(plan.changes.map(({ action, id }) => [action, id]).sort()).toEqual(
          written.map(({ id }) => ["none", id]).sort(),
        );

        // Every part of a row is in its file, says nothing, or is told.
        for (const { file, id } of written) {
          const row = rows.find((one) => one.id === id);
          const definition = checked.definitions.find(({ origin }) => origin.file === file);
          if (row === undefined || definition === undefined) throw new Error("no definition");
          const told = problems.filter(({ message }) => message.includes(id)).length;
          const parts = [...metadataUnits(row.metadata), ...syncUnits(row.syncConfig, catalogue.syncConfig)];
          const said = new Set(
            [...metadataUnits(definition.metadata), ...syncUnits(definition.syncConfig, catalogue.syncConfig)].map(
              ({ path }) => path,
            ),
          );
          const silent = parts.filter(
            ({ path, isDefault, facts }) =>
              !isDefault && !said.has(path) && !(isManaged(row) && facts?.serverFilled === true),
          );
          expect(silent.length, `${id}: ${silent.map(({ path }) => path).join(", ")}`).toBe(told);
        }

        const turned = [...rows.slice(turn % (rows.length || 1)), ...rows.slice(0, turn % (rows.length || 1))];
        expect(pulled(turned).files).toEqual(files);
      }),
      { numRuns: Number(process.env["PULL_RUNS"] ?? 150) },
    );
  });
});
