import type { Desired } from "../model/connection.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import { sameJson, valueAt } from "../model/json.js";
import { dotted, type Pointer, startOf } from "../model/location.js";
import { error, type Problem, type ProblemCode, type ProblemDetail, shellWord } from "../model/problem.js";
import type { FileTarget } from "../model/recovery.js";
import { variablesIn } from "../model/reference.js";
import type { SavedChange, SavedPlan, SavedTarget } from "../model/saved-plan.js";
import type { KnownSecrets } from "../model/secret.js";
import type { StampSettings } from "../model/stamp.js";
import { definitionMark, valueMarks } from "../state/plan-marks.js";
import type { PlanRequest } from "./change.js";
import type { PresentTarget } from "./request.js";
import { saltAt } from "./saved.js";

/*
 * Whether a saved plan still is the plan that would be made. It is never believed: the plan is made again from the files, the
 * variables and the service, with what was asked for then, and is carried out only if it is the same one. What of it is done
 * already shows as nothing to do.
 */

/** The definitions of a saved plan, found again. */
export interface Recognised {
  /** Position of each among the plan's definitions. */
  readonly positions: ReadonlyMap<Desired, number>;
  readonly problems: readonly Problem[];
}

export const PLAN_AGAIN = "run plan again, and have the new plan looked at.";

/** A reason to refuse a plan. */
export function stale(code: ProblemCode, detail: string, more: ProblemDetail = {}): Problem {
  return error(code, detail, { hint: PLAN_AGAIN, ...more });
}

/** Which of the plan's definitions each present one is, and what was changed, added or dropped since. */
export function recognise({ definitions }: SavedTarget, desired: readonly Desired[]): Recognised {
  const open = new Map(definitions.map((one, at) => [at, one]));
  const byDigest = new Map(definitions.map(({ digest }, at) => [digest, at]));
  const positions = new Map<Desired, number>();
  const strange: Desired[] = [];
  for (const one of desired) {
    const mark = definitionMark(one);
    const at = byDigest.get(mark);
    if (at === undefined) {
      strange.push(one);
      continue;
    }
    byDigest.delete(mark);
    open.delete(at);
    positions.set(one, at);
  }
  const problems: Problem[] = [];
  let left = [...open.values()];
  for (const one of strange) {
    const { origin, providerType } = one.definition;
    const isSame = ({ name, provider_type: type, file }: SavedTarget["definitions"][number]) =>
      type === providerType && (name === one.name || file === origin.file);
    const same = left.find(isSame);
    const what = same === undefined ? "is new since" : "says something else than when";
    left = left.filter((saved) => saved !== same);
    const place = startOf(origin);
    problems.push(stale("STALE.OTHER_DEFINITIONS", `"${one.name}" ${what} the plan was made.`, { place }));
  }
  for (const { name, file, line } of left) {
    const detail = `"${name}", at ${file}:${line} when the plan was made, is not there any more.`;
    problems.push(stale("STALE.OTHER_DEFINITIONS", detail));
  }
  return { positions, problems };
}

/** What can be told without the service: time, target, settings, keys, and with a key the values of the variables. */
export function staleOffline(
  plan: SavedPlan,
  saved: SavedTarget,
  target: PresentTarget | undefined,
  keys: FingerprintKeys,
  nowMs: number,
): readonly Problem[] {
  const problems: Problem[] = [];
  if (!(Date.parse(plan.expires_at) > nowMs))
    problems.push(stale("STALE.EXPIRED", `the plan was good until ${plan.expires_at}.`));
  if (target !== undefined)
    problems.push(...otherTarget(saved, target), ...otherSettings(saved, target), ...otherFolders(saved, target));
  const now = keys.current?.id;
  if (plan.key_id !== null && plan.key_id !== now) {
    const is = now === undefined ? "is not set" : `is another one (${now})`;
    const detail = `the plan knows its secrets by the key ${plan.key_id}, and FLEXPRICE_SYNC_FINGERPRINT_KEY ${is}.`;
    problems.push(stale("STALE.OTHER_SECRETS", detail, { hint: `use the key of the plan, or ${PLAN_AGAIN}` }));
  }
  return problems;
}

/** @param file - `plan`, or what else was made for the target */
export function otherTarget(saved: FileTarget, target: PresentTarget, file = "plan"): readonly Problem[] {
  const about = (what: string, then: string, now: string) =>
    stale("STALE.OTHER_TARGET", `the ${file} was made for ${what} ${then}, and this run goes to ${now}.`, {
      hint: "name the target as it was then: by the settings, by FLEXPRICE_BASE_URL and FLEXPRICE_ENVIRONMENT_ID, or by --base-url and --environment-id.",
    });
  const { environment_id: then } = saved;
  const { expectedEnvironmentId: now } = target;
  // What is left of a replace is about its environment, whatever that is called by now.
  const isKnown = file !== "plan" && now === then;
  return [
    ...(saved.environment === target.environment || isKnown
      ? []
      : [about("the environment", saved.environment, target.environment)]),
    ...(saved.base_url === target.baseUrl ? [] : [about("the service at", saved.base_url, target.baseUrl)]),
    ...(now !== undefined && then !== null && now !== then ? [about("the environment", then, now)] : []),
  ];
}

/** @param file - `plan`, or what else was made with the settings */
export function otherSettings(
  saved: Pick<SavedTarget, "owner" | "stamps" | "assume_updatable">,
  { owner, stamps, assumeUpdatable }: PresentTarget,
  file = "plan",
): readonly Problem[] {
  const named = (one: string | undefined) => (one === undefined ? "no owner" : `the owner "${one}"`);
  const kept = (isOn: boolean) => (isOn ? "with stamps" : "without stamps");
  // A recovery file says nothing of it: all credentials of a new connection are sent.
  const assumed = file === "plan" ? (saved.assume_updatable ?? []) : undefined;
  const updatable = (names: readonly string[]) =>
    names.length === 0 ? "nothing assumed updatable" : `${names.join(", ")} assumed updatable`;
  const about = (then: string, now: string, how: string) =>
    stale("STALE.OTHER_SETTINGS", `the ${file} was made ${then}, and this run is ${now}.`, { hint: `${how}.` });
  const set = (name: string, value: string) => `set ${name}=${shellWord(value)} for this run`;
  const again = file === "plan" ? ", or run plan again" : "";
  const withOwner =
    saved.owner === undefined
      ? `run without an owner, as then (FLEXPRICE_SYNC_OWNER, or owner: of the settings)${again}`
      : set("FLEXPRICE_SYNC_OWNER", saved.owner);
  return [
    ...(saved.owner === owner || !saved.stamps || !stamps
      ? []
      : [about(`for ${named(saved.owner)}`, `for ${named(owner)}`, withOwner)]),
    ...(saved.stamps === stamps
      ? []
      : [about(kept(saved.stamps), kept(stamps), set("FLEXPRICE_SYNC_STAMP", saved.stamps ? "on" : "off"))]),
    ...(assumed === undefined || sameJson([...assumed].sort(), [...assumeUpdatable].sort())
      ? []
      : [about(`with ${updatable(assumed)}`, `with ${updatable(assumeUpdatable)}`, "run plan again")]),
  ];
}

/** Where no option named the folders, the settings did, and they may name others now. */
function otherFolders(saved: SavedTarget, { usualPaths }: PresentTarget): readonly Problem[] {
  if (saved.paths_named === true || sameJson(saved.paths, usualPaths)) return [];
  const detail = `the plan was made from ${saved.paths.join(", ")}, and the definitions are in ${usualPaths.join(", ")} now.`;
  return [stale("STALE.OTHER_SETTINGS", detail)];
}

/** The plan's own key; without one it is planned and compared without one, whatever this run has. */
export function keysOf(plan: SavedPlan, keys: FingerprintKeys): FingerprintKeys {
  return plan.key_id === null ? {} : keys;
}

/** Secrets whose values are not those of the plan; without a key none can be told. */
export function staleSecrets(
  plan: SavedPlan,
  saved: SavedTarget,
  positions: ReadonlyMap<Desired, number>,
  keys: FingerprintKeys,
  knownSecrets: KnownSecrets,
): readonly Problem[] {
  const key = keysOf(plan, keys).current;
  if (key === undefined || key.id !== plan.key_id) return [];
  const byPosition = new Map(saved.changes.map((change) => [change.definition, change]));
  return [...positions].flatMap(([desired, at]) => {
    const change = byPosition.get(at);
    if (change === undefined) return [];
    const now = valueMarks(desired, { key, salt: saltAt(saved.salt, at), knownSecrets });
    return change.secrets.flatMap(({ path, fingerprint }) => {
      if (fingerprint === undefined || now.get(path) === fingerprint) return [];
      const { variables, pointer } = takenFrom(desired, path);
      const what = variables.length === 0 ? path : `${path}, taken from ${variables.join(" and ")},`;
      const has = now.has(path) ? "has another value than" : "has no value, and had one";
      return [otherSecret(desired, `${what} of "${desired.name}" ${has} when the plan was made.`, pointer)];
    });
  });
}

/** A secret that is not the one of the plan. */
export function otherSecret({ definition }: Desired, detail: string, pointer: Pointer = []): Problem {
  const { origin } = definition;
  const place = pointer.length === 0 ? startOf(origin) : origin.locate(pointer, "value");
  const hint = "set the variables as they were for the plan, or run plan again with the new ones.";
  return error("STALE.OTHER_SECRETS", detail, { place, hint });
}

/** The variables that a value is made of, and where it stands. */
function takenFrom(
  desired: Desired,
  path: string,
): { readonly variables: readonly string[]; readonly pointer: Pointer } {
  const credential = desired.credentials.find((one) => one.path === path);
  if (credential !== undefined) {
    const { variable, pointer } = credential;
    return { variables: variable === undefined ? [] : [variable], pointer };
  }
  const pointer = [...desired.masked, ...desired.unresolved.map((one) => one.pointer)].find(
    (one) => dotted(one) === path,
  );
  if (pointer === undefined) return { variables: [], pointer: [] };
  const { metadata, syncConfig } = desired.definition;
  const written = valueAt(pointer[0] === "metadata" ? metadata : syncConfig, pointer.slice(1));
  return { variables: variablesIn(written), pointer };
}

/** What the plan was asked for, asked again: the same definitions, options and salts. */
export function requestOfPlan(
  plan: SavedPlan,
  { changes }: SavedTarget,
  positions: ReadonlyMap<Desired, number>,
  stamps: StampSettings,
  newSalt: () => string,
): { readonly selected: ReadonlySet<Desired>; readonly request: PlanRequest } {
  const byPosition = new Map(changes.map((change) => [change.definition, change]));
  const changeOf = (desired: Desired) => byPosition.get(positions.get(desired) ?? -1);
  const having = (test: (change: SavedChange) => boolean) =>
    new Set(
      [...positions.keys()].filter((desired) => {
        const change = changeOf(desired);
        return change !== undefined && test(change);
      }),
    );
  return {
    selected: having(() => true),
    request: {
      stamps: { ...stamps, keys: keysOf(plan, stamps.keys) },
      adopts: plan.adopt,
      assumesSecrets: plan.assume_secrets,
      writesSecretsOf: having(({ write_secrets: isWritten }) => isWritten),
      namesSecrets: false,
      replaces: having(({ action }) => action === "replace"),
      isAskedAbout: (desired, row) => changeOf(desired)?.id === row.id,
      saltFor: (desired) => changeOf(desired)?.salt ?? newSalt(),
    },
  };
}

/** Whether the rows are of another environment than the one that a file was made for. */
export function elsewhere(saved: FileTarget, environmentId: string | null, file = "plan"): readonly Problem[] {
  const isThere = saved.environment_id === null || environmentId === null || saved.environment_id === environmentId;
  if (isThere) return [];
  const detail = `the ${file} was made for the environment ${saved.environment_id}, and the connections that this key shows are of ${environmentId}.`;
  return [stale("STALE.OTHER_TARGET", detail, { hint: "use the key of that environment." })];
}
