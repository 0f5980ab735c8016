import type { Observed } from "../model/connection.js";
import { readStamp } from "../state/stamp.js";
import type { Rows } from "./base.js";
import type { Way } from "./write.js";

/** How long after the look before each look at the list is taken: together about five seconds, for a replica may lag. */
const LOOKS_AFTER_MS = [0, 1_500, 3_500] as const;

/** What the list tells of a create whose answer is missing: the connection that it made, or that there is none, or nothing. */
export type Found = Observed | "not-shown" | "not-known";

/**
 * Looks for the connection that a create may have made. Only the salt of the stamp that was sent proves one ours: the name and the
 * provider are anybody's.
 *
 * @param salt - of that stamp; without one nothing can be told
 */
export async function foundBySalt(salt: string | undefined, { base, pause, isEnding }: Way): Promise<Found> {
  if (salt === undefined) return "not-known";
  let problem: Rows["problem"];
  for (const waitMs of LOOKS_AFTER_MS) {
    // Too soon to tell that it does not come.
    if (waitMs > 0 && isEnding()) return "not-known";
    await pause(waitMs);
    const read = await base.later();
    problem = read.problem;
    const [ours, ...more] = problem === undefined ? read.rows.filter((row) => saltOf(row) === salt) : [];
    // Several with one salt were made by somebody on the way who sent our request twice.
    if (more.length > 0) return "not-known";
    if (ours !== undefined) return ours;
  }
  return problem === undefined ? "not-shown" : "not-known";
}

function saltOf(row: Observed): string | undefined {
  const reading = readStamp(row);
  return reading.kind === "own" && reading.stamp.id === undefined ? reading.stamp.salt : undefined;
}
