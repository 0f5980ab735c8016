import type { ProblemCode } from "./problem.js";

export type OutcomeStatus =
  | "created"
  | "updated"
  | "replaced"
  | "archived"
  | "unchanged"
  | "failed"
  | "unknown"
  | "not-started"
  | "not-converged";

/** What became of one change. */
export interface Outcome {
  readonly status: OutcomeStatus;
  /** Requests sent for it, repeats counted. */
  readonly attempts: number;
  /** Whether the service was changed for certain; `failed` can be true here, when a second step failed. */
  readonly wrote: boolean;
  readonly httpStatus?: number;
  readonly requestId?: string;
  /** Of a connection that this run created. */
  readonly id?: string;
  /** What kind of fault it was; absent where nothing went wrong on the way. */
  readonly code?: ProblemCode;
  /** What went wrong, as a full sentence without a secret. */
  readonly message?: string;
  readonly hint?: string;
  /** Why it is not known whether it stayed so: a row that the service rewrites itself could not be read again. */
  readonly unseen?: string;
  /** Where what an archived connection had is kept until the one in its place is there. */
  readonly recoveryFile?: string;
  /** Paths that the service does not show as asked. */
  readonly differs?: readonly string[];
}
