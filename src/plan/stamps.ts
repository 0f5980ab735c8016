import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Pointer } from "../model/location.js";
import { assertNever, error, type Problem, type ProblemDetail, warning } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { isOthers } from "../state/stamp.js";

/** What a row's stamp means for its definition. */
export interface StampFinding {
  /** The row's own stamp, if it is believed. */
  readonly stamp?: Stamp;
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
    const hint = "nothing is known to be ours there until it is written again; apply --adopt does so at once.";
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
      return ignored("PLAN.STAMP_FOREIGN", `is also on ${reading.with}, and it does not say whose it is`);
    case "newer": {
      const detail = `${about} has version ${reading.version}, which only a newer flexprice-sync can keep.`;
      const hint = "update flexprice-sync; nothing is written to this connection before that.";
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
  const hint = `if that is you, set FLEXPRICE_SYNC_OWNER=${shown}; to take the connection over from them, add --adopt.`;
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

/** What `--adopt` could not do. */
export function notAdoptable(desired: Desired, catalogue: Catalogue): Problem {
  const provider = ownValue(catalogue.providers, desired.definition.providerType)?.title ?? "its provider";
  const detail = `"${desired.name}" has no metadata, and the service treats a ${provider} connection differently once it has some, so it gets no stamp.`;
  return warning("PLAN.NO_STAMP", detail, at(desired, "declare metadata in the file if the connection may have some."));
}

/** What left the file and stays all the same. */
export function keptProblems(desired: Desired, lost: readonly string[], needed: readonly string[]): readonly Problem[] {
  const list = (paths: readonly string[]) => `${paths.join(", ")} of "${desired.name}" left the file`;
  const gone =
    lost.length === 0
      ? []
      : [
          warning(
            "PLAN.NO_LONGER_OURS",
            `${list(lost)}, but somebody changed it after us, so it stays and is no longer ours.`,
            at(desired, "declare it in the file to decide about it, or run apply --adopt to have it forgotten."),
          ),
        ];
  const kept =
    needed.length === 0
      ? []
      : [
          warning(
            "PLAN.STILL_NEEDED",
            `${list(needed)}, but the service refuses what stays beside it without it, so it stays.`,
            at(desired, "declare it again, or have what stands beside it taken away, too."),
          ),
        ];
  return [...gone, ...kept];
}

function at({ definition }: Desired, hint: string): ProblemDetail {
  const pointer: Pointer = [definition.id === undefined ? "name" : "id"];
  return { place: definition.origin.locate(pointer, "value"), hint };
}
