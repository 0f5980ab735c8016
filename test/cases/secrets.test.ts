import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "../support/program.js";
import {
  accessTo,
  type Intercept,
  MARK,
  markOf,
  type Row,
  row,
  type Service,
  send,
  service,
} from "../support/service.js";
import { keyText } from "../support/steps.js";

// Faults of other tools with secrets, as the right result here. test/README.md says where they come from.

const KEY = { FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) };

/** Takes every PUT with 200, moves `updated_at`, and drops the credentials that the real service drops. */
function forgetful(live: Service, stored: Record<string, unknown>): Intercept {
  return ({ method, path, body }, response) => {
    const at = live.rows.findIndex(({ id }) => path.endsWith(id));
    const before = live.rows[at];
    if (method !== "PUT" || before === undefined) return false;
    const { chargebee = {}, quickbooks = {} } = body.encrypted_secret_data ?? {};
    const { webhook_username: user, webhook_password: password } = chargebee;
    if ((user === undefined) !== (password === undefined))
      return send(response, 400, {
        code: "validation_error",
        message: "Update both webhook_username and webhook_password in the same request",
        http_status_code: 400,
      });
    Object.assign(stored, chargebee, quickbooks);
    const after: Row = {
      ...before,
      ...(body.metadata ? { metadata: body.metadata } : {}),
      ...(body.sync_config ? { sync_config: body.sync_config } : {}),
      updated_at: "2026-11-25T10:00:00Z",
    };
    live.rows[at] = after;
    return send(response, 200, after);
  };
}

function statesIn(ended: Ended): readonly string[] {
  return targetOf(ended).changes.flatMap(({ secrets }) => secrets.map(({ path, state }) => `${state} ${path}`));
}

describe("secrets that cannot be read back", () => {
  const files = {
    "connections/stripe.yaml": `name: stripe-main
provider_type: stripe
encrypted_secret_data:
  publishable_key: \${STRIPE_PK}
  secret_key: \${STRIPE_SK}
  webhook_secret: \${STRIPE_WH}
sync_config:
  invoice: {outbound: true}
`,
  };
  const secrets = { STRIPE_PK: "pk_test_1", STRIPE_SK: "sk_test_1", STRIPE_WH: "whsec_1" };
  const paths = ["secret_key", "webhook_secret", "publishable_key"].map(
    (name) => `encrypted_secret_data.stripe.${name}`,
  );
  const filled = row({
    id: "conn_s",
    provider_type: "stripe",
    name: "stripe-main",
    sync_config: { invoice: { inbound: false, outbound: true }, customer: { inbound: true, outbound: true } },
    health: "ok",
  });

  const rotated = { ...secrets, STRIPE_SK: "sk_test_rotated" };
  const claims = /in sync|up to date|secrets? match|credentials? match/i;

  it("are unknown where there is no record: neither changed nor in order, and no run writes for them", async () => {
    const live = await service([filled]);
    const cwd = folderWith(files);
    for (const variables of [secrets, rotated]) {
      const env = accessTo(live, variables);
      const [plan, shown] = await Promise.all([run(["plan", "--json"], { cwd, env }), run(["plan"], { cwd, env })]);
      expect(statesIn(plan)).toEqual(paths.map((path) => `unknown ${path}`));
      expect(targetOf(plan).summary).toMatchObject({ update: 0, unchanged: 1, blocked: 0, unknown: 1 });
      expect(shown.stdout).toContain("3 credentials of 1 connection cannot be compared");
      expect(shown.stdout).toContain("--replace");
      expect(shown.stdout).not.toMatch(claims);
    }
    for (let times = 0; times < 2; times += 1)
      expect((await run(["apply", "--yes"], { cwd, env: accessTo(live, secrets) })).code).toBe(0);
    expect(live.writes()).toEqual([]);
  });

  it("leave no record without a key, not even when they are sent", async () => {
    const live = await service([]);
    const env = accessTo(live, secrets);
    expect((await run(["apply", "--yes"], { cwd: folderWith(files), env })).code).toBe(0);
    expect(live.rows.map((made) => markOf(made).secrets)).toEqual([{}]);
  });

  it("are told by our own record, which is keyed: a changed one is blocked, and its value shows nowhere", async () => {
    const live = await service([filled]);
    const cwd = folderWith(files);
    const env = accessTo(live, { ...secrets, ...KEY });
    const adopting = ["apply", "--yes", "--adopt", "--assume-secrets"];
    expect((await run(adopting, { cwd, env })).code).toBe(0);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes()).toHaveLength(1);
    const [plan, human, ended] = await Promise.all([
      run(["plan", "--json"], { cwd, env: { ...env, ...rotated } }),
      run(["plan"], { cwd, env: { ...env, ...rotated } }),
      run(["apply", "--yes"], { cwd, env: { ...env, ...rotated } }),
    ]);
    expect(statesIn(plan).filter((state) => !state.startsWith("unchanged"))).toEqual([
      "blocked encrypted_secret_data.stripe.secret_key",
    ]);
    expect(human.stdout).toMatch(/! encrypted_secret_data\.stripe\.secret_key .*cannot be changed/);
    expect(human.stdout).toContain("--replace");
    expect(human.stdout).not.toMatch(claims);
    expect(ended.code).toBe(6);
    expect(live.writes()).toHaveLength(1);
    const record = String(live.rows[0]?.metadata?.[MARK]);
    const texts = [plan, human, ended].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    for (const text of [...texts, record])
      for (const value of Object.values({ ...secrets, ...rotated, other: rotated.STRIPE_SK }))
        expect(text).not.toContain(value);
  });

  it("have in that record no hash that anybody could make without the key", async () => {
    const live = await service([]);
    const cwd = folderWith(files);
    const recorded = async (key: number, ...more: readonly string[]) => {
      const env = accessTo(live, { ...secrets, FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(key) });
      expect((await run(["apply", "--yes", ...more], { cwd, env })).code).toBe(0);
      return markOf(live.rows[0] ?? {});
    };
    const first = await recorded(1);
    const second = await recorded(2, "--adopt", "--assume-secrets");
    // The same secrets, salt and places: what differs comes of the key alone.
    expect(second.salt).toBe(first.salt);
    expect(Object.keys(second.secrets)).toEqual(Object.keys(first.secrets));
    expect(Object.keys(first.secrets)).toHaveLength(3);
    for (const [path, fingerprint] of Object.entries(first.secrets)) {
      expect(second.secrets[path]).not.toBe(fingerprint);
      expect(second.secrets[path]?.split(":").at(-1)).not.toBe(fingerprint.split(":").at(-1));
    }
    const text = JSON.stringify([first, second]);
    // A beginning of a hash tells as much as the whole.
    for (const value of Object.values(secrets))
      for (const told of [value, `${first.salt}${value}`, `${value}${first.salt}`])
        for (const algorithm of ["md5", "sha1", "sha256", "sha512"])
          for (const encoding of ["hex", "base64", "base64url"] as const)
            expect(text).not.toContain(createHash(algorithm).update(told).digest(encoding).slice(0, 16));
  });
});

describe("a service that takes a new secret with 200 and drops it", () => {
  it("is not believed: the secret is never called updated, the run says that it cannot be changed and ends with 6, and nothing is made anew", async () => {
    const live = await service([row({ id: "conn_s", provider_type: "stripe", name: "stripe-main" })]);
    live.intercept = forgetful(live, {});
    const text =
      "name: stripe-main\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${STRIPE_SK}', webhook_secret: '${STRIPE_WH}' }\n";
    const env = accessTo(live, { STRIPE_SK: "sk_test_2", STRIPE_WH: "whsec_1" });
    const apply = (files: Readonly<Record<string, string>>) =>
      run(["apply", "--yes", "--write-secrets"], { cwd: folderWith(files), env });
    const ended = await apply({ "connections/stripe.yaml": text });
    expect(ended.stdout).not.toMatch(/updated +stripe-main/);
    expect(lastLine(ended.stdout)).toContain(" 0 updated,");
    expect(live.writes()).toEqual([]);

    const beside = await apply({ "connections/stripe.yaml": `${text}metadata: { team: billing }\n` });
    expect(lastLine(beside.stdout)).toContain(" 1 updated,");
    expect(live.writes().map(({ method, path, body }) => [`${method} ${path}`, Object.keys(body)])).toEqual([
      ["PUT /v1/connections/conn_s", ["metadata"]],
    ]);
    for (const { code, stdout, stderr } of [ended, beside]) {
      expect(code).toBe(6);
      expect(lastLine(stdout)).toContain(" 1 blocked.");
      expect(stderr).toContain("encrypted_secret_data.stripe.secret_key");
      expect(stderr).toContain("cannot be changed on an existing connection");
      const lines = stdout.split("\n").filter((line) => line.includes("stripe.secret_key"));
      expect(lines).toEqual([expect.stringMatching(/^ +! .*blocked: cannot be changed/)]);
    }
  });

  it("takes both of Chargebee's webhook fields in one PUT, though only the password changed", async () => {
    const stored: Record<string, unknown> = {};
    const live = await service([]);
    const cwd = folderWith({
      "connections/cb.yaml": `name: cb
provider_type: chargebee
encrypted_secret_data: { site: acme, api_key: "\${CB_KEY}", webhook_username: "\${CB_USER}", webhook_password: "\${CB_PW}" }
`,
    });
    const env = accessTo(live, { CB_KEY: "key-1", CB_USER: "user-1", CB_PW: "password-1", ...KEY });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    live.intercept = forgetful(live, stored);
    const rotated = { ...env, CB_PW: "password-2" };
    expect((await run(["apply", "--yes"], { cwd, env: rotated })).code).toBe(0);
    expect(live.writes().map(({ method, body }) => [method, Object.keys(body.encrypted_secret_data)])).toEqual([
      ["POST", ["site", "api_key", "webhook_username", "webhook_password"]],
      ["PUT", ["chargebee"]],
    ]);
    expect(stored).toEqual({ webhook_username: "user-1", webhook_password: "password-2" });
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env: rotated })).code).toBe(0);
  });

  it("takes QuickBooks' verifier token in the nested form", async () => {
    const stored: Record<string, unknown> = {};
    const live = await service([row({ id: "conn_q", provider_type: "quickbooks", name: "qb" })]);
    live.intercept = forgetful(live, stored);
    const cwd = folderWith({
      "connections/qb.yaml":
        "name: qb\nprovider_type: quickbooks\nencrypted_secret_data: { webhook_verifier_token: '${QB_TOKEN}' }\n",
    });
    const env = accessTo(live, { QB_TOKEN: "verifier-1", ...KEY });
    expect((await run(["apply", "--yes", "--write-secrets=qb"], { cwd, env })).code).toBe(0);
    expect(live.writes().map(({ body }) => body.encrypted_secret_data)).toEqual([
      { quickbooks: { webhook_verifier_token: "verifier-1" } },
    ]);
    expect((await run(["apply", "--yes"], { cwd, env: { ...env, QB_TOKEN: "verifier-2" } })).code).toBe(0);
    expect(stored).toEqual({ webhook_verifier_token: "verifier-2" });
    expect(
      (await run(["apply", "--yes", "--write-secrets"], { cwd, env: { ...env, QB_TOKEN: "verifier-2" } })).code,
    ).toBe(0);
    expect(live.writes()).toHaveLength(2);
  });
});

describe("masks", () => {
  const file = (region: string, reviewed = "2020-10-10") => `name: s3-exports
id: conn_01K0
provider_type: s3
encrypted_secret_data:
  aws_access_key_id: \${AK}
  aws_secret_access_key: \${SK}
metadata:
  copy: \${AK}
  other: \${SK}
  reviewed: ${reviewed}
  runs: 1000
sync_config:
  s3: {bucket: prod-exports, region: ${region}}
`;
  const exports = row({
    id: "conn_01K0",
    provider_type: "s3",
    name: "s3-exports",
    metadata: { copy: "before", other: "before", reviewed: "2020-10-10", runs: 1000 },
    sync_config: { s3: { bucket: "prod-exports", region: "us-east-1" } },
  });

  it("stand for fields and not for characters: what looks like a piece of a secret stays as it is", async () => {
    const live = await service([exports]);
    const cwd = folderWith({ "connections/s3.yaml": file("us-east-2", "2020-10-20").replace("1000", "2000") });
    const env = accessTo(live, { AK: "conn", SK: "0" });
    const [shown, document] = await Promise.all([run(["plan"], { cwd, env }), run(["plan", "--json"], { cwd, env })]);
    expect(shown.stdout).toContain("(s3, conn_01K0)  connections/s3.yaml:1");
    expect(shown.stdout).toMatch(/sync_config\.s3\.region +"us-east-1" → "us-east-2"/);
    expect(shown.stdout).toMatch(/metadata\.reviewed +"2020-10-10" → "2020-10-20"/);
    expect(shown.stdout).toMatch(/metadata\.runs +1000 → 2000/);
    expect(lastLine(shown.stdout)).toBe(
      "Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 1 unknown.",
    );
    expect(targetOf(document).changes).toMatchObject([
      {
        id: "conn_01K0",
        file: "connections/s3.yaml",
        fields: [
          { path: "metadata.copy", kind: "edit", before: "(secret)", after: "(secret)" },
          { path: "metadata.other", kind: "edit", before: "(secret)", after: "(secret)" },
          { path: "metadata.reviewed", before: "2020-10-10", after: "2020-10-20" },
          { path: "metadata.runs", before: 1000, after: 2000 },
          { path: "sync_config.s3.region", before: "us-east-1", after: "us-east-2" },
        ],
      },
    ]);
    expect(documentOf(document).exit_code).toBe(0);
  });

  it("are the same for a secret of one character and one of forty, on both sides of a change", async () => {
    const short = "x";
    const long = "y".repeat(40);
    const shown = await Promise.all(
      [short, long].flatMap((before) =>
        [short, long].map(async (after) => {
          // The service's value differs from the file's in its last character at least.
          const metadata = { ...exports.metadata, copy: `${before.slice(1)}z`, other: `${before.slice(1)}z` };
          const live = await service([{ ...exports, metadata }]);
          const cwd = folderWith({ "connections/s3.yaml": file("us-east-1") });
          const env = accessTo(live, { AK: after, SK: after });
          const ended = await Promise.all([run(["plan"], { cwd, env }), run(["plan", "--json"], { cwd, env })]);
          return ended.map(({ stdout }) => stdout.replaceAll(live.baseUrl, ""));
        }),
      ),
    );
    expect(shown).toHaveLength(4);
    const [text, document] = shown[0] ?? [];
    expect(text).toMatch(/metadata\.copy +\(secret\) → \(secret\)\n/);
    expect(text).toMatch(/metadata\.other +\(secret\) → \(secret\)\n/);
    expect(document?.match(/"(?:before|after)": "\(secret\)"/g)).toHaveLength(4);
    for (const others of shown) expect(others).toEqual(shown[0]);
  });

  it("are the same for every length where a connection is new, and nowhere have it", async () => {
    const shown = await Promise.all(
      ["x", "y".repeat(40)].map(async (secret) => {
        const live = await service([]);
        const cwd = folderWith({ "connections/s3.yaml": file("us-east-1").replace("id: conn_01K0\n", "") });
        const env = accessTo(live, { AK: secret, SK: secret });
        const ended = await Promise.all([run(["plan"], { cwd, env }), run(["plan", "--json"], { cwd, env })]);
        return ended.map(({ stdout }) => stdout.replaceAll(live.baseUrl, ""));
      }),
    );
    expect(shown[0]?.[0]).toMatch(/s3\.aws_access_key_id +\(secret from AK\)/);
    expect(shown[0]?.[0]).toMatch(/metadata\.copy +\(secret\)\n/);
    expect(shown[1]).toEqual(shown[0]);
  });
});
