import { type ChildProcess, execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SeedFile } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";
import { service } from "../support/service.js";

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
    const live = await service([]);
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

  it.each([[[]], [["--base-url", "x", "--key", "k"]], [["--base-url", "http://x/v1"]], [["--nope"]]])(
    "says how it is used, with 64, for %j",
    async (args) => {
      const { code, stderr } = await contract(args);
      expect(code).toBe(64);
      expect(stderr).toContain("npm run contract -- --base-url URL --key KEY");
    },
  );

  it("archives what it has created when it is stopped", async () => {
    const { baseUrl, store } = await sandbox();
    const stopped = await contract(["--base-url", baseUrl, "--key", KEY], (child) => {
      child.stdout?.on("data", (text: string) => {
        if (text.includes("the connection")) child.kill("SIGINT");
      });
    });
    expect(stopped.stdout).toContain("stopped before the end");
    expect(stopped.code).toBe(1);
    expect(store.live()).toEqual([]);
  });
});
