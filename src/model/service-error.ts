import type { ProblemCode } from "./problem.js";

/** What may have become of a request that failed. */
export type Delivery =
  /** It never left, so nothing was changed. */
  | "not-sent"
  /** The service answered and refused. */
  | "answered"
  /** A gateway answered in place of the service, which may have done it all the same. */
  | "doubtful"
  /** It may have arrived: an answer is missing or unreadable. */
  | "unknown";

export interface ServiceErrorFacts {
  readonly code: ProblemCode;
  readonly delivery: Delivery;
  /** Requests sent, repeats counted. */
  readonly attempts: number;
  readonly requestId: string;
  readonly httpStatus?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A request that did not get the answer it should. The message names method, URL and status, and never holds a secret. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ProblemCode;
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly requestId: string;
  readonly httpStatus: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, facts: ServiceErrorFacts) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.delivery = facts.delivery;
    this.attempts = facts.attempts;
    this.requestId = facts.requestId;
    this.httpStatus = facts.httpStatus;
    this.hint = facts.hint;
  }
}
