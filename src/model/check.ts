import type { Problem } from "./problem.js";

/** One thing that was looked at. */
export interface Check {
  /** Absent for what is about the whole repository. */
  readonly environment?: string;
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  /** A sentence. */
  readonly message: string;
  /** The next step; absent where nothing has to be done. */
  readonly hint?: string;
  /** Why it failed; only with `fail`. */
  readonly problem?: Problem;
}
