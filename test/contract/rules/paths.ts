import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { handlerError, type Rule, rule } from "../rule.js";
import { NotTried } from "../service.js";

const notFound = "404 page not found";

/** Which paths there are, and how credentials are told from outside. */
export const paths: readonly Rule[] = [
  rule("an unknown path or method is a plain 404", async (service) => {
    for (const [method, path] of [
      ["GET", "/no-such-path"],
      ["PATCH", "/connections/conn_x"],
      ["PUT", "/connections"],
      ["DELETE", "/connections"],
      ["POST", "/connections/conn_x"],
      ["GET", "/connections/conn_x/y"],
    ] as const) {
      const { status, text } = await service.ask(method, path, method === "GET" ? undefined : {});
      deepEqual([status, text], [404, notFound], `${method} ${path}`);
    }
  }),
  rule("a slash at the end of a path is redirected: 301 for GET, 307 for the others", async (service) => {
    for (const [method, path, status] of [
      ["GET", "/connections", 301],
      ["POST", "/connections", 307],
      ["POST", "/connections/search", 307],
      ["PUT", "/connections/conn_x", 307],
      ["DELETE", "/connections/conn_x", 307],
    ] as const) {
      const answer = await service.ask(method, `${path}/`, method === "GET" || method === "DELETE" ? undefined : {});
      equal(answer.status, status, `${method} ${path}/`);
      match(answer.headers.get("location") ?? "", new RegExp(`${path}$`));
      const asked = await service.ask(method, `${path}/?a=b`, method === "GET" || method === "DELETE" ? undefined : {});
      match(asked.headers.get("location") ?? "", new RegExp(`${path}\\?a=b$`));
    }
  }),
  rule("GET /connections/search reads `search` as an id", async (service) => {
    const { status, body } = await service.ask("GET", "/connections/search");
    equal(status, 404);
    equal(body.details.connection_id, "search");
  }),
  rule("every answer carries a request id: the one that was sent, or one of the service's", async (service) => {
    const sent = await service.ask("GET", "/connections", undefined, { "x-request-id": "contract-7" });
    equal(sent.headers.get("x-request-id"), "contract-7");
    const own = await service.ask("GET", "/connections/conn_x");
    match(own.headers.get("x-request-id") ?? "", /\S/);
  }),
  rule("/health needs no key and no /v1", async (service) => {
    const { status, body } = await service.ask("GET", "//health", undefined, { "x-api-key": "" });
    deepEqual([status, body], [200, { status: "ok" }]);
  }),
  rule("/users/me tells the user, the roles and the tenant of a key, without an environment too", async (service) => {
    const { status, body } = await service.ask("GET", "/users/me");
    equal(status, 200);
    match(body.id, /\S/);
    ok(["user", "service_account"].includes(body.type), body.type);
    for (const field of ["id", "name", "status", "created_at", "updated_at"]) ok(field in body.tenant, field);
  }),
  rule("/environments lists the newest first, cut by limit and offset; the total counts the page", async (service) => {
    const { status, body } = await service.ask("GET", "/environments");
    if (status === 403) throw new NotTried("the key may not read environments");
    equal(status, 200);
    deepEqual([body.limit, body.offset, body.total], [50, 0, body.environments.length]);
    for (const one of body.environments) ok(["development", "production"].includes(one.type), one.type);
    const times = body.environments.map(({ created_at: at }: { created_at: string }) => Date.parse(at));
    deepEqual(
      times,
      [...times].sort((left, right) => right - left),
    );
    const beyond = (await service.ask("GET", "/environments?limit=1&offset=999")).body;
    deepEqual(beyond, { environments: [], total: 0, offset: 999, limit: 1 });
  }),
  rule("/environments/{id} is one of them, and 404 for another", async (service) => {
    const { status, body } = await service.ask("GET", "/environments");
    if (status === 403) throw new NotTried("the key may not read environments");
    const [first] = body.environments;
    deepEqual((await service.ask("GET", `/environments/${first.id}`)).body, first);
    equal((await service.ask("GET", "/environments/env_nope")).body.code, "not_found");
  }),
  rule("/tenants/{id} shows the own tenant and refuses another", async (service) => {
    const me = (await service.ask("GET", "/users/me")).body;
    equal((await service.ask("GET", `/tenants/${me.tenant.id}`)).body.id, me.tenant.id);
    const other = await service.ask("GET", "/tenants/tenant_nope");
    deepEqual(
      [other.status, other.body],
      [403, handlerError(403, "permission_denied", "You can only access your own tenant's details")],
    );
  }),
  rule("/secrets/api/keys masks the keys and says nothing of their environment", async (service) => {
    const { status, body } = await service.ask("GET", "/secrets/api/keys");
    if (status === 403) throw new NotTried("the key may not read keys");
    equal(status, 200);
    for (const key of body.items) {
      match(key.display_id, /\*\*\*/);
      ok(!("environment_id" in key));
    }
  }),
  rule("/integrations/config shows what providers can do, without price and blocks", async (service) => {
    await service.create("paddle", { encrypted_secret_data: {}, sync_config: { price: { outbound: true } } });
    const { body } = await service.ask("GET", "/integrations/config");
    const paddle = body.integrations.find(({ provider }: { provider: string }) => provider === "paddle");
    // Intent, not valid input: the service refuses to set invoice.inbound.
    deepEqual(paddle.base_config.invoice, { inbound: true, outbound: true });
    ok(!("price" in paddle.current_config));
  }),
  rule("no ETag, and If-Match changes nothing", async (service) => {
    const { id } = await service.create("s3");
    const put = await service.ask("PUT", `/connections/${id}`, { name: "n" }, { "if-match": '"nope"' });
    equal(put.status, 200);
    equal(put.headers.get("etag"), null);
    notEqual(put.body.name, undefined);
  }),
];
