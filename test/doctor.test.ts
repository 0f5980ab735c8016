import { describe, expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { documentOf, lastLine, run } from "./support/program.js";
import { sandbox } from "./support/sandbox.js";
import { API_KEY, accessTo, type Intercept, MARK, type Row, row, send, service } from "./support/service.js";
import { stampWith } from "./support/steps.js";

interface CheckDocument {
  readonly environment?: string;
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly hint?: string;
  readonly code?: string;
}

const STRIPE =
  "name: Stripe\nprovider_type: stripe\nmetadata: { team: billing }\nsync_config: { customer: { outbound: true }, invoice: { outbound: true } }\n";

/** The account's side of a service, as a healthy one has it. */
function account(more: Readonly<Record<string, unknown>> = {}, date?: string): Intercept {
  return ({ path, method, headers: sent }, response) => {
    if (date !== undefined) response.setHeader("date", date);
    if (sent["x-api-key"] !== API_KEY) return false;
    if (method === "GET" && path === "/v1/users/me") {
      const user = {
        id: "user_1",
        name: "Ada",
        email: "canary@example.com",
        type: "user",
        roles: ["all_writer"],
        tenant: { id: "tenant_1", name: "Acme", status: "active" },
        ...more,
      };
      return send(response, 200, user);
    }
    if (method === "GET" && path.startsWith("/v1/environments/"))
      return send(response, 200, { id: path.split("/").at(-1), name: "Live", type: "production" });
    return false;
  };
}

async function checked(
  rows: readonly Row[],
  {
    intercept = account(),
    env = {},
    files = { "connections/s.yaml": STRIPE },
  }: {
    readonly intercept?: Intercept;
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
  } = {},
) {
  const live = await service(rows, intercept);
  const cwd = folderWith(files);
  const ended = await run(["doctor", "--json"], { cwd, env: accessTo(live, env) });
  const { doctor } = documentOf(ended) as unknown as { doctor: { checks: readonly CheckDocument[] } };
  const of = (name: string) => doctor.checks.filter((check) => check.name === name);
  return { ended, live, checks: doctor.checks, of, statusOf: (name: string) => of(name).map(({ status }) => status) };
}

const healthy = row({
  id: "conn_1",
  provider_type: "stripe",
  name: "Stripe",
  metadata: { team: "billing", [MARK]: stampWith("stripe", { id: "conn_1" }) },
  sync_config: { customer: { inbound: false, outbound: true }, invoice: { inbound: false, outbound: true } },
});

describe("doctor", () => {
  it("has a line for everything that a run needs, and asks only", async () => {
    const { ended, checks, live } = await checked([healthy], {
      env: {
        FLEXPRICE_SYNC_FINGERPRINT_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at * 3)).toString("base64"),
      },
    });
    expect(ended.code).toBe(0);
    expect(checks.map(({ name, status }) => `${status} ${name}`)).toEqual([
      "ok settings",
      "ok definitions",
      "ok variables",
      "ok fingerprints",
      "ok key",
      "ok tenant",
      "ok role",
      "ok clock",
      "ok service",
      "ok environment",
      "ok twins",
      "ok consent",
      "ok stamps",
      "ok drift",
    ]);
    expect(new Set(live.received.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(ended.stdout + ended.stderr).not.toContain("canary");
    expect(ended.stdout).not.toContain(API_KEY);
  });

  it("has a next step for each that is not well, and ends with the code of what failed", async () => {
    const { checks, ended } = await checked([
      row({ id: "conn_1", provider_type: "stripe", environment_id: "env_other" }),
    ]);
    expect(ended.code).toBe(1);
    for (const check of checks.filter(({ status }) => status !== "ok"))
      expect([check.name, check.hint]).not.toContain(undefined);
    expect(checks.find(({ status }) => status === "fail")).toMatchObject({
      name: "environment",
      code: "FETCH.WRONG_ENVIRONMENT",
    });
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["FETCH.WRONG_ENVIRONMENT"]);
  });

  it("names variables without a value, and no value", async () => {
    const { of } = await checked([healthy], {
      files: {
        "connections/h.yaml":
          "name: H\nprovider_type: hubspot\nencrypted_secret_data: { access_token: '${TOKEN}', client_secret: '${GONE}' }\nmetadata: { x: '${ALSO}', y: '${SET}' }\n",
      },
      env: { TOKEN: "canary-token", GONE: "", SET: "canary" },
    });
    expect(of("variables")).toMatchObject([{ status: "warn", message: "2 of 4 are not set or empty: ALSO, GONE." }]);
  });

  it("tells a refused key from everything behind it", async () => {
    const { ended, checks } = await checked([healthy], { env: { FLEXPRICE_API_KEY: "sk_canary_wrong" } });
    expect(ended.code).toBe(1);
    expect(checks.filter(({ status }) => status === "fail").map(({ name, code }) => [name, code])).toEqual([
      ["key", "SERVICE.UNAUTHORIZED"],
    ]);
    const real = await sandbox();
    const cwd = folderWith({ "connections/s.yaml": STRIPE });
    const refused = await run(["doctor"], { cwd, env: { ...real.env, FLEXPRICE_API_KEY: "sk_canary_wrong" } });
    expect([refused.code, refused.stdout]).toEqual([
      1,
      expect.stringContaining("fail  key           [SERVICE.UNAUTHORIZED] Not authorized:"),
    ]);
    expect(refused.stdout + refused.stderr).not.toContain("canary");
    expect(lastLine(refused.stdout)).toBe("Doctor: 3 ok, 1 warning, 1 failed.");
  });

  it.each([
    [{ roles: ["super_admin"] }, "ok"],
    [{ roles: ["all_reader"] }, "warn"],
    [{ roles: ["event_ingestor"] }, "warn"],
    [{ roles: [] }, "warn"],
    [{ roles: undefined }, "warn"],
  ])("knows which roles can write: %j", async (more, status) => {
    expect((await checked([healthy], { intercept: account(more) })).statusOf("role")).toEqual([status]);
  });

  it("fails for a suspended tenant", async () => {
    const tenant = { id: "tenant_1", name: "Acme", status: "suspended" };
    const { ended, statusOf } = await checked([healthy], { intercept: account({ tenant }) });
    expect([ended.code, statusOf("tenant")]).toEqual([1, ["fail"]]);
  });

  it.each([
    [-600, "warn", "behind"],
    [600, "warn", "ahead of"],
    [20, "ok", "as the service's"],
  ])("sees a clock that is wrong by %d s", async (seconds, status, words) => {
    const date = new Date(Date.now() - seconds * 1000).toUTCString();
    const [clock] = (await checked([healthy], { intercept: account({}, date) })).of("clock");
    expect([clock?.status, clock?.message.includes(words)]).toEqual([status, true]);
  });

  it("sees a server that words its errors as before April 2026", async () => {
    const healthyAccount = account();
    const intercept: Intercept = (received, response) =>
      received.path.startsWith("/v1/connections/")
        ? send(response, 404, { success: false, error: { message: "no" } })
        : healthyAccount(received, response);
    expect((await checked([healthy], { intercept })).statusOf("service")).toEqual(["warn"]);
  });

  it("sees twins, connections that were begun in a browser, and says so of an environment that nobody expects", async () => {
    const rows = [
      row({ id: "conn_1", provider_type: "hubspot", name: "One" }),
      row({ id: "conn_2", provider_type: "hubspot", name: "Two" }),
      row({ id: "conn_3", provider_type: "s3", name: "X" }),
      row({ id: "conn_4", provider_type: "s3", name: "X" }),
      row({ id: "conn_5", provider_type: "quickbooks", created_by: "tenant_test" }),
      row({ id: "conn_6", provider_type: "stripe", created_by: "tenant_test" }),
    ];
    const { of } = await checked(rows, { env: { FLEXPRICE_ENVIRONMENT_ID_FILE: "" } });
    expect(of("twins")).toMatchObject([
      { status: "warn", message: expect.stringContaining("hubspot: conn_1, conn_2.") },
    ]);
    expect(of("consent")).toMatchObject([{ status: "warn", message: "begun in a browser: conn_5 (quickbooks)." }]);
  });

  it("knows what a visit to a form of the dashboard leaves", async () => {
    const stamp = { [MARK]: stampWith("stripe", { id: "conn_1", owns: { "sync_config.customer.outbound": "x" } }) };
    const dropped = {
      ...healthy,
      metadata: { team: "billing", ...stamp },
      sync_config: { invoice: { inbound: false, outbound: true } },
    };
    expect((await checked([dropped])).of("drift")).toMatchObject([
      { status: "warn", message: 'looks like an edit in the dashboard: "Stripe" (conn_1).' },
    ]);
    // What we never wrote nobody has taken away.
    const never = { ...dropped, metadata: healthy.metadata ?? {} };
    expect((await checked([never])).statusOf("drift")).toEqual(["ok"]);
    const { metadata: _, ...emptied } = healthy;
    const { of } = await checked([emptied]);
    expect([of("drift")[0]?.status, of("stamps")[0]?.status]).toEqual(["ok", "warn"]);
    const books = "name: Books\nprovider_type: quickbooks\nmetadata: { team: billing }\n";
    const consented = row({ id: "conn_2", provider_type: "quickbooks", name: "Books" });
    const found = await checked([consented], { files: { "connections/q.yaml": books } });
    expect(found.statusOf("drift")).toEqual(["warn"]);
    const other = { ...healthy, metadata: { team: "sales" } };
    expect((await checked([other])).of("drift")).toMatchObject([
      { status: "ok", message: "1 connection differs from the definitions; plan shows how." },
    ]);
  });

  it("repeats no key that the service puts into its names", async () => {
    const tenant = { id: API_KEY, name: Buffer.from(API_KEY).toString("base64"), status: "active" };
    const { ended, of } = await checked([healthy], { intercept: account({ name: API_KEY, roles: [API_KEY], tenant }) });
    expect(ended.stdout).not.toContain(API_KEY);
    expect(ended.stdout).not.toContain(tenant.name);
    expect(of("key")[0]?.message).toContain("withheld");
  });

  it("goes on where the service has no user for a key", async () => {
    const healthyAccount = account();
    const intercept: Intercept = (received, response) =>
      received.path === "/v1/users/me"
        ? send(response, 404, { code: "not_found", message: "no user", http_status_code: 404 })
        : healthyAccount(received, response);
    const { ended, statusOf } = await checked([healthy], { intercept });
    const names = ["key", "clock", "service", "environment", "drift"];
    expect([ended.code, names.map(statusOf)]).toEqual([0, [["warn"], ["ok"], ["ok"], ["ok"], ["ok"]]]);
  });

  it("of an empty folder says how to begin, and of a broken file what is wrong", async () => {
    expect((await checked([healthy], { files: {} })).of("definitions")).toMatchObject([
      { status: "warn", hint: expect.stringContaining("flexprice-sync pull") },
    ]);
    const { ended, of } = await checked([healthy], {
      files: { "connections/x.yaml": "name: X\nprovider_type: nope\n" },
    });
    expect([ended.code, of("definitions")[0]?.code]).toEqual([3, "VALIDATE.UNKNOWN_PROVIDER"]);
  });

  it("of broken settings says so and asks nobody", async () => {
    const { ended, live, statusOf } = await checked([healthy], { files: { "flexprice-sync.yaml": "nope: 1\n" } });
    expect([ended.code, statusOf("settings"), live.received]).toEqual([3, ["fail"], []]);
  });
});
