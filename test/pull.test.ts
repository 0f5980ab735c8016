import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run } from "./support/program.js";
import { accessTo, MARK, type Row, row, type Service, send, service } from "./support/service.js";
import { stampWith } from "./support/steps.js";

interface Pulling {
  readonly cwd: string;
  readonly live: Service;
  readonly env: Readonly<Record<string, string>>;
  readonly go: (...args: readonly string[]) => Promise<Ended>;
  readonly text: (file: string) => string;
}

async function pulling(rows: readonly Row[], files: Readonly<Record<string, string>> = {}): Promise<Pulling> {
  const live = await service(rows);
  const cwd = folderWith(files);
  const env = accessTo(live);
  return {
    cwd,
    live,
    env,
    go: (...args) => run(args, { cwd, env }),
    text: (file) => readFileSync(join(cwd, file), "utf8"),
  };
}

const three = [
  row({
    id: "conn_1",
    provider_type: "stripe",
    name: "Stripe production",
    metadata: { team: "billing" },
    sync_config: {
      customer: { inbound: true, outbound: true },
      invoice: { inbound: false, outbound: true },
      plan: { inbound: false, outbound: false },
    },
  }),
  row({
    id: "conn_2",
    provider_type: "s3",
    name: "Exports",
    sync_config: { s3: { bucket: "b", region: "eu-west-1" } },
  }),
  row({ id: "conn_3", provider_type: "quickbooks", name: "Books", sync_config: { invoice: { outbound: true } } }),
];

const definitionsIn = (cwd: string) => readdirSync(join(cwd, "connections")).sort();
const pulledOf = (ended: Ended) =>
  (
    documentOf(ended).targets as unknown as readonly {
      pulled: readonly { status: string; file?: string; id: string }[];
    }[]
  ).flatMap(({ pulled }) => pulled);

describe("pull", () => {
  it("gives a file for each of three connections, and then a plan of zero, without a write", async () => {
    const { go, cwd, live, text } = await pulling(three);
    const ended = await go("pull");
    expect([ended.code, definitionsIn(cwd)]).toEqual([0, ["quickbooks.yaml", "s3-exports.yaml", "stripe.yaml"]]);
    expect(lastLine(ended.stdout)).toBe("Pull: 3 written, 0 unchanged, 0 kept, 0 elsewhere, 0 left out.");
    expect(text("connections/stripe.yaml")).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=../.flexprice-sync/connection.schema.json
      name: Stripe production
      provider_type: stripe
      encrypted_secret_data:
        stripe:
          secret_key: \${STRIPE_SECRET_KEY}
          webhook_secret: \${STRIPE_WEBHOOK_SECRET}
          # The service does not show whether it has these:
          # publishable_key: \${STRIPE_PUBLISHABLE_KEY}
          # account_id: \${STRIPE_ACCOUNT_ID}
      metadata:
        team: billing
      sync_config:
        invoice:
          outbound: true
        customer:
          inbound: true
          outbound: true
      "
    `);
    expect(text("connections/quickbooks.yaml")).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=../.flexprice-sync/connection.schema.json
      # Credentials of QuickBooks come from consent in a browser, and the service keeps them itself.
      name: Books
      provider_type: quickbooks
      sync_config:
        invoice:
          outbound: true
      # encrypted_secret_data:
      #   quickbooks:
      #     webhook_verifier_token: \${QUICKBOOKS_WEBHOOK_VERIFIER_TOKEN}
      "
    `);
    expect(text(".env.example")).toMatch(
      /^# Variables[\s\S]*\nS3_EXPORTS_AWS_ACCESS_KEY_ID=\nS3_EXPORTS_AWS_SECRET_ACCESS_KEY=\nSTRIPE_SECRET_KEY=\nSTRIPE_WEBHOOK_SECRET=\n$/,
    );
    expect(JSON.parse(text(".flexprice-sync/connection.schema.json"))).toEqual(
      JSON.parse((await go("schema", "connection")).stdout),
    );
    expect((await go("validate")).code).toBe(0);
    const plan = await go("plan", "--detailed-exitcode");
    expect([plan.code, lastLine(plan.stdout)]).toEqual([
      0,
      "Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, 3 unchanged, 0 blocked, 0 unknown.",
    ]);
    expect(live.writes()).toEqual([]);
    expect(new Set(live.received.map(({ method }) => method))).toEqual(new Set(["GET"]));
  });

  it("writes the same bytes again, whatever order the service has, and touches no file that is so already", async () => {
    const { go, cwd, live } = await pulling(three);
    await go("pull");
    const files = definitionsIn(cwd).map((name) => join(cwd, "connections", name));
    const before = files.map((file) => readFileSync(file, "utf8"));
    for (const file of files) utimesSync(file, 1, 1);
    live.rows.reverse();
    const ended = await go("pull", "--json");
    expect([ended.code, pulledOf(ended).map(({ status }) => status)]).toEqual([
      0,
      ["unchanged", "unchanged", "unchanged"],
    ]);
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual([1000, 1000, 1000]);
    rmSync(join(cwd, "connections"), { recursive: true });
    await go("pull");
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
  });

  it("keeps a file that differs and ends with 6; --force writes over it", async () => {
    const { go, cwd, text } = await pulling(three);
    await go("pull");
    const mine = text("connections/stripe.yaml").replace("team: billing", "team: mine");
    writeInto(cwd, { "connections/stripe.yaml": mine });
    const ended = await go("pull", "--json");
    expect([ended.code, documentOf(ended).problems.map(({ code, file }) => [code, file])]).toEqual([
      6,
      [["PULL.FILE_DIFFERS", "connections/stripe.yaml"]],
    ]);
    expect(text("connections/stripe.yaml")).toBe(mine);
    const forced = await go("pull", "--force", "--json");
    expect([forced.code, pulledOf(forced).map(({ status }) => status)]).toEqual([
      0,
      ["unchanged", "unchanged", "overwritten"],
    ]);
    expect(text("connections/stripe.yaml")).toContain("team: billing");
  });

  it("writes over no file that holds something else, also with --force", async () => {
    const other = "name: Other\nprovider_type: hubspot\n";
    const { go, text } = await pulling(three, { "connections/stripe.yaml": other });
    const ended = await go("pull", "--force");
    expect([ended.code, text("connections/stripe.yaml")]).toEqual([6, other]);
    expect(ended.stderr).toContain("--force does not write over it");
  });

  it("leaves a connection to the file that defines it already", async () => {
    const { go, cwd } = await pulling(three, { "connections/mine/all.yml": "name: S\nprovider_type: stripe\n" });
    const ended = await go("pull", "--json");
    expect(ended.code).toBe(0);
    expect(pulledOf(ended).find(({ id }) => id === "conn_1")).toMatchObject({
      status: "elsewhere",
      file: "connections/mine/all.yml",
    });
    expect(definitionsIn(cwd)).toEqual(["mine", "quickbooks.yaml", "s3-exports.yaml"]);
  });

  it("into another folder writes only what the environment has in none of its own", async () => {
    const mine = "name: Stripe production\nprovider_type: stripe\n";
    const { go, cwd } = await pulling(three, { "connections/mine.yaml": mine });
    expect((await go("pull", "-d", "connections/new")).code).toBe(0);
    expect(readdirSync(join(cwd, "connections/new")).sort()).toEqual(["quickbooks.yaml", "s3-exports.yaml"]);
    expect(lastLine((await go("plan")).stdout)).toMatch(/^Plan: 0 to create, 0 to update, .* 3 unchanged,/);
  });

  it("that could not ask says so, and not that there is nothing", async () => {
    const { go, live } = await pulling(three);
    live.intercept = (_, response) => send(response, 401, { error: "Unauthorized" });
    const ended = await go("pull");
    expect([ended.code, ended.stdout.includes("There is no connection")]).toEqual([1, false]);
    expect(ended.stdout).toContain("! nothing is pulled: see the errors.");
  });

  it("stops at definitions that it cannot read, for they may say what it would say", async () => {
    const { go, cwd, live } = await pulling(three, { "connections/x.yaml": "name: [\n" });
    expect((await go("pull")).code).toBe(3);
    expect([definitionsIn(cwd), live.received]).toEqual([["x.yaml"], []]);
  });

  it("adds to .env.example what is missing there, and changes nothing in it", async () => {
    const { go, text } = await pulling(three, { ".env.example": "# ours\nSTRIPE_SECRET_KEY=see the vault\nOTHER=1" });
    await go("pull");
    expect(text(".env.example")).toBe(
      "# ours\nSTRIPE_SECRET_KEY=see the vault\nOTHER=1\nS3_EXPORTS_AWS_ACCESS_KEY_ID=\nS3_EXPORTS_AWS_SECRET_ACCESS_KEY=\nSTRIPE_WEBHOOK_SECRET=\n",
    );
    await go("pull");
    expect(text(".env.example").split("\n")).toHaveLength(7);
  });

  it("names what a definition cannot say, and writes the rest", async () => {
    const { go, text } = await pulling([
      row({
        id: "conn_1",
        provider_type: "hubspot",
        name: "Hub",
        metadata: { ok: 1, constructor: 2, "a${b}": 3, key: `${"sk_"}live_canary`, deep: { __proto__x: 1 } },
        sync_config: { deal: { outbound: true }, plan: { outbound: true }, gadgets: { outbound: true } },
      }),
      row({ id: "conn_2", provider_type: "fax", name: "Fax" }),
      row({ id: "conn_3", provider_type: "stripe", name: "" }),
    ]);
    const ended = await go("pull", "--json");
    expect(ended.code).toBe(0);
    const told = documentOf(ended).problems.map(({ code, message }) => `${code} ${message}`);
    for (const path of [
      "metadata.constructor",
      'metadata["a${b}"]',
      "metadata.key",
      "sync_config.plan.outbound",
      "sync_config.gadgets",
    ])
      expect(
        told.filter((one) => one.startsWith("PULL.NOT_EXPRESSED") && one.includes(`${path} of "Hub"`)),
        path,
      ).toHaveLength(1);
    expect(told.filter((one) => one.startsWith("PULL.NOT_WRITTEN"))).toHaveLength(2);
    expect(
      pulledOf(ended)
        .map(({ id, status }) => [id, status])
        .sort(),
    ).toEqual([
      ["conn_1", "written"],
      ["conn_2", "left-out"],
      ["conn_3", "left-out"],
    ]);
    expect(text("connections/hubspot.yaml")).toContain("  ok: 1\n");
    expect(text("connections/hubspot.yaml") + ended.stdout + ended.stderr).not.toContain("canary");
    expect(lastLine((await go("plan")).stdout)).toMatch(/^Plan: 0 to create, 0 to update, .* 1 unchanged,/);
  });

  it("gives an id only where nothing else tells a connection, and names that stay", async () => {
    const { go, cwd, text } = await pulling([
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAA1", provider_type: "stripe", name: "One" }),
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAB2", provider_type: "stripe", name: "Two" }),
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAC3", provider_type: "s3", name: "Same" }),
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAD4", provider_type: "s3", name: "Same" }),
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAE5", provider_type: "s3", name: "S3: Übung / ☃ #1" }),
      row({ id: "conn_01AAAAAAAAAAAAAAAAAAAAAAF6", provider_type: "s3", name: "☃" }),
    ]);
    expect((await go("pull")).code).toBe(0);
    expect(definitionsIn(cwd)).toEqual([
      "s3-aaaaaaf6.yaml",
      "s3-same-aaaaaac3.yaml",
      "s3-same-aaaaaad4.yaml",
      "s3-ubung-1.yaml",
      "stripe-aaaaaaa1.yaml",
      "stripe-aaaaaab2.yaml",
    ]);
    const withId = definitionsIn(cwd).filter((name) => /^id: /m.test(text(`connections/${name}`)));
    expect(withId).toEqual([
      "s3-same-aaaaaac3.yaml",
      "s3-same-aaaaaad4.yaml",
      "stripe-aaaaaaa1.yaml",
      "stripe-aaaaaab2.yaml",
    ]);
    expect(text("connections/stripe-aaaaaab2.yaml")).toContain("secret_key: ${STRIPE_AAAAAAB2_SECRET_KEY}");
    expect(lastLine((await go("plan")).stdout)).toMatch(/^Plan: 0 to create, 0 to update, .* 6 unchanged,/);
  });

  it("takes no variable that is our own or holds an API key", async () => {
    const live = await service([
      row({ id: "conn_1", provider_type: "stripe" }),
      row({
        id: "conn_2",
        provider_type: "flexprice",
        metadata: {
          [MARK]: stampWith("flexprice", { id: "conn_2", secrets: { "encrypted_secret_data.flexprice.token": "x" } }),
        },
      }),
    ]);
    const cwd = folderWith({
      "flexprice-sync.yaml": `environments:\n  default: { base_url: "${live.baseUrl}", api_key: "\${STRIPE_SECRET_KEY}" }\n`,
    });
    const ended = await run(["pull"], { cwd, env: { STRIPE_SECRET_KEY: accessTo(live)["FLEXPRICE_API_KEY"] ?? "" } });
    expect(ended.code).toBe(0);
    const text = (name: string) => readFileSync(join(cwd, "connections", name), "utf8");
    expect(text("stripe.yaml")).toContain("secret_key: ${STRIPE_SECRET_KEY_2}");
    expect(text("flexprice.yaml")).toContain("token: ${THE_FLEXPRICE_TOKEN}");
  });

  it("writes no value that came from the environment, but asks for it again", async () => {
    const { go, cwd, env, text } = await pulling([], {
      "connections/h.yaml":
        "name: Hub\nprovider_type: hubspot\nencrypted_secret_data: { access_token: '${TOKEN}', client_secret: '${TOKEN}' }\nmetadata: { hook: 'https://x/${PART}', list: { of: ['${PART}', plain, 3] }, team: sales }\n",
    });
    const secrets = { ...env, TOKEN: "token-canary-1", PART: "canary-part-2" };
    expect((await run(["apply", "--yes"], { cwd, env: secrets })).code).toBe(0);
    rmSync(join(cwd, "connections"), { recursive: true });
    const ended = await go("pull", "--json", "--debug");
    expect(ended.code).toBe(0);
    const file = text("connections/hubspot.yaml");
    expect(file).toContain("  hook: ${HUBSPOT_METADATA_HOOK}\n");
    expect(file).toContain("    - ${HUBSPOT_METADATA_LIST_OF_0}\n");
    expect(file).toContain("  team: sales\n");
    expect(file + text(".env.example") + ended.stdout + ended.stderr).not.toContain("canary");
    const plan = await go("plan");
    expect(lastLine(plan.stdout)).toMatch(/^Plan: 0 to create, 0 to update, /);
  });

  it("writes no key of this run, and nothing that looks like one, whoever put it there", async () => {
    const other = "plain-key-of-another-environment";
    const live = await service([
      row({
        id: "conn_1",
        provider_type: "stripe",
        metadata: {
          a: other,
          b: "x rk_live_canary1",
          c: { d: "SG.canary_canary_canary" },
          d: "sk_01Kcanarykeyofflexprice",
          e: "https://user:canary5@host.example/hook",
          f: "Authorization: Bearer canary.canary.canary1",
          plain: "https://host.example/a:b@c",
          words: "Basic customer-onboarding-plan",
          sk_live_canary2: 1,
          ok: "risk_free",
        },
      }),
      row({ id: "conn_2", provider_type: "s3", name: "sk_live_canary3" }),
      row({ id: "conn_3", provider_type: "tabs", name: `key ${other}` }),
    ]);
    const cwd = folderWith({
      "flexprice-sync.yaml": `environments:
  a: { base_url: "${live.baseUrl}", api_key: "\${KEY_A}", connections: [a] }
  b: { base_url: "${live.baseUrl}", api_key: "\${KEY_B}", connections: [b] }
`,
    });
    const env = { KEY_A: accessTo(live)["FLEXPRICE_API_KEY"] ?? "", KEY_B: other };
    const ended = await run(["pull", "--env", "a", "--debug"], { cwd, env });
    expect([ended.code, readdirSync(join(cwd, "a"))]).toEqual([0, ["stripe.yaml"]]);
    const all =
      readFileSync(join(cwd, "a/stripe.yaml"), "utf8") +
      readFileSync(join(cwd, ".env.example"), "utf8") +
      ended.stdout +
      ended.stderr;
    expect(all).not.toContain("canary");
    expect(all).not.toContain(other);
    expect(all).toContain("ok: risk_free");
    expect(all).toContain("plain: https://host.example/a:b@c");
    expect(all).toContain("words: Basic customer-onboarding-plan");
    const plan = await run(["plan", "--env", "a"], { cwd, env });
    expect(plan.stdout + plan.stderr).not.toContain(other);
  });

  it("gives two connections no one file, however alike their ids and names are", async () => {
    const ids = [
      "conn_01M8FQYDMF5290F0BARTKGRFAH",
      "conn_01M8FQYDMF5290F0BARTKGRFAJ",
      "conn_a.b",
      "conn_a:b",
      "conn_A-B",
    ];
    const names = ["Exports RTKGRFAH", "Exports conn 01m8fqydmf5290f0bartkgrfah"];
    const { go, cwd, live } = await pulling([
      ...ids.map((id) => row({ id, provider_type: "s3", name: "Exports" })),
      ...names.map((name, at) => row({ id: `conn_x${at}`, provider_type: "s3", name })),
    ]);
    expect((await go("pull")).code).toBe(0);
    expect(definitionsIn(cwd)).toHaveLength(7);
    live.rows.reverse();
    const again = await go("pull", "--json");
    expect(new Set(pulledOf(again).map(({ status }) => status))).toEqual(new Set(["unchanged"]));
    expect(lastLine((await go("plan")).stdout)).toMatch(/^Plan: 0 to create, 0 to update, .* 7 unchanged,/);
  });

  it("names a definition that is no connection's any more, for a plan would create it", async () => {
    const { go, live } = await pulling(three);
    await go("pull");
    live.rows[1] = { ...three[1], name: "Exports renamed" } as Row;
    const ended = await go("pull", "--json");
    expect(documentOf(ended).problems.map(({ code, file, line }) => [code, file, line])).toEqual([
      ["PULL.NOT_THERE", "connections/s3-exports.yaml", 2],
    ]);
  });

  it("brings back credentials that only the stamp knows, where a provider takes any", async () => {
    const stamp = stampWith("flexprice", { id: "conn_1", secrets: { "encrypted_secret_data.flexprice.token": "x" } });
    const { go, text } = await pulling([
      row({ id: "conn_1", provider_type: "flexprice", metadata: { [MARK]: stamp } }),
    ]);
    expect((await go("pull")).code).toBe(0);
    expect(text("connections/flexprice.yaml")).toContain("    token: ${THE_FLEXPRICE_TOKEN}\n");
  });

  it("leaves what another owner keeps, or a newer version, in no file, and names it", async () => {
    const { go, cwd } = await pulling([
      row({
        id: "conn_1",
        provider_type: "stripe",
        metadata: { [MARK]: stampWith("stripe", { id: "conn_1", owner: "others" }) },
      }),
      row({ id: "conn_2", provider_type: "hubspot", metadata: { [MARK]: JSON.stringify({ v: 99 }) } }),
      row({
        id: "conn_3",
        provider_type: "tabs",
        metadata: { [MARK]: stampWith("tabs", { id: "conn_3", protect: true }) },
      }),
    ]);
    const ended = await go("pull", "--json");
    expect([ended.code, definitionsIn(cwd)]).toEqual([0, ["tabs.yaml"]]);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["PULL.NOT_WRITTEN", "PULL.NOT_WRITTEN"]);
    expect(readFileSync(join(cwd, "connections/tabs.yaml"), "utf8")).toContain("protect: true\n");
  });

  it("of an environment without connections writes nothing, and says so", async () => {
    const { go, cwd } = await pulling([]);
    const ended = await go("pull");
    expect([ended.code, readdirSync(cwd)]).toEqual([0, []]);
    expect(ended.stdout).toContain("There is no connection.");
  });

  it("into a folder that may not be written says so, and ends with 1", async () => {
    const { cwd } = await pulling(three);
    mkdirSync(join(cwd, "connections"));
    chmodSync(join(cwd, "connections"), 0o500);
    const ended = await run(["pull", "--json"], { cwd, env: (await pulling(three)).env });
    chmodSync(join(cwd, "connections"), 0o700);
    // Whoever may do everything may write there, too.
    if (process.getuid?.() === 0) expect(ended.code).toBe(0);
    else
      expect([ended.code, pulledOf(ended).map(({ status }) => status)]).toEqual([
        1,
        ["not-written", "not-written", "not-written"],
      ]);
    const other = await pulling(three, { file: "no folder" });
    const blocked = await other.go("pull", "-d", "file/below", "--json");
    expect([blocked.code, pulledOf(blocked).map(({ status }) => status)]).toEqual([
      1,
      ["not-written", "not-written", "not-written"],
    ]);
  });

  it("never writes through a link", async () => {
    const { go, cwd } = await pulling(three, { "elsewhere/secret.yaml": "precious\n" });
    mkdirSync(join(cwd, "connections"));
    symlinkSync("../elsewhere/secret.yaml", join(cwd, "connections/stripe.yaml"));
    const ended = await go("pull", "--force");
    expect(ended.code).toBe(3);
    expect(readFileSync(join(cwd, "elsewhere/secret.yaml"), "utf8")).toBe("precious\n");
  });
});

describe("pull from several environments", () => {
  const settings = ({ baseUrl }: Service, b = "connections/b") => `environments:
  a: { base_url: "${baseUrl}", api_key: "\${KEY_A}", connections: [connections/common, connections/a] }
  b: { base_url: "${baseUrl}", api_key: "\${KEY_B}", connections: [connections/common, ${b}] }
`;
  const keys = { KEY_A: "sk_a", KEY_B: "sk_b" };

  async function two(b?: string) {
    const live = await service([
      row({ id: "conn_1", provider_type: "stripe", name: "Stripe", environment_id: "env_a" }),
      row({ id: "conn_2", provider_type: "stripe", name: "Stripe", environment_id: "env_b" }),
    ]);
    live.keys.clear();
    live.keys.set("sk_a", "env_a").set("sk_b", "env_b");
    return { live, cwd: folderWith({ "flexprice-sync.yaml": settings(live, b) }) };
  }

  it("writes each into a folder of its own, with variables that begin with its name, and plans zero in both", async () => {
    const { cwd, live } = await two();
    const ended = await run(["pull", "--env", "*"], { cwd, env: keys });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("connections/common is one of the folders with definitions, and is not there");
    for (const name of ["a", "b"]) {
      const text = readFileSync(join(cwd, `connections/${name}/stripe.yaml`), "utf8");
      expect(text).toContain(`secret_key: \${${name.toUpperCase()}_STRIPE_SECRET_KEY}`);
      expect(text).toContain("$schema=../../.flexprice-sync/connection.schema.json");
    }
    // The common folder has nothing yet, and the settings name it.
    writeInto(cwd, {
      "connections/common/h.yaml":
        "name: H\nprovider_type: hubspot\nencrypted_secret_data: { access_token: '${T}', client_secret: '${T}' }\n",
    });
    const plan = await run(["plan", "--env", "*"], { cwd, env: { ...keys, T: "t" } });
    expect(lastLine(plan.stdout)).toMatch(/^Plan: 2 to create, 0 to update, .* 2 unchanged,/);
    expect(live.writes()).toEqual([]);
    const again = await run(["pull", "--env", "b", "--json"], { cwd, env: keys });
    expect(pulledOf(again).map(({ status }) => status)).toEqual(["unchanged"]);
  });

  it.each(["connections", "connections/a/inner", "connections/b/../a"])(
    "is refused where its folder lies in one of another environment, or around it: %s",
    async (folder) => {
      const { cwd, live } = await two();
      const text = readFileSync(join(cwd, "flexprice-sync.yaml"), "utf8");
      writeInto(cwd, {
        "flexprice-sync.yaml": text
          .replace("connections/common, connections/b", folder)
          .replace("connections/common, ", ""),
      });
      for (const name of ["a", "b"]) {
        const ended = await run(["pull", "--env", name, "--json"], { cwd, env: keys });
        const codes = documentOf(ended).problems.map(({ code }) => code);
        expect([name, ended.code, codes.includes("PULL.SHARED_FOLDER")]).toEqual([name, 3, true]);
      }
      expect(live.received).toEqual([]);
    },
  );

  it.each([
    ["link/b", "real/b"],
    ["link/b", "real"],
    ["link", "real/b/inner"],
  ])("is refused where links lead to one folder that is not there yet: %s, %s", async (first, second) => {
    const { cwd, live } = await two();
    const text = readFileSync(join(cwd, "flexprice-sync.yaml"), "utf8");
    writeInto(cwd, {
      "flexprice-sync.yaml": text
        .replace("connections/common, connections/a", first)
        .replace("connections/common, connections/b", second),
    });
    mkdirSync(join(cwd, "real"));
    symlinkSync("real", join(cwd, "link"));
    const ended = await run(["pull", "--env", "*", "--json"], { cwd, env: keys });
    expect([ended.code, live.received, readdirSync(join(cwd, "real"))]).toEqual([3, [], []]);
    expect(documentOf(ended).problems.map(({ code }) => code)).toContain("PULL.SHARED_FOLDER");
  });

  it.each(["connections/b", "connections/b/sub", "connections", "link", "./connections/../connections/b"])(
    "is refused with --dir where that is no folder of its own and another environment reads it: %s",
    async (folder) => {
      const { cwd, live } = await two();
      mkdirSync(join(cwd, "connections/b"), { recursive: true });
      symlinkSync("connections/b", join(cwd, "link"));
      const ended = await run(["pull", "--env", "a", "-d", folder, "--json"], { cwd, env: keys });
      expect([ended.code, live.received]).toEqual([3, []]);
      expect(documentOf(ended).problems).toMatchObject([{ code: "PULL.SHARED_FOLDER" }]);
      // What its settings name is its own, whoever else reads it.
      const common = await run(["pull", "--env", "a", "-d", "connections/common"], { cwd, env: keys });
      expect([common.code, readdirSync(join(cwd, "connections/common"))]).toEqual([0, ["stripe.yaml"]]);
    },
  );

  it("is refused where every folder is one of another environment, too", async () => {
    const { cwd, live } = await two("connections/a");
    const ended = await run(["pull", "--env", "a", "--json"], { cwd, env: keys });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.map(({ code, line }) => [code, line])).toContainEqual(["PULL.SHARED_FOLDER", 2]);
    expect(live.received).toEqual([]);
    // The other one's folder is no concern of its own.
    const text = readFileSync(join(cwd, "flexprice-sync.yaml"), "utf8");
    const third = `  c: { base_url: "${live.baseUrl}", api_key: "\${KEY_A}", connections: [connections/c] }\n`;
    writeInto(cwd, { "flexprice-sync.yaml": `${text}${third}` });
    const others = await run(["pull", "--env", "a", "--env", "c"], { cwd, env: keys });
    expect([others.code, readdirSync(join(cwd, "connections/c"))]).toEqual([3, ["stripe.yaml"]]);
    const named = await run(["pull", "--env", "a", "-d", "mine"], { cwd, env: keys });
    expect([named.code, readdirSync(join(cwd, "mine"))]).toEqual([0, ["stripe.yaml"]]);
    const file = await run(["pull", "--env", "a", "-d", "mine/stripe.yaml", "--json"], { cwd, env: keys });
    expect([file.code, documentOf(file).problems.map(({ code }) => code)]).toEqual([3, ["LOAD.NO_FOLDER"]]);
    const both = await run(["pull", "--env", "*", "-d", "mine", "--json"], { cwd, env: keys });
    expect([both.code, documentOf(both).problems.map(({ code }) => code)]).toEqual([64, ["USAGE.CONFLICT"]]);
  });
});
