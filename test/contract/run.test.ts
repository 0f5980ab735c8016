import { type ChildProcess, execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SeedFile } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";
import { folderWith } from "../support/folder.js";
import { row, send, service } from "../support/service.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const KEY = "sk_contract_canary";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run contract`, as somebody types it. */
async function contract(
  args: readonly string[],
  whileRunning: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const running = promisify(execFile)(process.execPath, ["test/contract/run.mjs", ...args], { cwd: root });
  whileRunning(running.child);
  try {
    return { code: 0, ...(await running) };
  } catch (cause) {
    return cause as Ended;
  }
}

async function sandbox(seed: SeedFile = {}): Promise<Sandbox> {
  const started = await startSandbox({ catalogue, port: 0, apiKey: KEY, environmentId: "env_contract", seed });
  onTestFinished(started.close);
  return started;
}

describe("the contract suite", () => {
  it("holds on the sandbox, and leaves nothing there", async () => {
    const { baseUrl, store } = await sandbox();
    const { code, stdout } = await contract(["--base-url", `${baseUrl}/`, "--key", KEY]);
    expect(stdout).toMatch(/\nContract: \d{3} hold, 0 differ, 0 not tried\.\n$/);
    expect(code).toBe(0);
    expect(store.live()).toEqual([]);
    expect(stdout).not.toContain("canary");
  });

  it("does not touch what it did not create, and says which rules that leaves out", async () => {
    const seeded = ["stripe", "whop", "s3"].map((provider) => ({
      id: `conn_${provider}`,
      name: "x",
      provider_type: provider,
    }));
    const { baseUrl, store } = await sandbox({ connections: seeded });
    const before = JSON.stringify(store.all());
    const { code, stdout } = await contract(["--base-url", baseUrl, "--key", KEY]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/not tried {3}whop needs a key.*: the environment has a whop connection already: "x"/);
    expect(stdout).toMatch(/not tried {3}recorded: .*: the environment has 3 connections of its own/);
    expect(JSON.stringify(store.live())).toBe(before);
  });

  it("lists what answered differently, with the request, and ends with 1", async () => {
    const live = await service([], ({ method }, response) =>
      method === "DELETE" ? send(response, 404, "404 page not found", { "content-type": "text/plain" }) : false,
    );
    const { code, stdout } = await contract(["--base-url", live.baseUrl, "--key", "sk_01K0TESTKEY", "--only", "404"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /DIFFERENT {3}a delete is 204 .*\n +DELETE \/connections\/conn_new1 → 404 404 page not found\n/,
    );
    expect(stdout).toMatch(/Contract: \d+ hold, [1-9]\d* differ, \d+ not tried\.\n$/);
  });

  it("ends at once with a service that cannot be asked, or a key that is refused", async () => {
    const { baseUrl } = await sandbox();
    const refused = await contract(["--base-url", baseUrl, "--key", "sk_wrong_canary"]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('answered 401 {"error":"Unauthorized"}'),
    });
    expect(refused.stdout + refused.stderr).not.toContain("canary");
    const nobody = await contract(["--base-url", "http://127.0.0.1:9/v1", "--key", "k"]);
    expect(nobody).toMatchObject({ code: 1, stdout: expect.stringContaining("cannot be tried") });
  });

  it("does not try what is no connections API, a key that may not write, or an environment of production", async () => {
    const page = await service([], (_received, response) =>
      send(response, 200, "<html>", { "content-type": "text/html" }),
    );
    const html = await contract(["--base-url", page.baseUrl, "--key", KEY]);
    expect(html.code).toBe(1);
    expect(html.stdout).toMatch(/^http\S+ cannot be tried: GET \/connections does not answer with connections\n$/);
    const own = { key: KEY, environment_id: "env_contract" };
    const reader = await sandbox({ keys: [{ ...own, role: "all_reader" }] });
    const refused = await contract(["--base-url", reader.baseUrl, "--key", KEY]);
    expect(refused.stdout).toContain('cannot be tried: this key may not write: {"message":"insufficient permissions"}');
    const live = await sandbox({ environments: [{ id: "env_contract", name: "Live", type: "production" }] });
    const production = await contract(["--base-url", live.baseUrl, "--key", KEY]);
    expect(production.stdout).toContain(
      "cannot be tried: nothing shows which environment this key leads to, and there is one of production",
    );
    const meant = ["--base-url", live.baseUrl, "--key", KEY, "--production", "--only", "redirected"];
    expect(await contract(meant)).toMatchObject({ code: 0, stdout: expect.stringContaining("1 hold, 0 differ") });
  });

  it("asks the rows which environment a key leads to, not the option, which a bound key ignores", async () => {
    const environments = [{ id: "env_contract", name: "Live", type: "production" }] as const;
    const both = [...environments, { id: "env_dev", name: "Dev", type: "development" }] as const;
    const connections = [{ id: "conn_1", name: "x", provider_type: "stripe" }];
    const live = await sandbox({ connections, environments: both });
    const args = ["--base-url", live.baseUrl, "--key", KEY, "--only", "redirected"];
    expect((await contract(args)).stdout).toContain("cannot be tried: env_contract is an environment of production");
    const other = await contract([...args, "--environment-id", "env_dev"]);
    expect(other.stdout).toContain("cannot be tried: this key leads to env_contract, not to env_dev");
    const empty = await sandbox({ environments: both });
    const unknown = await contract(["--base-url", empty.baseUrl, "--key", KEY, "--environment-id", "env_dev"]);
    expect(unknown.stdout).toContain("cannot be tried: nothing shows which environment");
    for (const { store } of [live, empty]) expect(store.all().length).toBeLessThan(2);
    // A key that is not bound goes where the option says.
    const free = await sandbox({
      environments: both,
      keys: [{ key: "sk_free", role: "super_admin" }],
      connections: [{ id: "conn_2", name: "x", provider_type: "stripe", environment_id: "env_dev" }],
    });
    const there = [
      "--base-url",
      free.baseUrl,
      "--key",
      "sk_free",
      "--environment-id",
      "env_dev",
      "--only",
      "redirected",
    ];
    expect(await contract(there)).toMatchObject({ code: 0, stdout: expect.stringContaining("1 hold") });
  });

  it("leaves a row alone that somebody else creates meanwhile, and names it", async () => {
    const { baseUrl, store } = await sandbox();
    const headers = { "x-api-key": KEY };
    const theirs = JSON.stringify({ name: "contract suite notes, by Ann", provider_type: "s3" });
    let posted: Promise<unknown> | undefined;
    const ended = await contract(["--base-url", baseUrl, "--key", KEY, "--only", "a"], (child) => {
      child.stdout?.once("data", () => {
        posted = fetch(`${baseUrl}/connections`, { method: "POST", headers, body: theirs });
      });
    });
    await posted;
    expect(store.live().map(({ name }) => name)).toEqual(["contract suite notes, by Ann"]);
    const id = store.live()[0]?.id;
    expect(ended.stdout).toContain(`appeared meanwhile, by somebody else or by an answer that was lost: ${id}`);
  });

  it("compares status, answer and what is stored of recorded requests", async () => {
    const { baseUrl } = await sandbox();
    const answer = {
      ...{ id: "<A>", name: "n", provider_type: "s3", environment_id: "<environment>", tenant_id: "<tenant>" },
      ...{ status: "published", sync_config: {}, created_at: "<time>", updated_at: "<time>" },
      ...{ created_by: "<actor>", updated_by: "<actor>" },
    };
    const body = { name: "n", provider_type: "s3", sync_config: {} };
    const stored = { secrets: {}, metadata: null, sync_config: {} };
    const step = { method: "POST", path: "/connections", body, save: "A", status: 201, response: answer, stored };
    const holds = async (changed: object) => {
      const scenarios = [{ name: "one", steps: [{ ...step, ...changed }] }];
      const file = join(folderWith({ "e 1#.json": JSON.stringify({ scenarios }) }), "e 1#.json");
      return (await contract(["--base-url", baseUrl, "--key", KEY, "--exchanges", file])).code;
    };
    expect(await holds({})).toBe(0);
    expect(await holds({ status: 200 })).toBe(1);
    expect(await holds({ response: { ...answer, name: "m" } })).toBe(1);
    expect(await holds({ stored: { ...stored, metadata: {} } })).toBe(1);
    expect(await holds({ stored: { ...stored, secrets: { aws_access_key_id: "" } } })).toBe(1);
  });

  it("archives what was created by requests whose answers were lost, and stops when nothing answers", async () => {
    let creates = 0;
    const live = await service([], ({ method, path, body }, response) => {
      if (method === "DELETE") return send(response, 404, "404 page not found");
      if (method !== "POST" || path !== "/v1/connections") return false;
      creates += 1;
      live.rows.push(row({ id: `conn_lost${creates}`, provider_type: "s3", name: String(body?.name) }));
      response.socket?.destroy();
      return true;
    });
    const ended = await contract(["--base-url", live.baseUrl, "--key", "sk_01K0TESTKEY"]);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/NO ANSWER {3}.*\n +POST \/connections → nothing\n/);
    expect(ended.stdout).toContain("the service has stopped answering");
    const asked = live.received.filter(({ method }) => method === "DELETE").map(({ path }) => path);
    for (let number = 1; number <= creates; number += 1) expect(asked).toContain(`/v1/connections/conn_lost${number}`);
    // This service takes no DELETE, so they are still there.
    expect(ended.stdout).toContain("still there, to be archived by hand: conn_lost1");
  });

  it("never shows the key, also where the service repeats it", async () => {
    const echo = await service([], ({ headers, method }, response) =>
      method === "GET" ? send(response, 200, { connections: null, total: 0 }) : send(response, 500, { headers }),
    );
    const { stdout, stderr } = await contract(["--base-url", echo.baseUrl, "--key", KEY, "--only", "lists and"]);
    expect(stdout + stderr).not.toContain("canary");
    const shown = await contract(["--base-url", echo.baseUrl, "--key", KEY, "--only", "no answer holds a secret"]);
    expect(shown.stdout).toContain("(secret)");
    expect(shown.stdout + shown.stderr).not.toContain("canary");
    const long = await service([], ({ method, headers }, response) =>
      method === "GET"
        ? send(response, 200, { connections: null, total: 0 })
        : send(response, 500, { p: "x".repeat(270), k: headers["x-api-key"] }),
    );
    const across = await contract(["--base-url", long.baseUrl, "--key", KEY, "--only", "no answer holds a secret"]);
    expect(across.stdout).toContain("xxx");
    expect(across.stdout).not.toContain("sk_contract");
    const broken = await contract(["--base-url", echo.baseUrl, "--key", "sk_canary\nx"]);
    expect(broken.code).toBe(64);
    expect(broken.stdout + broken.stderr).not.toContain("canary");
  });

  it.each([[["--only", "no such rule"]]])("refuses to try nothing: %j", async (args) => {
    const { baseUrl } = await sandbox();
    const ended = await contract(["--base-url", baseUrl, "--key", KEY, ...args]);
    expect(ended).toMatchObject({ code: 64, stdout: 'no rule has "no such rule" in its name\n' });
  });

  it.each([
    [[]],
    [["--base-url", "localhost:1/v1", "--key", "k"]],
    [["--base-url", "http://x/v1", "--key", "k", "--exchanges", "nowhere"]],
    [["--base-url", "x", "--key", "k"]],
    [["--base-url", "http://x/v1"]],
    [["--nope"]],
  ])("says how it is used, with 64, for %j", async (args) => {
    const { code, stderr } = await contract(args);
    expect(code).toBe(64);
    expect(stderr).toContain("npm run contract -- --base-url URL --key KEY");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("archives what it has created when it is stopped by %s", async (signal) => {
    const { baseUrl, store } = await sandbox();
    const stopped = await contract(["--base-url", baseUrl, "--key", KEY], (child) => {
      child.stdout?.on("data", (text: string) => {
        if (text.includes("the connection")) child.kill(signal);
      });
    });
    expect(stopped.stdout).toContain("stopped before the end");
    expect(stopped.stderr).toContain("archiving what was created; once more ends at once");
    expect(stopped.code).toBe(130);
    expect(store.live()).toEqual([]);
  });
});
