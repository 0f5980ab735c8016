import { createHash, timingSafeEqual } from "node:crypto";
import type { Account, ApiKey, Environment } from "./account.js";
import { forbidden, unauthorized } from "./answers.js";
import type { Role } from "./seed.js";

/** Who asks, and where. */
export interface Caller {
  readonly key: ApiKey;
  /** Absent only where a route works without one and the key is not bound to one. */
  readonly environment?: Environment;
}

/** What a route demands of a role. Reading connections demands nothing. */
export type Demand = "none" | "read" | "write";

/** Routes of these groups tell which environments there are, so they need none themselves. */
const WITHOUT_ENVIRONMENT = ["/v1/users", "/v1/environments", "/v1/tenants"];

type Header = (name: string) => string | undefined;

/**
 * Who asks, by the key. The environment of a bound key wins over the header without a word; others must name one.
 *
 * @throws Refusal with 401 or 403, in bodies that the API uses for nothing else
 */
export function callerOf(header: Header, path: string, account: Account): Caller {
  const key = keyOf(header, account);
  const requested = header("x-environment-id") ?? "";
  const id = key.environmentId ?? requested;
  const needsNone = WITHOUT_ENVIRONMENT.some((group) => path === group || path.startsWith(`${group}/`));
  if (id === "" && needsNone) return { key };
  const environment = account.environments.get(id);
  if (environment === undefined)
    throw forbidden({ error: "Access denied", message: "Invalid or inaccessible environment" });
  if (key.allowed !== undefined && !key.allowed.includes(id))
    throw forbidden({ error: "Access denied", message: "You don't have access to this environment" });
  return { key, environment };
}

function keyOf(header: Header, { keys }: Account): ApiKey {
  const given = header("x-api-key") ?? "";
  const found = keys.find(({ key }) => isSame(key, given));
  // A publishable key is for other purposes and opens nothing here.
  if (found !== undefined && !given.startsWith("pk_")) return found;
  const bearer = header("authorization") ?? "";
  if (bearer === "") throw unauthorized("Unauthorized");
  // There are no dashboard sessions here, so no token is a good one.
  throw unauthorized(bearer.startsWith("Bearer ") ? "Invalid token" : "Invalid authorization header format");
}

function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

const PERMITTED: Readonly<Record<Role, readonly Demand[]>> = {
  super_admin: ["read", "write"],
  all_writer: ["read", "write"],
  all_reader: ["read"],
  event_ingestor: [],
  event_reader: [],
};

/** @throws Refusal with 403 when the tenant is suspended or the role too small, in that order */
export function demand(needed: Demand, { key }: Caller, { isSuspended }: Account): void {
  if (needed === "none") return;
  if (needed === "write" && isSuspended) throw forbidden({ message: "tenant account is suspended" });
  const permitted = key.role === undefined ? [] : PERMITTED[key.role];
  if (!permitted.includes(needed)) throw forbidden({ message: "insufficient permissions" });
}
