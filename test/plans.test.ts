import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { schemas } from "../src/generated/schemas.js";
import type { SavedPlan } from "../src/model/saved-plan.js";
import { sealed } from "../src/state/seal.js";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run, start, targetOf } from "./support/program.js";
import { sandbox } from "./support/sandbox.js";
import {
  accessTo,
  ENVIRONMENT,
  markOf,
  type Received,
  type Row,
  row,
  type Service,
  send,
  service,
} from "./support/service.js";
import { keyText } from "./support/steps.js";

/*
 * Saved plans: carried out exactly, and only while all that they were made from is as it was.
 */

const KEY = { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) };
const SECRETS = {
  SK: "sk_live_planned",
  WH: "whsec_planned",
  AK: "AKIAPLANNED",
  AS: "aws-planned",
  NOTE: "n0te-planned",
};
const NO_WRITES = "Apply: 0 created, 0 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started";

const files = {
  "connections/stripe.yaml": `name: Stripe
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${WH}" }
metadata: { tier: b, note: "see \${NOTE}" }
sync_config: { invoice: { outbound: true } }
`,
  "connections/hubspot.yaml": "name: HubSpot\nprovider_type: hubspot\nmetadata: { team: sales }\n",
  "connections/exports.yaml": `name: exports
provider_type: s3
encrypted_secret_data: { aws_access_key_id: "\${AK}", aws_secret_access_key: "\${AS}" }
metadata: { team: data }
`,
};

const stripe = row({ id: "conn_1", provider_type: "stripe", name: "Stripe", metadata: { tier: "a", extra: [1] } });
const hubspot = row({ id: "conn_2", provider_type: "hubspot", name: "HubSpot", metadata: { team: "old" } });

interface Kept {
  readonly live: Service;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly plan: Ended;
  /** Carries the plan out, under other variables or with other arguments if a test says so. */
  readonly apply: (more?: {
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
  }) => Promise<Ended>;
}

/** Two rows to change and one connection to create, planned and saved. */
async function kept(
  more: {
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly rows?: readonly Row[];
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<Kept> {
  const live = await service(more.rows ?? [stripe, hubspot]);
  const cwd = folderWith(more.files ?? files);
  const env = { ...accessTo(live, SECRETS), ...(more.env ?? KEY) };
  const plan = await run(["plan", "--out", "p.json", ...(more.args ?? [])], { cwd, env });
  expect([plan.code, plan.stderr.includes("error[")]).toEqual([0, false]);
  return {
    live,
    cwd,
    env,
    plan,
    apply: ({ env: others = {}, args = [] } = {}) =>
      run(["apply", "p.json", "--json", ...args], { cwd, env: { ...env, ...others } }),
  };
}

function codesOf(ended: Ended): readonly string[] {
  return documentOf(ended)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ code }) => code);
}

function errorsOf(ended: Ended): string {
  return documentOf(ended)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ message }) => message)
    .join("\n");
}

function statusesOf(ended: Ended): readonly (string | undefined)[] {
  return targetOf(ended).changes.map(({ outcome }) => outcome?.status);
}

function change(live: Service, id: string, facts: Partial<Row>): void {
  const at = live.rows.findIndex((one) => one.id === id);
  const before = live.rows[at];
  if (before === undefined) throw new Error(`no ${id}`);
  live.rows[at] = { ...before, ...facts };
}

function planIn(cwd: string): SavedPlan {
  return JSON.parse(readFileSync(join(cwd, "p.json"), "utf8"));
}

const isPlan = new Ajv2020({ allErrors: true, strict: false, unicodeRegExp: true }).compile(schemas.plan);

describe("a saved plan", () => {
  it("is carried out without being asked, and a second time there is nothing to do", async () => {
    const { live, apply } = await kept();
    const first = await apply();
    expect([first.code, statusesOf(first)]).toEqual([0, ["updated", "created", "updated"]]);
    const writes = live.writes().length;
    expect(writes).toBe(3);
    expect(live.rows.find(({ id }) => id === "conn_1")?.metadata).toMatchObject({
      tier: "b",
      extra: [1],
      note: "see n0te-planned",
    });
    const second = await apply();
    expect([second.code, codesOf(second)]).toEqual([0, []]);
    expect(live.writes()).toHaveLength(writes);
  });

  it("says in words that there is nothing to do", async () => {
    const { cwd, env, apply } = await kept();
    await apply();
    const again = await run(["apply", "p.json"], { cwd, env });
    expect(again.stdout).toContain("Nothing to do: all of the plan is done.");
    expect(lastLine(again.stdout)).toContain(NO_WRITES);
    expect(again.code).toBe(0);
  });

  it("is for nobody else to read, fits its published schema, and holds no secret and no digest of one", async () => {
    for (const env of [KEY, {}]) {
      const { cwd } = await kept({ env });
      expect(statSync(join(cwd, "p.json")).mode & 0o777).toBe(0o600);
      const text = readFileSync(join(cwd, "p.json"), "utf8");
      expect(isPlan(JSON.parse(text)), JSON.stringify(isPlan.errors)).toBe(true);
      for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
      const fingerprints = planIn(cwd)
        .targets.flatMap(({ changes }) => changes)
        .flatMap(({ secrets }) => secrets.flatMap(({ fingerprint }) => fingerprint ?? []));
      expect(fingerprints).toHaveLength(env === KEY ? 5 : 0);
    }
  });

  it("has other marks each time, also of equal values", async () => {
    const { cwd, env } = await kept();
    const marks = (): readonly string[] => JSON.stringify(planIn(cwd)).match(/v1:[0-9a-f]{8}:[\w-]{22}/g) ?? [];
    const first = marks();
    await run(["plan", "--out", "p.json"], { cwd, env });
    expect(first.length).toBeGreaterThan(5);
    expect(marks().filter((mark) => first.includes(mark))).toEqual([]);
    expect(new Set(first).size).toBe(first.length);
  });

  it("says where it is, how long it is good, and of secrets whether it knows them", async () => {
    const withKey = await kept({ args: ["--expires", "90m"] });
    expect(withKey.plan.stderr).toMatch(/The plan is saved in p\.json\. Until .*: flexprice-sync apply p\.json\n$/);
    expect(withKey.plan.stdout).not.toContain("at apply time");
    const { created_at: created, expires_at: expires } = planIn(withKey.cwd);
    expect(Date.parse(expires) - Date.parse(created)).toBe(90 * 60_000);
    const without = await kept({ env: {} });
    expect(without.plan.stdout).toContain("secret values are those at apply time");
    const { cwd, env } = without;
    const json = await run(["plan", "--out", "p.json", "--json"], { cwd, env });
    expect(targetOf(json)).toMatchObject({ saved_plan: { file: "p.json", secrets: "as-applied" } });
    expect(Date.parse(planIn(cwd).expires_at) - Date.parse(planIn(cwd).created_at)).toBe(24 * 3_600_000);
    expect((await run(["plan", "--out", "p.json", "-q"], { cwd, env })).stderr).toBe("");
  });

  it("is carried out as it was asked for: what was left out stays left out", async () => {
    const { live, apply } = await kept({ args: ["--only", "HubSpot"] });
    const ended = await apply();
    expect([ended.code, statusesOf(ended)]).toEqual([0, ["updated"]]);
    expect(live.writes().map(({ path }) => path)).toEqual(["/v1/connections/conn_2"]);
  });

  it("puts stamps, records secrets on the word of whoever made it, and does so once", async () => {
    const equal = row({ id: "conn_1", provider_type: "stripe", name: "S" });
    const text =
      'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${SK}", webhook_secret: "${WH}" }\n';
    const { apply, live } = await kept({
      rows: [equal],
      files: { "connections/s.yaml": text },
      args: ["--adopt", "--assume-secrets"],
    });
    expect((await apply()).code).toBe(0);
    expect(Object.keys(markOf(live.rows[0] ?? {}).secrets)).toHaveLength(2);
    expect((await apply()).code).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });

  it("reads the folders that it was made from, or the same definitions elsewhere", async () => {
    const { cwd, env, live } = await kept({ files: { ...files, "other/readme.md": "x" }, args: ["-d", "connections"] });
    renameSync(join(cwd, "connections"), join(cwd, "moved"));
    expect((await run(["apply", "p.json"], { cwd, env })).code).toBe(3);
    expect(live.writes()).toEqual([]);
    expect((await run(["apply", "p.json", "-d", "moved"], { cwd, env })).code).toBe(0);
    expect(live.writes()).toHaveLength(3);
  });

  it("of nothing is kept, too", async () => {
    const { apply, live } = await kept({
      rows: [hubspot],
      files: { "connections/h.yaml": "name: HubSpot\nprovider_type: hubspot\n" },
    });
    expect((await apply()).code).toBe(0);
    expect(live.writes()).toEqual([]);
  });

  it("with a danger to a protected connection needs more than that it was kept", async () => {
    const rows = [
      row({ id: "conn_1", provider_type: "stripe", name: "S", sync_config: { invoice: { outbound: true } } }),
    ];
    const { apply, live } = await kept({
      rows,
      files: {
        "connections/s.yaml":
          "name: S\nprovider_type: stripe\nprotect: true\nsync_config: { invoice: { outbound: false } }\n",
      },
    });
    expect((await apply()).code).toBe(6);
    expect(live.writes()).toEqual([]);
    expect((await apply({ args: ["--allow-dangerous"] })).code).toBe(0);
  });

  it("goes over an older plan, and over nothing else", async () => {
    const { cwd, env } = await kept();
    const first = planIn(cwd).targets[0]?.salt;
    expect((await run(["plan", "--out", "p.json"], { cwd, env })).code).toBe(0);
    expect(planIn(cwd).targets[0]?.salt).not.toBe(first);
    const before = readFileSync(join(cwd, "connections/hubspot.yaml"), "utf8");
    writeInto(cwd, { "notes.txt": "mine" });
    for (const out of ["connections/hubspot.yaml", "new.yaml", "connections", "none/p.json", "notes.txt"]) {
      const ended = await run(["plan", "--json", "--out", out], { cwd, env });
      expect([out, ended.code, codesOf(ended)]).toEqual([out, 1, ["OUTPUT.NOT_WRITTEN"]]);
    }
    expect(readFileSync(join(cwd, "connections/hubspot.yaml"), "utf8")).toBe(before);
  });

  it("is not kept when the plan has errors", async () => {
    const { cwd, env, live } = await kept();
    rmSync(join(cwd, "p.json"));
    live.rows.push(row({ id: "conn_9", provider_type: "stripe" }));
    expect((await run(["plan", "--out", "p.json"], { cwd, env })).code).toBe(1);
    expect(() => statSync(join(cwd, "p.json"))).toThrow("ENOENT");
  });
});

describe("a stale plan is exit code 5, and nothing is written", () => {
  it.each<[string, string, (kept: Kept) => void, RegExp]>([
    [
      "when a field moved that it changes",
      "STALE.ROW_CHANGED",
      ({ live }) => change(live, "conn_1", { metadata: { ...stripe.metadata, tier: "c" } }),
      /conn_1 \("Stripe"\).*: metadata\.tier\.$/,
    ],
    [
      "when something moved that no definition names",
      "STALE.ROW_CHANGED",
      ({ live }) => change(live, "conn_1", { metadata: { ...stripe.metadata, extra: [2] } }),
      /conn_1.*: metadata, in a part that no definition names, or in a value of the environment\.$/,
    ],
    [
      "when a direction moved that no definition names",
      "STALE.ROW_CHANGED",
      ({ live }) => change(live, "conn_2", { sync_config: { deal: { inbound: false, outbound: true } } }),
      /conn_2.*: sync_config, in a part that no definition names\.$/,
    ],
    [
      "when a connection got another name",
      "STALE.ROW_CHANGED",
      ({ live }) => change(live, "conn_2", { name: "Hub" }),
      /conn_2.*: name\.$/,
    ],
    [
      "when somebody else put a stamp on it",
      "STALE.ROW_CHANGED",
      ({ live }) => change(live, "conn_2", { metadata: { ...hubspot.metadata, flexprice_sync: "{}" } }),
      /conn_2.*: its stamp\.$/,
    ],
    [
      "when a connection is gone",
      "STALE.ROW_GONE",
      ({ live }) => void live.rows.shift(),
      /conn_1 \("Stripe"\) is not there any more/,
    ],
    [
      "when a provider has a second connection",
      "STALE.NEW_TWIN",
      ({ live }) => void live.rows.push(row({ id: "conn_9", provider_type: "stripe" })),
      /conn_1.*conn_9/,
    ],
    [
      "when somebody else made what it creates",
      "STALE.NEW_TWIN",
      ({ live }) =>
        void live.rows.push(row({ id: "conn_9", provider_type: "s3", name: "exports", metadata: { team: "data" } })),
      /"exports" was to be created, and somebody else made conn_9/,
    ],
    [
      "when a definition says something else",
      "STALE.OTHER_DEFINITIONS",
      ({ cwd }) =>
        writeInto(cwd, { "connections/hubspot.yaml": files["connections/hubspot.yaml"].replace("sales", "x") }),
      /"HubSpot" says something else/,
    ],
    [
      "when a definition is new",
      "STALE.OTHER_DEFINITIONS",
      ({ cwd }) => writeInto(cwd, { "connections/tabs.yaml": "name: T\nprovider_type: tabs\n" }),
      /"T" is new/,
    ],
    [
      "when a definition is gone",
      "STALE.OTHER_DEFINITIONS",
      ({ cwd }) => rmSync(join(cwd, "connections/hubspot.yaml")),
      /"HubSpot", at connections\/hubspot\.yaml:1 when the plan was made, is not there any more/,
    ],
  ])("%s: %s", async (_what, code, act, words) => {
    const outcomes = [KEY, {}].map(async (env) => {
      const made = await kept({ env });
      act(made);
      const ended = await made.apply();
      expect([ended.code, codesOf(ended)]).toEqual([5, [code]]);
      expect(errorsOf(ended)).toMatch(words);
      expect(made.live.writes()).toEqual([]);
      // No plan is shown that will not be carried out.
      expect(ended.stdout).not.toContain('"summary"');
    });
    await Promise.all(outcomes);
  });

  it.each<[string, string, Readonly<Record<string, string>>, readonly string[], RegExp]>([
    [
      "when a credential has another value",
      "STALE.OTHER_SECRETS",
      { SK: "other" },
      [],
      /stripe\.secret_key, taken from SK/,
    ],
    [
      "when a credential has no value any more",
      "STALE.OTHER_SECRETS",
      { SK: "" },
      [],
      /SK.* has no value, and had one/,
    ],
    [
      "when a masked field has another value",
      "STALE.OTHER_SECRETS",
      { NOTE: "other" },
      [],
      /metadata\.note, taken from NOTE, of/,
    ],
    ["when there is no key any more", "STALE.OTHER_SECRETS", { FLEXPRICE_SYNC_FINGERPRINT_KEY: "" }, [], /is not set/],
    [
      "when there is another key",
      "STALE.OTHER_SECRETS",
      { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(2) },
      [],
      /by the key \w{8}, and .* is another one/,
    ],
    [
      "when it was made for another environment",
      "STALE.OTHER_TARGET",
      { FLEXPRICE_ENVIRONMENT_ID: "env_b" },
      [],
      /env_b/,
    ],
    [
      "when it was made for another service",
      "STALE.OTHER_TARGET",
      {},
      ["--base-url", "http://127.0.0.1:1/v1"],
      /:1\/v1/,
    ],
    ["when it was made for another owner", "STALE.OTHER_SETTINGS", { FLEXPRICE_SYNC_OWNER: "acme" }, [], /"acme"/],
    ["when it was made with stamps", "STALE.OTHER_SETTINGS", { FLEXPRICE_SYNC_STAMP: "off" }, [], /without stamps/],
  ])("%s: %s", async (_what, code, env, args, words) => {
    const { apply, live } = await kept();
    const ended = await apply({ env, args });
    expect(ended.code).toBe(5);
    expect(new Set(codesOf(ended))).toEqual(new Set([code]));
    expect(errorsOf(ended)).toMatch(words);
    expect(live.writes()).toEqual([]);
  });

  it("when a value of the environment moved on the service, with a key: STALE.ROW_CHANGED; without one nobody can tell", async () => {
    for (const env of [KEY, {}]) {
      const { apply, live, cwd, env: all } = await kept({ env });
      await apply();
      writeInto(cwd, { "connections/stripe.yaml": files["connections/stripe.yaml"].replace("tier: b", "tier: c") });
      await run(["plan", "--out", "p.json"], { cwd, env: { ...all, NOTE: "rotated-note" } });
      const before = live.rows.find(({ id }) => id === "conn_1")?.metadata;
      change(live, "conn_1", { metadata: { ...before, note: "see another" } });
      const writes = live.writes().length;
      const ended = await apply({ env: { NOTE: "rotated-note" } });
      if (env === KEY) {
        expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.ROW_CHANGED"]]);
        expect(live.writes()).toHaveLength(writes);
      } else {
        expect(ended.code).toBe(0);
      }
      expect(ended.stdout + ended.stderr).not.toContain("see another");
    }
  });

  it("when the name of a definition found by it means another connection now: STALE.NEW_TWIN", async () => {
    const exports = row({ id: "conn_3", provider_type: "s3", name: "exports", metadata: { team: "old" } });
    const { apply, live } = await kept({
      rows: [exports],
      files: { "connections/exports.yaml": files["connections/exports.yaml"] },
    });
    live.rows[0] = { ...exports, name: "exports of before" };
    live.rows.push({ ...exports, id: "conn_4" });
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.NEW_TWIN"]]);
    expect(errorsOf(ended)).toContain('"exports" would mean conn_4 now, and meant conn_3');
    expect(live.writes()).toEqual([]);
  });

  it("when a credential that a file makes of a variable and a text has another value: STALE.OTHER_SECRETS", async () => {
    const text = `name: S
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${WH}", account_id: "acct_\${NOTE}" }
`;
    const { apply, live, cwd } = await kept({ rows: [], files: { "connections/s.yaml": text } });
    const ended = await apply({ env: { NOTE: "other" } });
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.OTHER_SECRETS"]]);
    expect(errorsOf(ended)).toContain("encrypted_secret_data.stripe.account_id");
    expect(live.writes()).toEqual([]);
    expect(readFileSync(join(cwd, "p.json"), "utf8")).not.toContain(SECRETS.NOTE);
    expect((await apply()).code).toBe(0);
  });

  it("when a field of what it creates had no value: STALE.OTHER_SECRETS, with its variable and its line", async () => {
    const { NOTE: _, ...less } = { ...SECRETS };
    const live = await service([]);
    const cwd = folderWith({
      "connections/f.yaml": 'name: F\nprovider_type: flexprice\nmetadata: { a: 1, note: "${NOTE}" }\n',
    });
    await run(["plan", "--out", "p.json"], { cwd, env: accessTo(live, less) });
    const ended = await run(["apply", "p.json", "--json"], { cwd, env: accessTo(live, SECRETS) });
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.OTHER_SECRETS"]]);
    expect(live.writes()).toEqual([]);
  });

  it("when secrets that it was to send had no value, so that it had nothing to do: STALE.OTHER_SECRETS", async () => {
    const quickbooks = `name: Q
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${SK}", client_secret: "\${SK}", realm_id: "1", environment: sandbox, webhook_verifier_token: "\${WH}" }
`;
    const live = await service([row({ id: "conn_q", provider_type: "quickbooks", name: "Q" })]);
    const cwd = folderWith({ "connections/q.yaml": quickbooks });
    const { WH: _, ...less } = { ...SECRETS };
    await run(["plan", "--out", "p.json", "--write-secrets=Q"], { cwd, env: accessTo(live, less) });
    const ended = await run(["apply", "p.json", "--json"], { cwd, env: accessTo(live, SECRETS) });
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.OTHER_SECRETS"]]);
    expect(live.writes()).toEqual([]);
  });

  it("when the key shows the connections of another environment: STALE.OTHER_TARGET", async () => {
    const { apply, live } = await kept({ env: { ...KEY, FLEXPRICE_ENVIRONMENT_ID: ENVIRONMENT } });
    for (const one of [...live.rows]) change(live, one.id, { environment_id: "env_prod" });
    const ended = await apply();
    expect(ended.code).toBe(5);
    expect(codesOf(ended)).toContain("STALE.OTHER_TARGET");
    expect(errorsOf(ended)).toContain("env_prod");
    expect(live.writes()).toEqual([]);
  });

  it("when it has expired: STALE.EXPIRED, without a request", async () => {
    const { cwd, apply, live } = await kept();
    const { digest: _old, ...plan } = planIn(cwd);
    writeFileSync(join(cwd, "p.json"), JSON.stringify(sealed({ ...plan, expires_at: "2020-01-01T00:00:00.000Z" })));
    const before = live.received.length;
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.EXPIRED"]]);
    expect(live.received).toHaveLength(before);
  });

  it.each<[string, string, (text: string) => string]>([
    ["one letter of it was changed", "STALE.ALTERED", (text) => text.replace('"tier"', '"tier"').replace(/"b"/, '"c"')],
    ["it was cut", "STALE.ALTERED", (text) => text.slice(0, -40)],
    ["a key was added", "STALE.ALTERED", (text) => text.replace("{", '{ "more": 1,')],
    ["a part is missing", "STALE.ALTERED", (text) => text.replace(/"row": \{[^}]*\}/, '"rows": {}')],
    ["it is empty", "STALE.ALTERED", () => ""],
    ["it is a list", "STALE.ALTERED", () => "[]"],
    ["it is another document", "STALE.ALTERED", () => '{"format_version":"1.0"}'],
    [
      "it is nested too deep",
      "STALE.ALTERED",
      (text) => text.replace("{", `{"deep":${"[".repeat(9_000)}${"]".repeat(9_000)},`),
    ],
    [
      "it has another format",
      "STALE.OTHER_FORMAT",
      (text) => text.replace('"format_version": "1.0"', '"format_version": "2.0"'),
    ],
  ])("when %s: %s", async (_what, code, altered) => {
    const { cwd, apply, live } = await kept();
    const path = join(cwd, "p.json");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, altered(before));
    expect(altered(before)).not.toBe(before);
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([5, [code]]);
    expect(live.writes()).toEqual([]);
  });

  it("and a file that is not there, or a folder, is exit code 3", async () => {
    const { cwd, env } = await kept();
    for (const path of ["nope.json", "connections"]) {
      const ended = await run(["apply", path, "--json"], { cwd, env });
      expect([ended.code, codesOf(ended)]).toEqual([3, ["LOAD.UNREADABLE"]]);
    }
  });

  it("all that is wrong is told at once, also from several connections", async () => {
    const { apply, live } = await kept();
    change(live, "conn_1", { metadata: { tier: "c" } });
    live.rows.pop();
    const ended = await apply();
    expect([...codesOf(ended)].sort()).toEqual(["STALE.ROW_CHANGED", "STALE.ROW_GONE"]);
    const offline = await apply({ env: { SK: "x", FLEXPRICE_SYNC_OWNER: "o", FLEXPRICE_ENVIRONMENT_ID: "env_b" } });
    expect(new Set(codesOf(offline))).toEqual(
      new Set(["STALE.OTHER_SECRETS", "STALE.OTHER_SETTINGS", "STALE.OTHER_TARGET"]),
    );
  });
});

describe("what is no reason to refuse a plan", () => {
  it.each<[string, (kept: Kept) => void]>([
    [
      "times and actors of a connection",
      ({ live }) => change(live, "conn_1", { updated_at: "2027-01-01T00:00:00Z", updated_by: "x", created_by: "y" }),
    ],
    [
      "another spelling of the same sync_config",
      ({ live }) => change(live, "conn_2", { sync_config: { deal: {}, plan: { inbound: false, outbound: false } } }),
    ],
    [
      "connections that no definition means",
      ({ live }) => void live.rows.push(row({ id: "conn_9", provider_type: "tabs" })),
    ],
    [
      "comments and another order in a definition",
      ({ cwd }) =>
        writeInto(cwd, {
          "connections/hubspot.yaml": "# new\nmetadata: { team: sales }\nprovider_type: hubspot\nname: HubSpot\n",
        }),
    ],
    [
      "the nested form of credentials, and another file",
      ({ cwd }) => {
        rmSync(join(cwd, "connections/exports.yaml"));
        const text = files["connections/exports.yaml"].replace(
          /encrypted_secret_data: (.*)\n/,
          "encrypted_secret_data:\n  s3: $1\n",
        );
        writeInto(cwd, { "connections/a/other.yml": text });
      },
    ],
  ])("%s", async (_what, act) => {
    const made = await kept();
    act(made);
    const ended = await made.apply();
    expect([ended.code, statusesOf(ended)]).toEqual([0, ["updated", "created", "updated"]]);
  });

  it("a change that somebody has made already, by hand: that one counts as done", async () => {
    const { live, apply } = await kept();
    change(live, "conn_2", { metadata: { team: "sales" } });
    const ended = await apply();
    expect([ended.code, statusesOf(ended)]).toEqual([0, ["created", "updated"]]);
    expect(live.writes().map(({ path }) => path)).not.toContain("/v1/connections/conn_2");
  });
});

describe("secrets of a plan without a key", () => {
  it("are those at apply time, and with a key at apply time they leave fingerprints", async () => {
    const { apply, live } = await kept({ env: {} });
    const ended = await apply({ env: { SK: "another", AK: "AKIAOTHER", ...KEY } });
    expect(ended.code).toBe(0);
    const created = live.writes().find(({ method }) => method === "POST");
    expect(created?.body.encrypted_secret_data.aws_access_key_id).toBe("AKIAOTHER");
    expect(Object.keys(markOf(created?.body).secrets)).toHaveLength(2);
    expect((await apply({ env: KEY })).code).toBe(0);
    expect(live.writes()).toHaveLength(3);
  });

  it("that this run happens to know, and the one before did not, make no connection look changed", async () => {
    const live = await service([
      row({ id: "conn_t", provider_type: "tabs", name: "T", metadata: { team: "old", note: "Acme main" } }),
    ]);
    const cwd = folderWith({
      "connections/t.yaml":
        'name: T\nprovider_type: tabs\nencrypted_secret_data: { api_key: "${COMPANY}" }\nmetadata: { team: new }\n',
    });
    await run(["plan", "--out", "p.json"], { cwd, env: accessTo(live) });
    const ended = await run(["apply", "p.json"], { cwd, env: accessTo(live, { COMPANY: "acme" }) });
    expect(ended.code).toBe(0);
    expect(live.rows[0]?.metadata).toMatchObject({ team: "new", note: "Acme main" });
  });

  it("of which some have no value when it is made are taken as they are then, and the plan says so", async () => {
    const { AK: _, ...less } = { ...SECRETS };
    const live = await service([stripe, hubspot]);
    const cwd = folderWith(files);
    const plan = await run(["plan", "--out", "p.json"], { cwd, env: accessTo(live, { ...less, ...KEY }) });
    expect(plan.stdout).toContain("1 credential has no value now");
    expect((await run(["apply", "p.json"], { cwd, env: accessTo(live, { ...SECRETS, ...KEY }) })).code).toBe(0);
    expect(live.writes()).toHaveLength(3);
  });

  it("may be missing when the plan is made, and must be there when a write needs them", async () => {
    const { AK: _, ...less } = { ...SECRETS };
    const live = await service([stripe, hubspot]);
    const cwd = folderWith(files);
    const plan = await run(["plan", "--out", "p.json"], { cwd, env: accessTo(live, less) });
    expect(plan.code).toBe(0);
    const missing = await run(["apply", "p.json", "--json"], { cwd, env: accessTo(live, less) });
    expect([missing.code, codesOf(missing)]).toEqual([3, ["SECRETS.UNSET"]]);
    expect(live.writes()).toEqual([]);
    expect((await run(["apply", "p.json"], { cwd, env: accessTo(live, SECRETS) })).code).toBe(0);
    expect(live.writes()).toHaveLength(3);
  });

  it("and a readable field whose variable was missing makes the plan stale once it has a value", async () => {
    const { NOTE: _, ...less } = { ...SECRETS };
    const live = await service([stripe, hubspot]);
    const cwd = folderWith(files);
    await run(["plan", "--out", "p.json"], { cwd, env: accessTo(live, less) });
    const ended = await run(["apply", "p.json", "--json"], { cwd, env: accessTo(live, SECRETS) });
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.OTHER_SECRETS"]]);
    expect(errorsOf(ended)).toContain("metadata.note");
    expect(live.writes()).toEqual([]);
  });

  it.each([{}, KEY])("that are sent on request are sent once, however often the plan is applied: %j", async (key) => {
    const chargebee = `name: CB
provider_type: chargebee
encrypted_secret_data: { site: acme, api_key: "\${AK}", webhook_username: "\${SK}", webhook_password: "\${WH}" }
`;
    const box = await sandbox([
      {
        id: "conn_cb",
        name: "CB",
        provider_type: "chargebee",
        encrypted_secret_data: { site: "acme", api_key: "a", webhook_username: "b", webhook_password: "c" },
      },
    ]);
    const cwd = folderWith({ "connections/cb.yaml": chargebee });
    const env = { ...box.env, ...SECRETS, ...key };
    await run(["apply", "--adopt", "--yes"], { cwd, env });
    await run(["plan", "--out", "p.json", "--write-secrets=CB"], { cwd, env });
    const first = await run(["apply", "p.json", "--json"], { cwd, env });
    expect([first.code, statusesOf(first)]).toEqual([6, ["updated"]]);
    const stored = box.store.find("conn_cb");
    const second = await run(["apply", "p.json", "--json"], { cwd, env });
    expect(targetOf(second).summary).toMatchObject({ update: 0, blocked: 1 });
    // What the plan could not change stays said.
    expect([second.code, codesOf(second)]).toEqual([6, ["APPLY.BLOCKED"]]);
    expect(box.store.find("conn_cb")).toBe(stored);
    // Asked again they are sent again, unless a fingerprint shows that they are there.
    await run(["plan", "--out", "p.json", "--write-secrets=CB"], { cwd, env });
    expect(statusesOf(await run(["apply", "p.json", "--json"], { cwd, env }))).toEqual(
      key === KEY ? ["unchanged"] : ["updated"],
    );
  });
});

describe("a plan that broke off", () => {
  it.each([1, 2])("after %i writes is finished by applying it again", async (most) => {
    const { live, apply } = await kept();
    let count = 0;
    live.intercept = ({ method }: Received, response) => {
      if (method === "GET" || ++count <= most) return false;
      return send(response, 400, { message: "not now" });
    };
    const broken = await apply({ args: ["--parallelism", "1", "--fail-fast"] });
    expect(broken.code).toBe(4);
    live.intercept = () => false;
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([0, []]);
    expect(statusesOf(ended)).toHaveLength(3 - most);
    const after = live.writes().length;
    expect((await apply()).code).toBe(0);
    expect(live.writes()).toHaveLength(after);
    expect(live.rows).toHaveLength(3);
  });

  it("because it was killed is finished by applying it again, and nothing is made twice", async () => {
    const { live, cwd, env, apply } = await kept();
    let open = () => {};
    const reached = new Promise<void>((resolve) => {
      open = resolve;
    });
    live.intercept = async ({ method, path }) => {
      if (method !== "PUT" || !path.endsWith("conn_2")) return false;
      open();
      // Held until the process is gone.
      await new Promise((resolve) => setTimeout(resolve, 400));
      return true;
    };
    const child = start(["apply", "p.json", "--parallelism", "1"], { cwd, env });
    await reached;
    child.kill("SIGKILL");
    live.intercept = () => false;
    const ended = await apply();
    expect(ended.code).toBe(0);
    expect(live.rows.filter(({ provider_type: type }) => type === "s3").length).toBe(1);
    expect((await apply()).code).toBe(0);
    expect(lastLine((await run(["plan"], { cwd, env })).stdout)).toContain("0 to create, 0 to update");
  });

  it("is stale when somebody changed meanwhile what it had written", async () => {
    const { live, apply } = await kept();
    await apply();
    const created = live.rows.find(({ provider_type: type }) => type === "s3");
    change(live, created?.id ?? "", { metadata: { ...created?.metadata, team: "others" } });
    const writes = live.writes().length;
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.ROW_CHANGED"]]);
    expect(errorsOf(ended)).toContain("metadata.team");
    expect(live.writes()).toHaveLength(writes);
  });

  it("between the two steps of a create is finished by the second alone", async () => {
    const quickbooks = `name: Q
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${SK}", client_secret: "\${SK}", realm_id: "1", environment: sandbox, refresh_token: "\${SK}", webhook_verifier_token: "\${WH}" }
`;
    const { live, apply } = await kept({ rows: [], files: { "connections/q.yaml": quickbooks } });
    live.intercept = ({ method }, response) => (method === "PUT" ? send(response, 400, { message: "no" }) : false);
    expect((await apply()).code).toBe(4);
    live.intercept = () => false;
    const ended = await apply();
    expect([ended.code, statusesOf(ended)]).toEqual([0, ["updated"]]);
    expect(live.writes().at(-1)?.body.encrypted_secret_data).toEqual({
      quickbooks: { webhook_verifier_token: SECRETS.WH },
    });
    const writes = live.writes().length;
    expect((await apply()).code).toBe(0);
    expect(live.writes()).toHaveLength(writes);
  });
});

describe("a saved plan on a terminal or in a log", () => {
  it("says which one is carried out, and the command for it leads to the same target", async () => {
    const live = await service([stripe, hubspot]);
    const cwd = folderWith(files);
    const { FLEXPRICE_BASE_URL: url = "", ...env } = accessTo(live, { ...SECRETS, ...KEY });
    const plan = await run(["plan", "--out", "a plan.json", "--base-url", url], { cwd, env });
    expect(plan.stderr).toContain(`flexprice-sync apply 'a plan.json' --base-url ${url}\n`);
    const ended = await run(["apply", "a plan.json", "--base-url", url], { cwd, env });
    expect(ended.stdout).toMatch(/^Saved plan: a plan\.json, made \d{4}-.*Z$/m);
    expect(ended.code).toBe(0);
  });
});

describe("without stamps a plan", () => {
  const OFF = { FLEXPRICE_SYNC_STAMP: "off" };

  it("is carried out once, and what equals what it creates counts as done", async () => {
    const { live, apply } = await kept({ env: OFF });
    expect((await apply()).code).toBe(0);
    const writes = live.writes().length;
    const second = await apply();
    expect([second.code, codesOf(second)]).toEqual([0, []]);
    expect(live.writes()).toHaveLength(writes);
  });

  it("that sends secrets on request cannot be saved: nothing would tell that it was carried out", async () => {
    const live = await service([stripe]);
    const env = accessTo(live, { ...SECRETS, ...OFF });
    const ended = await run(["plan", "--out", "p.json", "--write-secrets", "--json"], { cwd: folderWith(files), env });
    expect([ended.code, codesOf(ended)]).toEqual([64, ["USAGE.CONFLICT"]]);
  });

  it("is stale when what it creates exists otherwise", async () => {
    const { live, apply } = await kept({ env: OFF });
    live.rows.push(row({ id: "conn_9", provider_type: "s3", name: "exports", metadata: { team: "others" } }));
    const ended = await apply();
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.NEW_TWIN"]]);
    expect(live.writes()).toEqual([]);
  });
});
