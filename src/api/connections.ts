import type { Observed } from "../model/connection.js";
import type { CreateWish, UpdateWish } from "../model/wish.js";
import { type Answered, Client, type ClientParts } from "./client.js";
import type { BodyOf, CallOptions, EarlierTries } from "./sender.js";
import { type ConnectionsPage, createBody, readConnection, readPage, updateBody } from "./wire.js";

/** What the steps need of the service. Everything throws `ServiceError` and nothing else. */
export interface ConnectionsApi {
  /** Connections from a position on; the service of today gives all of them whatever the position. */
  readonly list: (offset: number, options?: CallOptions) => Promise<Answered<ConnectionsPage>>;
  readonly get: (id: string, options?: CallOptions) => Promise<Answered<Observed>>;
  /**
   * Sent again only where the service has certainly not done it.
   *
   * @param next - what to ask for, called before every try; what it throws is thrown on
   */
  readonly create: (
    next: (earlier: EarlierTries) => Promise<CreateWish>,
    options?: CallOptions,
  ) => Promise<Answered<Observed>>;
  /**
   * @param next - what to ask for, called before every try: the row may have moved while a try was waited for. What it throws
   * is thrown on.
   */
  readonly update: (
    id: string,
    next: (earlier: EarlierTries) => Promise<UpdateWish>,
    options?: CallOptions,
  ) => Promise<Answered<Observed>>;
  /**
   * Archives a connection; nothing brings it back.
   *
   * @param check - called before every try; what it throws is thrown on
   */
  readonly remove: (id: string, check: (earlier: EarlierTries) => Promise<void>) => Promise<Answered<undefined>>;
}

/** The connections of one environment of the service. */
export function connectionsApi(parts: ClientParts): ConnectionsApi {
  const client = new Client(parts);
  const { apiKey, knownSecrets } = parts;
  // An id stands in addresses and reports. One that repeats a secret is none that anybody gave, unless the secret is a word.
  const isSecret = (rows: readonly Observed[]) => {
    const ids = rows.map(({ id, environmentId }) => `${id} ${environmentId ?? ""}`).join("\n");
    return apiKey.standsIn(ids.toLowerCase()) || knownSecrets.standIn(ids);
  };
  const pageOf = (value: unknown) => {
    const page = readPage(value);
    return page === undefined || isSecret(page.rows) ? undefined : page;
  };
  const rowOf = (value: unknown) => {
    const row = readConnection(value);
    return row === undefined || isSecret([row]) ? undefined : row;
  };
  return {
    list(offset, options) {
      const path = offset === 0 ? "/connections" : `/connections?offset=${offset}`;
      return client.call({ method: "GET", path, ...options }, pageOf);
    },
    get: (id, options) => client.call({ method: "GET", path: pathOf(id), ...options }, rowOf),
    create(next, options) {
      const bodyOf: BodyOf = async (earlier) => createBody(await next(earlier));
      return client.call({ method: "POST", path: "/connections", bodyOf, ...options }, rowOf);
    },
    update(id, next, options) {
      const bodyOf: BodyOf = async (earlier) => updateBody(await next(earlier));
      return client.call({ method: "PUT", path: pathOf(id), bodyOf, ...options }, rowOf);
    },
    remove(id, check) {
      const bodyOf: BodyOf = async (earlier) => {
        await check(earlier);
        return undefined;
      };
      return client.ask({ method: "DELETE", path: pathOf(id), bodyOf });
    },
  };
}

/** The path of a connection. */
export function pathOf(id: string): string {
  return `/connections/${encodeURIComponent(id)}`;
}
