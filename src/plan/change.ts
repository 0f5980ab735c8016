import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Change, Source } from "../model/plan.js";
import type { Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { isOthers, maskedOn } from "../state/stamp.js";
import type { Comparison, Known } from "./compare.js";
import { consequencesOf } from "./meaning.js";
import { findStamp, keptProblems, type StampFinding } from "./stamps.js";

/** What is asked of a plan beyond the definitions. */
export interface PlanRequest {
  readonly stamps: StampSettings;
  /** Put a stamp on every connection that lacks what it should have, whoever's it was. */
  readonly adopts: boolean;
  /** Take the present secrets for those that the service has. */
  readonly assumesSecrets: boolean;
  /** Definitions whose unknown secrets are sent. */
  readonly writesSecretsOf: ReadonlySet<Desired>;
  /** Whether somebody named them, so that it should be said when there is nothing to send. */
  readonly namesSecrets: boolean;
  /** Definitions whose connection is archived and made anew. */
  readonly replaces: ReadonlySet<Desired>;
  /** A definition whose connection was archived already, and what that one was; with what of it is ours. */
  readonly recovers?: { readonly desired: Desired; readonly carried: Observed; readonly ours: Stamp };
  /**
   * Whether a row is one that this was asked about: of a plan that was made before, only the row that it was made from. On a
   * row that has come since, nothing is replaced and no unknown secret is sent.
   */
  readonly isAskedAbout: (desired: Desired, row: Observed) => boolean;
  /** A text that never came before; of a plan that was made before, the one that was drawn then. */
  readonly saltFor: (desired: Desired) => string;
}

export interface MadeChange {
  /** Absent when nothing may be written to the row; the problems say why. */
  readonly change?: Change;
  readonly source: Source;
  readonly problems: readonly Problem[];
}

/** What the changes of one plan have in common. */
export interface ChangeContext {
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
  readonly request: PlanRequest;
  /** What the stamp of each row is worth; empty where stamps are turned off. */
  readonly readings: ReadonlyMap<Observed, StampReading>;
  /** Rows that no definition means. */
  readonly unclaimed: readonly Observed[];
}

/** Characters of a path that nothing but a stamp vouches for. */
const LONGEST_SHOWN = 120;

/** A path that only a stamp names, which anybody with a key may have written. */
export function shownPath(path: string, { knownSecrets }: ChangeContext): string {
  return knownSecrets.withhold(path.length > LONGEST_SHOWN ? `${path.slice(0, LONGEST_SHOWN)}…` : path);
}

/** A row that a definition means, with what is known of it beside what it shows. */
export interface KnownRow {
  readonly found: StampFinding;
  readonly source: Source;
  readonly known: Known;
}

/** Looks at a row with its stamp, if that is believed. */
export function knownRow(desired: Desired, row: Observed, context: ChangeContext): KnownRow {
  const { request, readings, knownSecrets, catalogue } = context;
  const reading = readings.get(row) ?? { kind: "none" };
  const found = findStamp(desired, row, reading, request.stamps, request.adopts, knownSecrets);
  const { stamp } = found;
  return {
    found,
    source: { desired, observed: row, ...(stamp === undefined ? {} : { stamp }) },
    // What another owner wrote is not for us to take away, also when the connection becomes ours.
    known: knownOf(row, stamp === undefined || isOthers(stamp, request.stamps.owner) ? undefined : stamp, catalogue),
  };
}

/** @param ours - a stamp, if what it says is ours */
export function knownOf(row: Observed, ours: Stamp | undefined, catalogue: Catalogue): Known {
  return {
    ...(ours === undefined ? {} : { ours }),
    hidden: maskedOn(row),
    demanded: ownValue(catalogue.providers, row.providerType)?.requiredSyncConfig ?? [],
  };
}

/** What of a definition is kept although it left the file, to be told. */
export function keptOf(
  desired: Desired,
  { lost, gone, needed }: Comparison,
  isRenewed: boolean,
  context: ChangeContext,
): readonly Problem[] {
  return keptProblems(desired, { lost, gone: gone.map((path) => shownPath(path, context)), needed }, isRenewed);
}

/** Whether a row has a stamp of its own, of our owner or of none. */
export function isOurs(row: Observed, { readings, request }: ChangeContext): boolean {
  const reading = readings.get(row);
  return reading?.kind === "own" && !isOthers(reading.stamp, request.stamps.owner);
}

/** A change with what the definition says of itself, what it means, and its dangers. */
export function changeOf(
  desired: Desired,
  catalogue: Catalogue,
  made: Pick<Change, "action" | "stamp" | "stampParts" | "salt" | "fields" | "secrets" | "keptKeys"> & {
    readonly id?: string;
    readonly moreDangers: readonly string[];
  },
): Change {
  const { origin, providerType, protect } = desired.definition;
  const { moreDangers, ...rest } = made;
  const isReplaced = made.action === "replace";
  const consequences = consequencesOf(made.fields, desired, catalogue);
  const dangers = consequences.filter(({ weight }) => weight === "danger").map(({ sentence }) => sentence);
  return {
    name: desired.name,
    providerType,
    file: origin.file,
    line: origin.line,
    consequences,
    dangers: [...moreDangers, ...dangers],
    guarded: isReplaced || (protect && moreDangers.length + dangers.length > 0),
    isProtected: protect,
    ...rest,
  };
}

/** The salt of a change, if it has one. */
export function salted(salt: string | undefined): Pick<Change, "salt"> {
  return salt === undefined ? {} : { salt };
}
