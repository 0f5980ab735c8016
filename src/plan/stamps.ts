import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Pointer } from "../model/location.js";
import { isDifferent, type SecretChange } from "../model/plan.js";
import {
  assertNever,
  error,
  type Problem,
  type ProblemCode,
  type ProblemDetail,
  shellWord,
  warning,
} from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { isOthers, LONGEST_STAMP, readStamp, shownStamp, stampText } from "../state/stamp.js";

/** What a row's stamp means for its definition. */
export interface StampFinding {
  /** The row's own stamp, if it is believed. */
  readonly stamp?: Stamp;
  /** For the stamp that takes its place: where it is kept, a copy of this one still shows as one. */
  readonly salt?: string;
  /** An owner that the row is taken over from. */
  readonly takenFrom?: string;
  /** With an error in it nothing may be written to the row. */
  readonly problems: readonly Problem[];
}

/** Whether the row that a definition means may be written, and what its stamp is worth. */
export function findStamp(
  desired: Desired,
  row: Observed,
  reading: StampReading,
  { owner }: StampSettings,
  adopts: boolean,
  knownSecrets: KnownSecrets,
): StampFinding {
  const about = `the stamp of flexprice-sync on ${row.id} ("${desired.name}")`;
  const ignored = (code: "PLAN.STAMP_DAMAGED" | "PLAN.STAMP_FOREIGN", why: string): StampFinding => {
    const hint = adopts
      ? "this run writes a new one."
      : "nothing is known to be ours there until it is written again; apply --adopt does so at once.";
    return { problems: [warning(code, `${about} ${why}, so it is ignored.`, at(desired, hint))] };
  };
  switch (reading.kind) {
    case "none":
      return { problems: [] };
    case "damaged":
      return ignored("PLAN.STAMP_DAMAGED", "cannot be read");
    case "foreign":
      return ignored("PLAN.STAMP_FOREIGN", `was made for ${knownSecrets.withhold(reading.from)} and copied here`);
    case "shared":
      return {
        ...ignored("PLAN.STAMP_FOREIGN", `is also on ${reading.with}, and it does not say whose it is`),
        salt: reading.salt,
      };
    case "newer": {
      const detail = `${about} has version ${reading.version}, which only a newer flexprice-sync can keep.`;
      const hint =
        "update flexprice-sync to the version that the other runs use; until then plan and apply can name the other definitions with --only.";
      return { problems: [error("PLAN.STAMP_NEWER", detail, at(desired, hint))] };
    }
    case "own":
      return owned(desired, row, reading.stamp, owner, adopts, knownSecrets);
    default:
      return assertNever(reading);
  }
}

function owned(
  desired: Desired,
  row: Observed,
  stamp: Stamp,
  ours: string | undefined,
  adopts: boolean,
  knownSecrets: KnownSecrets,
): StampFinding {
  const { owner } = stamp;
  if (owner === undefined || !isOthers(stamp, ours)) return { stamp, problems: [] };
  const shown = knownSecrets.mask(owner);
  if (adopts) return { stamp, takenFrom: shown, problems: [] };
  const we = ours === undefined ? "this run has no owner" : `this run is "${knownSecrets.mask(ours)}"`;
  const detail = `"${desired.name}" matches ${row.id}, which the owner "${shown}" keeps; ${we}.`;
  const mine = shown === owner ? `set FLEXPRICE_SYNC_OWNER=${shellWord(owner)}` : "set FLEXPRICE_SYNC_OWNER";
  const hint = `if that is you, ${mine}; to take the connection over from them: flexprice-sync apply --adopt --only ${shellWord(desired.name)}`;
  return { problems: [error("PLAN.OTHER_OWNER", detail, at(desired, hint))] };
}

/**
 * Whether a connection can carry a stamp. Where absent metadata means something else than a map with something in it, one
 * that has none and shall have none stays without.
 */
export function canCarryStamp(desired: Desired, row: Observed | undefined, catalogue: Catalogue): boolean {
  const facts = ownValue(catalogue.providers, desired.definition.providerType);
  const hasMetadata = desired.metadata !== undefined || (row !== undefined && row.metadata !== null);
  return hasMetadata || facts?.metadataNullSignificant !== true;
}

/** Said where a write, or `--adopt`, leaves no stamp. */
export function withoutStamp(desired: Desired, catalogue: Catalogue): Problem {
  const provider = ownValue(catalogue.providers, desired.definition.providerType)?.title ?? "its provider";
  const detail = `"${desired.name}" has no metadata, and the service treats a ${provider} connection differently once it has some, so it gets no stamp: no owner, and no fingerprints of its secrets.`;
  return warning(
    "PLAN.NO_STAMP",
    detail,
    at(desired, "write metadata: {} into the file if the connection may have some."),
  );
}

/** A stamp longer than what is read would not be believed by the next run. */
export function tooLong(desired: Desired, next: Stamp | undefined): readonly Problem[] {
  if (next === undefined || stampText(next).length <= LONGEST_STAMP) return [];
  const count = Object.keys(next.owns).length;
  const detail = `"${desired.name}" declares ${count} fields, more than a stamp can remember (${LONGEST_STAMP} characters).`;
  const hint = "declare fewer or shorter metadata keys; FLEXPRICE_SYNC_STAMP=off does without a stamp.";
  return [error("PLAN.STAMP_TOO_LONG", detail, at(desired, hint))];
}

/** Without stamps a secret may not be sent where one says what was sent before: the next run with stamps would believe it. */
export function outdatedStamp(desired: Desired, row: Observed, secrets: readonly SecretChange[]): readonly Problem[] {
  const sent = secrets.filter(({ isSent }) => isSent).map(({ path }) => path);
  if (sent.length === 0) return [];
  const reading = readStamp(row);
  const recorded = reading.kind === "own" ? reading.stamp.secrets : {};
  // What a newer version recorded can only be guessed.
  const paths = sent.filter((path) => reading.kind === "newer" || Object.hasOwn(recorded, path));
  if (paths.length === 0) return [];
  const detail = `the stamp on ${row.id} ("${desired.name}") has a fingerprint of ${paths.join(", ")}, which would be sent without renewing it.`;
  const hint = "run with FLEXPRICE_SYNC_STAMP=on; nothing was written.";
  return [error("PLAN.STAMP_OUTDATED", detail, at(desired, hint))];
}

/** Without stamps a connection that has one may not be replaced: whoever keeps it would not know the new one for theirs. */
export function lostStamp(desired: Desired, row: Observed): readonly Problem[] {
  if (shownStamp(row) === undefined) return [];
  const detail = `${row.id} ("${desired.name}") has a stamp, and the connection in its place would have none: no owner, and no fingerprints of its secrets.`;
  const hint = "run with FLEXPRICE_SYNC_STAMP=on; nothing was written.";
  return [error("PLAN.STAMP_OUTDATED", detail, at(desired, hint))];
}

/** What left the file and is not taken away. */
export interface Kept {
  /** Somebody changed it after us. */
  readonly lost: readonly string[];
  /** Somebody took it away. */
  readonly gone: readonly string[];
  /** The service refuses what stays beside it without it. */
  readonly needed: readonly string[];
}

/** @param isRenewed - the stamp is written by what is planned, and forgets what is no longer ours */
export function keptProblems(desired: Desired, { lost, gone, needed }: Kept, isRenewed: boolean): readonly Problem[] {
  const forgotten = isRenewed ? "apply" : "the next change of the connection, or apply --adopt,";
  const decide = `declare it to decide about it; else this warning goes with ${forgotten.replace(/,$/, "")}.`;
  const kept = (code: ProblemCode, paths: readonly string[], hint: string, words: (are: Are) => string) => {
    const are: Are = (one, many) => (paths.length === 1 ? one : many);
    const detail = `${paths.join(", ")} of "${desired.name}" left the file, but ${words(are)}.`;
    return paths.length === 0 ? [] : [warning(code, detail, at(desired, hint))];
  };
  return [
    ...kept("PLAN.NO_LONGER_OURS", lost, decide, (are) => {
      return `${are("has", "have")} no longer the value that we recorded, so ${are("it stays", "they stay")}`;
    }),
    ...kept("PLAN.NO_LONGER_OURS", gone, decide, (are) => {
      return `${are("was", "were")} taken away before, by somebody else or by a run without stamps`;
    }),
    ...kept("PLAN.STILL_NEEDED", needed, "declare it again, or have what is beside it taken away, too.", (are) => {
      return `${are("it stays", "they stay")}: the service refuses what is beside ${are("it", "them")} otherwise`;
    }),
  ];
}

/** Words that agree with a number of paths. */
type Are = (one: string, many: string) => string;

/** What taking a connection over means. */
export function takeOverDanger(owner: string | undefined, ours: string | undefined): readonly string[] {
  if (owner === undefined) return [];
  const from = `it is taken over from the owner "${owner}"`;
  return [
    ours === undefined ? `${from}, and it has no owner from then on` : `${from}, whose runs refuse it from then on`,
  ];
}

/** Taking a value on somebody's word against what we know hides a change that never arrived. */
export function assumptionDanger(secrets: readonly SecretChange[]): readonly string[] {
  const against = secrets
    .filter(({ isRecorded, evidence }) => isRecorded && isDifferent(evidence))
    .map(({ path }) => path);
  if (against.length === 0) return [];
  const differs =
    against.length === 1 ? "differs from what was written and is" : "differ from what was written and are";
  return [`${against.join(", ")} ${differs} taken on your word for what the service has: not sent`];
}

/** Where a definition says which connection it means, with the next step. */
function at({ definition }: Desired, hint: string): ProblemDetail {
  const pointer: Pointer = [definition.id === undefined ? "name" : "id"];
  return { place: definition.origin.locate(pointer, "value"), hint };
}
