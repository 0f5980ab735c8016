import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, lastLine, run, targetOf } from "../support/program.js";
import { API_KEY, accessTo, ENVIRONMENT, type Intercept, type Row, row, send, service } from "../support/service.js";

// Faults of other tools with where a run leads and what comes back, as the right result here. test/README.md says where
// they come from.

const commands: readonly (readonly string[])[] = [["plan"], ["apply", "--yes"]];

const relay = { "connections/f.yaml": "name: relay\nprovider_type: flexprice\nmetadata: { team: platform }\n" };
const relayRow = row({ id: "conn_f", provider_type: "flexprice", name: "relay", metadata: { team: "old" } });

function exportRows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, index) =>
    row({ id: `conn_${String(index).padStart(3, "0")}`, provider_type: "s3", name: `export ${index}` }),
  );
}

/** Claims the last of these rows, so that a list that ends too early would make it a new connection. */
function fileOfLast(rows: readonly Row[]): Readonly<Record<string, string>> {
  return { "connections/last.yaml": `name: ${rows.at(-1)?.name}\nprovider_type: s3\nmetadata: { at: last }\n` };
}

describe("a list", () => {
  it("that ignores paging is taken once and whole", async () => {
    const rows = exportRows(60);
    const live = await service(rows);
    const ended = await run(["plan", "--json"], { cwd: folderWith(fileOfLast(rows)), env: accessTo(live) });
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual([]);
    const { changes, summary, unclaimed } = targetOf(ended);
    expect(changes).toMatchObject([{ action: "update", id: "conn_059" }]);
    expect(summary).toMatchObject({ create: 0, update: 1, unclaimed: 59 });
    expect(new Set(unclaimed.map(({ id }) => id)).size).toBe(59);
    expect(live.received.length).toBeLessThanOrEqual(2);
  });

  it("that is null is an empty one", async () => {
    const live = await service([], ({ method }, response) =>
      method === "GET" ? send(response, 200, { connections: null, total: 0, limit: 50, offset: 0 }) : false,
    );
    const cwd = folderWith(relay);
    const ended = await run(["plan", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).summary).toMatchObject({ create: 1, unclaimed: 0 });
    expect(live.received).toHaveLength(1);
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live) })).code).toBe(0);
    expect(live.writes().map(({ method }) => method)).toEqual(["POST"]);
  });

  it("that pages is followed to its last page, whatever number of rows is asked for", async () => {
    const rows = exportRows(120);
    const live = await service(rows, ({ method, path }, response) => {
      if (method !== "GET") return false;
      const offset = Number(new URL(path, "http://service").searchParams.get("offset") ?? "0");
      return send(response, 200, { connections: rows.slice(offset, offset + 50), total: 120, limit: 50, offset });
    });
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(fileOfLast(rows)), env: accessTo(live) });
    const { changes, unclaimed } = targetOf(ended);
    expect(changes).toMatchObject([{ action: "update", id: "conn_119", outcome: { status: "updated" } }]);
    expect(new Set([...unclaimed, ...changes].map(({ id }) => id)).size).toBe(120);
    const lists = live.received.filter(({ method }) => method === "GET");
    expect([3, 4]).toContain(lists.length);
    expect(live.writes()).toHaveLength(1);
  });
});

describe("the environment that a key leads to", () => {
  const production = (count: number) => exportRows(count).map((one) => ({ ...one, environment_id: "env_prod" }));

  it.each(commands)(
    "is never another one than expected: %s stops before any write and names both",
    async (...command) => {
      const rows = production(3);
      const live = await service(rows);
      const env = accessTo(live, { FLEXPRICE_ENVIRONMENT_ID: "env_staging" });
      const cwd = folderWith(fileOfLast(rows));
      const ended = await run([...command, "--json"], { cwd, env });
      expect(ended.code).toBe(1);
      const { problems } = documentOf(ended);
      expect(problems).toMatchObject([{ code: "FETCH.WRONG_ENVIRONMENT", severity: "error" }]);
      expect(problems[0]?.message).toMatch(/env_staging is expected\b.*\bare of env_prod\./);
      expect((await run(command, { cwd, env })).stdout).toBe("");
      expect(live.received.map(({ method, headers }) => `${method} ${headers["x-environment-id"]}`)).toEqual([
        "GET env_staging",
        "GET env_staging",
      ]);
    },
  );

  it("is not said to be right when there is no row to tell", async () => {
    const live = await service([]);
    const env = accessTo(live, { FLEXPRICE_ENVIRONMENT_ID: "env_staging" });
    const ended = await run(["plan"], { cwd: folderWith(relay), env });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("\nEnvironment: env_staging (expected; no connection confirms it)\n");
    expect(ended.stderr).toMatch(
      /^warning\[FETCH\.ENVIRONMENT_UNCONFIRMED\] .*nothing tells whether this key belongs to env_staging\./,
    );
  });

  const told = `Environment: ${ENVIRONMENT}`;
  const unknown = "Environment: not known; no connection tells";
  it.each<[string, readonly string[], readonly Row[], string]>([
    ["with changes", ["plan"], [relayRow], told],
    ["without changes", ["plan"], [{ ...relayRow, metadata: { team: "platform" } }], told],
    ["that is carried out", ["apply", "--yes"], [relayRow], told],
    ["that nobody consents to", ["apply"], [relayRow], told],
    ["of an unnamed environment", ["plan"], [relayRow], told],
    ["of an unnamed environment without rows", ["plan"], [], unknown],
  ])("stands with the base URL on top of every plan: one %s", async (what, command, rows, environment) => {
    const live = await service(rows);
    const { FLEXPRICE_ENVIRONMENT_ID: _named, ...unnamed } = accessTo(live);
    const env = what.includes("unnamed") ? unnamed : accessTo(live);
    const ended = await run(command, { cwd: folderWith(relay), env });
    expect(ended.stdout.split("\n").slice(0, 3)).toEqual([`Target: ${live.baseUrl}`, environment, ""]);
    expect(ended.stdout).toContain("\nPlan: ");
  });
});

describe("a base URL", () => {
  const PREFIX = "/proxy/flexprice/v1";
  const behindProxy: Intercept = ({ method, path, body }, response) => {
    if (method === "GET" && path === `${PREFIX}/connections`)
      return send(response, 200, { connections: [relayRow], total: 1, limit: 50, offset: 0 });
    if (method === "PUT" && path === `${PREFIX}/connections/conn_f`)
      return send(response, 200, { ...relayRow, ...body });
    return send(response, 404, "404 page not found", { "content-type": "text/plain" });
  };

  it.each([
    ["as a variable", "", false],
    ["as a variable", "/", false],
    ["as a variable", "///", false],
    ["as an option", "//", true],
  ])("with a path of its own leads exactly there, given %s with %j at its end", async (_how, end, isOption) => {
    const live = await service([], behindProxy);
    const address = live.baseUrl.replace("/v1", PREFIX);
    const option = isOption ? ["--base-url", `${address}${end}`] : [];
    const env = accessTo(live, { FLEXPRICE_BASE_URL: isOption ? "https://flexprice.example/v1" : `${address}${end}` });
    const ended = await run(["apply", "--yes", ...option], { cwd: folderWith(relay), env });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout.split("\n")[0]).toBe(`Target: ${address}`);
    expect(live.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${PREFIX}/connections`,
      `PUT ${PREFIX}/connections/conn_f`,
    ]);
  });

  it.each([
    ["in plain http to another machine", "http://flexprice.example/v1", "SETTINGS.INSECURE_BASE_URL"],
    ["with the last part added already", "https://flexprice.example/v1/connections", "SETTINGS.BAD_BASE_URL"],
    ["without a scheme", "flexprice.example/v1", "SETTINGS.BAD_BASE_URL"],
  ])("is refused before any request: %s", async (_what, address, code) => {
    const env = { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: address };
    const ended = await run(["apply", "--yes"], { cwd: folderWith(relay), env });
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^error\\[${code.replace(".", "\\.")}\\] [^\\n]*\\nhint: [^\\n]*\\n$`));
  });
});

describe("a redirect to another host", () => {
  const statuses = [301, 302, 307, 308];
  const two = { ...relay, "connections/h.yaml": "name: HubSpot\nprovider_type: hubspot\nmetadata: { team: sales }\n" };
  const rows = [relayRow, row({ id: "conn_h", provider_type: "hubspot", name: "HubSpot", metadata: { team: "old" } })];

  /** Another host that would answer like the right one. */
  async function elsewhere() {
    const other = await service(rows);
    const baseUrl = other.baseUrl.replace("127.0.0.1", "localhost");
    return { other, baseUrl, host: new URL(baseUrl).host };
  }

  it.each(statuses)("is not followed when the list answers it: %i", async (status) => {
    const { other, baseUrl, host } = await elsewhere();
    const live = await service(rows, (_received, response) =>
      send(response, status, "", { location: `${baseUrl}/connections` }),
    );
    const ended = await run(["apply", "--yes"], { cwd: folderWith(two), env: accessTo(live) });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`error[SERVICE.REDIRECTED]`);
    expect(ended.stderr).toContain(`GET ${live.baseUrl}/connections answered ${status} `);
    expect(ended.stderr).toContain(` and leads to ${host};`);
    expect(live.received).toHaveLength(1);
    expect(other.received).toEqual([]);
  });

  it("is not followed when writes answer it, for it would get their secrets", async () => {
    const { other, baseUrl, host } = await elsewhere();
    const live = await service(exportRows(4), ({ method, body }, response) => {
      if (method === "GET") return false;
      return send(response, statuses[body.metadata.at] ?? 0, "", { location: `${baseUrl}/connections` });
    });
    const definition = (name: string, index: number) =>
      `name: ${name} ${index}\nprovider_type: s3\nmetadata: { at: ${index}, note: "\${K}" }\nencrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }\n`;
    const definitions = [0, 1, 2, 3].flatMap((index) => [definition("export", index), definition("new", index)]);
    const cwd = folderWith({ "connections/all.yaml": definitions.join("---\n") });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live, { K: "canary-1" }) });
    expect(ended.code).toBe(1);
    expect(lastLine(ended.stdout)).toContain("0 created, 0 updated, 0 replaced, 0 archived, 8 failed, 0 unknown");
    for (const [index, status] of statuses.entries()) {
      expect(ended.stderr).toContain(`PUT ${live.baseUrl}/connections/conn_00${index} answered ${status} `);
      expect(ended.stderr).toContain(`POST ${live.baseUrl}/connections answered ${status} `);
    }
    expect(ended.stderr.split(` and leads to ${host};`)).toHaveLength(9);
    expect(live.writes()).toHaveLength(8);
    expect(other.received).toEqual([]);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("leaves the run partly done when something was written before it", async () => {
    const { other, baseUrl, host } = await elsewhere();
    const live = await service(rows, ({ method, path }, response) =>
      method === "PUT" && path.endsWith("conn_h")
        ? send(response, 307, "", { location: `${baseUrl}/connections/conn_h` })
        : false,
    );
    const ended = await run(["apply", "--yes", "--parallelism", "1"], { cwd: folderWith(two), env: accessTo(live) });
    expect(ended.code).toBe(4);
    expect(lastLine(ended.stdout)).toContain("1 updated, 0 replaced, 0 archived, 1 failed");
    expect(ended.stderr).toMatch(/^error\[SERVICE\.REDIRECTED\] connections\/h\.yaml:1:1: .*"HubSpot": PUT /m);
    expect(ended.stderr).toContain("answered 307 ");
    expect(ended.stderr).toContain(` and leads to ${host};`);
    expect(live.writes()).toHaveLength(2);
    expect(other.received).toEqual([]);
  });
});

describe("an answer that is not what was asked for", () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const page = "<!doctype html><title>Sign in</title><p>Please sign in.</p>";
  const denied = { error: "Access denied", message: "Invalid or inaccessible environment" };
  const refused = { code: "validation_error", message: "plan outbound sync is not allowed", http_status_code: 400 };

  const toList =
    (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Intercept =>
    ({ method }, response) =>
      method === "GET" ? send(response, status, body, headers) : false;

  it.each<[string, Intercept, string, RegExp, number]>([
    [
      "a login page",
      toList(200, page, html),
      "SERVICE.NOT_JSON",
      /GET http:\S+\/v1\/connections answered 200 \(text\/html; charset=utf-8\), but not with JSON/,
      1,
    ],
    [
      "a gateway's page",
      toList(502, page, { ...html, "retry-after": "0" }),
      "SERVICE.FAILED",
      /GET http:\S+\/v1\/connections answered 502 \(text\/html; charset=utf-8\) after 4 tries\./,
      4,
    ],
    [
      "a bare list",
      toList(200, []),
      "SERVICE.WRONG_SHAPE",
      /GET http:\S+\/v1\/connections answered 200 \(application\/json; charset=utf-8\), but not in the shape/,
      1,
    ],
    [
      "a denial",
      toList(403, denied),
      "SERVICE.FORBIDDEN",
      /GET http:\S+\/v1\/connections answered 403 \(application\/json; charset=utf-8\): Invalid or inaccessible environment\./,
      1,
    ],
    [
      "a refused write",
      ({ method }, response) => (method === "PUT" ? send(response, 400, refused) : false),
      "SERVICE.REJECTED",
      /"relay": PUT http:\S+\/v1\/connections\/conn_f answered 400 \(application\/json; charset=utf-8\): plan outbound sync is not allowed\./,
      2,
    ],
  ])("is one error that says where, how and what: %s", async (_what, intercept, code, words, requests) => {
    const cwd = folderWith(relay);
    const asked = await Promise.all(
      [["--json"], []].map(async (more) => {
        const live = await service([relayRow], intercept);
        return { live, ended: await run(["apply", "--yes", ...more], { cwd, env: accessTo(live) }) };
      }),
    );
    const [document, told] = asked.map(({ ended }) => ended);
    if (document === undefined || told === undefined) throw new Error("two runs");
    const { problems, targets } = documentOf(document);
    expect(problems).toMatchObject([{ code, severity: "error" }]);
    expect(problems[0]?.message).toMatch(words);
    expect(problems[0]?.message).not.toContain("<");
    expect(problems[0]?.hint).toMatch(/\S/);
    // No answer is ever read as a list without rows: what could not be read has no plan at all.
    const isPlanned = code === "SERVICE.REJECTED";
    expect(targets.map((target) => "changes" in target || "summary" in target)).toEqual([isPlanned]);
    expect(told.stdout === "").toBe(!isPlanned);
    expect(told.stderr.match(/^error\[.*$/gm)).toEqual([expect.stringMatching(words)]);
    for (const { live, ended } of asked) {
      expect(ended.code).toBe(1);
      expect(ended.stderr).not.toMatch(/ {4}at |<html|<title|Unexpected token/);
      expect(live.received).toHaveLength(requests);
      expect(live.rows).toEqual([relayRow]);
      expect(live.writes()).toHaveLength(isPlanned ? 1 : 0);
    }
  });

  it("stops plan in the same way, with nothing on stdout", async () => {
    const answers: readonly (readonly [number, unknown, Readonly<Record<string, string>>, number])[] = [
      [200, page, html, 1],
      [502, page, { ...html, "retry-after": "0" }, 4],
      [200, [], {}, 1],
      [403, denied, {}, 1],
    ];
    await Promise.all(
      answers.map(async ([status, body, headers, requests]) => {
        const live = await service([relayRow], toList(status, body, headers));
        const ended = await run(["plan"], { cwd: folderWith(relay), env: accessTo(live) });
        expect(ended).toMatchObject({ code: 1, stdout: "" });
        expect(ended.stderr.match(/^error\[/gm)).toHaveLength(1);
        expect(live.received).toHaveLength(requests);
      }),
    );
  });
});
