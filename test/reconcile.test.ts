import { describe, expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { documentOf, lastLine, run, start, targetOf } from "./support/program.js";
import { accessTo, ENVIRONMENT, row, send, service, unmarked } from "./support/service.js";

const stripe = `name: Stripe production
provider_type: stripe
metadata:
  team: billing
sync_config:
  customer: { inbound: true, outbound: true }
  invoice: { outbound: true }
`;

const hubspot = `name: HubSpot
provider_type: hubspot
metadata: { team: sales }
sync_config:
  deal: { outbound: true }
`;

const razorpay = `name: Razorpay
provider_type: razorpay
metadata: { team: billing }
`;

const razorpayWithKeys = `name: Razorpay
provider_type: razorpay
encrypted_secret_data:
  razorpay:
    key_id: \${RZP_KEY_ID}
    secret_key: \${RZP_SECRET}
metadata: { team: billing }
sync_config:
  invoice: { outbound: true }
`;

const rows = [
  row({
    id: "conn_s",
    provider_type: "stripe",
    name: "Stripe production",
    metadata: { team: "growth", cost_center: "CC-1" },
    sync_config: {
      plan: { inbound: true, outbound: false },
      customer: { inbound: true, outbound: true },
      invoice: { inbound: false, outbound: false },
    },
  }),
  row({
    id: "conn_h",
    provider_type: "hubspot",
    name: "HubSpot",
    metadata: { team: "sales" },
    sync_config: { deal: { inbound: false, outbound: true } },
  }),
  row({ id: "conn_r", provider_type: "razorpay", name: "Razorpay by hand", metadata: { team: "billing" } }),
];

const three = { "connections/a.yaml": stripe, "connections/b.yaml": hubspot, "connections/c.yaml": razorpay };

describe("validate", () => {
  it("needs no network and no key, and counts definitions and files", async () => {
    const cwd = folderWith(three);
    const ended = await run(["validate"], { cwd });
    expect(ended).toEqual({
      code: 0,
      stderr: "",
      stdout: "Validate: 3 definitions in 3 files, 0 errors, 0 warnings.\n",
    });
  });

  it("takes its nouns in the singular at one", async () => {
    const cwd = folderWith({ "c/only.yaml": razorpayWithKeys, "c/empty.yaml": "# nothing yet\n" });
    const ended = await run(["validate", "c"], { cwd, env: { RZP_KEY_ID: "a", RZP_SECRET: "b" } });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toBe("Validate: 1 definition in 1 file, 0 errors, 1 warning.\n");
    expect(ended.stderr).toContain("warning[LOAD.EMPTY_FILE] c/empty.yaml:1:1:");
  });

  it("names every problem of a bad folder at once, unreadable files beside schema errors", async () => {
    const cwd = folderWith({
      "connections/a.yaml": "name: a\nprovider_type: Stripe\n",
      "connections/b.yaml": "name: b\nprovider_type: stripe\nencrypted_secret_data:\n\tsecret_key: ${SK}\n",
      "connections/c.yaml": "name: c\nprovider_type: hubspot\nsync_config:\n  deal: { outbound: 'yes' }\n  tax: {}\n",
      "connections/d.yaml": Buffer.from("\ufeffname: d\n", "utf16le"),
    });
    const ended = await run(["validate", "--json"], { cwd });
    expect(ended.code).toBe(3);
    const places = documentOf(ended).problems.map(
      ({ code, file, line, column }) => `${code} ${file}:${line}:${column}`,
    );
    expect(places).toEqual([
      "VALIDATE.UNKNOWN_PROVIDER connections/a.yaml:2:16",
      "LOAD.BAD_YAML connections/b.yaml:4:1",
      "VALIDATE.WRONG_TYPE connections/c.yaml:4:21",
      "VALIDATE.UNKNOWN_FIELD connections/c.yaml:5:3",
      "LOAD.NOT_UTF8 connections/d.yaml:1:1",
    ]);
  });

  it("tells the schema's problems of a document beside those of its YAML", async () => {
    const cwd = folderWith({
      "connections/a.yaml": "name: a\nprovider_type: stripe\nmetadata: { b: 9999999999999999999 }\nnope: 1\nname: b\n",
    });
    const { problems } = documentOf(await run(["validate", "--json"], { cwd }));
    expect(problems.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual([
      "LOAD.INEXACT_NUMBER 3:16",
      "VALIDATE.UNKNOWN_FIELD 4:1",
      "LOAD.DUPLICATE_KEY 5:1",
    ]);
  });

  it.each([
    ["missing", {}, "connections"],
    ["empty", { "connections/README.md": "x" }, "connections"],
    ["named by --dir and missing", three, "elsewhere"],
  ])("exits with 3 and the folder as looked up when it is %s", async (_what, files, folder) => {
    const cwd = folderWith(files);
    for (const command of ["validate", "plan", "apply"]) {
      const ended = await run([command, "-d", folder], {
        cwd,
        env: { FLEXPRICE_API_KEY: "k", FLEXPRICE_BASE_URL: "http://127.0.0.1:9/v1" },
      });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toContain("no connection files under /");
      expect(ended.stderr).toContain(`/${folder}`);
    }
  });
});

describe("plan", () => {
  it("sends GET only and shows exactly the changed paths", async () => {
    const live = await service(rows);
    const cwd = folderWith(three);
    const ended = await run(["plan", "--json"], { cwd, env: accessTo(live) });
    const { summary, changes, environment_id, base_url } = targetOf(ended);
    expect(live.received.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /v1/connections"]);
    expect({ base_url, environment_id }).toEqual({ base_url: live.baseUrl, environment_id: ENVIRONMENT });
    expect(summary).toEqual({
      create: 0,
      update: 2,
      replace: 0,
      archive: 0,
      unchanged: 1,
      blocked: 0,
      unknown: 0,
      unresolved: 0,
      kept_keys: 2,
      unclaimed: 0,
    });
    const pushes = "invoices will be pushed to Stripe, and Flexprice stops its own automatic payment attempt for them";
    expect(changes).toEqual([
      {
        action: "update",
        name: "Razorpay",
        provider_type: "razorpay",
        id: "conn_r",
        stamp: true,
        file: "connections/c.yaml",
        line: 1,
        fields: [{ path: "name", kind: "edit", before: "Razorpay by hand", after: "Razorpay" }],
        secrets: [],
        consequences: [{ path: "name", sentence: "the connection gets another name in Flexprice", weight: "change" }],
        dangers: [],
      },
      {
        action: "update",
        name: "Stripe production",
        provider_type: "stripe",
        id: "conn_s",
        stamp: true,
        file: "connections/a.yaml",
        line: 1,
        fields: [
          { path: "metadata.team", kind: "edit", before: "growth", after: "billing" },
          { path: "sync_config.invoice.outbound", kind: "edit", before: false, after: true },
        ],
        secrets: [],
        consequences: [
          { path: "metadata.team", sentence: "only a note: Flexprice does nothing with it", weight: "none" },
          { path: "sync_config.invoice.outbound", sentence: pushes, weight: "danger" },
        ],
        dangers: [pushes],
      },
    ]);
  });

  it("exits with 0 with changes, and with --detailed-exitcode 2 with and 0 without", async () => {
    const live = await service(rows);
    const cwd = folderWith(three);
    const env = accessTo(live);
    expect((await run(["plan"], { cwd, env })).code).toBe(0);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(2);
    expect((await run(["plan", "--detailed-exitcode", "--only", "HubSpot"], { cwd, env })).code).toBe(0);
  });

  it("prints the same bytes whatever order the service lists its rows in", async () => {
    const cwd = folderWith(three);
    const texts: string[] = [];
    for (const order of [rows, [...rows].reverse()]) {
      const live = await service(order);
      const ended = await run(["plan"], { cwd, env: accessTo(live) });
      texts.push(ended.stdout.replace(live.baseUrl, "BASE"));
    }
    expect(texts[0]).toBe(texts[1]);
  });

  it("shows base URL and environment on top and the fixed line at the end", async () => {
    const live = await service(rows);
    const ended = await run(["plan"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.stdout.split("\n").slice(0, 2)).toEqual([`Target: ${live.baseUrl}`, `Environment: ${ENVIRONMENT}`]);
    expect(lastLine(ended.stdout)).toBe(
      "Plan: 0 to create, 2 to update, 0 to replace, 0 to archive, 1 unchanged, 0 blocked, 0 unknown.",
    );
    expect(ended.stderr).toBe("");
  });

  it("asks for what is missing to create a connection, at the place of its block", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/c.yaml":
        "name: Razorpay\nprovider_type: razorpay\nencrypted_secret_data:\n  razorpay:\n    key_id: ${K}\n",
    });
    const ended = await run(["plan", "--json"], { cwd, env: accessTo(live, { K: "k" }) });
    expect(ended.code).toBe(3);
    const missing = documentOf(ended).problems.filter(({ severity }) => severity === "error");
    expect(missing).toMatchObject([{ code: "PLAN.MISSING_ON_CREATE", file: "connections/c.yaml", line: 4, column: 3 }]);
    expect(missing[0]?.message).toContain("secret_key");
  });
});

describe("apply", () => {
  it("without a terminal and without --yes exits with 6 and writes nothing, whatever is piped in", async () => {
    const live = await service(rows);
    const ended = await run(["apply"], { cwd: folderWith(three), env: accessTo(live), input: "yes\n" });
    expect(ended.code).toBe(6);
    expect(ended.stderr).toContain("error[APPLY.NO_CONSENT]");
    expect(live.writes()).toEqual([]);
  });

  it("sends one PUT per changed connection with only the changed top-level keys, and keeps what no file names", async () => {
    const live = await service(rows);
    const cwd = folderWith(three);
    const env = accessTo(live);
    const first = await run(["apply", "--yes"], { cwd, env });
    expect(first.code).toBe(0);
    expect(lastLine(first.stdout)).toBe(
      "Apply: 0 created, 2 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.",
    );
    const writes = new Map(live.writes().map(({ method, path, body }) => [`${method} ${path}`, unmarked(body)]));
    expect(live.writes()).toHaveLength(2);
    expect(writes.get("PUT /v1/connections/conn_r")).toEqual({
      name: "Razorpay",
      metadata: { team: "billing" },
    });
    expect(writes.get("PUT /v1/connections/conn_s")).toEqual({
      metadata: { team: "billing", cost_center: "CC-1" },
      sync_config: {
        plan: { inbound: true, outbound: false },
        customer: { inbound: true, outbound: true },
        invoice: { inbound: false, outbound: true },
      },
    });

    const second = await run(["apply", "--yes"], { cwd, env });
    expect(second.code).toBe(0);
    expect(live.writes()).toHaveLength(2);
    const plan = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect(plan.code).toBe(0);
  });

  it("needs no consent when there is nothing to do", async () => {
    const live = await service(rows.slice(1, 2));
    const ended = await run(["apply"], { cwd: folderWith({ "connections/b.yaml": hubspot }), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(live.writes()).toEqual([]);
  });

  it("creates a definition without a row once, with its credentials in the flat form", async () => {
    const live = await service([]);
    const cwd = folderWith({ "connections/c.yaml": razorpayWithKeys });
    const env = accessTo(live, { RZP_KEY_ID: "rzp_live_1", RZP_SECRET: "s3cr3t-value" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(targetOf(ended).changes[0]).toMatchObject({
      action: "create",
      outcome: { status: "created", attempts: 1, http_status: 201, id: "conn_new1" },
    });
    expect(live.writes().map(({ method, path, body }) => ({ method, path, body: unmarked(body) }))).toEqual([
      {
        method: "POST",
        path: "/v1/connections",
        body: {
          name: "Razorpay",
          provider_type: "razorpay",
          encrypted_secret_data: { key_id: "rzp_live_1", secret_key: "s3cr3t-value" },
          metadata: { team: "billing" },
          sync_config: { invoice: { outbound: true } },
        },
      },
    ]);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });

  it("sends what a create drops in a PUT right after it, nested", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/q.yaml": `name: QuickBooks
provider_type: quickbooks
encrypted_secret_data:
  client_id: \${Q1}
  client_secret: \${Q2}
  realm_id: "9130357766901234567"
  environment: sandbox
  refresh_token: \${Q3}
  webhook_verifier_token: \${Q4}
`,
    });
    const ended = await run(["apply", "--yes"], {
      cwd,
      env: accessTo(live, { Q1: "q1", Q2: "q2", Q3: "q3", Q4: "q4" }),
    });
    expect(ended.code).toBe(0);
    expect(live.writes().map(({ method, path, body }) => [method, path, body.encrypted_secret_data])).toEqual([
      [
        "POST",
        "/v1/connections",
        {
          client_id: "q1",
          client_secret: "q2",
          realm_id: "9130357766901234567",
          environment: "sandbox",
          refresh_token: "q3",
        },
      ],
      ["PUT", "/v1/connections/conn_new1", { quickbooks: { webhook_verifier_token: "q4" } }],
    ]);
  });

  it("refuses more changes than --max-changes allows and writes nothing; plan only says so", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/a.yaml": "name: a\nprovider_type: flexprice\n",
      "connections/b.yaml":
        "name: b\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${K}', webhook_secret: '${K}' }\n",
      "connections/c.yaml":
        "name: c\nprovider_type: hubspot\nencrypted_secret_data: { access_token: '${K}', client_secret: '${K}' }\n",
    });
    const env = accessTo(live, { K: "k" });
    for (const limit of ["1", "50%"]) {
      const refused = await run(["apply", "--yes", "--max-changes", limit], { cwd, env });
      expect(refused.code).toBe(6);
      expect(refused.stderr).toContain("error[PLAN.OVER_LIMIT]");
    }
    const plan = await run(["plan", "--max-changes", "1"], { cwd, env });
    expect(plan.code).toBe(0);
    expect(plan.stderr).toContain("warning[PLAN.OVER_LIMIT]");
    expect(live.writes()).toEqual([]);
    expect((await run(["apply", "--yes", "--max-changes", "100%"], { cwd, env })).code).toBe(0);
  });

  it("exits with 7 and names what differs when the answer lacks the change", async () => {
    const live = await service(rows, ({ method }, response) =>
      method === "PUT" ? send(response, 200, rows[0]) : false,
    );
    const ended = await run(["apply", "--yes", "--json", "--only", "Stripe*"], {
      cwd: folderWith(three),
      env: accessTo(live),
    });
    expect(ended.code).toBe(7);
    const { outcome } = targetOf(ended).changes[0] ?? {};
    expect(outcome).toMatchObject({
      status: "not-converged",
      differs: ["metadata.team", "sync_config.invoice.outbound"],
    });
  });

  it("goes on after a failed write, exits with 4 and says who failed and how", async () => {
    const live = await service(rows, ({ path, method }, response) =>
      method === "PUT" && path.endsWith("conn_s")
        ? send(response, 400, { code: "validation_error", message: "no such thing", http_status_code: 400 })
        : false,
    );
    const ended = await run(["apply", "--yes"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.code).toBe(4);
    expect(lastLine(ended.stdout)).toContain("1 updated, 0 replaced, 0 archived, 1 failed");
    expect(ended.stderr).toMatch(
      /error\[SERVICE\.REJECTED\] connections\/a\.yaml:1:1: .*"Stripe production": PUT .* answered 400 .*: no such thing/,
    );
  });

  it("exits with 1 when the only write fails with an answer", async () => {
    const live = await service(rows, ({ method }, response) =>
      method === "PUT" ? send(response, 413, "<html>too large</html>", { "content-type": "text/html" }) : false,
    );
    const ended = await run(["apply", "--yes", "--only", "Razorpay"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(live.writes()).toHaveLength(1);
  });

  it("begins nothing more after a refused key, and after any failure with --fail-fast", async () => {
    for (const [status, args] of [
      [403, []],
      [400, ["--fail-fast"]],
    ] as const) {
      const live = await service(rows, ({ method }, response) =>
        method === "PUT" ? send(response, status, { message: "insufficient permissions" }) : false,
      );
      const ended = await run(["apply", "--yes", "--parallelism", "1", ...args], {
        cwd: folderWith(three),
        env: accessTo(live),
      });
      expect(ended.code).toBe(1);
      expect(lastLine(ended.stdout)).toContain("1 failed, 0 unknown, 1 not started");
      expect(live.writes()).toHaveLength(1);
    }
  });

  it("never has more requests in flight than --parallelism", async () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      row({ id: `conn_${index}`, provider_type: "s3", name: `export ${index}`, metadata: { at: 0 } }),
    );
    const live = await service(many, async ({ method }) => {
      if (method === "PUT") await new Promise((resolve) => setTimeout(resolve, 15));
      return false;
    });
    const documents = many.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { at: 1 }\n`).join("---\n");
    const ended = await run(["apply", "--yes", "--parallelism", "3"], {
      cwd: folderWith({ "connections/all.yaml": documents }),
      env: accessTo(live),
    });
    expect(ended.code).toBe(0);
    expect(live.writes()).toHaveLength(12);
    expect(live.mostInFlight).toBe(3);
  });

  it("shows the plan before the first write", async () => {
    const live = await service(rows.slice(2), async ({ method }) => {
      if (method === "PUT") await new Promise((resolve) => setTimeout(resolve, 500));
      return false;
    });
    const child = start(["apply", "--yes", "--only", "Razorpay"], { cwd: folderWith(three), env: accessTo(live) });
    const first = await new Promise<string>((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
    expect(first).toContain("Plan: 0 to create, 1 to update");
    expect(live.rows[0]?.name).toBe("Razorpay by hand");
    await new Promise((resolve) => child.once("close", resolve));
    expect(live.rows[0]?.name).toBe("Razorpay");
  });

  it("takes an answer about another connection for no sign that this one was written", async () => {
    for (const other of [{ id: "conn_other" }, { environment_id: "env_other" }]) {
      const live = await service(rows, ({ method, body }, response) =>
        method === "PUT" ? send(response, 200, { ...rows[2], name: body.name, ...other }) : false,
      );
      const ended = await run(["apply", "--yes", "--only", "Razorpay"], {
        cwd: folderWith(three),
        env: accessTo(live),
      });
      expect(ended.code).toBe(7);
      expect(ended.stderr).toContain(Object.values(other)[0]);
    }
  });

  it("says of a field that was not set after a create how to send it, also where no stamp remembers it", async () => {
    const live = await service([], ({ method }, response) =>
      method === "PUT" ? send(response, 400, { message: "no" }) : false,
    );
    const cwd = folderWith({
      "connections/q.yaml": `name: Q
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${K}", client_secret: "\${K}", realm_id: "1", environment: sandbox, refresh_token: "\${K}", webhook_verifier_token: "\${K}" }
`,
    });
    const hintWith = async (more: Readonly<Record<string, string>>) => {
      const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live, { K: "k", ...more }) });
      expect(ended.code).toBe(4);
      expect(targetOf(ended).changes[0]?.outcome).toMatchObject({
        status: "failed",
        id: expect.stringMatching(/^conn_new\d$/),
      });
      live.rows.length = 0;
      return documentOf(ended).problems.find(({ severity }) => severity === "error")?.hint;
    };
    expect(await hintWith({})).toContain("run apply again: it sends encrypted_secret_data.quickbooks.webhook_verifier");
    expect(await hintWith({ FLEXPRICE_SYNC_STAMP: "off" })).toContain(
      "cannot be read back: run apply --write-secrets=Q",
    );
  });

  it("shows the rest of a plan when a new connection lacks a field, and writes none of it", async () => {
    const live = await service(rows);
    const cwd = folderWith({ ...three, "connections/d.yaml": "name: D\nprovider_type: chargebee\n" });
    const plan = await run(["plan", "--json"], { cwd, env: accessTo(live) });
    expect(plan.code).toBe(3);
    expect(targetOf(plan).summary).toMatchObject({ create: 1, update: 2 });
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live) })).code).toBe(3);
    expect(live.writes()).toEqual([]);
  });

  it("refuses to turn off a push of a protected connection without --allow-dangerous", async () => {
    const live = await service([
      row({
        id: "conn_s",
        provider_type: "stripe",
        name: "S",
        sync_config: { invoice: { inbound: false, outbound: true } },
      }),
    ]);
    const cwd = folderWith({
      "connections/s.yaml":
        "name: S\nprovider_type: stripe\nprotect: true\nsync_config: { invoice: { outbound: false } }\n",
    });
    const refused = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("invoices will no longer be pushed to Stripe");
    expect(live.writes()).toEqual([]);
    expect((await run(["apply", "--yes", "--allow-dangerous"], { cwd, env: accessTo(live) })).code).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });
});

describe("the environment", () => {
  it("stops before any write when the rows are of another one, and names both", async () => {
    const live = await service([row({ id: "conn_r", provider_type: "razorpay", environment_id: "env_prod" })]);
    for (const command of [["plan"], ["apply", "--yes"]]) {
      const ended = await run(command, {
        cwd: folderWith(three),
        env: accessTo(live, { FLEXPRICE_ENVIRONMENT_ID: "env_staging" }),
      });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("env_staging");
      expect(ended.stderr).toContain("env_prod");
    }
    expect(live.writes()).toEqual([]);
  });

  it("is sent as a wish, and said to be unconfirmed when no row shows it", async () => {
    const live = await service([]);
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const ended = await run(["plan"], { cwd, env: accessTo(live) });
    expect(live.received[0]?.headers["x-environment-id"]).toBe(ENVIRONMENT);
    expect(ended.stderr).toContain("warning[FETCH.ENVIRONMENT_UNCONFIRMED]");
    expect(ended.stdout).toContain("(expected; no connection confirms it)");
  });

  it("is proven by the first POST alone, and a wrong one gets no second", async () => {
    const definitions = Array.from(
      { length: 5 },
      (_, index) =>
        `name: export ${index}\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }\n`,
    );
    const cwd = folderWith({ "connections/all.yaml": definitions.join("---\n") });
    const wrong = await service([], ({ method, body }, response) => {
      if (method !== "POST") return false;
      return send(
        response,
        201,
        row({ id: "conn_1", provider_type: "s3", name: body.name, environment_id: "env_prod" }),
      );
    });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(wrong, { K: "k" }) });
    expect(ended.code).toBe(4);
    expect(wrong.writes()).toHaveLength(1);
    expect(ended.stderr).toContain(
      `${ENVIRONMENT} is expected, but the first write went to env_prod, to conn_1; nothing more was written`,
    );
    expect(lastLine(ended.stdout)).toContain(
      "0 created, 0 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 4 not started, 1 not converged",
    );

    const right = await service([], async ({ method }) => {
      if (method === "POST") await new Promise((resolve) => setTimeout(resolve, 20));
      return false;
    });
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(right, { K: "k" }) })).code).toBe(0);
    expect(right.writes()).toHaveLength(5);
  });

  it.each([
    ["FLEXPRICE_ENVIRONMENT_ID", {}, ["plan"]],
    ["--environment-id", {}, ["plan", "--environment-id", ""]],
  ])("is an error when %s is set but empty", async (source, _env, args) => {
    const live = await service(rows);
    const ended = await run(args, { cwd: folderWith(three), env: accessTo(live, { FLEXPRICE_ENVIRONMENT_ID: "" }) });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`${source} is set but empty`);
    expect(live.received).toEqual([]);
  });
});

describe("what goes wrong on the way", () => {
  it("is a wrong key: 1, with the service's message", async () => {
    const live = await service(rows);
    const ended = await run(["plan", "--json"], {
      cwd: folderWith(three),
      env: accessTo(live, { FLEXPRICE_API_KEY: "sk_other" }),
    });
    expect(ended.code).toBe(1);
    expect(documentOf(ended).problems).toMatchObject([{ code: "SERVICE.UNAUTHORIZED", severity: "error" }]);
    expect(documentOf(ended).problems[0]?.message).toContain(
      `GET ${live.baseUrl}/connections answered 401 (application/json; charset=utf-8): Unauthorized`,
    );
  });

  it("is a missing key or address: 3, both at once, with the problems of the files", async () => {
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: nope\n" });
    const ended = await run(["plan", "--json"], { cwd });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual([
      "VALIDATE.UNKNOWN_PROVIDER",
      "SETTINGS.NO_API_KEY",
      "SETTINGS.NO_BASE_URL",
    ]);
  });

  it("is a list that is shorter than the service's own count: 1, never a plan", async () => {
    const live = await service(rows, (_received, response) =>
      send(response, 200, { connections: rows.slice(0, 2), total: 3, limit: 50, offset: 0 }),
    );
    const ended = await run(["plan"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[FETCH.INCOMPLETE_LIST]");
    expect(ended.stdout).toBe("");
  });

  it("is a service that cannot be reached: 1, after a bounded number of tries", async () => {
    const ended = await run(["plan", "-v"], {
      cwd: folderWith(three),
      env: { FLEXPRICE_API_KEY: "k", FLEXPRICE_BASE_URL: "http://127.0.0.1:9/v1" },
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[SERVICE.UNREACHABLE]");
    expect(ended.stderr.match(/GET .* failed in/g)).toHaveLength(4);
  });

  it("is a service that does not answer: 1 within the time allowed for each try", async () => {
    const live = await service(rows, () => new Promise(() => {}));
    const ended = await run(["plan", "--timeout", "0.2"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[SERVICE.TIMEOUT]");
    expect(ended.stderr).toContain("no answer began within 0.2 s");
  });

  it("is a redirect: 1, and the other host gets nothing", async () => {
    const other = await service(rows);
    for (const status of [301, 302, 307, 308]) {
      const live = await service(rows, (_received, response) =>
        send(response, status, "", { location: `${other.baseUrl}/connections` }),
      );
      const ended = await run(["plan"], { cwd: folderWith(three), env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("error[SERVICE.REDIRECTED]");
      expect(ended.stderr).toContain(new URL(other.baseUrl).host);
      expect(live.received).toHaveLength(1);
    }
    expect(other.received).toEqual([]);
  });

  it("is repeated when a gateway says so, for GET and PUT, and then it is well", async () => {
    const refused = new Set<string>();
    const live = await service(rows, ({ method, path }, response) => {
      if (refused.has(`${method} ${path}`)) return false;
      refused.add(`${method} ${path}`);
      const status = [429, 502, 503, 504][refused.size % 4] ?? 503;
      return send(response, status, "busy", { "content-type": "text/plain" });
    });
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(three), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).changes.every(({ outcome }) => outcome?.status === "updated")).toBe(true);
  });

  it("is a POST that a gateway refuses: sent once, failed", async () => {
    const live = await service([], ({ method }, response) => (method === "POST" ? send(response, 503, {}) : false));
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(live.writes()).toHaveLength(1);
  });

  it("is a write whose answer is lost: read back, and only what the row shows counts as done", async () => {
    for (const isWritten of [true, false]) {
      const live = await service(rows.slice(2));
      live.intercept = ({ method, body }, response) => {
        if (method !== "PUT") return false;
        const [before] = live.rows;
        if (isWritten && before !== undefined) live.rows[0] = { ...before, ...body };
        response.socket?.destroy();
        return true;
      };
      const ended = await run(["apply", "--yes", "--json", "--only", "Razorpay"], {
        cwd: folderWith(three),
        env: accessTo(live),
      });
      expect(ended.code).toBe(isWritten ? 0 : 4);
      expect(targetOf(ended).changes[0]?.outcome?.status).toBe(isWritten ? "updated" : "unknown");
    }
  });

  it("is a create whose answer is lost: unknown, and never sent twice", async () => {
    const live = await service([], ({ method }, response) => {
      if (method !== "POST") return false;
      response.socket?.destroy();
      return true;
    });
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(4);
    expect(targetOf(ended).changes[0]?.outcome?.status).toBe("unknown");
    expect(live.writes()).toHaveLength(1);
  });
});
