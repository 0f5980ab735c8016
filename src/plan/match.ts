import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import { error, type Problem, type ProblemCode } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";

/** Which row a definition means: that row, none yet, or no telling. */
export type Match =
  | { readonly kind: "row"; readonly row: Observed }
  | { readonly kind: "new" }
  | {
      readonly kind: "problem";
      readonly problem: Problem;
      /** Rows of which any could be meant; none where it is something else that is wrong. */
      readonly candidates: readonly Observed[];
    };

/**
 * Finds the row of every definition. With an id it is that row and no other; else the one row of the provider, or for a
 * provider found by name the one row with exactly this name. Where several could be meant, none is picked.
 */
export function match(
  desired: readonly Desired[],
  observed: readonly Observed[],
  catalogue: Catalogue,
  knownSecrets: KnownSecrets,
): ReadonlyMap<Desired, Match> {
  const matches = new Map<Desired, Match>();
  const claimed = new Map<string, Desired>();
  const ids = new Set(desired.flatMap(({ id }) => id ?? []));
  for (const one of desired) {
    const found = matchOne(one, observed, ids, catalogue, knownSecrets);
    const other = found.kind === "row" ? claimed.get(found.row.id) : undefined;
    if (found.kind !== "row" || other === undefined) {
      matches.set(one, found);
      if (found.kind === "row") claimed.set(found.row.id, one);
      continue;
    }
    const { file, line } = other.definition.origin;
    const detail = `"${one.name}" matches ${found.row.id}, and so does "${other.name}" at ${file}:${line}.`;
    const hint = "give the one that means another connection its id, or delete it.";
    const problem = problemAt(one, "PLAN.SAME_ROW", detail, hint);
    matches.set(one, problem);
    matches.set(other, problem);
  }
  return matches;
}

function matchOne(
  desired: Desired,
  observed: readonly Observed[],
  ids: ReadonlySet<string>,
  catalogue: Catalogue,
  knownSecrets: KnownSecrets,
): Match {
  const { providerType } = desired.definition;
  if (desired.id !== undefined)
    return matchById(desired, desired.id, observed, (row) => shownProvider(row, catalogue, knownSecrets));
  const byName = ownValue(catalogue.providers, providerType)?.identity === "name";
  const all = observed.filter((row) => row.providerType === providerType && (!byName || row.name === desired.name));
  // Of several rows, those that other definitions name by id are not meant.
  const free = all.filter(({ id }) => !ids.has(id));
  const candidates = free.length === 0 ? all : free;
  const [only, ...more] = candidates;
  if (only === undefined) return { kind: "new" };
  if (more.length === 0) return { kind: "row", row: only };
  const named = candidates.map((row) => `${row.id} ("${knownSecrets.mask(row.name)}")`).join(", ");
  const detail = `"${desired.name}" could mean any of ${candidates.length} ${providerType} connections: ${named}.`;
  const hint = `look which one is in use and write its id into the definition, as id: ${only.id}; archive what is left over.`;
  return problemAt(desired, "PLAN.AMBIGUOUS", detail, hint, candidates);
}

function matchById(
  desired: Desired,
  id: string,
  observed: readonly Observed[],
  providerOf: (row: Observed) => string,
): Match {
  const { providerType } = desired.definition;
  const row = observed.find((candidate) => candidate.id === id);
  if (row === undefined) {
    const detail = `"${desired.name}" names ${id}, and the service has no such connection.`;
    return problemAt(
      desired,
      "PLAN.ID_GONE",
      detail,
      "if it was replaced, write the new id; if it is gone, drop id: and plan, which then takes the one that fits or creates one. Or this is the key of another environment.",
    );
  }
  if (row.providerType !== providerType) {
    const detail = `"${desired.name}" names ${id}, which is a ${providerOf(row)} connection, not ${providerType}.`;
    return problemAt(desired, "PLAN.ID_OTHER_PROVIDER", detail, "correct id: or provider_type:.");
  }
  return { kind: "row", row };
}

function problemAt(
  { definition }: Desired,
  code: ProblemCode,
  detail: string,
  hint: string,
  candidates: readonly Observed[] = [],
): Match {
  const place = definition.origin.locate([definition.id === undefined ? "name" : "id"], "value");
  return { kind: "problem", problem: error(code, detail, { place, hint }), candidates };
}

/** The provider of a row for people: one that is not known is a text of the service, which may repeat anything. */
export function shownProvider(
  { providerType }: Pick<Observed, "providerType">,
  { providers }: Pick<Catalogue, "providers">,
  knownSecrets: KnownSecrets,
): string {
  return Object.hasOwn(providers, providerType) ? providerType : knownSecrets.mask(providerType);
}
