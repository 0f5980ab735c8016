import type { ProblemCode } from "./problem.js";

/** Whether a run is to end early, and how soon. */
export interface Interrupt {
  /**
   * Aborted: nothing more is begun or repeated, and reads are broken off; writes that are under way come to their end. Its reason
   * says how it was asked for, `"interrupted"` or `"terminated"`.
   */
  readonly stop: AbortSignal;
  /** Aborted, and `stop` before it: whatever is under way is broken off. */
  readonly breakOff: AbortSignal;
}

/** What a run that was told to end says of it. */
export function codeOfStop({ reason }: AbortSignal): ProblemCode {
  return reason === "terminated" ? "RUN.TERMINATED" : "RUN.INTERRUPTED";
}

/** Why nothing more was begun, as a part of a sentence. */
export function whyStopped(stop: AbortSignal): string {
  return `the run was ${codeOfStop(stop) === "RUN.TERMINATED" ? "terminated" : "interrupted"}`;
}

export const DEADLINE_PASSED = "the deadline of the run has passed";

export const DEADLINE_HINT =
  "run again; what was done stays done. --deadline, or defaults.deadline in the settings, gives a run more time.";
