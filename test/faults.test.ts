import { describe, expect, it } from "vitest";
import type { SeedConnection } from "../src/sandbox/seed.js";
import { folderWith } from "./support/folder.js";
import { documentOf, run, targetOf } from "./support/program.js";
import { type SandboxForTest, sandbox } from "./support/sandbox.js";

/*
 * One fault at a time, of every kind that the sandbox has and at every request of an apply: nothing is created twice, what is
 * said is what happened, and when the fault is over one more run has put everything right.
 */

const keys = (names: readonly string[]) => `{ ${names.map((name) => `${name}: "\${K}"`).join(", ")} }`;

const definitions = [
  ...[1, 2].map(
    (at) =>
      `name: new ${at}\nprovider_type: s3\nmetadata: { team: after }\nencrypted_secret_data: ${keys(["aws_access_key_id", "aws_secret_access_key"])}\n`,
  ),
  ...[1, 2].map((at) => `name: there ${at}\nprovider_type: s3\nmetadata: { team: after }\n`),
  // Two requests each: a POST, and a PUT with what the POST drops.
  `name: Q\nprovider_type: quickbooks\nmetadata: { team: after }\nencrypted_secret_data:\n  { client_id: "\${K}", client_secret: "\${K}", realm_id: "1", environment: sandbox, refresh_token: "\${K}", webhook_verifier_token: "\${K}" }\n`,
];

const seed: readonly SeedConnection[] = [1, 2].map((at) => ({
  id: `conn_there${at}`,
  name: `there ${at}`,
  provider_type: "s3",
  metadata: { team: "before", kept: "by hand" },
}));

const NAMES = ["Q", "new 1", "new 2", "there 1", "there 2"];

function liveNames({ store }: SandboxForTest): readonly string[] {
  return store
    .live()
    .map(({ name }) => name)
    .sort();
}

/** Statuses that claim that the connection is as the definition says. */
const DONE = ["created", "updated"];

/** @param settleMs - how long a read lags behind a write */
async function tried(fault: string, settleMs = 0): Promise<void> {
  const one = await sandbox(seed, fault);
  const env = { ...one.env, K: "key-of-the-test" };
  const cwd = folderWith({ "connections/all.yaml": definitions.join("---\n") });
  const first = await run(["apply", "--yes", "--json", "--timeout", "1", "--parallelism", "3"], { cwd, env });
  const { exit_code: exitCode, problems } = documentOf(first);
  const names = liveNames(one);
  expect(names, `${fault}: a connection is there twice`).toEqual([...new Set(names)]);
  const [target] = documentOf(first).targets;
  // A fault at the first read ends the run before anything is written.
  const changes = target?.changes ?? [];
  for (const { name, outcome } of changes) {
    const found = one.store.live().find((row) => row.name === name);
    if (outcome === undefined || !DONE.includes(outcome.status)) continue;
    expect(found?.metadata, `${fault}: ${name} is said to be ${outcome.status}`).toMatchObject({ team: "after" });
    if (name.startsWith("there")) expect(found?.metadata).toMatchObject({ kept: "by hand" });
  }
  const isAllDone = changes.length > 0 && changes.every(({ outcome }) => DONE.includes(outcome?.status ?? ""));
  expect(exitCode === 0, `${fault}: exit code ${exitCode}, ${JSON.stringify(problems)}`).toBe(isAllDone);
  if (changes.some(({ outcome }) => outcome?.status === "unknown")) expect(exitCode, fault).toBe(4);
  expect(
    problems.filter(({ code }) => code.startsWith("INTERNAL")),
    fault,
  ).toEqual([]);

  await new Promise((resolve) => setTimeout(resolve, settleMs));
  if (isAllDone && settleMs === 0) {
    const after = await run(["plan", "--json"], { cwd, env });
    expect(targetOf(after).summary, fault).toMatchObject({ create: 0, update: 0, replace: 0, archive: 0 });
  } else {
    const second = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(second.code, `${fault}: ${second.stderr}`).toBe(0);
  }
  expect(liveNames(one), fault).toEqual(NAMES);
  for (const { metadata } of one.store.live()) expect(metadata, fault).toMatchObject({ team: "after" });
  const [q] = one.store.live().filter(({ name }) => name === "Q");
  expect(q?.secrets, fault).toHaveProperty("webhook_verifier_token");
}

/** Kinds of faults, those together that are mostly waited for. */
const KINDS: readonly (readonly string[])[] = [
  // Of a create that these meet nothing is known for five seconds.
  ["500", "503=seconds:1", "504", "reset", "html"],
  ["429", "429=date:1", "slow=1500", "late=1500"],
  ["500-after", "502-after", "503-after"],
  ["reset-after", "cut", "gzip-cut"],
];

/** All writes of a run go wrong for a while, not for ever. */
const WHERES = ["POST#1", "PUT#1", "POST+PUT#1-3"] as const;

describe("a fault of one kind, at any write of an apply", () => {
  it.each(KINDS)(
    "creates nothing twice, is told as it is, and the next run puts everything right: %s %s %s %s %s",
    async (...kinds) => {
      const faults = kinds.flatMap((kind) => WHERES.map((where) => `${kind}@${where}`));
      await Promise.all(faults.map((fault) => tried(fault)));
    },
    90_000,
  );
});

describe("a fault at the first read", () => {
  it("begins nothing, or is waited for, and the next run puts everything right", async () => {
    await Promise.all(["429", "500", "reset", "cut", "html"].map((kind) => tried(`${kind}@list#1`)));
  }, 60_000);
});

describe("a database that lags behind", () => {
  it("shows nothing new for a while, and no second connection is made for that", async () => {
    await tried("lag=1500@list, reset-after@POST#1", 1_600);
  });

  it("for longer than anybody waits leaves a create of which nobody knows, and nothing is made twice", async () => {
    const one = await sandbox([], "lag=30000@list, reset-after@POST#1");
    const env = { ...one.env, K: "key-of-the-test" };
    const cwd = folderWith({ "connections/a.yaml": definitions[0] ?? "" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(ended.code).toBe(4);
    expect(targetOf(ended).changes[0]?.outcome?.status).toBe("unknown");
    expect(liveNames(one)).toEqual(["new 1"]);
    expect(one.told.filter((method) => method === "POST")).toHaveLength(1);
    // The list was asked before, and three times afterwards.
    expect(one.told.filter((method) => method === "GET")).toHaveLength(4);
  }, 30_000);
});

describe("without stamps", () => {
  it("a create whose answer is lost is unknown: nothing proves that a connection is ours", async () => {
    const one = await sandbox([], "reset-after@POST#1");
    const env = { ...one.env, K: "key-of-the-test", FLEXPRICE_SYNC_STAMP: "off" };
    const cwd = folderWith({ "connections/a.yaml": definitions[0] ?? "" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(ended.code).toBe(4);
    expect(targetOf(ended).changes[0]?.outcome?.status).toBe("unknown");
    expect(liveNames(one)).toEqual(["new 1"]);
    const again = await run(["apply", "--yes", "--json"], { cwd, env });
    expect([again.code, liveNames(one)]).toEqual([0, ["new 1"]]);
  });
});

describe("a job of the service", () => {
  it("that undoes a PUT is drift, which the next run puts right", async () => {
    const one = await sandbox(seed, "rewrite=10@PUT#1");
    const cwd = folderWith({ "connections/t.yaml": definitions[2] ?? "" });
    const teamNow = () => one.store.live().find(({ name }) => name === "there 1")?.metadata?.["team"];
    expect((await run(["apply", "--yes"], { cwd, env: one.env })).code).toBe(0);
    expect(teamNow()).toBe("before");
    const planned = await run(["plan", "--json"], { cwd, env: one.env });
    expect(targetOf(planned).summary).toMatchObject({ update: 1 });
    expect((await run(["apply", "--yes"], { cwd, env: one.env })).code).toBe(0);
    expect(teamNow()).toBe("after");
  });

  it("that gives a row new tokens between the read and the PUT loses none of them", async () => {
    const quickbooks: SeedConnection = {
      id: "conn_q",
      name: "Q",
      provider_type: "quickbooks",
      encrypted_secret_data: {
        client_id: "c",
        client_secret: "s",
        realm_id: "1",
        access_token: "old",
        refresh_token: "old",
      },
      metadata: { team: "before" },
    };
    const one = await sandbox([quickbooks], "refresh@PUT");
    const cwd = folderWith({ "connections/q.yaml": "name: Q\nprovider_type: quickbooks\nmetadata: { team: after }\n" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: one.env });
    expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([0, "updated"]);
    const [row] = one.store.live();
    expect(row?.metadata).toMatchObject({ team: "after" });
    expect(row?.secrets["access_token"]).not.toEqual({ encrypted: "old" });
  });
});

describe("an account in an odd state", () => {
  it.each<[string, string, number, RegExp]>([
    ["twins of a provider", "twins=stripe", 1, /error\[PLAN\.AMBIGUOUS\].*conn_\w+.*conn_\w+/s],
    ["a key that may only read", "read-only", 1, /error\[SERVICE\.FORBIDDEN\].*403.*insufficient permissions/],
  ])("with %s is told as it is", async (_what, faults, code, words) => {
    const one = await sandbox(seed, faults);
    const cwd = folderWith({
      "connections/s.yaml": "name: Stripe\nprovider_type: stripe\nmetadata: { a: b }\n",
      "connections/t.yaml": "name: there 1\nprovider_type: s3\nmetadata: { team: after }\n",
    });
    const only = faults === "read-only" ? ["--only", "there 1"] : [];
    const ended = await run(["apply", "--yes", ...only], { cwd, env: one.env });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(words);
  });

  it("with a row begun by OAuth adopts it", async () => {
    const one = await sandbox([], "pending=quickbooks");
    const cwd = folderWith({ "connections/q.yaml": "name: Q\nprovider_type: quickbooks\nmetadata: { team: b }\n" });
    const adopted = await run(["apply", "--yes", "--json"], { cwd, env: one.env });
    expect([adopted.code, targetOf(adopted).changes[0]?.outcome?.status]).toEqual([0, "updated"]);
    expect(one.store.live()).toHaveLength(1);
  });

  it("with the errors of an older server shows their words", async () => {
    // A row from before a rule, which no update passes that does not put it right.
    const old: SeedConnection = {
      id: "conn_s",
      name: "S",
      provider_type: "stripe",
      sync_config: { plan: { outbound: true } },
    };
    const one = await sandbox([old], "old-errors");
    const cwd = folderWith({ "connections/s.yaml": "name: S\nprovider_type: stripe\nmetadata: { team: b }\n" });
    const refused = await run(["apply", "--yes"], { cwd, env: one.env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/error\[SERVICE\.FAILED\].*answered 500 .*: Failed to update connection/);
  });
});
