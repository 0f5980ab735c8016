import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Identity } from "./authority.js";

/** A row as the service answers it. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly provider_type: string;
  readonly environment_id: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly sync_config: Readonly<Record<string, unknown>>;
  readonly [other: string]: unknown;
}

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** Takes a request out of the service's hands. Return `true` when it was answered. */
export type Intercept = (received: Received, response: ServerResponse) => boolean | Promise<boolean>;

export interface Service {
  readonly baseUrl: string;
  readonly rows: Row[];
  readonly received: Received[];
  /** Requests that change something. */
  readonly writes: () => readonly Received[];
  /** Keys with the environment that each is bound to. With several, each sees the rows of its own. */
  readonly keys: Map<string, string>;
  intercept: Intercept;
  /** Most requests that were open at once. */
  mostInFlight: number;
  /** Of the newest id: none is given twice, also not after a connection was archived. */
  newest: number;
}

function nextNumber(state: Service): number {
  state.newest = Math.max(state.newest, state.rows.length) + 1;
  return state.newest;
}

export const API_KEY = "sk_01K0TESTKEY";
export const ENVIRONMENT = "env_test";

/** A row with what a test does not care about filled in. */
export function row(facts: Partial<Row> & Pick<Row, "id" | "provider_type">): Row {
  return {
    name: facts.provider_type,
    environment_id: ENVIRONMENT,
    tenant_id: "tenant_test",
    status: "published",
    sync_config: {},
    created_at: "2026-01-02T03:04:05Z",
    updated_at: "2026-01-02T03:04:05Z",
    created_by: "user_1",
    updated_by: "user_1",
    ...facts,
  };
}

/** A connection that pushes invoices. */
export const pushing: Row = row({
  id: "conn_s",
  provider_type: "stripe",
  name: "Stripe",
  sync_config: { invoice: { outbound: true } },
});

/** The definition of that one, which has it go on or stops it. */
export function definitionOfPushing(outbound: boolean): string {
  return `name: Stripe\nprovider_type: stripe\nsync_config: { invoice: { outbound: ${outbound} } }\n`;
}

/**
 * A small server of the connections API that shares no code with the product: it keeps rows, applies writes by the few
 * rules that matter to a client, and remembers every request. It listens until the test ends.
 */
export function service(rows: readonly Row[] = [], intercept: Intercept = () => false): Promise<Service> {
  return serve(rows, intercept);
}

/** The same over TLS, at `localhost`. */
export function secureService(
  rows: readonly Row[],
  identity: Identity,
  intercept: Intercept = () => false,
): Promise<Service> {
  return serve(rows, intercept, identity);
}

async function serve(rows: readonly Row[], intercept: Intercept, identity?: Identity): Promise<Service> {
  const state: Service = {
    baseUrl: "",
    rows: [...rows],
    received: [],
    writes: () => state.received.filter(({ method }) => method !== "GET"),
    keys: new Map([[API_KEY, ENVIRONMENT]]),
    intercept,
    mostInFlight: 0,
    newest: 0,
  };
  let inFlight = 0;
  const listener: RequestListener = async (request, response) => {
    inFlight += 1;
    state.mostInFlight = Math.max(state.mostInFlight, inFlight);
    response.once("close", () => {
      inFlight -= 1;
    });
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const received: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      text,
      body: text === "" ? undefined : JSON.parse(text),
    };
    state.received.push(received);
    if (await state.intercept(received, response)) return;
    answer(received, response, state);
  };
  const server =
    identity === undefined
      ? createServer(listener)
      : createSecureServer({ key: identity.key, cert: identity.certificate }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = identity === undefined ? "http://127.0.0.1" : "https://localhost";
  return Object.assign(state, { baseUrl: `${origin}:${(server.address() as AddressInfo).port}/v1` });
}

export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
  return true;
}

function answer({ method, path, headers, body }: Received, response: ServerResponse, state: Service): void {
  const { rows, keys } = state;
  const environment = keys.get(String(headers["x-api-key"]));
  if (environment === undefined) {
    send(response, 401, { error: "Unauthorized" });
    return;
  }
  const seen = keys.size === 1 ? rows : rows.filter((row) => row.environment_id === environment);
  const { pathname } = new URL(path, "http://service");
  const id = /^\/v1\/connections\/([^/]+)$/.exec(pathname)?.[1];
  if (method === "GET" && pathname === "/v1/connections") {
    send(response, 200, { connections: seen.length === 0 ? null : seen, total: seen.length, limit: 50, offset: 0 });
  } else if (method === "GET" && id !== undefined) {
    const found = rows.find((candidate) => candidate.id === id);
    if (found === undefined)
      send(response, 404, {
        code: "not_found",
        message: `Connection with ID ${id} was not found`,
        http_status_code: 404,
      });
    else send(response, 200, found);
  } else if (method === "POST" && pathname === "/v1/connections") {
    const { name, provider_type, metadata, sync_config } = body;
    const made = row({
      id: `conn_new${nextNumber(state)}`,
      name,
      provider_type,
      environment_id: environment,
      sync_config: sync_config ?? {},
      ...(metadata ? { metadata } : {}),
    });
    rows.push(made);
    send(response, 201, made);
  } else if (method === "PUT" && id !== undefined) {
    const at = rows.findIndex((candidate) => candidate.id === id);
    const before = rows[at];
    if (before === undefined) {
      send(response, 404, { code: "not_found", message: "gone", http_status_code: 404 });
      return;
    }
    const after: Row = {
      ...before,
      ...(body.name ? { name: body.name } : {}),
      ...(body.metadata ? { metadata: body.metadata } : {}),
      ...(body.sync_config ? { sync_config: body.sync_config } : {}),
    };
    rows[at] = after;
    send(response, 200, after);
  } else if (method === "DELETE" && id !== undefined) {
    const at = rows.findIndex((candidate) => candidate.id === id);
    if (at < 0) {
      send(response, 404, { code: "not_found", message: "gone", http_status_code: 404 });
      return;
    }
    rows.splice(at, 1);
    response.writeHead(204);
    response.end();
  } else {
    response.writeHead(404, { "content-type": "text/plain" });
    response.end("404 page not found");
  }
}

/** The variables that lead a run to a service. */
export function accessTo(
  { baseUrl }: Service,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: baseUrl, FLEXPRICE_ENVIRONMENT_ID: ENVIRONMENT, ...more };
}

/** The metadata key of the product's own mark. */
export const MARK = "flexprice_sync";

/** A body without the product's mark, and without metadata that had nothing else in it. */
export function unmarked(body: Received["body"]): Received["body"] {
  if (body?.metadata?.[MARK] === undefined) return body;
  const { [MARK]: _mark, ...metadata } = body.metadata;
  const { metadata: _all, ...others } = body;
  return Object.keys(metadata).length === 0 ? others : { ...others, metadata };
}

/** The mark of a row or a body, read. */
export function markOf({ metadata }: { readonly metadata?: Readonly<Record<string, unknown>> }): {
  readonly v: number;
  readonly owner?: string;
  readonly id?: string;
  readonly provider: string;
  readonly salt: string;
  readonly owns: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly protect: boolean;
  readonly pending?: readonly string[];
  readonly write?: string;
} {
  return JSON.parse(String(metadata?.[MARK]));
}
