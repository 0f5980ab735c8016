import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";

const KEY = "sk_sandbox";

async function open(seed: readonly SeedConnection[] = []): Promise<Sandbox> {
  const sandbox = await startSandbox({
    catalogue,
    port: 0,
    apiKey: KEY,
    environmentId: "env_bound",
    seed: { connections: seed },
  });
  onTestFinished(sandbox.close);
  return sandbox;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any;
}

async function ask(
  sandbox: Sandbox,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(
    path.startsWith("/health") ? sandbox.baseUrl.replace("/v1", path) : sandbox.baseUrl + path,
    {
      method,
      headers: { "x-api-key": KEY, ...headers },
      redirect: "manual",
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    },
  );
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

const three: readonly SeedConnection[] = ["a", "b", "c"].map((name) => ({
  id: `conn_${name}`,
  name,
  provider_type: "s3",
  created_at: `2026-01-0${"abc".indexOf(name) + 1}T00:00:00Z`,
}));

describe("the sandbox", () => {
  it("listens on this machine only", async () => {
    expect(new URL((await open()).baseUrl).hostname).toBe("127.0.0.1");
  });

  it("lists all rows whatever limit and offset say, in changing order", async () => {
    const sandbox = await open(three);
    const orders = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const { body } = await ask(sandbox, "GET", "/connections?limit=1&offset=2&status=archived");
      expect(body).toMatchObject({ total: 3, limit: 1, offset: 2 });
      orders.add(body.connections.map((row: { name: string }) => row.name).join());
    }
    expect(orders.size).toBeGreaterThan(1);
  });

  it("filters by provider and by repeated ids; comma-joined ids are one that does not exist", async () => {
    const sandbox = await open([...three, { id: "conn_s", name: "s", provider_type: "stripe" }]);
    const ids = async (query: string) =>
      ((await ask(sandbox, "GET", `/connections?${query}`)).body.connections ?? [])
        .map((row: { id: string }) => row.id)
        .sort();
    expect(await ids("provider_type=stripe")).toEqual(["conn_s"]);
    expect(await ids("connection_ids=conn_a&connection_ids=conn_s")).toEqual(["conn_a", "conn_s"]);
    expect(await ids("connection_ids=conn_a,conn_s")).toEqual([]);
  });

  it("searches with a sort order and conditions, and needs a body", async () => {
    const sandbox = await open(three);
    const names = async (body: unknown) =>
      ((await ask(sandbox, "POST", "/connections/search", body)).body.connections ?? []).map(
        (row: { name: string }) => row.name,
      );
    expect(await names({ sort: [{ field: "created_at", direction: "desc" }] })).toEqual(["c", "b", "a"]);
    expect(
      await names({
        sort: [{ field: "name", direction: "asc" }],
        filters: [{ field: "name", operator: "in", data_type: "array", value: { array: ["c", "a"] } }],
      }),
    ).toEqual(["a", "c"]);
    expect(
      await names({ filters: [{ field: "name", operator: "eq", data_type: "string", value: { string: "b" } }] }),
    ).toEqual(["b"]);
    expect(
      await names({
        sort: [{ field: "name", direction: "asc" }],
        filters: [{ field: "name", operator: "gte", value: { string: "z" } }],
      }),
    ).toEqual(["a", "b", "c"]);
    expect(await names({ filters: [{ field: "status", operator: "eq", value: { string: "archived" } }] })).toEqual([]);
    expect((await ask(sandbox, "POST", "/connections/search", "")).status).toBe(400);
    expect((await ask(sandbox, "POST", "/connections/search", { sort: "name" })).body.message).toBe(
      "Invalid filter parameters",
    );
    expect((await ask(sandbox, "POST", "/connections/search", { sort: [{ field: "nope" }] })).status).toBe(400);
    expect(
      await ask(sandbox, "POST", "/connections/search", { filters: [{ field: "name", operator: "eq" }] }),
    ).toMatchObject({ status: 500, text: "" });
  });

  it.each([
    [{ "x-api-key": "wrong" }, "Unauthorized"],
    [{ "x-api-key": "" }, "Unauthorized"],
    [{ "x-api-key": "", authorization: KEY }, "Invalid authorization header format"],
    [{ "x-api-key": "", authorization: `Bearer ${KEY}` }, "Invalid token"],
  ])("refuses the key in %j", async (headers, error) => {
    const sandbox = await open(three);
    expect(await ask(sandbox, "GET", "/connections", undefined, headers)).toMatchObject({
      status: 401,
      body: { error },
    });
  });

  it("is bound to its environment whatever the header asks for", async () => {
    const sandbox = await open(three);
    const { body } = await ask(sandbox, "GET", "/connections", undefined, { "x-environment-id": "env_other" });
    expect(new Set(body.connections.map((row: { environment_id: string }) => row.environment_id))).toEqual(
      new Set(["env_bound"]),
    );
  });

  it("answers unknown paths and methods with a plain 404, and reads `search` as an id", async () => {
    const sandbox = await open();
    for (const [method, path] of [
      ["GET", "/nope"],
      ["PATCH", "/connections/conn_a"],
      ["DELETE", "/connections"],
      ["GET", "/connections/a/b"],
    ] as const) {
      expect(await ask(sandbox, method, path)).toMatchObject({ status: 404, text: "404 page not found" });
    }
    expect((await ask(sandbox, "GET", "/connections/search")).body).toMatchObject({
      code: "not_found",
      details: { connection_id: "search" },
    });
  });

  it("redirects a path with a slash at its end, where the path without it is known for that method", async () => {
    const sandbox = await open();
    for (const [method, path, status] of [
      ["GET", "/connections", 301],
      ["POST", "/connections", 307],
      ["PUT", "/connections/conn_a", 307],
      ["GET", "/users/me", 301],
    ] as const) {
      const answer = await ask(sandbox, method, `${path}/?a=b`, method === "GET" ? undefined : {});
      expect(answer.status).toBe(status);
      expect(answer.headers.get("location")).toBe(`/v1${path}?a=b`);
    }
    expect((await ask(sandbox, "PUT", "/connections/", {})).status).toBe(404);
  });

  it("gives back the request id that was sent, or one of its own", async () => {
    const sandbox = await open();
    expect(
      (await ask(sandbox, "GET", "/connections", undefined, { "x-request-id": "mine" })).headers.get("x-request-id"),
    ).toBe("mine");
    expect((await ask(sandbox, "GET", "/nope")).headers.get("x-request-id")).toMatch(/\S/);
  });

  it("needs no key for its health", async () => {
    expect(await ask(await open(), "GET", "/health", undefined, { "x-api-key": "" })).toMatchObject({
      status: 200,
      body: { status: "ok" },
    });
  });

  it("refuses a name that is empty or too long with 500, as the database behind the service does", async () => {
    const sandbox = await open();
    for (const name of ["", "x".repeat(256)]) {
      expect((await ask(sandbox, "POST", "/connections", { name, provider_type: "stripe" })).body).toMatchObject({
        code: "database_error",
        message: "Failed to create connection",
      });
    }
    const { body } = await ask(sandbox, "POST", "/connections", { name: "é".repeat(255), provider_type: "stripe" });
    expect((await ask(sandbox, "PUT", `/connections/${body.id}`, { name: "x".repeat(256) })).body).toMatchObject({
      code: "database_error",
      message: "Failed to update connection",
    });
  });

  it("fails every update of a row whose stored sync_config is invalid, until a valid one comes with it", async () => {
    const sandbox = await open([
      { id: "conn_old", name: "old", provider_type: "stripe", sync_config: { plan: { outbound: true } } },
    ]);
    expect((await ask(sandbox, "PUT", "/connections/conn_old", { name: "n" })).status).toBe(500);
    expect((await ask(sandbox, "PUT", "/connections/conn_old", { name: "n", sync_config: {} })).status).toBe(200);
  });

  it("keeps whole seconds and moves updated_at on every PUT, also an empty one", async () => {
    const sandbox = await open([
      { id: "conn_t", name: "t", provider_type: "stripe", created_at: "2026-01-01T00:00:00Z" },
    ]);
    const { body } = await ask(sandbox, "PUT", "/connections/conn_t", {});
    expect(body.created_at).toBe("2026-01-01T00:00:00Z");
    expect(body.updated_at).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(body.updated_at).not.toBe(body.created_at);
  });

  it("checks a Chargebee site after asking for one and before the API key", async () => {
    const sandbox = await open();
    const create = async (secrets: unknown) =>
      (
        await ask(sandbox, "POST", "/connections", {
          name: "c",
          provider_type: "chargebee",
          encrypted_secret_data: secrets,
        })
      ).body.message;
    expect(await create({})).toBe("Chargebee site name is required");
    for (const site of ["https://acme.chargebee.com", "-acme", "acme-", "a b", "x".repeat(64)]) {
      expect(await create({ site })).toContain("Chargebee site must be the bare site name");
    }
    expect(await create({ site: "acme" })).toBe("Chargebee API key is required");
  });
});
