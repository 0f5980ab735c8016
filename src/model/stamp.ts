import type { FingerprintKeys } from "./fingerprint.js";

/**
 * What we know of a connection and the service cannot tell: kept on the connection itself, as one text under one metadata
 * key, so that there is no state file to lose. See docs/decisions/0010 and 0011.
 */
export interface Stamp {
  /** Whose definitions keep the connection; absent where nobody gave a name. */
  readonly owner?: string;
  /** The connection it was written on; absent from the create until the next write, for a create does not know it. */
  readonly id?: string;
  readonly provider: string;
  /** Made once for each connection, so that equal values on two of them have different marks. */
  readonly salt: string;
  /** The paths that a definition has declared, each with a mark of the value last written. */
  readonly owns: Readonly<Record<string, string>>;
  /** Owned paths whose value came from the environment: it is not shown, also when no file names it any more. */
  readonly masked: readonly string[];
  /** Fingerprints of the credentials that the service was given, by path. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Its definition forbids to replace or prune it. */
  readonly protect: boolean;
  /** Paths of credentials that a create drops and that an update behind it has still to send. */
  readonly pending: readonly string[];
  /** Of the last write, if it sent credentials that left no fingerprint: by it the write can be told to have been done. */
  readonly write?: string;
}

/** What the stamp of a row is worth. */
export type StampReading =
  | { readonly kind: "none" }
  /** The row's own: the only kind that is believed. */
  | { readonly kind: "own"; readonly stamp: Stamp }
  /** Made on another connection and copied here. */
  | { readonly kind: "foreign"; readonly from: string }
  /** Two connections have it, and it does not say whose it is. */
  | { readonly kind: "shared"; readonly with: string; readonly salt: string }
  /** Not what any version of ours writes. */
  | { readonly kind: "damaged" }
  /** Of a newer version of ours: nobody here can keep what it says. */
  | { readonly kind: "newer"; readonly version: number };

/** How a run keeps stamps. */
export interface StampSettings {
  /** Otherwise none is read and none is written; those that exist stay. */
  readonly isOn: boolean;
  readonly owner?: string;
  readonly keys: FingerprintKeys;
}
