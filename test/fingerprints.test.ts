import { describe, expect, it } from "vitest";
import { FingerprintKey } from "../src/model/fingerprint.js";
import type { StoredConnection } from "../src/sandbox/stored.js";
import { folderWith } from "./support/folder.js";
import { documentOf, lastLine, run, targetOf } from "./support/program.js";
import { type SandboxForTest, sandbox } from "./support/sandbox.js";
import { accessTo, MARK, markOf, row, service } from "./support/service.js";
import { fingerprintKey, keyText, stampWith } from "./support/steps.js";

/*
 * Secrets that cannot be read back: what a run says of them, what it sends, and what it records. Against the sandbox, which
 * answers 200 to secrets that it drops, as the real service does.
 */

const FILE = "connections/c.yaml";
const KEY = { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) };
const OTHER_KEY = { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(2) };

const stripe = `name: Stripe
provider_type: stripe
encrypted_secret_data:
  stripe:
    secret_key: \${STRIPE_SK}
    webhook_secret: \${STRIPE_WH}
metadata: { team: billing }
`;
const chargebee = `name: Chargebee
provider_type: chargebee
encrypted_secret_data:
  site: acme
  api_key: \${CB_KEY}
  webhook_username: \${CB_USER}
  webhook_password: \${CB_PW}
`;
const quickbooks = `name: QuickBooks
provider_type: quickbooks
encrypted_secret_data:
  client_id: \${QB_ID}
  client_secret: \${QB_SECRET}
  realm_id: "9130357766901234567"
  environment: sandbox
  refresh_token: \${QB_REFRESH}
  webhook_verifier_token: \${QB_VERIFIER}
`;
const values = {
  STRIPE_SK: "sk_test_one",
  STRIPE_WH: "whsec_one",
  CB_KEY: "cb_key_one",
  CB_USER: "cb_user_one",
  CB_PW: "cb_password_one",
  QB_ID: "qb_id_one",
  QB_SECRET: "qb_secret_one",
  QB_REFRESH: "qb_refresh_one",
  QB_VERIFIER: "qb_verifier_one",
};

type Variables = Readonly<Record<string, string>>;

/** A sandbox to which these files were applied, and runs against it with some variables changed. */
async function applied(files: string, withKey: Variables) {
  const box = await sandbox();
  const cwd = folderWith({ [FILE]: files });
  const on =
    (...command: readonly string[]) =>
    (variables: Variables = withKey) =>
      run(command, { cwd, env: { ...box.env, ...values, ...variables } });
  const first = await on("apply", "--yes")();
  expect({ code: first.code, stderr: first.stderr.replace(/^(?:warning|hint).*\n/gm, "") }).toEqual({
    code: 0,
    stderr: "",
  });
  return { ...box, on, cwd };
}

/** What a plan says of each secret that it says something of, as `state path from variable`. */
function statesIn(ended: Awaited<ReturnType<typeof run>>): readonly string[] {
  return targetOf(ended).changes.flatMap(({ secrets }) =>
    secrets.map(({ path, state, variable, sent_along: along }) =>
      [state, path.replace("encrypted_secret_data.", ""), variable ?? "(file)", ...(along ? ["sent along"] : [])].join(
        " ",
      ),
    ),
  );
}

function only({ store }: SandboxForTest): StoredConnection {
  const [one, ...more] = store.live();
  if (one === undefined || more.length > 0) throw new Error("expected one connection");
  return one;
}

function stampOf(box: SandboxForTest) {
  return markOf({ metadata: only(box).metadata ?? {} });
}

const quiet = /^Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, \d unchanged, 0 blocked, 0 unknown\.$/;

describe("with a key for fingerprints", () => {
  it("everything that was written is known, and the plan is quiet", async () => {
    const { on } = await applied(`${stripe}---\n${chargebee}---\n${quickbooks}`, KEY);
    const plan = await on("plan", "--detailed-exitcode")();
    expect(plan.code).toBe(0);
    expect(lastLine(plan.stdout)).toMatch(quiet);
    expect(plan.stdout).not.toContain("cannot be compared");
    expect(targetOf(await on("plan", "--json")()).changes).toEqual([]);
    expect(lastLine((await on("apply", "--yes")()).stdout)).toContain("0 updated");
  });

  it("a rotated variable is one changed secret with the variable's name, sent once, and then the plan is quiet", async () => {
    const box = await applied(quickbooks, KEY);
    const rotated = { ...KEY, QB_VERIFIER: "qb_verifier_two" };
    const plan = await box.on("plan", "--json")(rotated);
    expect(statesIn(plan).filter((state) => !state.startsWith("unchanged"))).toEqual([
      "changed quickbooks.webhook_verifier_token QB_VERIFIER",
    ]);
    expect(targetOf(plan).changes).toMatchObject([{ action: "update", fields: [], stamp: true }]);
    expect((await box.on("plan")(rotated)).stdout).toMatch(
      /~ encrypted_secret_data\.quickbooks\.webhook_verifier_token +\(secret from QB_VERIFIER: changed\)/,
    );
    const before = stampOf(box);
    expect((await box.on("apply", "--yes")(rotated)).code).toBe(0);
    expect(only(box).secrets["webhook_verifier_token"]).toEqual({ encrypted: "qb_verifier_two" });
    const path = "encrypted_secret_data.quickbooks.webhook_verifier_token";
    expect(stampOf(box).secrets[path]).not.toBe(before.secrets[path]);
    expect({ ...stampOf(box).secrets, [path]: "" }).toEqual({ ...before.secrets, [path]: "" });
    expect(lastLine((await box.on("plan")(rotated)).stdout)).toMatch(quiet);
    // With the old value it is as different again.
    expect(statesIn(await box.on("plan", "--json")())).toContain(
      "changed quickbooks.webhook_verifier_token QB_VERIFIER",
    );
  });

  it("a pair goes together in one nested PUT, though only one of the two changed", async () => {
    const live = await service([]);
    const cwd = folderWith({ [FILE]: chargebee });
    const env = accessTo(live, { ...values, ...KEY });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const rotated = { ...env, CB_PW: "cb_password_two" };
    expect(statesIn(await run(["plan", "--json"], { cwd, env: rotated }))).toEqual([
      "unchanged chargebee.site (file)",
      "unchanged chargebee.api_key CB_KEY",
      "unchanged chargebee.webhook_username CB_USER sent along",
      "changed chargebee.webhook_password CB_PW",
    ]);
    expect((await run(["apply", "--yes"], { cwd, env: rotated })).code).toBe(0);
    const puts = live.writes().filter(({ method }) => method === "PUT");
    expect(puts.map(({ body }) => body.encrypted_secret_data)).toEqual([
      { chargebee: { webhook_username: "cb_user_one", webhook_password: "cb_password_two" } },
    ]);
    for (const fingerprint of Object.values(markOf(puts[0]?.body).secrets)) expect(fingerprint).toMatch(/^v1:/);
    expect(lastLine((await run(["plan"], { cwd, env: rotated })).stdout)).toMatch(quiet);
  });

  it("what the service only takes on create is blocked: exit 6, never updated, while everything else is written", async () => {
    const files = `${stripe}---\n${chargebee}`;
    const box = await applied(files, KEY);
    const rotated = { ...KEY, STRIPE_SK: "sk_test_two", CB_PW: "cb_password_two" };
    const cwd = folderWith({ [FILE]: files.replace("team: billing", "team: sales") });
    const env = { ...box.env, ...values, ...rotated };

    const plan = await run(["plan", "--json", "--detailed-exitcode"], { cwd, env });
    expect(plan.code).toBe(2);
    expect(statesIn(plan)).toContain("blocked stripe.secret_key STRIPE_SK");
    expect(targetOf(plan).summary).toMatchObject({ update: 2, blocked: 1 });

    const ended = await run(["apply", "--yes"], { cwd, env });
    expect(ended.code).toBe(6);
    expect(lastLine(ended.stdout)).toBe(
      "Apply: 0 created, 2 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 1 blocked.",
    );
    expect(ended.stdout).toContain("blocked: cannot be changed on an existing connection");
    expect(ended.stderr).toMatch(/error\[APPLY\.BLOCKED\].*stripe\.secret_key/);
    expect(ended.stderr).toContain("hint: set it back, or, if you know that the service has the new value, ");
    const [one, two] = [...box.store.live()].sort((left, right) => (left.providerType < right.providerType ? -1 : 1));
    expect(one?.secrets["webhook_password"]).toEqual({ encrypted: "cb_password_two" });
    expect(two?.secrets["secret_key"]).toEqual({ encrypted: "sk_test_one" });
    expect(two?.metadata?.["team"]).toBe("sales");

    // It stays blocked, and nothing is written for it.
    const settled = JSON.stringify(box.store.live());
    const again = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(again.code).toBe(6);
    expect(targetOf(again).changes).toMatchObject([{ action: "none", outcome: { status: "unchanged" } }]);
    expect(JSON.stringify(box.store.live())).toBe(settled);
    const shown = await run(["plan"], { cwd, env });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("! blocked  Stripe");
    expect(shown.stdout).toContain("--replace");
    expect(lastLine(shown.stdout)).toContain(
      "0 to update, 0 to replace, 0 to archive, 2 unchanged, 1 blocked, 0 unknown.",
    );
  });

  it("a literal that the service only takes on create is blocked too", async () => {
    const box = await applied(chargebee, KEY);
    const cwd = folderWith({ [FILE]: chargebee.replace("site: acme", "site: other") });
    const ended = await run(["plan", "--json"], { cwd, env: { ...box.env, ...values, ...KEY } });
    expect(statesIn(ended)).toContain("blocked chargebee.site (file)");
  });

  it("a field that a create drops has its fingerprint with the PUT that sets it", async () => {
    const live = await service([]);
    const cwd = folderWith({ [FILE]: quickbooks });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live, { ...values, ...KEY }) });
    expect(ended.code).toBe(0);
    const [post, put] = live.writes();
    const path = "encrypted_secret_data.quickbooks.webhook_verifier_token";
    const first = markOf(post?.body);
    expect(first.id).toBeUndefined();
    expect(Object.keys(first.secrets)).not.toContain(path);
    const second = markOf(put?.body);
    expect(first.pending).toEqual([path]);
    const { pending: _sent, ...rest } = first;
    expect(second).toEqual({ ...rest, id: "conn_new1", secrets: { ...first.secrets, [path]: second.secrets[path] } });
    expect(second.secrets[path]).toMatch(/^v1:/);
    // Tokens that the service replaces by itself have none: they would be wrong within the hour.
    expect(Object.keys(second.secrets).filter((one) => one.includes("refresh"))).toEqual([]);
  });

  it("a create whose second step fails is finished by the next apply, and by none after it", async () => {
    let isBroken = true;
    const live = await service([], ({ method }, response) => {
      if (method !== "PUT" || !isBroken) return false;
      response.writeHead(400, { "content-type": "application/json" });
      response.end('{"message":"no"}');
      return true;
    });
    const cwd = folderWith({ [FILE]: quickbooks });
    const env = accessTo(live, { ...values, ...KEY });
    const ended = await run(["apply", "--yes"], { cwd, env });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("run apply again: it sends encrypted_secret_data.quickbooks.webhook_verifier_token");
    isBroken = false;
    expect(statesIn(await run(["plan", "--json"], { cwd, env }))).toContain(
      "new quickbooks.webhook_verifier_token QB_VERIFIER",
    );
    expect((await run(["plan"], { cwd, env })).stdout).toContain("not sent yet: the create before broke off");
    const { QB_VERIFIER: _missing, ...less } = env;
    expect((await run(["apply", "--yes"], { cwd, env: less })).code).toBe(3);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes().at(-1)?.body.encrypted_secret_data.quickbooks).toEqual({
      webhook_verifier_token: values.QB_VERIFIER,
    });
    expect(markOf(live.rows[0] ?? {})).not.toHaveProperty("pending");
    expect(lastLine((await run(["plan"], { cwd, env })).stdout)).toMatch(quiet);
  });

  it("that a stamp calls still to be sent is not sent where only a create stores it: anybody may have written that", async () => {
    const live = await service([]);
    const cwd = folderWith({ [FILE]: chargebee });
    const env = accessTo(live, { ...values, ...KEY });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const [made] = live.rows;
    const forged = { ...markOf(made ?? {}), id: made?.id, pending: ["encrypted_secret_data.chargebee.api_key"] };
    if (made !== undefined) live.rows[0] = { ...made, metadata: { ...made.metadata, [MARK]: JSON.stringify(forged) } };
    const ended = await run(["plan", "--json"], { cwd, env: { ...env, CB_KEY: "rotated" } });
    expect(statesIn(ended).filter((state) => state.includes("api_key"))).not.toContain("new chargebee.api_key CB_KEY");
    expect(targetOf(ended).summary).toMatchObject({ update: 0 });
  });

  it("a create whose second answer is lost is done when the stamp that went with it shows", async () => {
    const live = await service([]);
    live.intercept = ({ method, body }, response) => {
      if (method !== "PUT") return false;
      const [before] = live.rows;
      if (before !== undefined) live.rows[0] = { ...before, metadata: body.metadata };
      response.socket?.destroy();
      return true;
    };
    const cwd = folderWith({ [FILE]: quickbooks });
    const env = accessTo(live, { ...values, ...KEY });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "created", id: "conn_new1" });
    expect(lastLine((await run(["plan"], { cwd, env })).stdout)).toMatch(quiet);
  });

  it("credentials of any name have one, whatever their type", async () => {
    const free = (value: number) => `name: Free
provider_type: flexprice
encrypted_secret_data: { flexprice: { settings: "\${CB_KEY}", retries: ${value}, isOn: true } }
`;
    const live = await service([]);
    const env = accessTo(live, { ...values, ...KEY });
    expect((await run(["apply", "--yes"], { cwd: folderWith({ [FILE]: free(3) }), env })).code).toBe(0);
    expect(live.writes()[0]?.body.encrypted_secret_data).toEqual({ settings: "cb_key_one", retries: 3, isOn: true });
    const plan = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: free(4) }), env });
    expect(statesIn(plan)).toEqual([
      "unchanged flexprice.isOn (file)",
      "blocked flexprice.retries (file)",
      "unchanged flexprice.settings CB_KEY",
    ]);
  });

  it("storage that the service keeps itself has no credentials of ours, and the run says so", async () => {
    const managed = `name: Exports
provider_type: s3
encrypted_secret_data: { aws_access_key_id: "\${CB_KEY}", aws_secret_access_key: "\${CB_PW}" }
sync_config: { s3: { is_flexprice_managed: true } }
`;
    const box = await applied(managed, KEY);
    expect(stampOf(box).secrets).toEqual({});
    const ended = await box.on("plan", "--json")({ ...KEY, CB_KEY: "another" });
    expect(targetOf(ended).changes).toEqual([]);
    expect(documentOf(ended).problems).toMatchObject([{ code: "PLAN.KEPT_BY_SERVICE", severity: "warning" }]);
  });
});

describe("without a key", () => {
  it("unreadable secrets are unknown: counted in one line, not changed, not in order, and not sent", async () => {
    const box = await applied(stripe, {});
    expect(stampOf(box).secrets).toEqual({});
    const plan = await box.on("plan", "--detailed-exitcode")();
    expect(plan.code).toBe(0);
    expect(plan.stdout.match(/cannot be compared/g)).toHaveLength(1);
    expect(plan.stdout).toContain("2 credentials of 1 connection cannot be compared");
    expect(plan.stdout).toContain("\n  FLEXPRICE_SYNC_FINGERPRINT_KEY is not set");
    expect(plan.stdout).toContain("(--replace)");
    expect(plan.stdout).not.toMatch(/~|in sync/);
    expect(lastLine(plan.stdout)).toContain("1 unchanged, 0 blocked, 1 unknown.");
    const settled = JSON.stringify(box.store.live());
    expect((await box.on("apply", "--yes")({ STRIPE_SK: "sk_test_two" })).code).toBe(0);
    expect(JSON.stringify(box.store.live())).toBe(settled);
  });

  it("a run keeps the fingerprints that are there", async () => {
    const box = await applied(stripe, KEY);
    const before = stampOf(box);
    const cwd = folderWith({ [FILE]: stripe.replace("team: billing", "team: sales") });
    const ended = await run(["apply", "--yes"], { cwd, env: { ...box.env, ...values } });
    expect(ended.code).toBe(0);
    expect(stampOf(box).secrets).toEqual(before.secrets);
    expect(stampOf(box).owns).not.toEqual(before.owns);
    expect(lastLine((await run(["plan"], { cwd, env: { ...box.env, ...values, ...KEY } })).stdout)).toMatch(quiet);
  });

  it("a secret that is sent drops its fingerprint, and the others keep theirs", async () => {
    const box = await applied(chargebee, KEY);
    const rotated = { CB_PW: "cb_password_two" };
    expect((await box.on("apply", "--yes", "--write-secrets")(rotated)).code).toBe(6);
    expect(only(box).secrets["webhook_password"]).toEqual({ encrypted: "cb_password_two" });
    expect(Object.keys(stampOf(box).secrets).sort()).toEqual([
      "encrypted_secret_data.chargebee.api_key",
      "encrypted_secret_data.chargebee.site",
    ]);
    const plan = await box.on("plan")({ ...rotated, ...KEY });
    expect(plan.stdout).toContain("2 credentials of 1 connection cannot be compared");
    expect(plan.stdout).toContain("there is no fingerprint of what the service was given");
  });
});

describe("--write-secrets", () => {
  it("sends what the service can change, blocks what it cannot, and records it: exit 6", async () => {
    const box = await applied(`${stripe}---\n${chargebee}`, {});
    const plan = await box.on("plan", "--write-secrets", "--json")(KEY);
    expect(statesIn(plan)).toEqual([
      "blocked chargebee.site (file)",
      "blocked chargebee.api_key CB_KEY",
      "changed chargebee.webhook_username CB_USER",
      "changed chargebee.webhook_password CB_PW",
      "blocked stripe.secret_key STRIPE_SK",
      "blocked stripe.webhook_secret STRIPE_WH",
    ]);
    const ended = await box.on("apply", "--yes", "--write-secrets")({ ...KEY, CB_USER: "cb_user_two" });
    expect(ended.code).toBe(6);
    expect(ended.stdout).not.toMatch(/updated +Stripe/);
    expect(ended.stderr).toContain("hint: to leave it, run without --write-secrets; ");
    const stored = box.store.live().find(({ providerType }) => providerType === "chargebee");
    expect(stored?.secrets["webhook_username"]).toEqual({ encrypted: "cb_user_two" });
    expect(Object.keys(markOf({ metadata: stored?.metadata ?? {} }).secrets)).toHaveLength(2);
  });

  it("takes a name or a file after =, and leaves the other definitions alone", async () => {
    const box = await applied(`${quickbooks}---\n${chargebee}`, {});
    for (const name of ["QuickBooks", FILE, "c.yaml"]) {
      const states = statesIn(await box.on("plan", `--write-secrets=${name}`, "--json")());
      expect(states).toContain("changed quickbooks.webhook_verifier_token QB_VERIFIER");
      expect(states.includes("changed chargebee.webhook_password CB_PW")).toBe(name !== "QuickBooks");
    }
  });

  it.each([
    [["--write-secrets=Nobody"], "--write-secrets=Nobody names none of the definitions"],
    [["--write-secrets=Chargebee", "--only", "QuickBooks"], "--write-secrets=Chargebee names none of the definitions"],
    [["--write-secrets=Charge*"], "--write-secrets=Charge* names none of the definitions"],
  ])("refuses a name that fits none: %j", async (options, words) => {
    const box = await sandbox();
    const cwd = folderWith({ [FILE]: `${quickbooks}---\n${chargebee}` });
    const ended = await run(["apply", "--yes", ...options], { cwd, env: { ...box.env, ...values } });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(words);
    expect(box.store.live()).toEqual([]);
  });

  it("says so when all that it names is as it was written", async () => {
    const box = await applied(chargebee, KEY);
    const ended = await box.on("apply", "--yes", "--write-secrets=Chargebee", "--json")();
    expect(ended.code).toBe(0);
    expect(documentOf(ended).problems).toMatchObject([{ code: "PLAN.NOTHING_TO_SEND", severity: "warning" }]);
    expect(documentOf(await box.on("apply", "--yes", "--write-secrets", "--json")()).problems).toEqual([]);
  });

  it("marks what is sent without knowing whether it differs, and counts nothing of it as not sent", async () => {
    const box = await applied(chargebee, {});
    const shown = await box.on("plan", "--write-secrets")(KEY);
    expect(shown.stdout).toMatch(
      /webhook_password +\(secret from CB_PW: changed\) {2}sent as you asked; nothing tells whether it differs/,
    );
    expect(shown.stdout).not.toContain("cannot be compared");
    // One half of a pair is known by now, the other is not: it goes along all the same.
    await box.on("apply", "--yes", "--adopt", "--assume-secrets")({ ...KEY, CB_USER: "" });
    const rotated = await box.on("plan")({ ...KEY, CB_PW: "cb_password_two" });
    expect(rotated.stdout).toMatch(/webhook_username +\(secret from CB_USER\) {2}sent along/);
    expect(lastLine(rotated.stdout)).toContain("0 unknown.");
    expect(rotated.stdout).not.toContain("cannot be compared");
  });

  it("asks for a variable that it needs, and does not for one that could not be written anyway", async () => {
    const box = await applied(`${quickbooks}`, {});
    const ended = await box.on("apply", "--yes", "--write-secrets", "--json")({ QB_VERIFIER: "", QB_ID: "" });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.map(({ code, severity, line }) => [code, severity, line])).toEqual([
      ["SECRETS.EMPTY", "warning", 4],
      ["SECRETS.EMPTY", "error", 9],
    ]);
  });

  it("asks for the other half of a pair", async () => {
    const box = await applied(chargebee, KEY);
    const settled = JSON.stringify(box.store.live());
    const ended = await box.on("apply", "--yes", "--json")({ ...KEY, CB_PW: "cb_password_two", CB_USER: "" });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems).toMatchObject([{ code: "SECRETS.EMPTY", severity: "error", line: 6 }]);
    expect(JSON.stringify(box.store.live())).toBe(settled);
    // A plan that cannot send one half takes nothing along with it.
    const half = await box.on("plan", "--write-secrets", "--json")({ ...KEY, CB_USER: "" });
    expect(targetOf(half).summary).toMatchObject({ update: 0, unchanged: 1, unresolved: 1 });
    // When nothing of the pair changes it is only said.
    const other = await box.on("apply", "--yes", "--json")({ ...KEY, CB_USER: "" });
    expect(other.code).toBe(0);
    expect(documentOf(other).problems).toMatchObject([{ code: "SECRETS.EMPTY", severity: "warning" }]);
  });
});

describe("another key", () => {
  it("makes all fingerprints unknown, and keeps them", async () => {
    const box = await applied(stripe, KEY);
    const plan = await box.on("plan")(OTHER_KEY);
    expect(plan.stdout).toContain("the fingerprint was made with another key");
    expect(plan.stdout).toContain("FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS");
    expect(lastLine(plan.stdout)).toContain("0 blocked, 1 unknown.");
    const before = stampOf(box);
    await box.on("apply", "--yes")(OTHER_KEY);
    expect(stampOf(box)).toEqual(before);
  });

  it("is exchanged with the previous one beside it: equal stays equal, different shows, --adopt renews", async () => {
    const box = await applied(stripe, KEY);
    const both = { ...OTHER_KEY, FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS: keyText(1) };
    const waiting = await box.on("plan", "--json")(both);
    expect(targetOf(waiting).changes).toEqual([]);
    const shown = await box.on("plan")(both);
    expect(lastLine(shown.stdout)).toMatch(quiet);
    expect(shown.stdout).toContain("2 fingerprints are of the previous key: apply --adopt renews what is equal");
    // Also of a field whose variable is missing: the key is still needed.
    expect((await box.on("plan")({ ...both, STRIPE_SK: "" })).stdout).toContain(
      "2 fingerprints are of the previous key",
    );
    expect(targetOf(await box.on("plan", "--adopt", "--json")({ ...both, STRIPE_SK: "" })).summary).toMatchObject({
      previous_key_fingerprints: 1,
    });
    expect(statesIn(await box.on("plan", "--json")({ ...both, STRIPE_SK: "sk_test_two" }))).toContain(
      "blocked stripe.secret_key STRIPE_SK",
    );
    // What differs is not renewed: only what equals under the previous key is proven.
    expect((await box.on("apply", "--yes", "--adopt")({ ...both, STRIPE_SK: "sk_test_two" })).code).toBe(6);
    const ids = () => Object.values(stampOf(box).secrets).map((one) => one.split(":")[1]);
    expect(ids().sort()).toEqual([fingerprintKey(1).id, fingerprintKey(2).id].sort());
    const stuck = await box.on("plan")({ ...both, STRIPE_SK: "sk_test_two" });
    expect(stuck.stdout).toContain("1 fingerprint is of the previous key");
    expect((await box.on("apply", "--yes", "--adopt")(both)).code).toBe(0);
    expect(ids()).toEqual([fingerprintKey(2).id, fingerprintKey(2).id]);
    expect(lastLine((await box.on("plan")(OTHER_KEY)).stdout)).toMatch(quiet);
    const settled = JSON.stringify(box.store.live());
    await box.on("apply", "--yes", "--adopt")(both);
    expect(JSON.stringify(box.store.live())).toBe(settled);
  });

  it.each<[string, Variables, string]>([
    [
      "31 bytes",
      { FLEXPRICE_SYNC_FINGERPRINT_KEY: Buffer.alloc(31, 7).toString("base64") },
      "SETTINGS.BAD_FINGERPRINT_KEY",
    ],
    ["a password", { FLEXPRICE_SYNC_FINGERPRINT_KEY: "correct horse battery" }, "SETTINGS.BAD_FINGERPRINT_KEY"],
    [
      "one byte again and again",
      { FLEXPRICE_SYNC_FINGERPRINT_KEY: Buffer.alloc(32, 7).toString("base64") },
      "SETTINGS.WEAK_FINGERPRINT_KEY",
    ],
    [
      "a weak previous one",
      { ...KEY, FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS: Buffer.alloc(32, 7).toString("base64") },
      "SETTINGS.WEAK_FINGERPRINT_KEY",
    ],
    ["a previous one alone", { FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS: keyText(1) }, "SETTINGS.BAD_FINGERPRINT_KEY"],
    [
      "a file that is not there",
      { FLEXPRICE_SYNC_FINGERPRINT_KEY_FILE: "/nowhere/key" },
      "SETTINGS.BAD_FINGERPRINT_KEY",
    ],
  ])("is refused that is %s: 3, before any request, without repeating it", async (_what, variables, code) => {
    const live = await service([]);
    const cwd = folderWith({ [FILE]: stripe });
    const ended = await run(["plan", "--json"], { cwd, env: accessTo(live, { ...values, ...variables }) });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.map((problem) => problem.code)).toEqual([code]);
    const { FLEXPRICE_SYNC_FINGERPRINT_KEY_FILE: _path, ...texts } = variables as Record<string, string>;
    for (const text of Object.values(texts)) expect(ended.stdout + ended.stderr).not.toContain(text);
    expect(live.received).toEqual([]);
    // A check of the files needs no key.
    expect((await run(["validate"], { cwd, env: { ...values, ...variables } })).code).toBe(0);
  });

  it("is read from a file", async () => {
    const box = await applied(stripe, KEY);
    const cwd = folderWith({ [FILE]: stripe, "key.txt": `${keyText(1)}\n` });
    const env = { ...box.env, ...values, FLEXPRICE_SYNC_FINGERPRINT_KEY_FILE: `${cwd}/key.txt` };
    expect(lastLine((await run(["plan"], { cwd, env })).stdout)).toMatch(quiet);
  });
});

describe("--adopt --assume-secrets", () => {
  it("records the present values as what the service has, on the user's word, and sends none", async () => {
    const box = await applied(`${stripe}---\n${chargebee}`, {});
    const secrets = () => box.store.live().map((one) => one.secrets);
    const before = secrets();
    const plan = await box.on("plan", "--adopt", "--assume-secrets", "--json")(KEY);
    expect(targetOf(plan).summary).toMatchObject({ update: 2, unknown: 0, blocked: 0 });
    expect(targetOf(plan).changes.map(({ fields, stamp }) => [fields, stamp])).toEqual([
      [[], true],
      [[], true],
    ]);
    expect((await box.on("apply", "--yes", "--adopt", "--assume-secrets")(KEY)).code).toBe(0);
    expect(secrets()).toEqual(before);
    expect(lastLine((await box.on("plan")(KEY)).stdout)).toMatch(quiet);
    expect(statesIn(await box.on("plan", "--json")({ ...KEY, CB_PW: "x" }))).toContain(
      "changed chargebee.webhook_password CB_PW",
    );
  });

  it("is also the way out of a blocked secret that somebody put right elsewhere, which is named as a danger", async () => {
    const box = await applied(stripe, KEY);
    const rotated = { ...KEY, STRIPE_SK: "sk_test_two" };
    const plan = await box.on("plan", "--adopt", "--assume-secrets")(rotated);
    expect(plan.stdout).toMatch(
      /stripe\.secret_key +\(secret from STRIPE_SK\) {2}taken on your word for what the service has; not sent/,
    );
    expect(plan.stdout).toMatch(/danger: encrypted_secret_data\.stripe\.secret_key differs from what was written/);
    const [change] = targetOf(await box.on("plan", "--adopt", "--assume-secrets", "--json")(rotated)).changes;
    expect(change?.secrets.map(({ state, recorded }) => [state, recorded])).toEqual([
      ["unchanged", true],
      ["unchanged", undefined],
    ]);
    expect((await box.on("apply", "--yes", "--adopt", "--assume-secrets")(rotated)).code).toBe(0);
    expect(lastLine((await box.on("plan")(rotated)).stdout)).toMatch(quiet);
  });

  it("sends what differs and can be sent, for then it is there for certain", async () => {
    const box = await applied(chargebee, KEY);
    const rotated = { ...KEY, CB_PW: "cb_password_two" };
    const plan = await box.on("plan", "--adopt", "--assume-secrets", "--json")(rotated);
    expect(statesIn(plan)).toContain("changed chargebee.webhook_password CB_PW");
    expect(targetOf(plan).changes[0]?.dangers).toEqual([]);
    expect((await box.on("apply", "--yes", "--adopt", "--assume-secrets")(rotated)).code).toBe(0);
    expect(only(box).secrets["webhook_password"]).toEqual({ encrypted: "cb_password_two" });
    expect(lastLine((await box.on("plan")(rotated)).stdout)).toMatch(quiet);
  });

  it("is a usage error without a key", async () => {
    const live = await service([]);
    const cwd = folderWith({ [FILE]: stripe });
    const ended = await run(["apply", "--yes", "--adopt", "--assume-secrets", "--json"], {
      cwd,
      env: accessTo(live, values),
    });
    expect(ended.code).toBe(64);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["USAGE.NO_FINGERPRINT_KEY"]);
    expect(live.received).toEqual([]);
  });
});

describe("with stamps turned off", () => {
  const off = { FLEXPRICE_SYNC_STAMP: "off" };

  it("no fingerprint is read, and the plan says so", async () => {
    const box = await applied(stripe, KEY);
    const plan = await box.on("plan")({ ...KEY, ...off });
    expect(plan.stdout).toContain("FLEXPRICE_SYNC_STAMP is off, so no fingerprint is read");
  });

  it("a secret is not sent where a fingerprint would then vouch for the one before it", async () => {
    const box = await applied(chargebee, KEY);
    const settled = JSON.stringify(box.store.live());
    const ended = await box.on("apply", "--yes", "--write-secrets", "--json")({ ...off, CB_PW: "cb_password_two" });
    expect(ended.code).toBe(1);
    expect(documentOf(ended).problems[0]).toMatchObject({ code: "PLAN.STAMP_OUTDATED", severity: "error" });
    expect(JSON.stringify(box.store.live())).toBe(settled);
  });

  it("nor where a newer version may have recorded it", async () => {
    const live = await service([
      row({ id: "conn_c", provider_type: "chargebee", name: "Chargebee", metadata: { [MARK]: '{"v":2}' } }),
    ]);
    const cwd = folderWith({ [FILE]: chargebee });
    const ended = await run(["apply", "--yes", "--write-secrets"], { cwd, env: accessTo(live, { ...values, ...off }) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[PLAN.STAMP_OUTDATED]");
    expect(live.writes()).toEqual([]);
  });

  it("a secret is sent where there is no stamp", async () => {
    const live = await service([row({ id: "conn_c", provider_type: "chargebee", name: "Chargebee" })]);
    const cwd = folderWith({ [FILE]: chargebee.replace(/ {2}site.*\n {2}api_key.*\n/, "") });
    const ended = await run(["apply", "--yes", "--write-secrets"], { cwd, env: accessTo(live, { ...values, ...off }) });
    expect(ended.code).toBe(0);
    expect(live.writes().map(({ body }) => Object.keys(body))).toEqual([["encrypted_secret_data"]]);
  });
});

describe("a fingerprint that somebody touched", () => {
  const path = "encrypted_secret_data.stripe.secret_key";
  const salt = "the-salt-of-the-row";
  const known = (fingerprint: string) =>
    row({
      id: "conn_s",
      provider_type: "stripe",
      name: "Stripe",
      metadata: {
        team: "billing",
        [MARK]: stampWith("stripe", { id: "conn_s", salt, secrets: { [path]: fingerprint } }),
      },
    });
  const genuine = fingerprintKey(1).fingerprint({ providerType: "stripe", salt, path }, values.STRIPE_SK);

  it.each([
    ["as it was", genuine, "unchanged"],
    ["changed in one place", `${genuine.slice(0, -2)}${genuine.endsWith("A") ? "BQ" : "AQ"}`, "blocked"],
    [
      "made with a key of their own",
      fingerprintKey(9).fingerprint({ providerType: "stripe", salt, path }, values.STRIPE_SK),
      "unknown",
    ],
    [
      "taken from another field",
      fingerprintKey(1).fingerprint({ providerType: "stripe", salt, path: `${path}x` }, values.STRIPE_SK),
      "blocked",
    ],
    ["of a form that is not ours", "v2:whatever", "unknown"],
    ["nothing", "", "unknown"],
  ])("%s is %s", async (_what, fingerprint, state) => {
    const live = await service([known(fingerprint)]);
    const ended = await run(["plan", "--json"], {
      cwd: folderWith({ [FILE]: stripe }),
      env: accessTo(live, { ...values, ...KEY }),
    });
    expect(statesIn(ended)).toContain(`${state} stripe.secret_key STRIPE_SK`);
  });
});

describe("an answer that is lost to a PUT with secrets", () => {
  it.each<[string, Variables, boolean, string, number]>([
    ["is done when the stamp that went with it shows", KEY, true, "updated", 0],
    ["is unknown when it does not show", KEY, false, "unknown", 4],
    ["is unknown without a stamp, whether it was done or not", { FLEXPRICE_SYNC_STAMP: "off" }, true, "unknown", 4],
  ])("%s", async (_what, variables, isDone, status, code) => {
    const live = await service([row({ id: "conn_c", provider_type: "chargebee", name: "Chargebee" })]);
    live.intercept = ({ method, body }, response) => {
      if (method !== "PUT") return false;
      const [before] = live.rows;
      if (isDone && before !== undefined && body.metadata !== undefined)
        live.rows[0] = { ...before, metadata: body.metadata };
      response.socket?.destroy();
      return true;
    };
    const ended = await run(["apply", "--yes", "--json", "--write-secrets"], {
      cwd: folderWith({ [FILE]: chargebee.replace(/ {2}site.*\n {2}api_key.*\n/, "") }),
      env: accessTo(live, { ...values, ...variables }),
    });
    expect(targetOf(ended).changes[0]?.outcome?.status).toBe(status);
    expect(ended.code).toBe(code);
  });
});

describe("keygen", () => {
  it("prints a key that is taken, another one each time, and says on stderr what it is for", async () => {
    const cwd = folderWith();
    const [one, two] = await Promise.all([run(["keygen"], { cwd }), run(["keygen"], { cwd })]);
    for (const { code, stdout, stderr } of [one, two]) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
      expect(FingerprintKey.read(stdout.trim())).toBeInstanceOf(FingerprintKey);
      expect(stderr).toContain("FLEXPRICE_SYNC_FINGERPRINT_KEY");
      expect(stderr).not.toContain(stdout.trim());
    }
    expect(one.stdout).not.toBe(two.stdout);
    expect((await run(["keygen", "-q"], { cwd })).stderr).toBe("");
  });

  it("prints one document with --json", async () => {
    const ended = await run(["keygen", "--json"], { cwd: folderWith() });
    const { keygen } = documentOf(ended) as unknown as { keygen: { fingerprint_key: string; key_id: string } };
    const key = FingerprintKey.read(keygen.fingerprint_key);
    expect(typeof key === "object" && key.id).toBe(keygen.key_id);
  });
});
