import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { schemas } from "../src/generated/schemas.js";
import type { RecoveryDocument } from "../src/model/recovery.js";
import { sealed } from "../src/state/seal.js";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "./support/program.js";
import { sandbox } from "./support/sandbox.js";
import { accessTo, MARK, markOf, row, type Service, send, service, unmarked } from "./support/service.js";
import { keyText, stampWith } from "./support/steps.js";

/*
 * Replacing a connection: the way out for what the service cannot change on an existing one. It is archived, another one takes
 * its place, and whatever only it had goes along.
 */

const KEY = { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) };
const SECRETS = { SK: "sk_live_replaced", WH: "whsec_replaced", NOTE: "n0te-replaced" };
const FILE = "connections/stripe.yaml";
const RECOVERY = "flexprice-sync-recovery-conn_1.json";

const stripe = `name: Stripe
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${WH}" }
metadata: { tier: b }
sync_config: { invoice: { outbound: true } }
`;

const old = row({
  id: "conn_1",
  provider_type: "stripe",
  name: "Stripe",
  metadata: { tier: "a", extra: { by: ["hand"] }, "a.b": 1 },
  sync_config: { invoice: { inbound: false, outbound: true }, customer: { inbound: true, outbound: false } },
});

interface Setting {
  readonly live: Service;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly fs: (...args: readonly string[]) => Promise<Ended>;
}

async function setting(text = stripe, rows = [old], more: Readonly<Record<string, string>> = KEY): Promise<Setting> {
  const live = await service(rows);
  const cwd = folderWith({ [FILE]: text });
  const env = accessTo(live, { ...SECRETS, ...more });
  return { live, cwd, env, fs: (...args) => run(args, { cwd, env }) };
}

function codesOf(ended: Ended): readonly string[] {
  return documentOf(ended)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ code }) => code);
}

function methodsOf(live: Service): readonly string[] {
  return live.writes().map(({ method }) => method);
}

function recoveryIn(cwd: string): RecoveryDocument {
  return JSON.parse(readFileSync(join(cwd, RECOVERY), "utf8"));
}

const isRecovery = new Ajv2020({ allErrors: true, strict: false, unicodeRegExp: true }).compile(schemas.recovery);
const REPLACE = ["apply", "--replace", "Stripe", "--yes", "--allow-dangerous"];

describe("a replace", () => {
  it("says first all that is lost, and plans no other write for the connection", async () => {
    const { fs, live } = await setting();
    const plan = await fs("plan", "--replace", "Stripe", "--json");
    const [change] = targetOf(plan).changes;
    expect(targetOf(plan).summary).toMatchObject({ replace: 1, update: 0, create: 0, kept_keys: 3 });
    expect(change).toMatchObject({ action: "replace", id: "conn_1", stamp: true });
    expect(change?.secrets.map(({ state, variable }) => `${state} ${variable}`)).toEqual(["new SK", "new WH"]);
    expect(
      change?.dangers.map((danger) =>
        danger
          .split(/[ ;:,]/)
          .slice(0, 3)
          .join(" "),
      ),
    ).toEqual([
      "conn_1 is archived",
      "scheduled exports of",
      "until the new",
      "what was synced",
      "credentials that the",
    ]);
    const shown = (await fs("plan", "--replace", "connections/stripe.yaml")).stdout;
    expect(shown).toContain("± replace  Stripe (stripe, conn_1)");
    expect(shown.indexOf("danger:")).toBeLessThan(shown.indexOf("metadata.tier"));
    expect(lastLine(shown)).toContain("1 to replace");
    expect(live.writes()).toEqual([]);
  });

  it.each<[string, readonly string[], string]>([
    ["without consent", ["apply"], "APPLY.NO_CONSENT"],
    ["with a plain yes", ["apply", "--yes"], "APPLY.DANGEROUS"],
  ])("%s writes nothing and is exit code 6", async (_what, [command = "", ...args], code) => {
    const { fs, live } = await setting();
    const ended = await fs(command, "--json", "--replace", "Stripe", ...args);
    expect([ended.code, codesOf(ended)]).toEqual([6, [code]]);
    expect(live.writes()).toEqual([]);
  });

  it("gives a new connection with what the old one had beyond its file, and leaves no file behind", async () => {
    const { fs, live, cwd } = await setting();
    const ended = await fs(...REPLACE, "--json");
    expect(ended.code).toBe(0);
    expect(methodsOf(live)).toEqual(["DELETE", "POST"]);
    expect(unmarked(live.writes()[1]?.body)).toEqual({
      name: "Stripe",
      provider_type: "stripe",
      encrypted_secret_data: { secret_key: SECRETS.SK, webhook_secret: SECRETS.WH },
      metadata: { tier: "b", extra: { by: ["hand"] }, "a.b": 1 },
      sync_config: { invoice: { inbound: false, outbound: true }, customer: { inbound: true, outbound: false } },
    });
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "replaced", id: "conn_new1", attempts: 2 });
    expect(readdirSync(cwd)).toEqual(["connections"]);
    const again = await fs("plan", "--detailed-exitcode");
    expect([again.code, lastLine(again.stdout)]).toEqual([
      0,
      "Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, 1 unchanged, 0 blocked, 0 unknown.",
    ]);
  });

  it("says in its report which connection took the place of which", async () => {
    const { fs } = await setting();
    const ended = await fs(...REPLACE);
    expect(ended.stdout).toContain("± replaced  Stripe (stripe, conn_1 → conn_new1)");
    expect(lastLine(ended.stdout)).toContain("1 replaced");
  });

  it("stores every secret, on the service's own terms", async () => {
    const text = `name: CB
provider_type: chargebee
encrypted_secret_data: { site: acme, api_key: "\${SK}", webhook_username: "\${WH}", webhook_password: "\${NOTE}" }
`;
    const before = { site: "acme", api_key: "old", webhook_username: "old", webhook_password: "old" };
    const box = await sandbox([
      { id: "conn_1", name: "CB", provider_type: "chargebee", encrypted_secret_data: before, metadata: { kept: true } },
    ]);
    const cwd = folderWith({ [FILE]: text });
    const ended = await run(["apply", "--replace", "CB", "--yes", "--allow-dangerous"], {
      cwd,
      env: { ...box.env, ...SECRETS, ...KEY },
    });
    expect(ended.code).toBe(0);
    const [now, ...more] = box.store.live();
    expect(more).toEqual([]);
    expect(now?.id).not.toBe("conn_1");
    expect(now?.secrets).toEqual({
      site: "acme",
      api_key: { encrypted: SECRETS.SK },
      webhook_username: { encrypted: SECRETS.WH },
      webhook_password: { encrypted: SECRETS.NOTE },
    });
    expect(now?.metadata).toMatchObject({ kept: true });
    expect(box.store.all().find(({ id }) => id === "conn_1")?.status).toBe("archived");
    expect(Object.keys(markOf({ metadata: { ...now?.metadata } }).secrets)).toHaveLength(4);
  });

  it("is the way out for a secret that cannot be changed, and then nothing is blocked", async () => {
    const { fs, env, cwd } = await setting();
    await fs(...REPLACE);
    const rotated = { ...env, SK: "sk_live_rotated" };
    expect((await run(["apply", "--yes"], { cwd, env: rotated })).code).toBe(6);
    expect((await run(REPLACE, { cwd, env: rotated })).code).toBe(0);
    expect(lastLine((await run(["plan"], { cwd, env: rotated })).stdout)).toContain(
      "1 unchanged, 0 blocked, 0 unknown",
    );
  });

  it("takes away what is ours and left the file, and carries a new mark for the rest", async () => {
    const { fs, live, cwd } = await setting(stripe.replace("tier: b", "tier: b, gone: 1, stays: 2"));
    await fs("apply", "--yes");
    const first = markOf(live.rows[0] ?? {});
    writeInto(cwd, { [FILE]: stripe });
    await fs(...REPLACE);
    const [now] = live.rows;
    expect(Object.keys(now?.metadata ?? {}).sort()).toEqual(["a.b", "extra", MARK, "tier"].sort());
    const mark = markOf(now ?? {});
    expect(mark.salt).not.toBe(first.salt);
    expect(mark.id).toBeUndefined();
    expect(Object.keys(mark.owns)).toEqual(["metadata.tier", "sync_config.invoice.outbound"]);
    for (const [path, value] of Object.entries(mark.owns)) expect(first.owns[path]).not.toBe(value);
  });

  it("changes what only a create can: storage that the service kept itself becomes somebody's own", async () => {
    const text = `name: exports
provider_type: s3
encrypted_secret_data: { aws_access_key_id: "\${SK}", aws_secret_access_key: "\${WH}" }
sync_config: { s3: { is_flexprice_managed: false, bucket: own, region: eu-west-1 } }
`;
    const box = await sandbox([
      {
        id: "conn_1",
        name: "exports",
        provider_type: "s3",
        metadata: { team: "data" },
        sync_config: { s3: { is_flexprice_managed: true, bucket: "theirs", region: "us", key_prefix: "t/e" } },
      },
    ]);
    const cwd = folderWith({ [FILE]: text });
    const env = { ...box.env, ...SECRETS, ...KEY };
    expect(targetOf(await run(["plan", "--json"], { cwd, env })).summary).toMatchObject({ blocked: 1 });
    const ended = await run(["apply", "--replace", "exports", "--yes", "--allow-dangerous"], { cwd, env });
    expect([ended.code, /error|warning/.test(ended.stderr)]).toEqual([0, false]);
    const [now] = box.store.live();
    expect(now?.syncConfig).toMatchObject({ s3: { bucket: "own", region: "eu-west-1" } });
    expect(JSON.stringify(now?.syncConfig)).not.toContain("t/e");
    expect(now?.metadata).toMatchObject({ team: "data" });
    expect(lastLine((await run(["plan"], { cwd, env })).stdout)).toContain("1 unchanged, 0 blocked");
  });

  it("records no secret where the service goes on to put its own in place", async () => {
    const text = `name: exports
provider_type: s3
encrypted_secret_data: { aws_access_key_id: "\${SK}", aws_secret_access_key: "\${WH}" }
`;
    const managed = { is_flexprice_managed: true, bucket: "theirs", region: "us", key_prefix: "t/e" };
    const box = await sandbox([{ id: "conn_1", name: "exports", provider_type: "s3", sync_config: { s3: managed } }]);
    const env = { ...box.env, ...SECRETS, ...KEY };
    const args = ["apply", "--replace", "exports", "--yes", "--allow-dangerous"];
    expect((await run(args, { cwd: folderWith({ [FILE]: text }), env })).code).toBe(0);
    const [now] = box.store.live();
    expect(now?.syncConfig).toMatchObject({ s3: { is_flexprice_managed: true } });
    expect(markOf({ metadata: { ...now?.metadata } }).secrets).toEqual({});
  });

  it.each([
    ["protect: true", `${stripe}protect: true\n`, "APPLY.PROTECTED", 6],
    [
      "a credential that a create needs and the file lacks",
      "name: Stripe\nprovider_type: stripe\n",
      "PLAN.MISSING_ON_CREATE",
      3,
    ],
    ["a variable without a value", stripe.replace("${SK}", "${NOT_THERE}"), "SECRETS.UNSET", 3],
  ])("is refused by %s, whatever is allowed", async (_what, text, code, exit) => {
    const { fs, live } = await setting(text);
    const ended = await fs(...REPLACE, "--json");
    expect(ended.code).toBe(exit);
    expect(codesOf(ended)).toContain(code);
    expect(live.writes()).toEqual([]);
    expect((await fs("plan", "--replace", "Stripe")).code).not.toBe(6);
  });

  it("of a connection begun in the browser needs the tokens in the file", async () => {
    const text =
      'name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { client_id: "${SK}", client_secret: "${SK}", realm_id: "1", environment: sandbox }\n';
    const { fs, live } = await setting(text, [row({ id: "conn_1", provider_type: "quickbooks", name: "Q" })]);
    const ended = await fs("apply", "--replace", "Q", "--yes", "--allow-dangerous", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([3, ["PLAN.MISSING_ON_CREATE"]]);
    expect(live.writes()).toEqual([]);
  });

  it.each([
    ["is not there", [], "PLAN.NOTHING_TO_REPLACE", 1],
    [
      "belongs to another owner",
      [{ ...old, metadata: { [MARK]: stampWith("stripe", { id: "conn_1", owner: "x" }) } }],
      "PLAN.OTHER_OWNER",
      1,
    ],
  ])("of a connection that %s is an error", async (_what, rows, code, exit) => {
    const { fs, live } = await setting(stripe, rows);
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([exit, [code]]);
    expect(live.writes()).toEqual([]);
  });

  it("of a name that two definitions share is an error: one must not be archived for the other", async () => {
    const { fs, live, cwd } = await setting();
    writeInto(cwd, { "connections/t.yaml": "name: Stripe\nprovider_type: tabs\n" });
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([3, ["LOAD.SEVERAL_SELECTED"]]);
    expect(documentOf(ended).problems[0]?.message).toContain("connections/t.yaml:1");
    expect(live.writes()).toEqual([]);
    const tabs = row({ id: "conn_t", provider_type: "tabs", name: "Stripe" });
    live.rows.push(tabs);
    expect((await fs("apply", "--replace", FILE, "--only", FILE, "--yes", "--allow-dangerous")).code).toBe(0);
    expect(live.rows).toContain(tabs);
  });

  it("without stamps of a connection that has one is an error: nobody would know the new one for theirs", async () => {
    const stamp = stampWith("stripe", { id: "conn_1", owner: "team-a" });
    const { fs, live } = await setting(stripe, [{ ...old, metadata: { [MARK]: stamp } }], {
      FLEXPRICE_SYNC_STAMP: "off",
    });
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([1, ["PLAN.STAMP_OUTDATED"]]);
    expect(live.writes()).toEqual([]);
  });

  it("keeps the metadata of a connection for which none is not the same as some", async () => {
    const paddle = `name: P
provider_type: paddle
encrypted_secret_data: { api_key: "\${SK}", webhook_secret: "\${WH}" }
`;
    const secrets = { api_key: "a", webhook_secret: "b" };
    for (const metadata of [null, { [MARK]: stampWith("paddle", { id: "conn_1" }) }]) {
      const box = await sandbox([
        { id: "conn_1", name: "P", provider_type: "paddle", encrypted_secret_data: secrets, metadata },
      ]);
      const cwd = folderWith({ [FILE]: paddle });
      const env = { ...box.env, ...SECRETS, ...KEY };
      const ended = await run(["apply", "--replace", "P", "--yes", "--allow-dangerous"], { cwd, env });
      expect(ended.code).toBe(0);
      expect(ended.stderr.includes("PLAN.NO_STAMP")).toBe(metadata === null);
      const [now] = box.store.live();
      expect(now?.metadata === null).toBe(metadata === null);
      if (metadata !== null) expect(markOf({ metadata: { ...now?.metadata } }).owner).toBeUndefined();
    }
  });

  it("of a name that no definition has is an error that lists them", async () => {
    const { fs } = await setting();
    const ended = await fs("plan", "--replace", "Strip", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([3, ["LOAD.NOTHING_SELECTED"]]);
    expect(documentOf(ended).problems[0]?.hint).toContain("Stripe");
  });

  it("whose file names the old id says that it has to name the new one, and the next plan does", async () => {
    const { fs } = await setting(`id: conn_1\n${stripe}`);
    const plan = await fs("plan", "--replace", "Stripe", "--json");
    expect(targetOf(plan).changes[0]?.dangers).toContain(
      "the file names conn_1, and has to name the new one afterwards",
    );
    expect((await fs(...REPLACE)).code).toBe(0);
    expect(codesOf(await fs("plan", "--json"))).toEqual(["PLAN.ID_GONE"]);
  });

  it("whose file names the old id, by a saved plan that broke off behind it, is finished all the same", async () => {
    const { fs, live, cwd } = await setting(`id: conn_1\n${stripe}`);
    writeInto(cwd, {
      "connections/z.yaml": 'name: Z\nprovider_type: tabs\nencrypted_secret_data: { api_key: "${SK}" }\n',
    });
    await fs("plan", "--out", "p.json", "--replace", "Stripe");
    live.intercept = ({ method, body }, response) =>
      method === "POST" && body.provider_type === "tabs" ? send(response, 400, { message: "not now" }) : false;
    expect((await fs("apply", "p.json", "--allow-dangerous")).code).toBe(4);
    live.intercept = () => false;
    const ended = await fs("apply", "p.json", "--allow-dangerous", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([0, []]);
    expect(methodsOf(live)).toEqual(["POST", "DELETE", "POST", "POST"]);
    const again = await fs("apply", "p.json", "--allow-dangerous");
    expect([again.code, again.stdout.includes("Nothing to do")]).toEqual([0, true]);
    expect(live.writes()).toHaveLength(4);
  });

  it.each([stripe, `id: conn_1\n${stripe}`])("without stamps, by a saved plan, is done once, too: %j", async (text) => {
    const { fs, live } = await setting(text, [old], { FLEXPRICE_SYNC_STAMP: "off" });
    await fs("plan", "--out", "p.json", "--replace", "Stripe");
    expect((await fs("apply", "p.json", "--allow-dangerous")).code).toBe(0);
    const again = await fs("apply", "p.json", "--allow-dangerous");
    expect([again.code, again.stdout.includes("Nothing to do")]).toEqual([0, true]);
    expect(methodsOf(live)).toEqual(["DELETE", "POST"]);
  });

  it("by a saved plan is stale when somebody else has made one in its place", async () => {
    const { fs, live } = await setting();
    await fs("plan", "--out", "p.json", "--replace", "Stripe");
    live.rows[0] = row({ id: "conn_9", provider_type: "stripe", name: "Stripe" });
    const ended = await fs("apply", "p.json", "--allow-dangerous", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.NEW_TWIN"]]);
    expect(live.writes()).toEqual([]);
  });

  it("tells where what it carries over is kept before it archives anything", async () => {
    const { fs, live, cwd } = await setting();
    const found: boolean[] = [];
    live.intercept = ({ method }) => {
      if (method === "DELETE") found.push(existsSync(join(cwd, RECOVERY)));
      return false;
    };
    const ended = await fs(...REPLACE);
    expect(found).toEqual([true]);
    expect(ended.stderr).toBe(
      `What conn_1 has beyond its definition is kept in ${RECOVERY} until its replacement is there.\n`,
    );
  });

  it("whose answer does not show what was carried over keeps the file, and says where it is", async () => {
    const { fs, live, cwd } = await setting();
    live.intercept = ({ method, body }, response) => {
      if (method !== "POST") return false;
      const made = row({ id: "conn_9", ...body, metadata: { tier: "b" }, encrypted_secret_data: undefined });
      live.rows.push(made);
      return send(response, 201, made);
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([7, ["APPLY.NOT_CONVERGED"]]);
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ id: "conn_9", recovery_file: RECOVERY });
    expect(documentOf(ended).problems[0]?.hint).toContain(`what conn_1 had is in ${RECOVERY}`);
    expect(existsSync(join(cwd, RECOVERY))).toBe(true);
  });

  it("that apply would refuse is kept with the command it takes, or says that there is none", async () => {
    const { fs } = await setting();
    const plan = await fs("plan", "--out", "p.json", "--replace", "Stripe");
    expect(plan.stderr).toContain("flexprice-sync apply p.json --allow-dangerous\n");
    expect(plan.stdout).toContain("apply needs --allow-dangerous for that");
    const guarded = await setting(`${stripe}protect: true\n`);
    expect((await guarded.fs("plan", "--out", "p.json", "--replace", "Stripe")).stderr).toContain(
      "but apply refuses it",
    );
  });

  it("by a saved plan needs the danger allowed, is done once, and is then nothing to do", async () => {
    const { fs, live } = await setting();
    await fs("plan", "--out", "p.json", "--replace", "Stripe");
    expect((await fs("apply", "p.json")).code).toBe(6);
    expect(live.writes()).toEqual([]);
    expect((await fs("apply", "p.json", "--allow-dangerous")).code).toBe(0);
    const again = await fs("apply", "p.json", "--allow-dangerous");
    expect([again.code, again.stdout.includes("Nothing to do")]).toEqual([0, true]);
    expect(methodsOf(live)).toEqual(["DELETE", "POST"]);
  });
});

describe("a replace whose create fails", () => {
  const refuse = (live: Service) => {
    live.intercept = ({ method }, response) =>
      method === "POST" ? send(response, 400, { message: "no more today" }) : false;
  };

  it("is partly done, keeps what the connection had in a private file, and prints the command that finishes it", async () => {
    const { fs, live, cwd, env } = await setting();
    refuse(live);
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([4, ["APPLY.NOT_REPLACED"]]);
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "failed", attempts: 2 });
    expect(live.rows).toEqual([]);
    expect(statSync(join(cwd, RECOVERY)).mode & 0o777).toBe(0o600);
    expect(isRecovery(recoveryIn(cwd)), JSON.stringify(isRecovery.errors)).toBe(true);
    expect(recoveryIn(cwd).connection).toMatchObject({ id: "conn_1", metadata: { extra: { by: ["hand"] }, "a.b": 1 } });
    const { hint = "" } = documentOf(ended).problems.find(({ severity }) => severity === "error") ?? {};
    const [, command = ""] = /flexprice-sync (apply --recover \S+ --only \S+)$/.exec(hint) ?? [];
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ recovery_file: RECOVERY });
    live.intercept = () => false;
    const recovered = await run(command.split(" "), { cwd, env });
    expect(recovered.code).toBe(0);
    expect(recovered.stdout).toContain("+ created  Stripe (stripe, conn_new");
    const [now] = live.rows;
    expect(unmarked(live.writes().at(-1)?.body)).toMatchObject({
      encrypted_secret_data: { secret_key: SECRETS.SK, webhook_secret: SECRETS.WH },
      metadata: { tier: "b", extra: { by: ["hand"] }, "a.b": 1 },
      sync_config: { customer: { inbound: true, outbound: false }, invoice: { inbound: false, outbound: true } },
    });
    expect(now?.id).not.toBe("conn_1");
    expect(existsSync(join(cwd, RECOVERY))).toBe(false);
    expect(lastLine((await fs("plan")).stdout)).toContain(
      "0 to create, 0 to update, 0 to replace, 0 to archive, 1 unchanged",
    );
  });

  it("is finished for the definition of that name, and for no other in the same file", async () => {
    const s3 = (name: string, more: string) =>
      `name: ${name}\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: "\${SK}", aws_secret_access_key: "\${WH}" }\n${more}`;
    const both = `${s3("exA", "")}---\n${s3("exB", "metadata: { team: b }\n")}`;
    const { fs, live } = await setting(both, [
      row({ id: "conn_1", provider_type: "s3", name: "exB", metadata: { only: "here" } }),
    ]);
    refuse(live);
    await fs("apply", "--only", "exB", "--replace", "exB", "--yes", "--allow-dangerous");
    live.intercept = () => false;
    // The other one has nothing to do with it.
    expect((await fs("apply", "--only", "exA", "--yes")).code).toBe(0);
    expect(live.rows.find(({ name }) => name === "exA")?.metadata).not.toHaveProperty("only");
    expect((await fs("apply", "--recover", RECOVERY, "--only", "exB")).code).toBe(0);
    expect(live.rows.find(({ name }) => name === "exB")?.metadata).toMatchObject({ only: "here", team: "b" });
  });

  it("takes away what left the file since, and asks for consent to whatever the file says otherwise now", async () => {
    const { fs, live, cwd } = await setting(stripe.replace("tier: b", "tier: b, gone: 1"));
    await fs("apply", "--yes");
    refuse(live);
    await fs(...REPLACE);
    live.intercept = () => false;
    writeInto(cwd, { [FILE]: stripe.replace("sync_config: { invoice: { outbound: true } }\n", "") });
    const asked = await fs("apply", "--recover", RECOVERY, "--json");
    expect([asked.code, codesOf(asked)]).toEqual([6, ["APPLY.NO_CONSENT"]]);
    expect((await fs("apply", "--recover", RECOVERY, "--yes")).code).toBe(0);
    const [now] = live.rows;
    expect(now?.metadata).toMatchObject({ tier: "b", extra: { by: ["hand"] } });
    expect(now?.metadata).not.toHaveProperty("gone");
    expect(now?.sync_config).toMatchObject({ customer: { inbound: true } });
    expect(JSON.stringify(now?.sync_config)).not.toContain('"outbound":true');
    expect(lastLine((await fs("plan")).stdout)).toContain("1 unchanged");
  });

  it("stops a plain apply, which would lose what is in the file, until it is finished or the file is gone", async () => {
    const { fs, live, cwd } = await setting();
    refuse(live);
    await fs(...REPLACE);
    live.intercept = () => false;
    const plan = await fs("plan", "--json");
    expect(plan.code).toBe(0);
    expect(documentOf(plan).problems.map(({ code, severity }) => `${severity} ${code}`)).toContain(
      "warning APPLY.UNFINISHED_REPLACE",
    );
    const writes = live.writes().length;
    const ended = await fs("apply", "--yes", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([6, ["APPLY.UNFINISHED_REPLACE"]]);
    expect(live.writes()).toHaveLength(writes);
    expect((await fs(...REPLACE, "--json")).code).toBe(1);
    expect((await fs("apply", "--recover", RECOVERY)).code).toBe(0);
    expect(existsSync(join(cwd, RECOVERY))).toBe(false);
  });

  it("by a saved plan names the command when the plan is applied again", async () => {
    const { fs, live } = await setting();
    await fs("plan", "--out", "p.json", "--replace", "Stripe");
    refuse(live);
    expect((await fs("apply", "p.json", "--allow-dangerous")).code).toBe(4);
    live.intercept = () => false;
    const ended = await fs("apply", "p.json", "--allow-dangerous", "--json");
    expect([ended.code, codesOf(ended)]).toEqual([5, ["STALE.ROW_GONE"]]);
    expect(
      documentOf(ended)
        .problems.map(({ hint }) => hint)
        .join(),
    ).toContain(`apply --recover ${RECOVERY}`);
  });

  it("is done when the create was done, its answer was lost, and the list shows it", async () => {
    const { fs, live, cwd } = await setting();
    live.intercept = ({ method, body }, response) => {
      if (method !== "POST") return false;
      live.rows.push(row({ id: "conn_lost", ...body, encrypted_secret_data: undefined }));
      response.socket?.destroy();
      return true;
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([0, []]);
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "replaced", id: "conn_lost" });
    expect(existsSync(join(cwd, RECOVERY))).toBe(false);
    expect(methodsOf(live)).toEqual(["DELETE", "POST"]);
  });

  it("is not made twice when the create was done, its answer was lost, and nothing can be read", async () => {
    const { fs, live, cwd } = await setting();
    let isLost = false;
    live.intercept = ({ method, body }, response) => {
      if (isLost) return send(response, 500, {});
      if (method !== "POST") return false;
      isLost = true;
      live.rows.push(row({ id: "conn_lost", ...body, encrypted_secret_data: undefined }));
      response.socket?.destroy();
      return true;
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([4, ["APPLY.OUTCOME_UNKNOWN"]]);
    expect(existsSync(join(cwd, RECOVERY))).toBe(true);
    live.intercept = () => false;
    const recovered = await fs("apply", "--recover", RECOVERY, "--json");
    expect([recovered.code, codesOf(recovered)]).toEqual([0, []]);
    expect(live.rows.map(({ id }) => id)).toEqual(["conn_lost"]);
    expect(methodsOf(live)).toEqual(["DELETE", "POST"]);
    expect(existsSync(join(cwd, RECOVERY))).toBe(false);
  });

  it.each<[string, string, (setting: Setting) => void]>([
    ["the connection is still there", "STALE.NOTHING_TO_RECOVER", ({ live }) => void live.rows.push(old)],
    [
      "somebody else has made another",
      "STALE.NEW_TWIN",
      ({ live }) => void live.rows.push(row({ id: "conn_9", provider_type: "stripe" })),
    ],
    [
      "its definition is gone",
      "STALE.OTHER_DEFINITIONS",
      ({ cwd }) => writeInto(cwd, { [FILE]: "name: T\nprovider_type: tabs\n" }),
    ],
    [
      "the file was made for another owner",
      "STALE.OTHER_SETTINGS",
      ({ cwd }) => {
        const { digest: _, ...document } = recoveryIn(cwd);
        writeFileSync(join(cwd, RECOVERY), JSON.stringify(sealed({ ...document, owner: "team-a" })));
      },
    ],
    [
      "the file was altered",
      "STALE.ALTERED",
      ({ cwd }) => writeFileSync(join(cwd, RECOVERY), JSON.stringify({ ...recoveryIn(cwd), salt: "x" })),
    ],
    [
      "the file is of another target",
      "STALE.OTHER_TARGET",
      ({ cwd }) => {
        const { digest: _, ...document } = recoveryIn(cwd);
        const target = { ...document.target, base_url: "https://elsewhere.example/v1" };
        writeFileSync(join(cwd, RECOVERY), JSON.stringify(sealed({ ...document, target })));
      },
    ],
  ])("is not finished when %s: exit code 5", async (_what, code, act) => {
    const made = await setting();
    refuse(made.live);
    await made.fs(...REPLACE);
    made.live.intercept = () => false;
    act(made);
    const writes = made.live.writes().length;
    const ended = await made.fs("apply", "--recover", RECOVERY, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([5, [code]]);
    expect(made.live.writes()).toHaveLength(writes);
    expect(existsSync(join(made.cwd, RECOVERY))).toBe(true);
  });

  it("of a definition elsewhere, on a service named by options, prints a command that works", async () => {
    const { live, cwd, env } = await setting();
    writeInto(cwd, { "defs/x.yaml": stripe.replace("name: Stripe", "name: My Stripe") });
    const { FLEXPRICE_BASE_URL: url = "", ...less } = env;
    refuse(live);
    const args = ["-d", "defs", "--base-url", url, "--replace", "My Stripe", "--yes", "--allow-dangerous", "--json"];
    const ended = await run(["apply", ...args], { cwd, env: less });
    const { hint = "" } = documentOf(ended).problems.find(({ code }) => code === "APPLY.NOT_REPLACED") ?? {};
    const command = hint.slice(hint.indexOf("flexprice-sync ") + "flexprice-sync ".length);
    live.intercept = () => false;
    const argv = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
    expect((await run(argv, { cwd, env: less })).code).toBe(0);
    expect(live.rows.map(({ name }) => name)).toEqual(["My Stripe"]);
  });

  it("because somebody took its place says to look at that one", async () => {
    const { fs, live } = await setting();
    live.intercept = ({ method }, response) =>
      method === "POST"
        ? send(response, 409, {
            code: "already_exists",
            message: "exists",
            details: { existing_connection_id: "conn_9" },
          })
        : false;
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([4, ["APPLY.NOT_REPLACED"]]);
    expect(documentOf(ended).problems.at(-1)?.hint).toContain("somebody else has made one");
  });

  it("says so also of a definition that names the archived connection by its id", async () => {
    const { fs, live } = await setting(`id: conn_1\n${stripe}`);
    refuse(live);
    await fs(...REPLACE);
    live.intercept = () => false;
    const plan = await fs("plan", "--json");
    expect(codesOf(plan)).toEqual(["PLAN.ID_GONE"]);
    const unfinished = documentOf(plan).problems.find(({ code }) => code === "APPLY.UNFINISHED_REPLACE");
    expect(unfinished?.hint).toContain(`apply --recover ${RECOVERY}`);
  });

  it("and whose recovery fails, too, says that its file is still there", async () => {
    const { fs, live, cwd } = await setting();
    refuse(live);
    await fs(...REPLACE);
    const ended = await fs("apply", "--recover", RECOVERY, "--json");
    expect(ended.code).toBe(1);
    expect(documentOf(ended).problems.map(({ code }) => code)).toContain("APPLY.UNFINISHED_REPLACE");
    expect(existsSync(join(cwd, RECOVERY))).toBe(true);
  });

  it("leaves values of the environment out of the file, and says which have to be set again", async () => {
    const { fs, live, cwd } = await setting(stripe.replace("tier: b", 'tier: b, note: "${NOTE}", seen: "${NOTE}"'));
    await fs("apply", "--yes");
    // Another run with the same key has taken one of the two out of the file, and cannot take it away: it was changed.
    const [before] = live.rows;
    live.rows[0] = { ...old, ...before, metadata: { ...before?.metadata, seen: `${SECRETS.NOTE}!` } };
    writeInto(cwd, { [FILE]: stripe.replace("tier: b", 'tier: b, note: "${NOTE}"') });
    const plan = await fs("plan", "--replace", "Stripe", "--json");
    expect(targetOf(plan).changes[0]?.dangers.at(-1)).toMatch(
      /^metadata\.seen repeats a value of the environment and can be kept in no file/,
    );
    refuse(live);
    const ended = await fs(...REPLACE, "--json");
    expect(ended.code).toBe(4);
    const text = readFileSync(join(cwd, RECOVERY), "utf8");
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
    expect(recoveryIn(cwd).left_out).toEqual(["metadata.seen"]);
    expect(
      documentOf(ended)
        .problems.map(({ hint }) => hint)
        .join(),
    ).toContain("metadata.seen must be set again by hand");
    live.intercept = () => false;
    const recovered = await fs("apply", "--recover", RECOVERY, "--json");
    expect(recovered.code).toBe(0);
    expect(documentOf(recovered).problems.map(({ code }) => code)).toContain("PLAN.NOT_RECOVERED");
    expect(live.rows[0]?.metadata).toMatchObject({ note: SECRETS.NOTE, extra: { by: ["hand"] } });
  });

  it("recovers the one definition alone, and also one whose file names the archived id", async () => {
    const { fs, live, cwd } = await setting(`id: conn_1\n${stripe}`);
    refuse(live);
    await fs(...REPLACE);
    live.intercept = () => false;
    writeInto(cwd, {
      "connections/t.yaml": 'name: T\nprovider_type: tabs\nencrypted_secret_data: { api_key: "${SK}" }\n',
    });
    expect((await fs("apply", "--recover", RECOVERY, "--only", "T")).code).toBe(3);
    const ended = await fs("apply", "--recover", RECOVERY, "--json");
    expect(ended.code).toBe(0);
    expect(live.rows.map(({ provider_type: type }) => type)).toEqual(["stripe"]);
  });
});

describe("a replace whose delete goes wrong", () => {
  it("and was refused for the key writes nothing and leaves no file", async () => {
    const { fs, live, cwd } = await setting();
    live.intercept = ({ method }, response) =>
      method === "DELETE" ? send(response, 403, { message: "insufficient permissions" }) : false;
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([1, ["SERVICE.FORBIDDEN"]]);
    expect(methodsOf(live)).toEqual(["DELETE"]);
    expect(readdirSync(cwd)).toEqual(["connections"]);
  });

  it.each([400, 404, 500])(
    "with %i, and the connection is there, may have taken exports away: exit code 4",
    async (status) => {
      const { fs, live, cwd } = await setting();
      live.intercept = ({ method }, response) =>
        method === "DELETE" ? send(response, status, { message: "no" }) : false;
      const ended = await fs(...REPLACE, "--json");
      expect(ended.code).toBe(4);
      expect(targetOf(ended).changes[0]?.outcome?.message).toContain("its scheduled exports may be deleted");
      expect([methodsOf(live), readdirSync(cwd)]).toEqual([["DELETE"], ["connections"]]);
    },
  );

  it("because what would be lost cannot be kept in a file writes nothing", async () => {
    const { fs, live, cwd } = await setting();
    writeInto(cwd, { [`${RECOVERY}/in-the-way`]: "" });
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([1, ["APPLY.NO_RECOVERY_FILE"]]);
    expect(live.writes()).toEqual([]);
    expect(readdirSync(cwd).sort()).toEqual(["connections", RECOVERY]);
  });

  it("because somebody archived it before is not created anew", async () => {
    const { fs, live } = await setting();
    live.intercept = ({ method }) => {
      if (method === "DELETE") live.rows.length = 0;
      return false;
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([1, ["APPLY.ROW_MOVED"]]);
    expect(methodsOf(live)).toEqual(["DELETE"]);
  });

  it("because its answer was lost goes on when the connection is gone", async () => {
    const { fs, live } = await setting();
    live.intercept = ({ method }, response) => {
      if (method !== "DELETE") return false;
      live.rows.length = 0;
      response.socket?.destroy();
      live.intercept = () => false;
      return true;
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([0, "replaced"]);
    expect(methodsOf(live)).toEqual(["DELETE", "DELETE", "POST"]);
  });

  it("because no answer comes, with the connection still shown, is not known and creates nothing", async () => {
    const { fs, live, cwd } = await setting();
    live.intercept = ({ method }, response) => {
      if (method !== "DELETE") return false;
      response.socket?.destroy();
      return true;
    };
    const ended = await fs(...REPLACE, "--json");
    expect([ended.code, codesOf(ended)]).toEqual([4, ["APPLY.OUTCOME_UNKNOWN"]]);
    expect(new Set(methodsOf(live))).toEqual(new Set(["DELETE"]));
    expect(existsSync(join(cwd, RECOVERY))).toBe(true);
  });
});
