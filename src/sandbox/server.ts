import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import type { Catalogue } from "../model/catalogue.js";
import { callerOf, demand } from "./access.js";
import { type Account, accountOf } from "./account.js";
import { type Answer, inOldForm, Refusal } from "./answers.js";
import type { Faults } from "./faults.js";
import { Faulty, type Outcome } from "./faulty.js";
import { type Route, routesOf } from "./routes.js";
import type { SeedFile } from "./seed.js";
import type { Store } from "./store.js";

export interface SandboxSettings {
  readonly catalogue: Catalogue;
  /** 0 takes a free one. */
  readonly port: number;
  readonly apiKey: string;
  readonly environmentId: string;
  readonly seed: SeedFile;
  /** What goes wrong on purpose. */
  readonly faults?: Faults;
  /** Told of every request as it arrives, before anything is done with it. */
  readonly onArrival?: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  /** Told of every answer, and of requests without one; `fault` says what went wrong on purpose. */
  readonly onAnswer?: (method: string, path: string, outcome: Pick<Outcome, "status" | "fault">) => void;
  /** Told of faults of the sandbox itself, which are answered with an empty 500. */
  readonly onFault?: (fault: Error) => void;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

type App = { readonly Bindings: HttpBindings; readonly Variables: { readonly lagMs: number } };

export interface Sandbox {
  /** With the `/v1` that the client adds its paths to. */
  readonly baseUrl: string;
  /** The connections of the sandbox's own environment. */
  readonly store: Store;
  /** How many connections there were at the start, in all environments. */
  readonly startedWith: number;
  readonly close: () => Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 that keeps the contract of the connections API, traps included. Everything is in memory.
 *
 * @throws the listening error, such as EADDRINUSE
 */
export async function startSandbox(settings: SandboxSettings): Promise<Sandbox> {
  const { catalogue, port, nowMs = Date.now, random = Math.random, faults, onArrival } = settings;
  const account = accountOf({ ...settings, nowMs });
  const startedWith = [...account.environments.values()].reduce((sum, { store }) => sum + store.all().length, 0);
  const seeded = faults === undefined ? undefined : { seed: Math.floor(random() * 2 ** 32), ...faults };
  const faulty = seeded === undefined ? undefined : new Faulty(seeded, { account, catalogue, nowMs });
  const server = createAdaptorServer({ fetch: appOf(account, settings, faulty).fetch });
  if (onArrival !== undefined) server.prependListener("request", onArrival);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve, reject) => {
      faulty?.end();
      server.close((fault) => (fault === undefined ? resolve() : reject(fault)));
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  return { baseUrl: `http://127.0.0.1:${listening}/v1`, store: account.home.store, startedWith, close };
}

function appOf(account: Account, settings: SandboxSettings, faulty: Faulty | undefined): Hono<App> {
  const { catalogue, random = Math.random, onFault = () => {}, onAnswer = () => {} } = settings;
  const routes = routesOf(account, catalogue, random);
  const app = new Hono<App>();
  app.use(async (context, next) => {
    const { method, path } = context.req;
    const isFaulty = faulty !== undefined && path.startsWith("/v1/");
    onAnswer(method, path, isFaulty ? await throughFaults(faulty, context, next) : await plainly(context, next));
  });
  // The service answers no HEAD; this library would answer it like GET.
  app.use(async (context, next) => (context.req.raw.method === "HEAD" ? unknownPath(context) : next()));
  app.on(["GET", "POST"], "/health", (context) => respond(context, { status: 200, body: { status: "ok" } }));
  for (const route of routes) app.on(route.method, route.path, (context) => handled(route, context, account));
  // Nothing answers here: an unknown path, or a known one with a slash at its end.
  app.notFound((context) => {
    const { method } = context.req;
    const url = new URL(context.req.url);
    const trimmed = url.pathname.replace(/\/$/, "");
    const isKnown = trimmed !== url.pathname && (trimmed === "/health" || isRoute(method, trimmed, routes));
    if (!isKnown) return unknownPath(context);
    const headers = { location: `${trimmed}${url.search}`, ...requestId(context) };
    return context.body(null, method === "GET" ? 301 : 307, headers);
  });
  app.onError((fault, context) => {
    onFault(fault);
    return context.body(null, 500, requestId(context));
  });
  return app;
}

async function plainly(context: Context<App>, next: () => Promise<void>): Promise<Outcome> {
  await next();
  return { status: context.res.status };
}

async function throughFaults(faulty: Faulty, context: Context<App>, next: () => Promise<void>): Promise<Outcome> {
  const { method, path } = context.req;
  const outcome = await faulty.answer({
    method,
    path,
    ...context.env,
    headers: requestId(context),
    // The library keeps the body that it has read for whoever reads it next.
    received: () => (method === "GET" || method === "HEAD" ? Promise.resolve() : context.req.arrayBuffer()),
    handle: async (lagMs) => {
      context.set("lagMs", lagMs);
      await next();
      return context.res;
    },
  });
  // Without this the library puts the headers of the service's own answer on the other one.
  context.res = undefined;
  context.res = outcome.response ?? RESPONSE_ALREADY_SENT;
  return outcome;
}

async function handled(route: Route, context: Context<App>, account: Account): Promise<Response> {
  try {
    const header = (name: string) => context.req.header(name);
    const caller = callerOf(header, context.req.path, account);
    demand(route.needs, caller, account);
    const answer = await route.answer({
      caller,
      id: context.req.param("id") ?? "",
      query: queryOf(new URL(context.req.url).search),
      lagMs: context.get("lagMs") ?? 0,
      body: () => bodyOf(context),
    });
    return respond(context, answer);
  } catch (cause) {
    if (cause instanceof Refusal)
      return respond(context, account.hasOldErrors ? inOldForm(cause.answer) : cause.answer);
    // Whoever asked has gone away in the middle of its own request.
    if (isAborted(cause)) return respond(context, { status: 400 });
    throw cause;
  }
}

/** Go drops the parts of a query that it cannot read, and says nothing. */
function queryOf(search: string): URLSearchParams {
  const readable = (part: string) => !part.includes(";") && !/%(?![\da-f]{2})/i.test(part);
  return new URLSearchParams(search.slice(1).split("&").filter(readable).join("&"));
}

/** The text as it came: what is no UTF-8 is replaced, and a byte order mark is kept, which no JSON begins with. */
async function bodyOf(context: Context): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await context.req.arrayBuffer());
}

function isRoute(method: string, path: string, routes: readonly Route[]): boolean {
  const matches = (pattern: string) => new RegExp(`^${pattern.replace(":id", "[^/]+")}$`).test(path);
  return routes.some((route) => route.method === method && matches(route.path));
}

function isAborted(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    (cause.name === "AbortError" || cause.message === "aborted" || ("code" in cause && cause.code === "ECONNRESET"))
  );
}

function unknownPath(context: Context): Response {
  return context.body("404 page not found", 404, { "content-type": "text/plain", ...requestId(context) });
}

function respond(context: Context, { status, body }: Answer): Response {
  const headers = requestId(context);
  if (body === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  });
}

function requestId(context: Context): Record<string, string> {
  return { "x-request-id": context.req.header("x-request-id") || randomUUID() };
}
