import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SeedConnection, SeedFile } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";

const KEY = "sk_sandbox";

async function open(connections: readonly SeedConnection[] = [], more: SeedFile = {}): Promise<Sandbox> {
  const seed = { connections, ...more };
  const sandbox = await startSandbox({ catalogue, port: 0, apiKey: KEY, environmentId: "env_bound", seed });
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

  it("is bound to its environment whatever the header asks for", async () => {
    const sandbox = await open(three);
    const { body } = await ask(sandbox, "GET", "/connections", undefined, { "x-environment-id": "env_other" });
    expect(new Set(body.connections.map((row: { environment_id: string }) => row.environment_id))).toEqual(
      new Set(["env_bound"]),
    );
  });

  it("fails every update of a row whose stored sync_config is invalid, until a valid one comes with it", async () => {
    const sandbox = await open([
      { id: "conn_old", name: "old", provider_type: "stripe", sync_config: { plan: { outbound: true } } },
    ]);
    expect((await ask(sandbox, "PUT", "/connections/conn_old", { name: "n" })).status).toBe(500);
    expect((await ask(sandbox, "PUT", "/connections/conn_old", { name: "n", sync_config: {} })).status).toBe(200);
  });
});

describe("other keys", () => {
  const environments = [{ id: "env_other", name: "Other", type: "production" }] as const;
  const keys = [
    { key: "sk_admin", role: "super_admin", environment_id: "env_bound" },
    { key: "sk_writer", role: "all_writer", environment_id: "env_other" },
    { key: "sk_reader", role: "all_reader", environment_id: "env_bound" },
    { key: "sk_ingest", role: "event_ingestor", environment_id: "env_bound", user_type: "service_account" },
    { key: "sk_legacy", environment_id: "env_bound" },
    { key: "sk_free", role: "super_admin" },
    { key: "sk_fenced", role: "super_admin", allowed_environments: ["env_other"] },
    { key: "pk_public", role: "super_admin", environment_id: "env_bound" },
  ] as const;
  const by = (key: string, more: Record<string, string> = {}) => ({ "x-api-key": key, ...more });
  const all = () =>
    open([...three, { name: "o", provider_type: "s3", environment_id: "env_other" }], { environments, keys });

  it.each([
    ["sk_admin", 200, 201, 200],
    ["sk_writer", 200, 201, 200],
    ["sk_reader", 200, 403, 200],
    ["sk_ingest", 200, 403, 403],
    ["sk_legacy", 200, 403, 403],
  ])("%s may do what its role allows: reading connections needs none", async (key, read, write, environmentsStatus) => {
    const sandbox = await all();
    expect((await ask(sandbox, "GET", "/connections", undefined, by(key))).status).toBe(read);
    expect((await ask(sandbox, "POST", "/connections/search", {}, by(key))).status).toBe(read);
    const made = await ask(sandbox, "POST", "/connections", { name: "n", provider_type: "s3" }, by(key));
    expect(made.status).toBe(write);
    const listed = await ask(sandbox, "GET", "/environments", undefined, by(key));
    expect(listed.status).toBe(environmentsStatus);
    for (const { status, body } of [made, listed])
      if (status === 403) expect(body).toEqual({ message: "insufficient permissions" });
    if (write === 403) {
      expect((await ask(sandbox, "PUT", "/connections/conn_a", {}, by(key))).status).toBe(403);
      expect((await ask(sandbox, "DELETE", "/connections/conn_a", undefined, by(key))).status).toBe(403);
      expect(sandbox.store.live()).toHaveLength(3);
    }
  });

  it("see the connections of their own environment and no others", async () => {
    const sandbox = await all();
    const names = async (key: string) =>
      (await ask(sandbox, "GET", "/connections", undefined, by(key))).body.connections
        .map((row: { name: string }) => row.name)
        .sort();
    expect(await names("sk_admin")).toEqual(["a", "b", "c"]);
    expect(await names("sk_writer")).toEqual(["o"]);
    expect((await ask(sandbox, "GET", "/connections/conn_a", undefined, by("sk_writer"))).status).toBe(404);
  });

  it("that are not bound must name an environment, but for asking which there are", async () => {
    const sandbox = await all();
    const unusable = { error: "Access denied", message: "Invalid or inaccessible environment" };
    for (const headers of [by("sk_free"), by("sk_free", { "x-environment-id": "env_nope" })])
      expect(await ask(sandbox, "GET", "/connections", undefined, headers)).toMatchObject({
        status: 403,
        body: unusable,
      });
    const named = by("sk_free", { "x-environment-id": "env_other" });
    expect((await ask(sandbox, "GET", "/connections", undefined, named)).body.total).toBe(1);
    const { body } = await ask(sandbox, "GET", "/environments", undefined, by("sk_free"));
    expect(body.environments).toMatchObject([
      { id: "env_other", name: "Other", type: "production" },
      { id: "env_bound", type: "development" },
    ]);
    expect((await ask(sandbox, "GET", "/users/me", undefined, by("sk_free"))).body.roles).toEqual(["super_admin"]);
  });

  it("of a user who is kept out of an environment are refused there", async () => {
    const sandbox = await all();
    const inside = by("sk_fenced", { "x-environment-id": "env_other" });
    expect((await ask(sandbox, "GET", "/connections", undefined, inside)).status).toBe(200);
    const outside = by("sk_fenced", { "x-environment-id": "env_bound" });
    expect(await ask(sandbox, "GET", "/connections", undefined, outside)).toMatchObject({
      status: 403,
      body: { error: "Access denied", message: "You don't have access to this environment" },
    });
    const { body } = await ask(sandbox, "GET", "/environments", undefined, by("sk_fenced"));
    expect(body).toMatchObject({ environments: [{ id: "env_other" }], total: 1 });
  });

  it("are named as who changed a connection last", async () => {
    const sandbox = await all();
    const { body: me } = await ask(sandbox, "GET", "/users/me", undefined, by("sk_admin"));
    const { body: own } = await ask(sandbox, "GET", "/users/me");
    const { body: made } = await ask(sandbox, "POST", "/connections", { name: "n", provider_type: "s3" });
    expect(made).toMatchObject({ created_by: own.id, updated_by: own.id });
    const { body: changed } = await ask(sandbox, "PUT", `/connections/${made.id}`, {}, by("sk_admin"));
    expect(changed).toMatchObject({ created_by: own.id, updated_by: me.id });
    await ask(sandbox, "DELETE", `/connections/${made.id}`);
    expect(sandbox.store.all().at(-1)).toMatchObject({ status: "archived", updatedBy: own.id });
  });

  it("may be the sandbox's own with less, and its environment may have a name", async () => {
    const own = { id: "env_bound", name: "Live", type: "production" } as const;
    const sandbox = await open(three, {
      keys: [{ key: KEY, role: "all_reader", environment_id: "env_bound" }],
      environments: [own],
    });
    expect((await ask(sandbox, "PUT", "/connections/conn_a", {})).status).toBe(403);
    expect((await ask(sandbox, "GET", "/environments")).body.environments).toMatchObject([own]);
  });

  it("that are publishable open nothing", async () => {
    const answer = await ask(await all(), "GET", "/connections", undefined, by("pk_public"));
    expect(answer).toMatchObject({ status: 401, body: { error: "Unauthorized" } });
  });

  it("of a suspended tenant can read, and every write is refused before the role is looked at", async () => {
    const sandbox = await open(three, { keys, environments, tenant: { suspended: true } });
    expect((await ask(sandbox, "GET", "/connections")).status).toBe(200);
    for (const key of [KEY, "sk_reader"]) {
      const answer = await ask(sandbox, "PUT", "/connections/conn_a", {}, by(key));
      expect(answer).toMatchObject({ status: 403, body: { message: "tenant account is suspended" } });
    }
  });

  it("are listed without their values", async () => {
    const { text, body } = await ask(await all(), "GET", "/secrets/api/keys");
    for (const { key } of keys) expect(text).not.toContain(`"${key}"`);
    expect(new Set(body.items.map((item: { display_id: string }) => item.display_id))).toEqual(new Set(["***"]));
    const long = { key: "sk_01K9ZB4T6M3D7Q8W5X2Y1V0R9S", role: "super_admin" } as const;
    const shown = await ask(await open([], { keys: [long] }), "GET", "/secrets/api/keys");
    expect(shown.body.items.at(-1)).toMatchObject({ display_id: "sk_01***9S", roles: ["super_admin"] });
  });
});

describe("rows of a seed", () => {
  it.each([
    ["chargebee", "api_key site"],
    ["gcp_marketplace", "credentials_json"],
    ["hubspot", "access_token client_secret"],
    ["moyasar", "secret_key"],
    ["nomod", "api_key"],
    ["paddle", "api_key"],
    ["quickbooks", "client_id client_secret environment realm_id"],
    ["razorpay", "key_id secret_key"],
    ["s3", "aws_access_key_id aws_secret_access_key"],
    ["stripe", "account_id publishable_key secret_key webhook_secret"],
    ["tabs", "api_key"],
    ["whop", "api_key company_id"],
    ["zoho_books", "client_id client_secret organization_id"],
    ["aws_marketplace", "external_id role_arn"],
    ["azure_marketplace", "client_id client_secret tenant_id"],
    ["flexprice", ""],
  ])("of %s without credentials have these empty once they are written: %j", async (provider, empty) => {
    const sandbox = await open([{ id: "conn_x", name: "x", provider_type: provider }]);
    await ask(sandbox, "PUT", "/connections/conn_x", {});
    const { secrets } = sandbox.store.find("conn_x");
    expect(Object.keys(secrets).sort().join(" ")).toBe(empty);
    expect(new Set(Object.values(secrets))).toEqual(new Set(empty === "" ? [] : [""]));
  });

  it("were changed when they were created, unless they say so", async () => {
    const at = "2026-01-02T03:04:05Z";
    const sandbox = await open([{ id: "conn_x", name: "x", provider_type: "s3", created_at: at }]);
    expect(sandbox.store.find("conn_x")).toMatchObject({ createdAt: at, updatedAt: at });
  });
});

describe("odd requests", () => {
  it("nested deep are answered, and spoil nothing for the next", async () => {
    const sandbox = await open(three);
    for (const depth of [900, 1_500, 2_500, 5_000, 50_000]) {
      for (const [opening, closing] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        const text = `{"name":"n","provider_type":"s3","metadata":{"a":${opening.repeat(depth)}1${closing.repeat(depth)}}}`;
        expect((await ask(sandbox, "POST", "/connections", text)).status, `${depth}`).toBe(depth < 999 ? 201 : 400);
        expect((await ask(sandbox, "PUT", "/connections/conn_a", text)).status, `${depth}`).toBe(
          depth < 999 ? 200 : 400,
        );
        expect((await ask(sandbox, "GET", "/connections")).status, `${depth}`).toBe(200);
      }
    }
  });

  it("with HEAD are a 404, and an empty request id is replaced", async () => {
    const sandbox = await open();
    expect((await ask(sandbox, "HEAD", "/connections")).status).toBe(404);
    const { headers } = await ask(sandbox, "GET", "/connections", undefined, { "x-request-id": "" });
    expect(headers.get("x-request-id")).toMatch(/\S/);
  });

  it("write maps with their keys in order, and take a name of 255 signs that are two units each", async () => {
    const sandbox = await open();
    const made = await ask(sandbox, "POST", "/connections", {
      name: "😀".repeat(255),
      provider_type: "s3",
      metadata: { b: { d: 1, c: 2 }, a: 1 },
    });
    expect(made.status).toBe(201);
    expect(made.text).toContain('"metadata":{"a":1,"b":{"c":2,"d":1}}');
    expect((await ask(sandbox, "PUT", `/connections/${made.body.id}`, { name: "😀".repeat(256) })).status).toBe(500);
    expect((await ask(sandbox, "PUT", `/connections/${made.body.id}`, { metadata: { "a\0": 1 } })).status).toBe(500);
  });
});

describe("what is stored", () => {
  it("is shown under /sandbox, archived rows too, to whoever has the key", async () => {
    const sandbox = await open();
    const { body: made } = await ask(sandbox, "POST", "/connections", {
      name: "n",
      provider_type: "hubspot",
      encrypted_secret_data: { access_token: "t", app_id: "7" },
    });
    const look = async (headers: Record<string, string>) => {
      const response = await fetch(sandbox.baseUrl.replace("/v1", `/sandbox/connections/${made.id}`), { headers });
      return { status: response.status, body: await response.json() };
    };
    const stored = { secrets: { access_token: { encrypted: "t" }, client_secret: "", app_id: "7" } };
    expect(await look({ "x-api-key": KEY })).toMatchObject({
      status: 200,
      body: { ...stored, status: "published", metadata: null, sync_config: null },
    });
    await ask(sandbox, "DELETE", `/connections/${made.id}`);
    expect((await look({ "x-api-key": KEY })).body).toMatchObject({ ...stored, status: "archived" });
    expect(await look({ "x-api-key": "sk_wrong" })).toEqual({ status: 401, body: { error: "Unauthorized" } });
  });
});
