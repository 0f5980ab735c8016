import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { seededRandom } from "../src/sandbox/fault-schedule.js";
import { folderWith, writeInto } from "./support/folder.js";
import {
  documentOf,
  type Ended,
  ended,
  program,
  run,
  start,
  type TargetDocument,
  targetOf,
} from "./support/program.js";
import { accessTo, type Received, row, type Service, service } from "./support/service.js";

/*
 * Runs that somebody ends, by real signals to the built program: the report is whole in every case, and what was begun is told as
 * it is. And runs that are killed without a word: the next one makes up for them.
 */

const SIGNALS = [
  ["SIGINT", 130, "RUN.INTERRUPTED"],
  ["SIGTERM", 143, "RUN.TERMINATED"],
] as const;

const rows = [1, 2, 3, 4].map((at) =>
  row({ id: `conn_${at}`, provider_type: "s3", name: `s3 ${at}`, metadata: { team: "before" } }),
);

const files = { "connections/all.yaml": definitionsFor("after") };

function definitionsFor(team: string): string {
  return rows.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { team: ${team} }\n`).join("---\n");
}

const APPLY = ["apply", "--yes", "--json", "--json-into", "into.json", "--parallelism", "2"];

/** A service that holds requests back, and says when it has them. */
async function holding(which: (received: Received) => boolean, some: typeof rows = rows) {
  const live = await service(some);
  const held: (() => void)[] = [];
  const arrivals: ((received: Received) => void)[] = [];
  let isOpen = false;
  live.intercept = async (received) => {
    if (!which(received)) return false;
    for (const told of arrivals.splice(0)) told(received);
    if (!isOpen) await new Promise<void>((resolve) => held.push(resolve));
    return false;
  };
  return {
    live,
    /** The next request that is held back. */
    arrival: () => new Promise<Received>((resolve) => arrivals.push(resolve)),
    /** Answers what is held back, and whatever comes. */
    open: () => {
      isOpen = true;
      for (const answer of held.splice(0)) answer();
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly cwd: string;
  readonly end: Promise<Ended>;
  /** Resolves when stderr holds these words. */
  readonly says: (words: string) => Promise<void>;
}

function running(
  args: readonly string[],
  live: Service,
  more: Readonly<Record<string, string>> = {},
  of: Readonly<Record<string, string>> = files,
): Running {
  const cwd = folderWith(of);
  const child = start(args, { cwd, env: accessTo(live, { GITHUB_OUTPUT: join(cwd, "outputs"), ...more }) });
  let stderr = "";
  const end = ended(child);
  const says = (words: string) =>
    new Promise<void>((resolve) => {
      child.stderr?.on("data", (chunk: string) => {
        stderr += chunk;
        if (stderr.includes(words)) resolve();
      });
    });
  return { child, cwd, end, says };
}

function statusesOf(target: TargetDocument): readonly (string | undefined)[] {
  return target.changes.map(({ outcome }) => outcome?.status);
}

/** An apply that was told to end while its first writes are held back, and has said that it will. */
async function stoppedInWrite(signal: "SIGINT" | "SIGTERM") {
  const { live, arrival, open } = await holding(({ method }) => method === "PUT");
  const at = arrival();
  const one = running(APPLY, live);
  await at;
  const said = one.says("Nothing more is begun");
  one.child.kill(signal);
  await said;
  return { live, one, open };
}

/** What every interrupted run has in common, whenever it was. */
function expectWhole(over: Ended, { cwd }: Running, code: number, problem: string): void {
  expect(over.code, over.stderr).toBe(code);
  const document = documentOf(over);
  expect(document.problems.filter((one) => one.code === problem)).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(cwd, "into.json"), "utf8"))).toEqual(JSON.parse(over.stdout));
  expect(readFileSync(join(cwd, "outputs"), "utf8")).toMatch(new RegExp(`^exitcode=${code}\\n`, "m"));
  expect(over.stderr).toContain(`error[${problem}]`);
  expect(over.stderr).not.toMatch(/\n {4}at |INTERNAL/);
}

describe.each(SIGNALS)("%s", (signal, code, problem) => {
  it("in the middle of the read ends plan and apply at once, with nothing written", async () => {
    for (const args of [["plan", "--json", "--json-into", "into.json", "--out", "p.json"], APPLY]) {
      const { live, arrival } = await holding(() => true);
      const at = arrival();
      const one = running(args, live);
      await at;
      const startMs = Date.now();
      one.child.kill(signal);
      const over = await one.end;
      expect(Date.now() - startMs).toBeLessThan(4_000);
      expectWhole(over, one, code, problem);
      expect(
        documentOf(over)
          .problems.map(({ message }) => message)
          .join(),
      ).toContain("nothing was written");
      expect(live.writes()).toEqual([]);
      expect(existsSync(join(one.cwd, "p.json"))).toBe(false);
    }
  });

  it("while a limit of the service is waited for ends the run at once", async () => {
    const live = await service(rows, (_r, response) => {
      response.writeHead(429, { "retry-after": "50" });
      response.end();
      return true;
    });
    const one = running(["plan", "--json", "--json-into", "into.json"], live);
    await one.says("trying again in");
    const startMs = Date.now();
    one.child.kill(signal);
    expectWhole(await one.end, one, code, problem);
    expect(Date.now() - startMs).toBeLessThan(4_000);
  });

  it("while there is no connection yet ends the run at once", async () => {
    const cwd = folderWith(files);
    const env = {
      FLEXPRICE_API_KEY: "sk_1",
      // Documentation addresses lead nowhere (RFC 5737): whether or not this machine has a network, nobody answers.
      FLEXPRICE_BASE_URL: "https://192.0.2.1/v1",
      GITHUB_OUTPUT: join(cwd, "outputs"),
    };
    const child = start(["plan", "--json", "--debug"], { cwd, env });
    const end = ended(child);
    await new Promise<void>((resolve) => child.stderr?.on("data", () => resolve()));
    const startMs = Date.now();
    child.kill(signal);
    const over = await end;
    expect(over.code).toBe(code);
    expect(documentOf(over).exit_code).toBe(code);
    expect(Date.now() - startMs).toBeLessThan(4_000);
  });

  it("once in the middle of writes lets those that are under way end, and begins nothing more", async () => {
    const { live, one, open } = await stoppedInWrite(signal);
    open();
    const over = await one.end;
    expectWhole(over, one, code, problem);
    const statuses = statusesOf(targetOf(over));
    expect(statuses.filter((status) => status === "updated").length).toBeGreaterThanOrEqual(1);
    expect(new Set(statuses)).toEqual(new Set(["updated", "not-started"]));
    expect(live.writes()).toHaveLength(statuses.filter((status) => status === "updated").length);
    expect(live.writes().length).toBeLessThanOrEqual(2);
    const words = documentOf(over)
      .problems.map(({ message }) => message)
      .join();
    expect(words).toMatch(/of 4 changes [12] are done, [23] not begun/);
  });

  it("twice breaks off what is under way: nobody knows whether that was done, and the report says so", async () => {
    const { one } = await stoppedInWrite(signal);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const startMs = Date.now();
    one.child.kill(signal);
    const over = await one.end;
    expect(Date.now() - startMs).toBeLessThan(3_000);
    expectWhole(over, one, code, problem);
    const statuses = statusesOf(targetOf(over));
    expect(new Set(statuses)).toEqual(new Set(["unknown", "not-started"]));
    const unknown = documentOf(over).problems.filter((each) => each.code === "APPLY.OUTCOME_UNKNOWN");
    expect(unknown).toHaveLength(statuses.filter((status) => status === "unknown").length);
  });
});

describe("validate", () => {
  it("has nothing that would have to come to its end: a signal ends the process", async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => `name: s3 ${at}\nprovider_type: s3\n`).join("---\n");
    const cwd = folderWith({ "connections/all.yaml": many });
    const child = start(["validate"], { cwd });
    const exit = new Promise<string | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGINT");
    expect(await exit).toBe("SIGINT");
  });
});

describe("an interrupted run", () => {
  it("breaks off by itself what does not end within a few seconds", async () => {
    const { live, arrival } = await holding(({ method }) => method === "PUT");
    const at = arrival();
    const one = running(APPLY, live);
    await at;
    const startMs = Date.now();
    one.child.kill("SIGINT");
    const over = await one.end;
    expect(Date.now() - startMs).toBeLessThan(9_000);
    expectWhole(over, one, 130, "RUN.INTERRUPTED");
    expect(new Set(statusesOf(targetOf(over)))).toEqual(new Set(["unknown", "not-started"]));
  });

  it("takes signals that come together for one: npm passes on what the terminal has sent already", async () => {
    const { live, arrival, open } = await holding(({ method }) => method === "PUT");
    const at = arrival();
    const one = running(APPLY, live);
    await at;
    const said = one.says("Nothing more is begun");
    for (let count = 0; count < 3; count += 1) one.child.kill("SIGINT");
    await said;
    open();
    const over = await one.end;
    expectWhole(over, one, 130, "RUN.INTERRUPTED");
    expect(new Set(statusesOf(targetOf(over)))).toEqual(new Set(["updated", "not-started"]));
  });

  it("has the code of the first signal: a job that is cancelled sends one after the other", async () => {
    const { one } = await stoppedInWrite("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    one.child.kill("SIGTERM");
    expectWhole(await one.end, one, 130, "RUN.INTERRUPTED");
  });

  it("does not repeat a write that was limited, and says that this one was not done", async () => {
    const live = await service(rows, ({ method }, response) => {
      if (method !== "PUT") return false;
      response.writeHead(429, { "retry-after": "50" });
      response.end();
      return true;
    });
    const one = running(APPLY, live);
    await one.says("trying again in");
    one.child.kill("SIGINT");
    const over = await one.end;
    expectWhole(over, one, 130, "RUN.INTERRUPTED");
    expect(new Set(statusesOf(targetOf(over)))).toEqual(new Set(["failed", "not-started"]));
    expect(live.writes().length).toBeLessThanOrEqual(2);
  });

  it("reads back a write whose answer was lost, so that it is not unknown without need", async () => {
    const { live, arrival, open } = await holding(({ method }) => method === "PUT", rows.slice(0, 1));
    const before = live.intercept;
    live.intercept = async (received, response) => {
      const isAnswered = await before(received, response);
      if (received.method !== "PUT") return isAnswered;
      live.rows[0] = { ...rows[0], ...received.body };
      response.socket?.destroy();
      return true;
    };
    const one = running(APPLY, live, {}, { "connections/a.yaml": definitionsFor("after").split("---\n")[0] ?? "" });
    await arrival();
    const said = one.says("Nothing more is begun");
    one.child.kill("SIGINT");
    await said;
    open();
    const over = await one.end;
    expect(over.code).toBe(130);
    expect(statusesOf(targetOf(over))).toEqual(["updated"]);
    expect(live.writes()).toHaveLength(1);
  });

  it("makes the new connection of one that it has archived: half a replace is none", async () => {
    const old = row({ id: "conn_1", provider_type: "stripe", name: "Stripe", metadata: { tier: "a" } });
    const { live, arrival, open } = await holding(({ method }) => method === "DELETE", [old]);
    const definition =
      'name: Stripe\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${K}", webhook_secret: "${K}" }\n';
    const args = [...APPLY, "--replace", "Stripe", "--allow-dangerous"];
    const at = arrival();
    const one = running(args, live, { K: "key-of-the-test" }, { "connections/a.yaml": definition });
    await at;
    const said = one.says("Nothing more is begun");
    one.child.kill("SIGINT");
    await said;
    open();
    const over = await one.end;
    expectWhole(over, one, 130, "RUN.INTERRUPTED");
    expect(statusesOf(targetOf(over))).toEqual(["replaced"]);
    expect(live.writes().map(({ method }) => method)).toEqual(["DELETE", "POST"]);
    expect(readdirSync(one.cwd).filter((name) => name.startsWith("flexprice-sync-recovery"))).toEqual([]);
  });

  it("of pull, doctor and init reads no more and writes no file", async () => {
    for (const command of ["pull", "doctor", "init --pull"]) {
      const { live, arrival } = await holding(() => true);
      const at = arrival();
      const one = running([...command.split(" "), "--json"], live, {}, {});
      await at;
      one.child.kill("SIGINT");
      const over = await one.end;
      expect(over.code, command).toBe(130);
      expect(documentOf(over).problems.map(({ code }) => code)).toContain("RUN.INTERRUPTED");
      expect(readdirSync(one.cwd)).toEqual([]);
    }
  });
});

/** Starts a run that is killed without a word: by a moment, or at a request, before or after it was done. */
async function killed(
  args: readonly string[],
  cwd: string,
  live: Service,
  env: Record<string, string>,
  draw: () => number,
) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: "ignore",
  });
  const end = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const kill = () => child.kill("SIGKILL");
  if (draw() < 0.4) {
    const timer = setTimeout(kill, draw() * 700);
    await end;
    clearTimeout(timer);
    return;
  }
  let left = Math.floor(draw() * 9);
  const isBefore = draw() < 0.5;
  live.intercept = async (_received, response) => {
    left -= 1;
    if (left >= 0) return false;
    if (isBefore) {
      kill();
      await end;
      response.destroy();
      return true;
    }
    response.once("finish", kill);
    return false;
  };
  await end;
  live.intercept = () => false;
}

function expectWholeFiles(cwd: string): void {
  for (const name of readdirSync(cwd).filter((file) => file.endsWith(".json") && !file.startsWith(".")))
    expect(() => JSON.parse(readFileSync(join(cwd, name), "utf8")), name).not.toThrow();
}

describe("a run that is killed", () => {
  const KEYS = '{ aws_access_key_id: "${K}", aws_secret_access_key: "${K}" }';
  const fleet = (round: number) => ({
    "connections/all.yaml": [
      ...[1, 2, 3].map(
        (at) => `name: kept ${at}\nprovider_type: s3\nmetadata: { round: ${round} }\nencrypted_secret_data: ${KEYS}\n`,
      ),
      `name: new ${round}\nprovider_type: s3\nencrypted_secret_data: ${KEYS}\n`,
      `name: Q\nprovider_type: quickbooks\nmetadata: { round: ${round} }\nencrypted_secret_data: { client_id: "\${K}", client_secret: "\${K}", realm_id: "1", environment: sandbox, refresh_token: "\${K}", webhook_verifier_token: "\${K}" }\n`,
    ].join("---\n"),
  });

  async function killedOften(seed: number): Promise<void> {
    const draw = seededRandom(seed);
    const live = await service([]);
    const cwd = folderWith();
    const env = accessTo(live, { K: "key-of-the-test" });
    for (let round = 1; round <= 20; round += 1) {
      writeInto(cwd, fleet(round));
      await killed(["apply", "--yes", "--json-into", "into.json"], cwd, live, env, draw);
      expectWholeFiles(cwd);
      const next = await run(["apply", "--yes"], { cwd, env });
      expect(next.code, next.stderr).toBe(0);
      const names = live.rows.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(["kept 1", "kept 2", "kept 3", `new ${round}`, "Q"]));
      for (const { name, metadata } of live.rows) if (/^kept|^Q/.test(name)) expect(metadata).toMatchObject({ round });
    }
    const after = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect(after.code, after.stdout).toBe(0);
  }

  it("at any point, eighty times over: the next one converges, nothing is there twice, no file is half written", async () => {
    await Promise.all([1, 2, 3, 4].map(killedOften));
  }, 180_000);

  it("leaves a saved plan whole, or none", async () => {
    const draw = seededRandom(21);
    const live = await service([]);
    const cwd = folderWith(fleet(1));
    const env = accessTo(live, { K: "key-of-the-test" });
    for (let round = 1; round <= 12; round += 1) {
      await killed(["plan", "--out", "p.json", "--json-into", "into.json"], cwd, live, env, draw);
      expectWholeFiles(cwd);
    }
    expect(live.writes()).toEqual([]);
  }, 60_000);

  async function killedInReplace(seed: number): Promise<void> {
    const draw = seededRandom(seed);
    const definition =
      'name: Stripe\nprovider_type: stripe\nmetadata: { tier: a }\nencrypted_secret_data: { secret_key: "${K}", webhook_secret: "${K}" }\n';
    const cwd = folderWith({ "connections/a.yaml": definition });
    const live = await service([]);
    const env = accessTo(live, { K: "key-of-the-test" });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    for (let round = 1; round <= 10; round += 1) {
      live.rows[0] = {
        ...(live.rows[0] as (typeof live.rows)[0]),
        sync_config: { invoice: { inbound: false, outbound: true } },
      };
      await killed(["apply", "--yes", "--replace", "Stripe", "--allow-dangerous"], cwd, live, env, draw);
      const left = readdirSync(cwd).filter((name) => name.startsWith("flexprice-sync-recovery"));
      expectWholeFiles(cwd);
      expect(live.rows.length + left.length).toBeGreaterThanOrEqual(1);
      if (live.rows.length === 0) {
        const next = await run(["apply", "--yes", "--recover", left[0] ?? "", "--only", "Stripe"], { cwd, env });
        expect(next.code, next.stderr).toBe(0);
      }
      expect(live.rows).toHaveLength(1);
      expect(live.rows[0]).toMatchObject({ sync_config: { invoice: { outbound: true } } });
    }
  }

  it("in the middle of a replace, twenty times over, leaves one connection or the file that makes it", async () => {
    await Promise.all([11, 12].map(killedInReplace));
  }, 120_000);
});
