import { messageOf } from "../model/problem.js";

/** A mistake of ours after a write was sent: what was written is not known. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}
