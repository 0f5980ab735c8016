import type { Desired, Observed } from "../model/connection.js";
import { type Json, sameJson } from "../model/json.js";
import { startOf } from "../model/location.js";
import { type Change, type FieldChange, type SecretChange, writes } from "../model/plan.js";
import type { Problem, ProblemCode } from "../model/problem.js";
import { recoverCommand, recoveryFileOf } from "../model/recovery.js";
import type { RowMarks, SavedChange, SavedPlan, SavedSecret, SavedTarget } from "../model/saved-plan.js";
import { KnownSecrets, MASK } from "../model/secret.js";
import { type Marking, rowMarks } from "../state/plan-marks.js";
import { isWrittenBy, readStamp } from "../state/stamp.js";
import type { Present } from "./request.js";
import { saltAt } from "./saved.js";
import { keysOf, otherSecret, PLAN_AGAIN, stale } from "./stale.js";

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
    const marking = { key, salt: saltAt(saved.salt, change.definition), knownSecrets };
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
    if (match?.kind === "problem" && match.candidates.length > 0) {
      const ids = match.candidates.map((row) => row.id).join(", ");
      return [this.#stale("STALE.NEW_TWIN", `"${this.#desired.name}" could mean any of ${ids} now.`)];
    }
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
    const command = recoverCommand(recoveryFileOf(id), this.#desired.name);
    const hint = `if a replace broke off, it left a file where it ran, and this finishes it: ${command}`;
    return [this.#stale("STALE.ROW_GONE", detail, hint)];
  }

  #ofRow(row: Observed): readonly Problem[] {
    if (this.#now !== undefined && !writes(this.#now)) return [];
    const parts = this.#movedParts(row, this.#marking);
    // The variables that a value repeats may not have been at hand when the plan was made.
    const stillMoved = parts.length === 0 ? [] : this.#movedParts(row, { ...this.#marking, knownSecrets: NONE_KNOWN });
    if (parts.some((part) => stillMoved.includes(part))) {
      return [this.#changed(row.id, this.#wordsFor(parts.filter((part) => stillMoved.includes(part))))];
    }
    return this.#sameEffect();
  }

  /** Parts of the row that are not marked as they were. */
  #movedParts(row: Observed, marking: Marking): readonly (keyof RowMarks)[] {
    const marks = rowMarks(row, this.#desired, this.#present.catalogue.syncConfig, marking);
    return (Object.keys(marks) as (keyof RowMarks)[]).filter((part) => marks[part] !== this.#saved.row?.[part]);
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
      if (found.length > 0) return found;
      const hides = this.#desired.masked.some(([map]) => map === part);
      return [`${part}, in a part that no definition names${hides ? ", or in a value of the environment" : ""}`];
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
    const action = isSame ? [] : [`${now.action} instead of ${saved.action}`];
    const detail = `${about} would be treated otherwise now: ${[...action, ...differing].join(", ")}.`;
    return [this.#stale("STALE.OTHER_PLAN", detail)];
  }

  #isOurs(row: Observed): boolean {
    const { salt } = this.#saved;
    const reading = readStamp(row);
    return salt !== undefined && reading.kind === "own" && isWrittenBy(reading.stamp, salt);
  }

  #changed(id: string, what: readonly string[]): Problem {
    const detail = `${id} ("${this.#desired.name}") is not as it was when the plan was made: ${what.join("; ")}.`;
    return this.#stale("STALE.ROW_CHANGED", detail);
  }

  #stale(code: ProblemCode, detail: string, hint: string = PLAN_AGAIN): Problem {
    return stale(code, detail, { place: startOf(this.#desired.definition.origin), hint });
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
