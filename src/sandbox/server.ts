import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Catalogue } from "../model/catalogue.js";
import type { JsonObject } from "../model/json.js";
import { type Answer, Refusal, unauthorized } from "./answers.js";
import { type Filter, filtered, filterOfBody, filterOfQuery } from "./filter.js";
import { type SeedConnection, seededRow } from "./seed.js";
import { Store, ulid } from "./store.js";

export interface SandboxSettings {
  readonly catalogue: Catalogue;
  /** 0 takes a free one. */
  readonly port: number;
  readonly apiKey: string;
  readonly environmentId: string;
  readonly seed: readonly SeedConnection[];
  /** Told of every answer. */
  readonly onAnswer?: (method: string, path: string, status: number) => void;
  /** Told of faults of the sandbox itself, which are answered with an empty 500. */
  readonly onFault?: (fault: Error) => void;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

export interface Sandbox {
  /** With the `/v1` that the client adds its paths to. */
  readonly baseUrl: string;
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 that keeps the contract of the connections API, traps included. Everything is in memory.
 *
 * @throws the listening error, such as EADDRINUSE
 */
export async function startSandbox(settings: SandboxSettings): Promise<Sandbox> {
  const { catalogue, environmentId, port, seed } = settings;
  const nowMs = settings.nowMs ?? Date.now;
  const tenantId = `tenant_${ulid(nowMs())}`;
  const store = new Store({ catalogue, environmentId, tenantId, actorId: `user_${ulid(nowMs())}`, nowMs });
  for (const connection of seed) store.put(seededRow(connection, nowMs()));
  const app = routes(store, settings);
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((fault) => (fault === undefined ? resolve() : reject(fault)));
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  return { baseUrl: `http://127.0.0.1:${listening}/v1`, store, close };
}

function routes(store: Store, settings: SandboxSettings): Hono {
  const { apiKey, random = Math.random, onFault = () => {}, onAnswer = () => {} } = settings;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    onAnswer(context.req.method, context.req.path, context.res.status);
  });
  // The service answers no HEAD; this library would answer it like GET.
  app.use(async (context, next) => (context.req.raw.method === "HEAD" ? unknownPath(context) : next()));
  const list = (filter: Filter): Answer => {
    const rows = filtered(store.live(), filter, random);
    const connections = rows.length === 0 ? null : rows.map((row) => store.shown(row));
    return { status: 200, body: { connections, total: rows.length, limit: filter.limit, offset: filter.offset } };
  };
  const shown = (row: ReturnType<Store["find"]>): JsonObject => store.shown(row);
  const idOf = (context: Context) => context.req.param("id") ?? "";
  const handle = (handler: (context: Context) => Answer | Promise<Answer>) => async (context: Context) => {
    try {
      checkKey(context, apiKey);
      return respond(context, await handler(context));
    } catch (cause) {
      if (cause instanceof Refusal) return respond(context, cause.answer);
      // Whoever asked has gone away in the middle of its own request.
      if (isAborted(cause)) return respond(context, { status: 400 });
      throw cause;
    }
  };

  app.get("/health", (context) => respond(context, { status: 200, body: { status: "ok" } }));
  app.get(
    "/v1/connections",
    handle((context) => list(filterOfQuery(new URL(context.req.url).searchParams))),
  );
  app.post(
    "/v1/connections",
    handle(async (context) => ({ status: 201, body: shown(store.create(await context.req.text())) })),
  );
  app.post(
    "/v1/connections/search",
    handle(async (context) => list(filterOfBody(await context.req.text()))),
  );
  app.get(
    "/v1/connections/:id",
    handle((context) => ({ status: 200, body: shown(store.find(idOf(context))) })),
  );
  app.put(
    "/v1/connections/:id",
    handle(async (context) => ({ status: 200, body: shown(store.update(idOf(context), await context.req.text())) })),
  );
  app.delete(
    "/v1/connections/:id",
    handle((context) => {
      store.archive(idOf(context));
      return { status: 204 };
    }),
  );
  // No method of ours answers here: an unknown path, or a known one with a slash at its end.
  app.notFound((context) => {
    const url = new URL(context.req.url);
    const trimmed = url.pathname.replace(/\/$/, "");
    const isOurs = /^\/(?:health|v1\/connections(?:\/[^/]+)?)$/.test(trimmed);
    if (trimmed !== url.pathname && isOurs) {
      return context.body(null, context.req.method === "GET" ? 301 : 307, {
        location: `${trimmed}${url.search}`,
        ...requestId(context),
      });
    }
    return unknownPath(context);
  });
  app.onError((fault, context) => {
    onFault(fault);
    return context.body(null, 500, requestId(context));
  });
  return app;
}

function isAborted(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    (cause.name === "AbortError" || cause.message === "aborted" || ("code" in cause && cause.code === "ECONNRESET"))
  );
}

function unknownPath(context: Context): Response {
  return context.text("404 page not found", 404, requestId(context));
}

/** The key alone decides: it is bound to the sandbox's environment, and the environment header changes nothing. */
function checkKey(context: Context, apiKey: string): void {
  if (context.req.header("x-api-key") === apiKey) return;
  const bearer = context.req.header("authorization");
  if (bearer === undefined) throw unauthorized("Unauthorized");
  throw unauthorized(bearer.startsWith("Bearer ") ? "Invalid token" : "Invalid authorization header format");
}

function respond(context: Context, { status, body }: Answer): Response {
  const headers = requestId(context);
  if (body === undefined) return new Response(null, { status, headers });
  if (typeof body === "string")
    return new Response(body, { status, headers: { ...headers, "content-type": "text/plain" } });
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  });
}

function requestId(context: Context): Record<string, string> {
  return { "x-request-id": context.req.header("x-request-id") ?? randomUUID() };
}
