import type { JsonObject } from "../model/json.js";

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  /** Absent means an answer without a body. */
  readonly body?: JsonObject;
}

/** Thrown by the rules; the server answers with it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** The body of errors from the handlers. `details` is left out where there are none. */
function handlerError(status: number, code: string, message: string, details?: JsonObject): Refusal {
  return new Refusal({
    status,
    body: { code, message, http_status_code: status, ...(details === undefined ? {} : { details }) },
  });
}

/** What an error without a hint of its own says, whatever its code. */
export const NO_HINT = "An unexpected error occurred";

export function invalid(message: string = NO_HINT, details?: JsonObject): Refusal {
  return handlerError(400, "validation_error", message, details);
}

export function badRequestFormat(): Refusal {
  return invalid("Invalid request format");
}

export function badFilter(): Refusal {
  return invalid("Invalid filter parameters");
}

export function badQuery(): Refusal {
  return invalid("Please check the query parameters");
}

export function notFound(id: string): Refusal {
  return handlerError(404, "not_found", `Connection with ID ${id} was not found`, { connection_id: id });
}

export function tooManyRequests(): Refusal {
  return handlerError(429, "too_many_requests", "Too many requests. Please try again later");
}

export function databaseError(message: string): Refusal {
  return handlerError(500, "database_error", message);
}

export function alreadyExists(provider: string, existingId: string, environmentId: string, tenantId: string): Refusal {
  return handlerError(
    409,
    "already_exists",
    `A published connection for provider '${provider}' already exists in this environment`,
    {
      environment_id: environmentId,
      existing_connection_id: existingId,
      provider_type: provider,
      tenant_id: tenantId,
    },
  );
}

export function environmentNotFound(environmentId: string, tenantId: string): Refusal {
  const details = { environment_id: environmentId, tenant_id: tenantId };
  return handlerError(404, "not_found", "Environment not found", details);
}

export function foreignTenant(): Refusal {
  return handlerError(403, "permission_denied", "You can only access your own tenant's details");
}

/** An answer as servers from before April 2026 gave it: errors of the handlers had another body, everything else is the same. */
export function inOldForm(answer: Answer): Answer {
  const { code, message, http_status_code: status, details } = answer.body ?? {};
  if (code === undefined || message === undefined || status !== answer.status) return answer;
  const error = { message, internal_error: code, ...(details === undefined ? {} : { details }) };
  return { ...answer, body: { success: false, error } };
}

/** Errors from before the handlers have other bodies. */
export function unauthorized(error: string): Refusal {
  return new Refusal({ status: 401, body: { error } });
}

export function forbidden(body: { readonly error?: string; readonly message: string }): Refusal {
  return new Refusal({ status: 403, body: { ...body } });
}
