import type { Catalogue } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import { looksLive } from "../model/credentials.js";
import { byText, ownValue } from "../model/json.js";

/** Characters of a name that are kept: file systems and people take longer ones badly. */
const LONGEST_SLUG = 60;

/** Of the end of an id, where names alone do not tell connections apart: of 26 characters the last ones are chance. */
const TAIL = 8;

/**
 * Name of a file without its ending, for every row: stable, lower case, and no two alike. Where names do not tell rows apart
 * the end of their ids does, or all of them, or in the end their order.
 */
export function fileStems(rows: readonly Observed[], catalogue: Catalogue): ReadonlyMap<Observed, string> {
  const inOrder = [...rows].sort((left, right) => byText(left.id, right.id));
  const candidates = inOrder.map((row) => {
    const plain = plainStem(row, catalogue);
    return { row, stems: [plain, `${plain}-${slugOf(row.id).slice(-TAIL)}`, `${plain}-${slugOf(row.id)}`] };
  });
  const taken = new Map<string, number>();
  for (const { stems } of candidates) for (const stem of new Set(stems)) taken.set(stem, (taken.get(stem) ?? 0) + 1);
  const given = new Set<string>();
  const told = candidates.map(({ row, stems }): [Observed, string] => {
    const last = stems.at(-1) ?? "";
    // Free is what no other row could have, too.
    let stem = stems.find((one) => taken.get(one) === 1) ?? last;
    for (let count = 2; given.has(stem); count += 1) stem = `${last}-${count}`;
    given.add(stem);
    return [row, stem];
  });
  return new Map(told);
}

function plainStem({ id, name, providerType }: Observed, catalogue: Catalogue): string {
  const provider = slugOf(providerType);
  if (ownValue(catalogue.providers, providerType)?.identity !== "name") return provider;
  const slug =
    slugOf(looksLive(name) ? "" : name)
      .slice(0, LONGEST_SLUG)
      .replace(/-+$/, "") || slugOf(id).slice(-TAIL);
  return slug === provider || slug.startsWith(`${provider}-`) ? slug : `${provider}-${slug}`;
}

/** A text as a part of a file's name: letters and digits of ASCII, with dashes between them. */
function slugOf(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}+/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
}

/** Names of variables that were given, each with what it was given for. */
export type TakenNames = Map<string, string>;

/** Names of variables for the values of one environment's connections; no two values of a run get one name. */
export class VariableNames {
  readonly #prefix: string;
  readonly #forbidden: ReadonlySet<string>;
  readonly #taken: TakenNames;

  /**
   * @param prefix - that all begin with; empty where there is one environment
   * @param forbidden - names that no definition may take
   * @param taken - those that were given before, for all environments of a run
   */
  constructor(prefix: string, forbidden: ReadonlySet<string>, taken: TakenNames) {
    this.#prefix = prefix;
    this.#forbidden = forbidden;
    this.#taken = taken;
  }

  /**
   * The same name for the same value, however often it is asked for.
   *
   * @param stem - of the connection's file
   */
  nameFor(stem: string, path: readonly string[]): string {
    const parts = [this.#prefix, stem, ...path].filter((part) => part !== "").map(upper);
    const plain = parts.join("_").replaceAll(/_+/g, "_");
    // Those that begin so are our own, and no definition may take one.
    const usable = /^FLEXPRICE_/.test(plain) ? `THE_${plain}` : /^\d/.test(plain) ? `_${plain}` : plain;
    const owner = JSON.stringify([this.#prefix, stem, ...path]);
    const isFree = (name: string) => !this.#forbidden.has(name) && (this.#taken.get(name) ?? owner) === owner;
    let name = usable;
    for (let count = 2; !isFree(name); count += 1) name = `${usable}_${count}`;
    this.#taken.set(name, owner);
    return name;
  }
}

function upper(text: string): string {
  return slugOf(text).replaceAll("-", "_").toUpperCase();
}

/**
 * What the variables of each environment begin with: its name; nothing for the one that there is without settings. Names that
 * look alike in capitals are told apart by their place.
 */
export function prefixesOf(environments: readonly string[], only: string): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    [...environments].sort(byText).map((name) => {
      if (name === only) return [name, ""];
      const plain = upper(name);
      let prefix = plain;
      for (let count = 2; taken.has(prefix); count += 1) prefix = `${plain}_${count}`;
      taken.add(prefix);
      return [name, prefix];
    }),
  );
}
