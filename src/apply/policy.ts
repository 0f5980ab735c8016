import { type Change, isBlocked, isDifferent, type Plan, placeOf, writes } from "../model/plan.js";
import { error, type Problem, shellWord } from "../model/problem.js";

/** How many changes one run may make: a number, or a share of the definitions it was asked about. */
export type MostChanges =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "percent"; readonly percent: number };

/** The problem with a plan that changes more than it may; `undefined` if it does not. All actions count. */
export function overLimit({ changes }: Plan, most: MostChanges | undefined): Problem | undefined {
  if (most === undefined) return undefined;
  const writing = changes.filter(writes).length;
  // What is archived has no definition: a share is one of those that there are.
  const definitions = changes.filter(({ action }) => action !== "archive").length;
  const allowed = most.kind === "count" ? most.count : (most.percent / 100) * definitions;
  if (writing <= allowed) return undefined;
  const limit = most.kind === "count" ? String(most.count) : `${most.percent}% of ${definitions}`;
  const detail = `the plan has ${writing} ${writing === 1 ? "change" : "changes"}, and ${limit} are allowed.`;
  return error("PLAN.OVER_LIMIT", detail, {
    hint: "look at the plan; if it is right, raise the limit: --max-changes, or defaults.max_changes of the settings.",
  });
}

/** Dangers that a plain `--yes` does not cover: those of protected definitions, and what a replace loses. */
export function refusedDangers({ changes }: Plan): readonly Problem[] {
  return changes
    .filter(({ guarded }) => guarded)
    .map((change) => {
      const { name, action, id = "", dangers } = change;
      const lost: Partial<Record<typeof action, string>> = {
        replace: `is to be replaced: ${id} is archived for good, and what the plan says beside it is lost`,
        archive: `is to be archived for good: ${id}, and what the plan says beside it is lost`,
      };
      const detail = `"${name}" ${lost[action] ?? `is protected, and ${dangers.join("; ")}`}.`;
      return error("APPLY.DANGEROUS", detail, {
        ...placeOf(change),
        hint: "if that is meant, add --allow-dangerous.",
      });
    });
}

/** Replaces of connections that are protected: those are refused, whatever else is allowed. */
export function protectedReplacements({ changes }: Plan): readonly Problem[] {
  return changes
    .filter(({ action, isProtected }) => action === "replace" && isProtected)
    .map((change) => {
      const detail = `"${change.name}" is protected, and --replace would archive its connection.`;
      const hint = "if it has to be, take protect out of its file first, in a change that somebody looks at.";
      return error("APPLY.PROTECTED", detail, { ...placeOf(change), hint });
    });
}

/** What stays as it is although the files say otherwise, because the service cannot change it on an existing connection. */
export function leftBlocked({ changes }: Plan): readonly Problem[] {
  return changes.filter(isBlocked).map((change: Change) => {
    const paths = [...change.fields, ...change.secrets]
      .filter(({ state }) => state === "blocked")
      .map(({ path }) => path);
    const detail = `"${change.name}": ${paths.join(", ")} cannot be changed on an existing connection.`;
    return error("APPLY.BLOCKED", detail, {
      ...placeOf(change),
      hint: hintFor(change),
    });
  });
}

function hintFor({ name, secrets }: Change): string {
  const replace = `the way out is a new connection; look first at: flexprice-sync plan --replace ${shellWord(name)}`;
  const blocked = secrets.filter(({ state }) => state === "blocked");
  if (blocked.length === 0) return `set it to what the service has; ${replace}`;
  if (!blocked.some(({ evidence }) => isDifferent(evidence)))
    return `to leave it, run without --write-secrets; ${replace}`;
  const assume = `apply --adopt --assume-secrets --only ${shellWord(name)}`;
  return `set it back, or, if you know that the service has the new value, run flexprice-sync ${assume}; ${replace}`;
}
