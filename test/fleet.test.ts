import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isIn } from "../src/setup/sites.js";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run } from "./support/program.js";
import { type Intercept, row, type Service, send, service } from "./support/service.js";

/** A server with an environment for every name, each with its key, and a repository that looks after all of them. */
interface Fleet {
  readonly live: Service;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs the program there, with a JSON document where that is asked for. */
  readonly go: (...args: readonly string[]) => Promise<Ended>;
}

const EXPORTS =
  "name: Exports to ${var.BUCKET}\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: '${AK}', aws_secret_access_key: '${SK}' }\nsync_config: { s3: { bucket: '${var.BUCKET}', region: eu-west-1 } }\n";

async function fleet(
  names: readonly string[],
  more: Readonly<Record<string, string>> = {},
  intercept?: Intercept,
): Promise<Fleet> {
  const live = await service([], intercept);
  live.keys.clear();
  for (const name of names) live.keys.set(`sk_${name}`, `env_${name}`);
  const environments = names.map((name) => {
    const variable = `KEY_${name.toUpperCase().replaceAll("-", "_")}`;
    return `  ${name}: { base_url: "${live.baseUrl}", api_key: "\${${variable}}", environment_id: env_${name}, connections: [connections], vars: { BUCKET: acme-${name} } }\n`;
  });
  const cwd = folderWith({
    "flexprice-sync.yaml": `environments:\n${environments.join("")}`,
    "connections/exports.yaml": EXPORTS,
    ...more,
  });
  const keys = names.map((name) => [`KEY_${name.toUpperCase().replaceAll("-", "_")}`, `sk_${name}`]);
  const env = { AK: "key-id-of-the-test", SK: "secret-of-the-test", ...Object.fromEntries(keys) };
  return { live, cwd, env, go: (...args) => run(args, { cwd, env }) };
}

/** Errors, and warnings but the one that there is no row yet to show the environment. */
const codes = (ended: Ended) =>
  documentOf(ended)
    .problems.filter(({ code }) => code !== "FETCH.ENVIRONMENT_UNCONFIRMED")
    .map(({ code, environments }) => [code, environments ?? []]);
const bucketsOf = ({ rows }: Service) =>
  rows.map(({ environment_id: id, sync_config: sync }) => [id, (sync as { s3: { bucket: string } }).s3.bucket]).sort();

describe("several environments", () => {
  it("are planned with --env '*', each with its own variables, in one report, and nothing is written", async () => {
    const { go, live } = await fleet(["staging", "eu-prod", "us-prod"]);
    const ended = await go("plan", "--env", "*", "--json");
    const { targets } = documentOf(ended);
    expect([
      ended.code,
      targets.map(({ environment, environment_id: id, changes }) => [environment, id, changes[0]?.name]),
    ]).toEqual([
      0,
      [
        ["eu-prod", "env_eu-prod", "Exports to acme-eu-prod"],
        ["staging", "env_staging", "Exports to acme-staging"],
        ["us-prod", "env_us-prod", "Exports to acme-us-prod"],
      ],
    ]);
    expect(live.writes()).toEqual([]);
    const human = await go("plan", "-e", "*-prod", "-e", "staging");
    expect([...human.stdout.matchAll(/^Target ([\w-]+):/gm)].map(([, name]) => name)).toEqual([
      "eu-prod",
      "staging",
      "us-prod",
    ]);
    expect(lastLine(human.stdout)).toBe(
      "Plan: 3 to create, 0 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 0 unknown.",
    );
    expect(lastLine((await go("plan", "-e", "*", "-q")).stdout)).toBe(lastLine(human.stdout));
  });

  it("by omission are a usage error that names them; but validate, which writes nowhere, takes all", async () => {
    const { go, live } = await fleet(["a", "b"]);
    for (const command of ["plan", "apply", "pull", "prune", "doctor"]) {
      const ended = await go(command, "--json");
      expect([command, ended.code, codes(ended)]).toEqual([command, 64, [["USAGE.SEVERAL_ENVIRONMENTS", []]]]);
      expect(documentOf(ended).problems[0]?.message).toContain("a, b");
      expect(documentOf(ended).targets).toEqual([]);
    }
    expect(live.received).toEqual([]);
    expect((await go("plan")).stdout).toBe("");
    expect((await go("validate")).stdout).toBe("Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n");
  });

  it("that nobody has are a usage error, and options of one target are for one environment", async () => {
    const { go } = await fleet(["a", "b"]);
    const none = await go("plan", "--env", "a", "--env", "c*", "--json");
    expect([none.code, codes(none)]).toEqual([64, [["USAGE.NO_ENVIRONMENT", []]]]);
    for (const option of [
      ["--base-url", "http://127.0.0.1:1/v1"],
      ["--environment-id", "env_a"],
    ]) {
      const ended = await go("plan", "--env", "*", ...option, "--json");
      expect([ended.code, codes(ended)]).toEqual([64, [["USAGE.CONFLICT", []]]]);
    }
    expect((await go("plan", "--env", "a", "--environment-id", "env_a")).code).toBe(0);
  });

  it("are applied side by side, each with its own key, and then there is nothing to do", async () => {
    const { go, live } = await fleet(["a", "b", "c"]);
    const ended = await go("apply", "--env", "*", "--yes");
    expect(ended.code).toBe(0);
    expect(lastLine(ended.stdout)).toMatch(/^Apply: 3 created, 0 updated,/);
    expect(bucketsOf(live)).toEqual([
      ["env_a", "acme-a"],
      ["env_b", "acme-b"],
      ["env_c", "acme-c"],
    ]);
    const again = await go("plan", "--env", "*", "--detailed-exitcode", "--json");
    expect([again.code, documentOf(again).targets.map(({ summary }) => summary["unchanged"])]).toEqual([0, [1, 1, 1]]);
  });

  it("share one bound on requests in flight per host, lists and writes alike", async () => {
    const names = Array.from({ length: 12 }, (_, at) => `t${at}`);
    const { go, live } = await fleet(names, {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return false;
    });
    const ended = await go("apply", "--env", "*", "--yes", "--parallelism", "3");
    expect([ended.code, live.rows.length]).toEqual([0, 12]);
    expect(live.mostInFlight).toBeLessThanOrEqual(3);
    expect(live.mostInFlight).toBeGreaterThan(1);
  });

  it("have one bound from the settings as well, and wait for their turn outside of the time for a request", async () => {
    const names = Array.from({ length: 6 }, (_, at) => `t${at}`);
    const made = await fleet(names, {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return false;
    });
    const { cwd, go, live } = made;
    writeInto(cwd, { "more.yaml": "environments:\n  other: {}\n" });
    const text = `include: [more.yaml]\ndefaults: { parallelism: 1, timeout: 0.7 }\n`;
    writeInto(cwd, { "flexprice-sync.yaml": `${await settingsOf(made)}${text}` });
    const ended = await go("plan", "--env", "t*");
    expect([ended.code, live.mostInFlight, live.received.length]).toEqual([0, 1, 6]);
    expect(ended.stderr).not.toContain("trying again");
  });
});

async function settingsOf({ live }: Fleet): Promise<string> {
  const names = [...live.keys.values()].map((id) => id.replace("env_", ""));
  const environments = names.map(
    (name) =>
      `  ${name}: { base_url: "${live.baseUrl}", api_key: "\${KEY_${name.toUpperCase()}}", environment_id: env_${name}, vars: { BUCKET: acme-${name} } }\n`,
  );
  return `environments:\n${environments.join("")}`;
}

describe("environments that are one under other names", () => {
  it("are seen by the connections that both mean, however their address is spelt", async () => {
    const made = await fleet(["a", "b"]);
    const { cwd, env, go, live } = made;
    expect((await go("apply", "--env", "a", "--yes")).code).toBe(0);
    const localhost = live.baseUrl.replace("127.0.0.1", "localhost");
    const text = `environments:
  a: { base_url: "${live.baseUrl}", api_key: "\${KEY_A}", vars: { BUCKET: acme-a } }
  b: { base_url: "${localhost}", api_key: "\${KEY_A}", connections: [other], vars: { BUCKET: acme-a } }
`;
    writeInto(cwd, {
      "flexprice-sync.yaml": text,
      "other/x.yaml": EXPORTS.replace("region: eu-west-1", "region: other"),
    });
    const before = live.writes().length;
    const ended = await run(["apply", "--env", "*", "--yes", "--json"], { cwd, env });
    expect([ended.code, live.writes().length]).toEqual([1, before]);
    expect(codes(ended).map(([code]) => code)).toEqual(["PLAN.SHARED_TARGET", "PLAN.SHARED_TARGET"]);
  });

  it.each([
    ["one id", "environment_id: env_a", "KEY_B"],
    ["one key", "stamp: true", "KEY_A"],
  ])("are seen at two addresses by %s, where nothing is there yet", async (_, told, key) => {
    const { cwd, env, live } = await fleet(["a"]);
    const second = await service([]);
    second.keys.set("sk_a", "env_a").set("sk_second", "env_a");
    const at = (baseUrl: string, variable: string) =>
      `{ base_url: "${baseUrl}", api_key: "\${${variable}}", ${told}, vars: { BUCKET: acme } }`;
    writeInto(cwd, {
      "flexprice-sync.yaml": `environments:\n  a: ${at(live.baseUrl, "KEY_A")}\n  b: ${at(second.baseUrl, key)}\n`,
    });
    const ended = await run(["apply", "--env", "*", "--yes", "--json"], { cwd, env: { ...env, KEY_B: "sk_second" } });
    expect([ended.code, codes(ended).map(([code]) => code), live.writes(), second.writes()]).toEqual([
      1,
      ["PLAN.SHARED_TARGET", "PLAN.SHARED_TARGET"],
      [],
      [],
    ]);
  });

  it("are seen by their key where nothing shows which environment it is", async () => {
    const made = await fleet(["a", "b"]);
    const { cwd, env, live } = made;
    const at = `{ base_url: "${live.baseUrl}", api_key: "\${KEY_A}", vars: { BUCKET: acme-a } }`;
    writeInto(cwd, { "flexprice-sync.yaml": `environments:\n  a: ${at}\n  b: ${at}\n` });
    const ended = await run(["apply", "--env", "*", "--yes", "--json"], { cwd, env });
    expect([ended.code, live.writes()]).toEqual([1, []]);
  });
});

describe("a name that is one environment's", () => {
  it("means nothing in the others, and is wrong only where none has it", async () => {
    const { go, live } = await fleet(["a", "b", "c"]);
    const ended = await go("apply", "--env", "*", "--only", "Exports to acme-b", "--yes", "--json");
    expect([ended.code, codes(ended), bucketsOf(live)]).toEqual([0, [], [["env_b", "acme-b"]]]);
    const none = await go("plan", "--env", "*", "--only", "Imports", "--json");
    expect(none.code).toBe(3);
    expect(codes(none).map(([code]) => code)).toEqual(Array(3).fill("LOAD.NOTHING_SELECTED"));
  });

  it("and is told, whatever it is", async () => {
    const { go } = await fleet(["default", "b"]);
    expect((await go("plan", "--env", "*")).stdout).toContain("Target default: ");
  });
});

describe("the deadline of the settings", () => {
  it("is one of the whole run, time in the queue counted: nothing is begun after it, and what was done stays done", async () => {
    const names = Array.from({ length: 8 }, (_, at) => `t${at}`);
    const made = await fleet(names, {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      return false;
    });
    const { cwd, go, live } = made;
    writeInto(cwd, { "flexprice-sync.yaml": `${await settingsOf(made)}defaults: { deadline: 0.9, parallelism: 1 }\n` });
    const startMs = Date.now();
    const ended = await go("plan", "--env", "*", "--json");
    expect(ended.code).toBe(1);
    expect(Date.now() - startMs).toBeLessThan(2_000);
    expect(live.received.length).toBeLessThan(6);
    expect(new Set(codes(ended).map(([code]) => code))).toEqual(new Set(["RUN.DEADLINE"]));
    // More time for one request would be of no use.
    for (const { code, hint } of documentOf(ended).problems)
      if (code === "RUN.DEADLINE") expect(hint).toContain("defaults.deadline");
    expect(documentOf(ended).targets.some(({ changes }) => changes?.length === 1)).toBe(true);
  });

  it("breaks off nothing that was begun: a replace has its create", async () => {
    const made = await fleet(["a"], {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return false;
    });
    const { cwd, go, live } = made;
    expect((await go("apply", "--yes")).code).toBe(0);
    writeInto(cwd, { "flexprice-sync.yaml": `${await settingsOf(made)}defaults: { deadline: 0.7 }\n` });
    const ended = await go("apply", "--replace", "Exports to acme-a", "--yes", "--allow-dangerous");
    expect([ended.code, live.rows.length, live.writes().map(({ method }) => method)]).toEqual([
      0,
      1,
      ["POST", "DELETE", "POST"],
    ]);
  });
});

describe("what a replace has left", () => {
  it("is still known when the environment is called otherwise, and is finished there", async () => {
    let refuses = true;
    const made = await fleet(["a", "b"], {}, ({ method }, response) =>
      method === "POST" && refuses && live.rows.length > 0 ? send(response, 400, { message: "no" }) : false,
    );
    const { cwd, env, go, live } = made;
    live.rows.push(row({ id: "conn_b", provider_type: "s3", name: "Other", environment_id: "env_b" }));
    refuses = false;
    expect((await go("apply", "--env", "a", "--yes")).code).toBe(0);
    refuses = true;
    const replaced = await go("apply", "--env", "a", "--replace", "Exports to acme-a", "--yes", "--allow-dangerous");
    expect(replaced.code).toBe(4);
    refuses = false;
    const text = (await settingsOf(made)).replace("  a:", "  production:");
    writeInto(cwd, { "flexprice-sync.yaml": text });
    const file = readdirSync(cwd).find((name) => name.startsWith("flexprice-sync-recovery-")) ?? "";
    const old = await run(["apply", "--recover", file, "--yes", "--json"], { cwd, env });
    expect([old.code, documentOf(old).problems.map(({ code, hint }) => `${code} ${hint}`)]).toEqual([
      5,
      [
        "STALE.OTHER_TARGET if it has another name by now, say that with --env; the environment itself is checked by its id.",
      ],
    ]);
    const plain = await run(["apply", "--env", "production", "--yes", "--json"], { cwd, env });
    expect([plain.code, codes(plain)]).toEqual([6, [["APPLY.UNFINISHED_REPLACE", []]]]);
    const hint = documentOf(plain).problems.find(({ code }) => code === "APPLY.UNFINISHED_REPLACE")?.hint ?? "";
    const [, command = ""] = /flexprice-sync (apply --recover .*)$/.exec(hint) ?? [];
    expect(command).toContain("--env production");
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare = ""]) => quoted ?? bare);
    const finished = await run([...words, "--yes"], { cwd, env });
    expect([
      finished.code,
      bucketsOf({ ...live, rows: live.rows.filter(({ id }) => id !== "conn_b") } as Service),
    ]).toEqual([0, [["env_a", "acme-a"]]]);
  });
});

describe("an environment that fails", () => {
  it("hides no other: plan shows the rest and ends with its code", async () => {
    const { go } = await fleet(["a", "b", "c"], {}, ({ headers }, response) =>
      headers["x-api-key"] === "sk_b" ? send(response, 500, { message: "down" }) : false,
    );
    const ended = await go("plan", "--env", "*", "--json");
    expect([ended.code, codes(ended)]).toEqual([1, [["SERVICE.FAILED", ["b"]]]]);
    expect(documentOf(ended).targets.map(({ environment, changes }) => [environment, changes?.length])).toEqual([
      ["a", 1],
      ["b", undefined],
      ["c", 1],
    ]);
    const human = await go("plan", "--env", "*");
    expect(human.stdout).toContain("Target b: ");
    expect(human.stdout).toContain("no plan: see the errors of b");
    expect(human.stderr).toContain("error[SERVICE.FAILED] [b] Service failed:");
    // Zeros would look like a plan of nothing.
    const alone = await go("plan", "--env", "b");
    expect(alone.stdout).toBe("");
  });

  it("leaves the others to be applied, and the run counts as partly done", async () => {
    const { go, live } = await fleet(["a", "b", "c"], {}, ({ headers, method }, response) =>
      headers["x-api-key"] === "sk_b" && method === "POST" ? send(response, 400, { message: "no" }) : false,
    );
    const ended = await go("apply", "--env", "*", "--yes", "--json");
    expect([ended.code, codes(ended)]).toEqual([4, [["SERVICE.REJECTED", ["b"]]]]);
    expect(bucketsOf(live)).toEqual([
      ["env_a", "acme-a"],
      ["env_c", "acme-c"],
    ]);
  });

  it("by its definitions or its key is told with them, and nothing of it is asked of the service", async () => {
    const made = await fleet(["a", "b", "c"]);
    const { cwd, go, live } = made;
    const text = (await settingsOf(made)).replace(
      "environment_id: env_b",
      "environment_id: env_b, connections: [broken]",
    );
    writeInto(cwd, { "flexprice-sync.yaml": text, "broken/x.yaml": "name: X\nprovider_type: nope\n" });
    const env = { ...made.env, KEY_C: "" };
    const plan = await run(["plan", "--env", "*", "--json"], { cwd, env });
    expect([plan.code, codes(plan)]).toEqual([
      3,
      [
        ["VALIDATE.UNKNOWN_PROVIDER", ["b"]],
        ["SETTINGS.NO_API_KEY", ["c"]],
      ],
    ]);
    expect(documentOf(plan).targets.map(({ environment }) => environment)).toEqual(["a"]);
    const apply = await run(["apply", "--env", "*", "--yes", "--json"], { cwd, env });
    expect([apply.code, bucketsOf(live)]).toEqual([4, [["env_a", "acme-a"]]]);
    expect(new Set(live.received.map(({ headers }) => headers["x-api-key"]))).toEqual(new Set(["sk_a"]));
    expect((await go("validate", "--env", "a")).code).toBe(0);
    expect((await go("validate")).code).toBe(3);
    // Named files are held against the environments that they are of.
    expect((await go("validate", "connections/exports.yaml")).code).toBe(0);
  });

  it("keeps the others from being begun with --fail-fast", async () => {
    const { go, live } = await fleet(["a", "b"], {}, ({ headers }, response) =>
      headers["x-api-key"] === "sk_b" ? send(response, 403, { message: "insufficient permissions" }) : false,
    );
    const ended = await go("apply", "--env", "*", "--yes", "--fail-fast", "--json");
    expect([ended.code, live.writes()]).toEqual([1, []]);
    expect(documentOf(ended).targets[0]?.changes[0]?.outcome).toMatchObject({ status: "not-started" });
  });

  it("says once what is wrong with all of them", async () => {
    const { go, cwd } = await fleet(["a", "b", "c"]);
    writeInto(cwd, { "connections/y.yaml": "name: Y\nprovider_type: nope\n" });
    expect(codes(await go("plan", "--env", "*", "--json"))).toEqual([["VALIDATE.UNKNOWN_PROVIDER", []]]);
  });

  it("because it is the wrong one is not written, names both, and does not keep the right ones", async () => {
    const { go, live } = await fleet(["staging", "prod"]);
    // The key of one environment was given to the other.
    live.keys.set("sk_staging", "env_prod");
    live.rows.push(row({ id: "conn_1", provider_type: "s3", name: "X", environment_id: "env_prod" }));
    const ended = await go("apply", "--env", "*", "--yes", "--json");
    const [wrong] = documentOf(ended).problems;
    expect([wrong?.code, wrong?.message.includes("env_staging"), wrong?.message.includes("env_prod")]).toEqual([
      "FETCH.WRONG_ENVIRONMENT",
      true,
      true,
    ]);
    expect([ended.code, live.writes().map(({ headers }) => headers["x-api-key"])]).toEqual([4, ["sk_prod"]]);
    const alone = folderWith({
      "flexprice-sync.yaml": `environments:\n  staging: { base_url: "${live.baseUrl}", api_key: "\${KEY_STAGING}", environment_id: env_staging, vars: { BUCKET: b } }\n`,
      "connections/s.yaml": EXPORTS,
    });
    for (const command of ["plan", "apply", "prune", "pull"]) {
      live.received.length = 0;
      const args = command === "apply" || command === "prune" ? ["--yes"] : [];
      const env = { KEY_STAGING: "sk_staging", FLEXPRICE_SYNC_OWNER: "acme", AK: "x", SK: "y" };
      const refused = await run([command, "--env", "staging", ...args], { cwd: alone, env });
      expect([command, refused.code, live.writes()]).toEqual([command, 1, []]);
      expect(refused.stderr).toContain(
        "env_staging is expected, but the connections that this key shows are of env_prod",
      );
    }
    expect(readdirSync(alone).sort()).toEqual(["connections", "flexprice-sync.yaml"]);
  });
});

describe("two environments that are one and the same", () => {
  it("are told apart from two that share a service: what both would write is not written", async () => {
    const made = await fleet(["a", "b"]);
    const { cwd, env, live } = made;
    const text = `environments:
  a: { base_url: "${live.baseUrl}", api_key: "\${KEY_A}", environment_id: env_a, vars: { BUCKET: one, NAME: X } }
  b: { base_url: "${live.baseUrl}", api_key: "\${KEY_A}", environment_id: env_a, vars: { BUCKET: two, NAME: X } }
`;
    const definition = EXPORTS.replace("Exports to ${var.BUCKET}", "${var.NAME}");
    writeInto(cwd, { "flexprice-sync.yaml": text, "connections/exports.yaml": definition });
    const plan = await run(["plan", "--env", "*", "--json"], { cwd, env });
    expect([plan.code, codes(plan).filter(([code]) => code === "PLAN.SHARED_TARGET")]).toEqual([
      0,
      [
        ["PLAN.SHARED_TARGET", ["a"]],
        ["PLAN.SHARED_TARGET", ["b"]],
      ],
    ]);
    const apply = await run(["apply", "--env", "*", "--yes", "--json"], { cwd, env });
    expect([apply.code, live.writes()]).toEqual([1, []]);
    expect((await run(["apply", "--env", "a", "--yes"], { cwd, env })).code).toBe(0);
    writeInto(cwd, { "flexprice-sync.yaml": text.replace("BUCKET: two, NAME: X", "BUCKET: two, NAME: Y") });
    expect((await run(["apply", "--env", "*", "--yes"], { cwd, env })).code).toBe(0);
    expect(bucketsOf(live)).toEqual([
      ["env_a", "one"],
      ["env_a", "two"],
    ]);
  });
});

describe("a key that an environment leaves out", () => {
  it("is that of the shell only where the environment is meant by its name, not where a glob or a share leaves it alone", async () => {
    const { cwd, live } = await fleet(["eu-a", "us-b"]);
    const text = `environments:
  eu-a: { base_url: "${live.baseUrl}", vars: { BUCKET: a } }
  us-b: { base_url: "${live.baseUrl}", api_key: "\${KEY_B}", vars: { BUCKET: b } }
`;
    writeInto(cwd, { "flexprice-sync.yaml": text });
    const env = { FLEXPRICE_API_KEY: "sk_us-b", KEY_B: "sk_us-b", AK: "x-key", SK: "y-key" };
    const share = [1, 2, 3, 4, 5].find(
      (index) => isIn("eu-a", { index, count: 5 }) && !isIn("us-b", { index, count: 5 }),
    );
    for (const picked of [
      ["--env", "eu-*"],
      ["--env", "*"],
      ["--shard", `${share}/5`],
    ]) {
      const ended = await run(["apply", "--yes", "--json", ...picked], { cwd, env });
      expect([picked, codes(ended)]).toEqual([picked, [["SETTINGS.NO_API_KEY", picked[1] === "*" ? ["eu-a"] : []]]]);
    }
    expect(live.rows.map(({ sync_config: sync }) => sync)).toEqual([{ s3: { bucket: "b", region: "eu-west-1" } }]);
    expect((await run(["plan", "--env", "eu-a"], { cwd, env })).code).toBe(0);
  });
});

describe("a saved plan of several environments", () => {
  it("is refused whole when a part of it is refused", async () => {
    const made = await fleet(["a", "b"]);
    const { cwd, env, go, live } = made;
    expect((await go("apply", "--env", "*", "--yes")).code).toBe(0);
    const text = (await settingsOf(made)).replace(
      "environment_id: env_b",
      "environment_id: env_b, connections: [other]",
    );
    writeInto(cwd, {
      "flexprice-sync.yaml": text,
      "other/x.yaml": EXPORTS.replace("region: eu-west-1", "region: other"),
    });
    const before = live.writes().length;
    const args = ["plan", "--env", "*", "--replace", "Exports to acme-a", "--out", "p.json"];
    expect((await run(args, { cwd, env })).code).toBe(0);
    const refused = await go("apply", "p.json");
    expect([refused.code, live.writes().length]).toEqual([6, before]);
    expect((await go("apply", "p.json", "--allow-dangerous")).code).toBe(0);
  });

  it("that cannot be read says why, and not that there are several environments", async () => {
    const { cwd, go } = await fleet(["a", "b"]);
    const missing = await go("apply", "p.json", "--json");
    expect([missing.code, codes(missing)]).toEqual([3, [["LOAD.UNREADABLE", []]]]);
    expect((await go("plan", "--env", "*", "--out", "p.json")).code).toBe(0);
    writeInto(cwd, { "p.json": readFileSync(join(cwd, "p.json"), "utf8").replace("acme-a", "acme-x") });
    const altered = await go("apply", "p.json", "--json");
    expect([altered.code, codes(altered)]).toEqual([5, [["STALE.ALTERED", []]]]);
  });

  it("of an empty share can be carried out: there is nothing to do", async () => {
    const { go, live } = await fleet(["only-one"]);
    const empty = [1, 2, 3].find((index) => !isIn("only-one", { index, count: 3 }));
    expect((await go("plan", "--shard", `${empty}/3`, "--out", "p.json")).code).toBe(0);
    const ended = await go("apply", "p.json", "--json");
    expect([ended.code, documentOf(ended).targets, live.received]).toEqual([0, [], []]);
  });

  it("is carried out in all of them, once", async () => {
    const { go, live } = await fleet(["a", "b"]);
    expect((await go("plan", "--env", "*", "--out", "p.json")).code).toBe(0);
    expect(live.writes()).toEqual([]);
    expect((await go("apply", "p.json")).code).toBe(0);
    expect(bucketsOf(live)).toEqual([
      ["env_a", "acme-a"],
      ["env_b", "acme-b"],
    ]);
    const again = await go("apply", "p.json");
    expect([again.code, live.writes().length]).toEqual([0, 2]);
    expect(again.stdout).toContain("Nothing to do: all of the plan is done.");
  });

  it("is refused whole when something moved in one of them", async () => {
    const { go, live } = await fleet(["a", "b"]);
    expect((await go("apply", "--env", "*", "--yes")).code).toBe(0);
    for (const [at, one] of live.rows.entries())
      live.rows[at] = { ...one, sync_config: { s3: { bucket: "x", region: "y" } } };
    expect((await go("plan", "--env", "*", "--out", "p.json")).code).toBe(0);
    const at = live.rows.findIndex(({ environment_id: id }) => id === "env_b");
    const moved = live.rows[at];
    if (moved === undefined) throw new Error("no row");
    live.rows[at] = { ...moved, sync_config: { s3: { bucket: "somebody's", region: "y" } } };
    const before = live.writes().length;
    const ended = await go("apply", "p.json", "--json");
    expect([ended.code, codes(ended), live.writes().length]).toEqual([5, [["STALE.ROW_CHANGED", ["b"]]], before]);
  });

  it("is stale when a variable, a folder or an environment of the settings is another one now", async () => {
    const made = await fleet(["a", "b"], { "other/exports.yaml": EXPORTS });
    const { cwd, go, live } = made;
    const text = await settingsOf(made);
    expect((await go("plan", "--env", "*", "--out", "p.json")).code).toBe(0);
    const changes: readonly (readonly [string, string])[] = [
      [text.replace("acme-b", "acme-c"), "STALE.OTHER_DEFINITIONS"],
      [text.replace("environment_id: env_b", "environment_id: env_b, connections: [other]"), "STALE.OTHER_SETTINGS"],
      [text.replace("  b:", "  c:"), "STALE.OTHER_TARGET"],
      [`owner: x\n${text}`, "STALE.OTHER_SETTINGS"],
    ];
    for (const [settings, code] of changes) {
      writeInto(cwd, { "flexprice-sync.yaml": settings });
      const ended = await go("apply", "p.json", "--json");
      expect([code, ended.code]).toEqual([code, 5]);
      expect(codes(ended).map(([found]) => found)).toContain(code);
    }
    expect(live.writes()).toEqual([]);
  });

  it("is not saved when one of them has no plan", async () => {
    const { go, cwd } = await fleet(["a", "b"], {}, ({ headers }, response) =>
      headers["x-api-key"] === "sk_b" ? send(response, 401, { error: "Unauthorized" }) : false,
    );
    expect((await go("plan", "--env", "*", "--out", "p.json")).code).toBe(1);
    expect(() => rmSync(join(cwd, "p.json"))).toThrow("ENOENT");
  });
});

describe("shares of a fleet", () => {
  it("do not overlap and make the whole, for any names and any number of them", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (names, count) => {
          for (const name of names) {
            const shares = Array.from({ length: count }, (_, at) => at + 1).filter((index) =>
              isIn(name, { index, count }),
            );
            expect(shares).toHaveLength(1);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("are cut by the name alone: the same on every machine, and another environment moves none", () => {
    // Fixed for good: a fleet that is cut otherwise after an update is applied twice by machines of two versions.
    const shares = ["production", "staging", "tenant-1", "tenant-2", "tenant-3", "a"].map((name) =>
      [1, 2, 3, 4].find((index) => isIn(name, { index, count: 4 })),
    );
    expect(shares).toEqual(SHARES_OF_FOUR);
  });

  it("that run beside each other write every environment once", async () => {
    const names = Array.from({ length: 9 }, (_, at) => `tenant-${at}`);
    const { cwd, env, live } = await fleet(names);
    const count = 3;
    const runs = await Promise.all(
      Array.from({ length: count }, (_, at) =>
        run(["apply", "--yes", "--shard", `${at + 1}/${count}`, "--json"], { cwd, env }),
      ),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const applied = runs.flatMap((ended) => documentOf(ended).targets.map(({ environment }) => environment));
    expect(applied.sort()).toEqual([...names].sort());
    expect(
      live
        .writes()
        .map(({ headers }) => headers["x-api-key"])
        .sort(),
    ).toEqual(names.map((name) => `sk_${name}`).sort());
    expect(bucketsOf(live)).toHaveLength(9);
  });

  it("that are empty are a success without a target, and say so", async () => {
    const { go } = await fleet(["only-one"]);
    const plans = await Promise.all([1, 2, 3].map((at) => go("plan", "--shard", `${at}/3`, "--json")));
    expect(plans.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(plans.map((ended) => documentOf(ended).targets.length).sort()).toEqual([0, 0, 1]);
    const empty = plans.findIndex((ended) => documentOf(ended).targets.length === 0) + 1;
    const ended = await go("apply", "--yes", "--shard", `${empty}/3`);
    expect([ended.code, ended.stdout]).toEqual([
      0,
      "No environment is in this share.\nPlan: 0 to create, 0 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 0 unknown.\n",
    ]);
  });

  it("are of the environments that are picked", async () => {
    const { go } = await fleet(["a-1", "a-2", "b-1", "b-2"]);
    const plans = await Promise.all([1, 2].map((at) => go("plan", "--env", "a-*", "--shard", `${at}/2`, "--json")));
    const seen = plans.flatMap((ended) => documentOf(ended).targets.map(({ environment }) => environment));
    expect(seen.sort()).toEqual(["a-1", "a-2"]);
  });
});

const SHARES_OF_FOUR = [3, 2, 4, 3, 4, 4];
