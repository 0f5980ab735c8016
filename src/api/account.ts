import type { AccountApi } from "../model/account.js";
import { ServiceError } from "../model/service-error.js";
import { Client, type ClientParts } from "./client.js";
import { pathOf } from "./connections.js";
import { readAccount, readEnvironment } from "./wire.js";

/** What the service says of the key, its environment and itself. */
export function accountApi(parts: ClientParts): AccountApi {
  const client = new Client(parts);
  return {
    account: async () => (await client.call({ method: "GET", path: "/users/me" }, readAccount)).value,
    async environment(id) {
      try {
        const path = `/environments/${encodeURIComponent(id)}`;
        return (await client.call({ method: "GET", path }, readEnvironment)).value;
      } catch (cause) {
        if (cause instanceof ServiceError && (cause.httpStatus === 403 || cause.httpStatus === 404)) return undefined;
        throw cause;
      }
    },
    manners: () => client.manners(pathOf(NO_CONNECTION)),
  };
}

/** An id that no connection has: ids are made from the time, and this one would be of 1970. */
const NO_CONNECTION = "conn_00000000000000000000000000";
