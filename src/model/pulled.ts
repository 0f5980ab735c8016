import type { TargetRun } from "./run.js";

/** What becomes of one connection's file. */
export interface PulledFile {
  readonly status: "written" | "overwritten" | "not-written" | "unchanged" | "kept" | "elsewhere" | "left-out";
  readonly id: string;
  readonly name: string;
  readonly providerType: string;
  /** Absent for a connection that no file can hold. */
  readonly file?: string;
  /** To be written; only with `written` and `overwritten`. */
  readonly text?: string;
}

export interface PulledTarget {
  readonly seen: TargetRun;
  /** In the order of their files; absent where the connections could not be had. */
  readonly files?: readonly PulledFile[];
}
