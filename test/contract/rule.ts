import type { Service } from "./service.js";

/** One line of the contract that can be tried from outside. */
export interface Rule {
  /** A sentence about what the service does. */
  readonly name: string;
  /** Throws when the service does something else, or {@link NotTried}. */
  readonly holds: (service: Service) => Promise<void>;
}

export function rule(name: string, holds: Rule["holds"]): Rule {
  return { name, holds };
}

/** The body of an error from a handler; `details` only where there are some. */
export function handlerError(status: number, code: string, message: string, details?: object): object {
  return { code, message, http_status_code: status, ...(details === undefined ? {} : { details }) };
}

export function invalid(message = "An unexpected error occurred"): object {
  return handlerError(400, "validation_error", message);
}

export const badFormat = invalid("Invalid request format");
export const badFilter = invalid("Invalid filter parameters");

/** Every entity with both directions off, in the order in which the service shows them. */
export const allOff = Object.fromEntries(
  ["plan", "subscription", "invoice", "customer", "payment", "price", "deal", "quote"].map((entity) => [
    entity,
    { inbound: false, outbound: false },
  ]),
);
