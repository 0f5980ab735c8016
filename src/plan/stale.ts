import type { Desired, Observed } from "../model/connection.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import { type Json, sameJson, valueAt } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import { type Change, type FieldChange, type SecretChange, writes } from "../model/plan.js";
import { error, type Problem, type ProblemCode, type ProblemDetail, shellWord } from "../model/problem.js";
import type { FileTarget } from "../model/recovery.js";
import { parseText } from "../model/reference.js";
import type { RowMarks, SavedChange, SavedPlan, SavedSecret, SavedTarget } from "../model/saved-plan.js";
import { KnownSecrets, MASK } from "../model/secret.js";
import type { StampSettings } from "../model/stamp.js";
import { definitionMark, type Marking, rowMarks, valueMarks } from "../state/plan-marks.js";
import { isWrittenBy, readStamps } from "../state/stamp.js";
import type { PlanRequest } from "./change.js";
import type { Present, PresentTarget } from "./request.js";
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

const PLAN_AGAIN = "run plan again, and have the new plan looked at.";

function stale(code: ProblemCode, detail: string, more: ProblemDetail = {}): Problem {
  return error(code, detail, { hint: PLAN_AGAIN, ...more });
}

/** Which of the plan's definitions each present one is, and what was changed, added or dropped since. */
export function recognise({ definitions }: SavedTarget, desired: readonly Desired[]): Recognised {
  const open = new Map(definitions.map((one, at) => [at, one]));
  const byDigest = new Map(definitions.map(({ digest }, at) => [digest, at]));
  const positions = new Map<Desired, number>();
  const strange: Desired[] = [];
  for (const one of desired) {
    const at = byDigest.get(definitionMark(one));
    if (at === undefined || !open.has(at)) {
      strange.push(one);
      continue;
    }
    open.delete(at);
    positions.set(one, at);
  }
  const problems: Problem[] = [];
  for (const one of strange) {
    const { origin, providerType } = one.definition;
    const isSame = ({ name, provider_type: type, file }: SavedTarget["definitions"][number]) =>
      type === providerType && (name === one.name || file === origin.file);
    const [at] = [...open].find(([, saved]) => isSame(saved)) ?? [];
    const what = at === undefined ? "is new since" : "says something else than when";
    if (at !== undefined) open.delete(at);
    const place = { file: origin.file, line: origin.line, column: 1 };
    problems.push(stale("STALE.OTHER_DEFINITIONS", `"${one.name}" ${what} the plan was made.`, { place }));
  }
  for (const { name, file, line } of open.values()) {
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
  if (target !== undefined) problems.push(...otherTarget(saved, target), ...otherSettings(saved, target));
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
      hint: "name the target as it was then, by FLEXPRICE_BASE_URL and FLEXPRICE_ENVIRONMENT_ID or by --base-url and --environment-id.",
    });
  const { expectedEnvironmentId: now } = target;
  const isOther = now !== undefined && saved.environment_id !== null && now !== saved.environment_id;
  return [
    ...(saved.environment === target.environment
      ? []
      : [about("the environment", saved.environment, target.environment)]),
    ...(saved.base_url === target.baseUrl ? [] : [about("the service at", saved.base_url, target.baseUrl)]),
    ...(isOther ? [about("the environment", saved.environment_id ?? "", now)] : []),
  ];
}

/** @param file - `plan`, or what else was made with the settings */
export function otherSettings(
  saved: Pick<SavedTarget, "owner" | "stamps">,
  { owner, stamps }: PresentTarget,
  file = "plan",
): readonly Problem[] {
  const named = (one: string | undefined) => (one === undefined ? "no owner" : `the owner "${one}"`);
  const kept = (isOn: boolean) => (isOn ? "with stamps" : "without stamps");
  const about = (then: string, now: string, how: string) =>
    stale("STALE.OTHER_SETTINGS", `the ${file} was made ${then}, and this run is ${now}.`, { hint: `${how}.` });
  const set = (name: string, value: string | undefined) =>
    value === undefined ? `unset ${name} for this run` : `set ${name}=${shellWord(value)} for this run`;
  return [
    ...(saved.owner === owner || !saved.stamps || !stamps
      ? []
      : [about(`for ${named(saved.owner)}`, `for ${named(owner)}`, set("FLEXPRICE_SYNC_OWNER", saved.owner))]),
    ...(saved.stamps === stamps
      ? []
      : [about(kept(saved.stamps), kept(stamps), set("FLEXPRICE_SYNC_STAMP", saved.stamps ? undefined : "off"))]),
  ];
}

/** The plan's own key; without one it is planned and compared without one, whatever this run has. */
function keysOf(plan: SavedPlan, keys: FingerprintKeys): FingerprintKeys {
  return plan.key_id === null ? {} : keys;
}

/** Secrets whose values are not those of the plan; without a key none can be told. */
export function staleSecrets(
  plan: SavedPlan,
  { changes }: SavedTarget,
  positions: ReadonlyMap<Desired, number>,
  keys: FingerprintKeys,
  knownSecrets: KnownSecrets,
): readonly Problem[] {
  const key = keysOf(plan, keys).current;
  if (key === undefined || key.id !== plan.key_id) return [];
  const byPosition = new Map(changes.map((change) => [change.definition, change]));
  return [...positions].flatMap(([desired, at]) => {
    const now = valueMarks(desired, { key, salt: saltAt(plan.salt, at), knownSecrets });
    return (byPosition.get(at)?.secrets ?? []).flatMap(({ path, fingerprint }) => {
      if (fingerprint === undefined || now.get(path) === fingerprint) return [];
      const { variables, pointer } = takenFrom(desired, path);
      const what = variables.length === 0 ? path : `${path}, taken from ${variables.join(" and ")},`;
      const has = now.has(path) ? "has another value than" : "has no value, and had one";
      return [otherSecret(desired, `${what} of "${desired.name}" ${has} when the plan was made.`, pointer)];
    });
  });
}

function otherSecret({ definition }: Desired, detail: string, pointer: Pointer = []): Problem {
  const { file, line } = definition.origin;
  const place = pointer.length === 0 ? { file, line, column: 1 } : definition.origin.locate(pointer, "value");
  const hint = "set the variables as they were for the plan, or run plan again with the new ones.";
  return error("STALE.OTHER_SECRETS", detail, { place, hint });
}

/** The variables that a value is made of, and where it stands. */
function takenFrom(
  desired: Desired,
  path: string,
): { readonly variables: readonly string[]; readonly pointer: Pointer } {
  const credential = desired.credentials.find((one) => one.path === path);
  if (credential !== undefined) return { variables: [credential.variable ?? []].flat(), pointer: credential.pointer };
  const pointer = [...desired.masked, ...desired.unresolved.map((one) => one.pointer)].find(
    (one) => dotted(one) === path,
  );
  if (pointer === undefined) return { variables: [], pointer: [] };
  const { metadata, syncConfig } = desired.definition;
  const written = valueAt(pointer[0] === "metadata" ? metadata : syncConfig, pointer.slice(1));
  const parsed = typeof written === "string" ? parseText(written) : undefined;
  const parts = parsed?.ok === true ? parsed.parts : [];
  return { variables: parts.flatMap((part) => (part.kind === "environment" ? part.name : [])), pointer };
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

/** What moved on the service since the plan was made, and what else would be done otherwise now; nothing where it is done already. */
export function staleOnline(
  plan: SavedPlan,
  saved: SavedTarget,
  positions: ReadonlyMap<Desired, number>,
  present: Present,
): readonly Problem[] {
  const { planned, keys, knownSecrets } = present;
  const key = keysOf(plan, keys).current;
  const nowOf = new Map([...planned.sources].map(([change, { desired }]) => [desired, change]));
  const byPosition = new Map([...positions].map(([desired, at]) => [at, desired]));
  const known = { ...present, rows: new Map(present.observed.map((row) => [row.id, row])) };
  return saved.changes.flatMap((change) => {
    const desired = byPosition.get(change.definition);
    if (desired === undefined) return [];
    const marking = { key, salt: saltAt(plan.salt, change.definition), knownSecrets };
    return new Verdict(change, desired, nowOf.get(desired), marking, known).problems();
  });
}

const NONE_KNOWN = new KnownSecrets();

type PresentRows = Present & { readonly rows: ReadonlyMap<string, Observed> };

/** Holds one change of a saved plan against what would be done now. */
class Verdict {
  readonly #saved: SavedChange;
  readonly #desired: Desired;
  readonly #now: Change | undefined;
  readonly #marking: Marking;
  readonly #present: PresentRows;

  constructor(saved: SavedChange, desired: Desired, now: Change | undefined, marking: Marking, present: PresentRows) {
    this.#saved = saved;
    this.#desired = desired;
    this.#now = now;
    this.#marking = marking;
    this.#present = present;
  }

  problems(): readonly Problem[] {
    const { planned, rows } = this.#present;
    const match = planned.matches.get(this.#desired);
    if (match?.kind === "problem" && match.problem.code === "PLAN.AMBIGUOUS")
      return [this.#stale("STALE.NEW_TWIN", match.problem.message.replace(/^[^:]*: /, ""))];
    const { id } = this.#saved;
    if (id === undefined) return this.#ofCreate(match?.kind === "row" ? match.row : undefined);
    const row = rows.get(id);
    if (row === undefined) return this.#ofGone(id, match?.kind === "row" ? match.row : undefined);
    if (match?.kind === "row" && match.row.id !== id)
      return [
        this.#stale("STALE.NEW_TWIN", `"${this.#desired.name}" would mean ${match.row.id} now, and meant ${id}.`),
      ];
    return this.#ofRow(row);
  }

  #ofCreate(row: Observed | undefined): readonly Problem[] {
    if (row === undefined) return this.#sameEffect();
    if (this.#isOurs(row)) return this.#ofMade(row);
    // Without a stamp nothing tells who made it: what equals the plan is taken for done.
    if (this.#saved.salt === undefined && this.#now !== undefined && !writes(this.#now)) return [];
    const was = this.#saved.action === "replace" ? "replaced" : "created";
    const detail = `"${this.#desired.name}" was to be ${was}, and somebody else made ${row.id} meanwhile.`;
    return [this.#stale("STALE.NEW_TWIN", detail)];
  }

  /** A connection that this plan made before: done, begun, or changed by somebody since. */
  #ofMade(row: Observed): readonly Problem[] {
    const now = this.#now;
    if (now !== undefined && (!writes(now) || isCompletion(now))) return [];
    const paths = now?.fields.filter(isEffective).map(({ path }) => path) ?? [];
    return [this.#changed(row.id, paths.length === 0 ? ["its stamp"] : paths)];
  }

  /** @param row - what the definition means now */
  #ofGone(id: string, row: Observed | undefined): readonly Problem[] {
    const detail = `${id} ("${this.#desired.name}") is not there any more.`;
    if (this.#saved.action !== "replace") return [this.#stale("STALE.ROW_GONE", detail)];
    if (row !== undefined) return this.#ofCreate(row);
    const hint = `if a replace broke off, it left a file where it ran, and this finishes it: flexprice-sync apply --recover flexprice-sync-recovery-${id}.json --only ${shellWord(this.#desired.name)}`;
    return [this.#stale("STALE.ROW_GONE", detail, hint)];
  }

  #ofRow(row: Observed): readonly Problem[] {
    if (this.#now !== undefined && !writes(this.#now)) return [];
    const { catalogue } = this.#present;
    const before = this.#saved.row;
    const marks = rowMarks(row, this.#desired, catalogue.syncConfig, this.#marking);
    // The variables that a value repeats may not have been at hand when the plan was made.
    const plain = rowMarks(row, this.#desired, catalogue.syncConfig, { ...this.#marking, knownSecrets: NONE_KNOWN });
    const parts = (Object.keys(marks) as (keyof RowMarks)[]).filter(
      (part) => ![marks[part], plain[part]].includes(before?.[part] ?? ""),
    );
    if (parts.length > 0) return [this.#changed(row.id, this.#wordsFor(parts))];
    return this.#sameEffect();
  }

  /** What moved, by path where the plan or the new one tells. */
  #wordsFor(parts: readonly (keyof RowMarks)[]): readonly string[] {
    const then = new Map(this.#saved.fields.map((field) => [field.path, field]));
    const now = new Map((this.#now?.fields ?? []).map((field) => [field.path, field]));
    const paths = [...new Set([...then.keys(), ...now.keys()])].filter((path) => {
      return !sameField(then.get(path), now.get(path));
    });
    return parts.flatMap((part) => {
      if (part === "name") return ["name"];
      if (part === "stamp") return ["its stamp"];
      const found = paths.filter((path) => path.startsWith(part));
      return found.length > 0 ? found : [`${part}, in a part that no definition names`];
    });
  }

  /** Whether what would be done now is what the plan says; then there is nothing to say. */
  #sameEffect(): readonly Problem[] {
    const now = this.#now;
    const saved = this.#saved;
    if (now === undefined) return [];
    const isSame = saved.action === now.action && saved.stamp === now.stamp && saved.salt === now.salt;
    const about = `"${this.#desired.name}"`;
    const unresolved = new Set(saved.fields.filter(({ state }) => state === "unresolved").map(({ path }) => path));
    const then = new Map(saved.fields.filter(isEffective).map((field) => [field.path, field]));
    const present = new Map(now.fields.filter(isEffective).map((field) => [field.path, field]));
    const differing = [...new Set([...then.keys(), ...present.keys()])].filter(
      (path) => !sameField(then.get(path), present.get(path)),
    );
    const late = differing.filter((path) => unresolved.has(path));
    const sent = pathsOf(saved.secrets, ({ sent: goes }) => goes);
    const recorded = pathsOf(saved.secrets, ({ recorded: known }) => known);
    const others = [
      ...notInBoth(
        sent,
        pathsOf(now.secrets, ({ isSent }) => isSent),
      ),
      ...notInBoth(
        recorded,
        pathsOf(now.secrets, ({ isRecorded }) => isRecorded),
      ),
    ];
    const isLate = ({ path, sent: goes, state }: SavedSecret) =>
      goes && state === "unresolved" && now.secrets.some((one) => one.path === path && one.state !== "unresolved");
    // What had no value then decides now whether there is anything to do at all.
    const deciding = isSame ? [] : saved.secrets.filter(isLate).map(({ path }) => path);
    const valued = [...new Set([...late, ...others, ...deciding])];
    if (valued.length > 0) {
      const detail = `${valued.join(", ")} of ${about} would be treated otherwise than when the plan was made: a variable has a value now, or another one.`;
      return [otherSecret(this.#desired, detail)];
    }
    if (isSame && differing.length === 0) return [];
    const detail = `what is to be done with ${about} would be something else now: ${[...differing, ...(isSame ? [] : [now.action])].join(", ")}.`;
    return [this.#stale("STALE.OTHER_PLAN", detail)];
  }

  #isOurs(row: Observed): boolean {
    const { salt } = this.#saved;
    const reading = readStamps([row]).get(row);
    return salt !== undefined && reading?.kind === "own" && isWrittenBy(reading.stamp, salt);
  }

  #changed(id: string, what: readonly string[]): Problem {
    const detail = `${id} ("${this.#desired.name}") is not as it was when the plan was made: ${what.join("; ")}.`;
    return this.#stale("STALE.ROW_CHANGED", detail);
  }

  #stale(code: ProblemCode, detail: string, hint: string = PLAN_AGAIN): Problem {
    const { file, line } = this.#desired.definition.origin;
    return stale(code, detail, { place: { file, line, column: 1 }, hint });
  }
}

/** Whether a field is written, and not only told of. */
function isEffective({ state }: Pick<FieldChange, "state">): boolean {
  return state === undefined;
}

/** Whether a change only sends what the create before it did not get to. */
function isCompletion({ fields, secrets }: Change): boolean {
  const isLate = ({ evidence }: SecretChange) => evidence === "not-sent-yet";
  return !fields.some(isEffective) && secrets.filter(({ isSent }) => isSent).every(isLate);
}

type FieldFacts = Pick<FieldChange, "kind" | "before" | "after" | "state">;

function sameField(then: FieldFacts | undefined, now: FieldFacts | undefined): boolean {
  if (then === undefined || now === undefined) return then === now;
  return then.kind === now.kind && sameShown(then.before, now.before) && sameShown(then.after, now.after);
}

/** A value may be masked at one time and shown at another: that goes by the variables at hand. */
function sameShown(then: Json | undefined, now: Json | undefined): boolean {
  if (then === undefined || now === undefined) return then === now;
  return then === MASK || now === MASK || sameJson(then, now);
}

function pathsOf<T extends { readonly path: string }>(all: readonly T[], test: (one: T) => boolean): readonly string[] {
  return all.filter(test).map(({ path }) => path);
}

function notInBoth(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...left.filter((path) => !right.includes(path)), ...right.filter((path) => !left.includes(path))];
}
