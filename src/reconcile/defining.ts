import { readYaml } from "../load/yaml-source.js";
import type { Declaration, Desired, Observed } from "../model/connection.js";
import { looksLive } from "../model/credentials.js";
import { ownValue } from "../model/json.js";
import { Bug, isError, type Problem } from "../model/problem.js";
import type { StampReading } from "../model/stamp.js";
import { makePlan } from "../plan/plan.js";
import { type Draft, draftOf } from "../pull/draft.js";
import { type TakenNames, VariableNames } from "../pull/names.js";
import { definitionText } from "../pull/yaml-text.js";
import { resolve } from "../secrets/resolve.js";
import type { Variables } from "../secrets/variables.js";
import { readStamps } from "../state/stamp.js";
import { validate } from "../validate/validate.js";
import type { ReadingWorld, Target } from "./invocation.js";
import { noWishes } from "./wishes.js";

/** What definitions of one environment's rows are made with. */
export interface DefiningParts {
  readonly world: ReadingWorld;
  readonly keyVariables: ReadonlySet<string>;
  /** Names of variables that were given before, in all environments of the run. */
  readonly taken: TakenNames;
  readonly target: Target;
  /** What its variables begin with. */
  readonly prefix: string;
  /** Where the schema is, from the folder of the files. */
  readonly schema: string;
  /** All rows of the environment. */
  readonly rows: readonly Observed[];
  /** The file of each row, and the name that its variables have in common. */
  readonly places: ReadonlyMap<Observed, { readonly file: string; readonly stem: string }>;
}

/** Why a row gets no definition, and what to do about it where something can be. */
export interface Skipped {
  readonly why: string;
  readonly hint?: string;
}

/** The definition of a row. */
export interface Made {
  readonly draft: Draft;
  readonly text: string;
  readonly file: string;
  readonly desired: Desired;
}

/** Rounds in which parts that turn out not to be tellable are left out. */
const MOST_ROUNDS = 8;

/** Makes definitions of rows, and holds each against the plan that it would lead to. */
export class Definer {
  /** Rows that get no definition, and why. */
  readonly skipped = new Map<Observed, Skipped>();
  readonly #parts: DefiningParts;
  /** What each row's definition cannot say, and why. */
  readonly #without = new Map<Observed, Map<string, string>>();

  constructor(parts: DefiningParts) {
    this.#parts = parts;
  }

  /**
   * A definition of every row that can have one with which a plan has nothing to do.
   *
   * @param others - definitions that there are beside them
   */
  definitionsOf(open: readonly Observed[], others: readonly Desired[]): ReadonlyMap<Observed, Made> {
    const { target, rows } = this.#parts;
    const readings = target.stamps ? readStamps(rows) : new Map<Observed, StampReading>();
    for (let round = 0; ; round += 1) {
      const made = new Map<Observed, Made>();
      for (const row of open) {
        if (this.skipped.has(row)) continue;
        const one = this.#define(row, readings.get(row) ?? { kind: "none" });
        if (one !== undefined) made.set(row, one);
      }
      const isCalm = this.#leaveOut(made, others, round >= MOST_ROUNDS);
      if (isCalm) return made;
    }
  }

  /** Leaves out what a plan with these definitions would change; `true` when there is nothing of the kind. */
  #leaveOut(made: ReadonlyMap<Observed, Made>, others: readonly Desired[], isLast: boolean): boolean {
    const { world, rows, target } = this.#parts;
    // Secrets are not looked at: what the variables hold is no business of a file.
    const request = noWishes(target, { ...world, fingerprintKeys: {} });
    const mine = new Set([...made.values()].map(({ desired }) => desired));
    const planned = makePlan([...others, ...mine], mine, rows, world.catalogue, world.knownSecrets, request);
    const rowOf = new Map([...made].map(([row, { desired }]) => [desired, row]));
    const calm = new Set<Observed>();
    let isCalm = true;
    for (const [change, { desired }] of planned.sources) {
      const row = rowOf.get(desired);
      if (row === undefined) continue;
      calm.add(row);
      const paths = change.fields.filter(({ state }) => state === undefined).map(({ path }) => path);
      if (change.action === "none") continue;
      isCalm = false;
      const known = this.#without.get(row) ?? new Map<string, string>();
      const news = paths.filter((path) => !known.has(path));
      if (isLast || change.action !== "update" || news.length === 0) {
        this.#skip(row, `a plan would ${change.action} it all the same (${paths.join(", ") || "nothing that shows"})`);
        continue;
      }
      for (const path of news) known.set(path, "a definition that says it would change it");
      this.#without.set(row, known);
    }
    for (const [row, { file }] of made) {
      if (calm.has(row)) continue;
      // No change was made for it: a problem says why.
      const found = planned.problems.filter(isError).find(({ place }) => place?.file === file);
      this.#skip(row, withoutStop(found?.message ?? "no plan can be made for it"), found?.hint);
      isCalm = false;
    }
    return isCalm;
  }

  /** The definition of one row as a text, and as it is read again; `undefined` where there can be none. */
  #define(row: Observed, reading: StampReading): Made | undefined {
    const { world, keyVariables, taken, prefix, schema, places } = this.#parts;
    const { catalogue, knownSecrets } = world;
    if (looksLive(row.name)) return this.#skip(row, "its name looks like a credential, which belongs in no file");
    const { file, stem } = places.get(row) ?? missing();
    const without = this.#without.get(row) ?? new Map<string, string>();
    this.#without.set(row, without);
    const names = new VariableNames(prefix, keyVariables, taken);
    const needsId = this.#needsId(row);
    for (let round = 0; round < LONGEST_MAP; round += 1) {
      const draft = draftOf(row, { catalogue, knownSecrets, names, stem, needsId, reading, without });
      const text = definitionText(draft, schema);
      const { documents, problems } = readYaml(text, file);
      const [document] = documents;
      if (document === undefined) throw new Bug(`pull made a text for ${row.id} that is no YAML`);
      const { data, refused, line, locate } = document;
      const declaration: Declaration = { data, refused, origin: { file, line, locate } };
      const checked = validate([declaration], catalogue, keyVariables);
      const resolved = resolve(checked.definitions, NO_VARIABLES, {}, catalogue);
      const found = [...problems, ...checked.problems, ...resolved.problems].filter(isError);
      const [desired] = resolved.desired;
      if (found.length === 0 && desired !== undefined) {
        if (knownSecrets.areIn(text)) return this.#skip(row, "its definition would repeat a secret of this run");
        return { draft, text, file, desired };
      }
      const blamed = found.flatMap((problem) =>
        partsAt(problem, draft, declaration).map((path) => [path, withoutStop(problem.message)] as const),
      );
      if (blamed.length === 0) return this.#skip(row, withoutStop(found[0]?.message ?? "it cannot be written down"));
      for (const [path, why] of blamed) without.set(path, why);
    }
    return this.#skip(row, "too much of it cannot be written down");
  }

  #skip(row: Observed, why: string, hint?: string): undefined {
    this.skipped.set(row, { why, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }

  /** Whether nothing but its id tells a row from another. */
  #needsId(row: Observed): boolean {
    const { world, rows } = this.#parts;
    const isNamed = ownValue(world.catalogue.providers, row.providerType)?.identity === "name";
    return rows.some(
      (other) => other !== row && other.providerType === row.providerType && (!isNamed || other.name === row.name),
    );
  }
}

/** Parts that are left out of one definition before it is given up. */
const LONGEST_MAP = 1_000;

const NO_VARIABLES: Variables = { lookUp: () => ({ state: "unset" }) };

/** The parts of a draft that a problem with its text is about: all of a block at whose key it is, else the last that begins before it. */
function partsAt({ place }: Problem, { parts }: Draft, { origin }: Declaration): readonly string[] {
  if (place === undefined) return [];
  const lineOf = (keys: readonly string[]) => origin.locate(keys, "key").line;
  const isAtBlock = ({ keys }: Draft["parts"][number]) =>
    keys.some((_, at) => at > 0 && lineOf(keys.slice(0, at)) === place.line);
  const block = parts.filter(isAtBlock);
  if (block.length > 0) return block.map(({ path }) => path);
  let found: { readonly path: string; readonly line: number } | undefined;
  for (const { path, keys } of parts) {
    const line = lineOf(keys);
    if (line <= place.line && line >= (found?.line ?? 0)) found = { path, line };
  }
  return found === undefined ? [] : [found.path];
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, "");
}

function missing(): never {
  throw new Bug("a connection without a name for its file");
}
