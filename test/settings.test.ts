import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run } from "./support/program.js";
import { API_KEY, ENVIRONMENT, row, service } from "./support/service.js";

const S3 = "name: Exports\nprovider_type: s3\nsync_config: { s3: { bucket: '${var.BUCKET}', region: eu-west-1 } }\n";
const STRIPE = "name: Stripe\nprovider_type: stripe\n";

const STRIPE_ROW = row({ id: "conn_1", provider_type: "stripe", name: "Stripe" });

/** `CODE file:line:col` of every problem. */
function told(ended: Ended): readonly string[] {
  return documentOf(ended).problems.map(({ code, file, line, column }) =>
    file === undefined ? code : `${code} ${file}:${line}:${column}`,
  );
}

async function validate(files: Readonly<Record<string, string>>, args: readonly string[] = [], env = {}) {
  const cwd = folderWith(files);
  return run(["validate", "--json", ...args], { cwd, env });
}

function one(text: string): Readonly<Record<string, string>> {
  return { "flexprice-sync.yaml": text, "connections/s.yaml": STRIPE };
}

const environment = (lines: string) => `environments:\n  prod:\n    api_key: \${KEY}\n${lines}`;

describe("a settings file", () => {
  it("may say all that it can", async () => {
    const ended = await validate({
      "flexprice-sync.yaml": `# yaml-language-server: $schema=.flexprice-sync/settings.schema.json
owner: acme-billing
stamp: true
assume_updatable: [stripe.secret_key]
environments:
  prod.eu_1:
    base_url: https://us.api.flexprice.io/v1
    api_key: \${KEY}
    environment_id: env_1
    connections: [connections/common, connections/prod]
    vars: { BUCKET: acme, _x: "1" }
    owner: acme-prod
    stamp: false
    assume_updatable: []
include: [tenants/*.yaml, more.yaml]
defaults: { parallelism: 8, timeout: 2.5, deadline: 600, max_changes: 10% }
`,
      "tenants/a.yaml":
        "environments:\n  a: { api_key: '${A}', connections: [connections/common], vars: { BUCKET: a } }\n",
      "more.yaml": "environments:\n  b: { api_key: '${B}', connections: [connections/common], vars: { BUCKET: b } }\n",
      "connections/common/s3.yaml": S3,
      "connections/prod/stripe.yaml": STRIPE,
    });
    expect([ended.code, told(ended)]).toEqual([0, []]);
    expect(documentOf(ended)).toMatchObject({ definitions: 2, files: 2 });
  });

  it.each([
    ["an unknown key at the top", "owners: x\n", ["VALIDATE.UNKNOWN_FIELD flexprice-sync.yaml:1:1"]],
    ["of an environment", environment("    url: x\n"), ["VALIDATE.UNKNOWN_FIELD flexprice-sync.yaml:4:5"]],
    ["of the defaults", "defaults:\n  retries: 3\n", ["VALIDATE.UNKNOWN_FIELD flexprice-sync.yaml:2:3"]],
    [
      "a name that no environment may have",
      "environments:\n  a b: {}\n",
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:2:3"],
    ],
    ["an environment without a value", "environments:\n  prod:\n", ["VALIDATE.NULL flexprice-sync.yaml:2:8"]],
    ["no environments under environments", "environments: {}\n", ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:1:15"]],
    [
      "two names that differ in case",
      "environments:\n  prod: {}\n  Prod: {}\n",
      ["SETTINGS.SAME_ENVIRONMENT flexprice-sync.yaml:3:3"],
    ],
    ["a word for true", "stamp: off\n", ["VALIDATE.WRONG_TYPE flexprice-sync.yaml:1:8"]],
    [
      "an address that is none",
      environment("    base_url: us.api.flexprice.io\n"),
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:4:15"],
    ],
    [
      "a variable in an address",
      environment("    base_url: ${URL}\n"),
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:4:15"],
    ],
    ["folders that are no list", environment("    connections: x\n"), ["VALIDATE.WRONG_TYPE flexprice-sync.yaml:4:18"]],
    ["a number as a variable", environment("    vars: { N: 3 }\n"), ["VALIDATE.WRONG_TYPE flexprice-sync.yaml:4:16"]],
    [
      "a reference in a variable",
      environment("    vars: { N: '${X}' }\n"),
      ["VALIDATE.FORBIDDEN_REFERENCE flexprice-sync.yaml:4:16"],
    ],
    [
      "a name that no variable may have",
      environment("    vars: { a-b: x }\n"),
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:4:13"],
    ],
    ["an owner that does not show", "owner: ' x'\n", ["SETTINGS.BAD_OWNER flexprice-sync.yaml:1:8"]],
    [
      "too many requests in flight",
      "defaults: { parallelism: 257 }\n",
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:1:26"],
    ],
    ["a share above all", "defaults: { max_changes: 101% }\n", ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:1:26"]],
    [
      "a credential that nobody knows",
      "assume_updatable: [stripe.key]\n",
      ["VALIDATE.NOT_ALLOWED flexprice-sync.yaml:1:20"],
    ],
    ["a key that stands twice", "owner: a\nowner: b\n", ["LOAD.DUPLICATE_KEY flexprice-sync.yaml:2:1"]],
    ["a file that holds nothing", "# nothing\n", ["LOAD.EMPTY_FILE flexprice-sync.yaml:1:1"]],
    ["a list", "- a\n", ["VALIDATE.WRONG_TYPE flexprice-sync.yaml:1:1"]],
    ["two documents", "owner: a\n---\nowner: b\n", ["SETTINGS.SEVERAL_DOCUMENTS flexprice-sync.yaml:3:1"]],
    ["files that are not there", "include: [tenants/*.yaml]\n", ["SETTINGS.BAD_INCLUDE flexprice-sync.yaml:1:11"]],
    ["files outside", "include: [../*.yaml]\n", ["SETTINGS.BAD_INCLUDE flexprice-sync.yaml:1:11"]],
    [
      "several at once",
      "owners: x\nstamp: 1\n",
      ["VALIDATE.UNKNOWN_FIELD flexprice-sync.yaml:1:1", "VALIDATE.WRONG_TYPE flexprice-sync.yaml:2:8"],
    ],
  ])("is refused at its place: %s", async (_what, text, expected) => {
    const ended = await validate(one(text));
    expect([ended.code, [...told(ended)].sort()]).toEqual([3, expected]);
    for (const { hint } of documentOf(ended).problems) expect(hint).toBeDefined();
  });

  it.each(["sk_canary_live_5ecr3t", "${KEY}-sk_canary", "$KEY", "${A}${B}"])(
    "takes a key as exactly one reference, and never repeats another: %s",
    async (key) => {
      const ended = await validate(one(`environments:\n  prod:\n    api_key: "${key}"\n`));
      expect([ended.code, told(ended)]).toEqual([
        3,
        [`${key.includes("${") ? "VALIDATE.SECRET_FORM" : "VALIDATE.LITERAL_SECRET"} flexprice-sync.yaml:3:14`],
      ]);
      expect(ended.stdout + ended.stderr).not.toContain("canary");
    },
  );

  it("does not take a secret as a variable that everybody sees, and does not repeat it", async () => {
    const ended = await validate(one(environment("    vars: { TOKEN: whsec_canary }\n")));
    expect([ended.code, told(ended)]).toEqual([3, ["VALIDATE.LITERAL_SECRET flexprice-sync.yaml:4:20"]]);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("is named with -c, and then has to be there; paths in it start in its folder", async () => {
    const cwd = folderWith({
      "ops/fleet.yaml": "environments:\n  a: { api_key: '${A}', connections: [defs] }\ninclude: [t/*.yaml]\n",
      "ops/t/b.yaml": "environments:\n  b: { api_key: '${B}' }\n",
      "ops/defs/s.yaml": STRIPE,
      "ops/connections/h.yaml": "name: H\nprovider_type: hubspot\n",
    });
    const ended = await run(["validate", "-c", "ops/fleet.yaml"], { cwd });
    expect([ended.code, ended.stdout]).toEqual([0, "Validate: 2 definitions in 2 files, 0 errors, 0 warnings.\n"]);
    const missing = await run(["validate", "-c", "nope.yaml", "--json"], { cwd });
    expect([missing.code, told(missing)]).toEqual([3, ["SETTINGS.NO_FILE"]]);
  });

  it("with another ending is not taken in silence for none", async () => {
    const ended = await validate({ "flexprice-sync.yml": "owner: a\n", "connections/s.yaml": STRIPE });
    expect([ended.code, told(ended)]).toEqual([0, ["SETTINGS.NO_FILE"]]);
  });

  it("passes over no file that it includes and cannot look at", async () => {
    const cwd = folderWith({
      ...one("include: ['tenants/**/*.yaml']\n"),
      "tenants/a.yaml": "environments:\n  a: {}\n",
    });
    symlinkSync("nowhere", join(cwd, "tenants/b.yaml"));
    const ended = await run(["validate", "--json"], { cwd });
    expect([ended.code, told(ended)]).toEqual([3, ["SETTINGS.BAD_INCLUDE flexprice-sync.yaml:1:11"]]);
    expect(documentOf(ended).problems[0]?.message).toContain("tenants/b.yaml");
    rmSync(join(cwd, "tenants/b.yaml"));
    // An editor has the file open.
    symlinkSync("somebody@somewhere.1:2", join(cwd, "tenants/.#a.yaml"));
    expect((await run(["validate"], { cwd })).code).toBe(0);
    mkdirSync(join(cwd, "tenants/deep"));
    symlinkSync("..", join(cwd, "tenants/deep/again"));
    expect((await run(["validate"], { cwd })).code).toBe(0);
  });

  it("is not read again by the files it includes, and each says environments and nothing else", async () => {
    const files = {
      ...one("include: ['*.yaml', tenants/a.yaml]\nenvironments:\n  prod: { api_key: '${KEY}' }\n"),
      "tenants/a.yaml": "environments:\n  prod: {}\n",
      "x.yaml": "owner: me\nenvironments:\n  x: {}\n",
    };
    const ended = await validate(files);
    expect([ended.code, told(ended)]).toEqual([
      3,
      ["SETTINGS.SAME_ENVIRONMENT tenants/a.yaml:2:3", "VALIDATE.UNKNOWN_FIELD x.yaml:1:1"],
    ]);
  });

  it("is told where the folder of one environment lies in that of another, whose definitions it would be, too", async () => {
    const ended = await validate({
      "flexprice-sync.yaml":
        "environments:\n  a: { api_key: '${A}' }\n  b: { api_key: '${B}', connections: [connections/b] }\n  c: { api_key: '${C}', connections: [connections, connections/b] }\n",
      "connections/b/s.yaml": STRIPE,
    });
    expect([ended.code, told(ended)]).toEqual([
      0,
      ["SETTINGS.NESTED_FOLDERS flexprice-sync.yaml:3:3", "SETTINGS.NESTED_FOLDERS flexprice-sync.yaml:4:3"],
    ]);
    // Whoever names both means both.
    expect(documentOf(ended).problems[0]?.message).toContain("lies in a folder of a, so");
  });

  it("without environments is about the one that the variables name", async () => {
    const live = await service();
    const cwd = folderWith({ ...one("owner: acme\ndefaults: { max_changes: 0 }\n") });
    const env = { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: live.baseUrl };
    const plan = documentOf(await run(["plan", "--json"], { cwd, env }));
    expect(plan.targets[0]).toMatchObject({ environment: "default", owner: "acme" });
    const other = await run(["plan", "--json"], { cwd, env: { ...env, FLEXPRICE_SYNC_OWNER: "ops" } });
    expect(documentOf(other).targets[0]).toMatchObject({ owner: "ops" });
    const refused = await run(["apply", "--yes", "--json"], { cwd, env });
    expect(told(refused)).toContain("PLAN.OVER_LIMIT");
  });
});

describe("variables of the settings", () => {
  it("stand in names and values, are shown, and are named where they are missing", async () => {
    const live = await service();
    const cwd = folderWith({
      "flexprice-sync.yaml": `environments:
  a: { base_url: "${live.baseUrl}", api_key: "\${KEY}", vars: { BUCKET: acme-a, TEAM: "x: y" } }
`,
      "connections/s3.yaml":
        "name: Exports to ${var.BUCKET}\nprovider_type: s3\nmetadata: { team: '${var.TEAM}' }\nsync_config: { s3: { bucket: '${var.BUCKET}', region: r } }\n",
    });
    const ended = await run(["plan", "--json"], { cwd, env: { KEY: API_KEY } });
    const [change] = documentOf(ended).targets[0]?.changes ?? [];
    expect(change?.name).toBe("Exports to acme-a");
    expect(change?.fields.map(({ path, after }) => [path, after])).toEqual([
      ["metadata.team", "x: y"],
      ["sync_config.s3.bucket", "acme-a"],
      ["sync_config.s3.region", "r"],
    ]);
    writeInto(cwd, { "connections/t.yaml": "name: '${var.NONE}'\nprovider_type: stripe\n" });
    const missing = await run(["plan", "--json"], { cwd, env: { KEY: API_KEY } });
    expect([missing.code, told(missing)]).toEqual([3, ["SECRETS.NO_SETTING connections/t.yaml:1:7"]]);
  });

  it("are held against the schema where they stand", async () => {
    const cwd = folderWith({
      "flexprice-sync.yaml": "environments:\n  a: { api_key: '${KEY}', vars: { BUCKET: b, ZIP: zip } }\n",
      "connections/s3.yaml":
        "name: E\nprovider_type: s3\nsync_config: { s3: { bucket: '${var.BUCKET}', region: r, compression: '${var.ZIP}' } }\n",
    });
    const ended = await run(["validate", "--json"], { cwd });
    expect([ended.code, told(ended)]).toEqual([3, ["SECRETS.BAD_VALUE connections/s3.yaml:3:71"]]);
  });

  it("of an API key are not for definitions, whichever environment has it", async () => {
    const ended = await validate({
      "flexprice-sync.yaml":
        "environments:\n  a: { api_key: '${KEY_A}' }\n  b: { api_key: '${KEY_B}', connections: [other] }\n",
      "connections/s.yaml": "name: S\nprovider_type: stripe\nmetadata: { note: '${KEY_B}' }\n",
      "other/s.yaml": STRIPE,
    });
    expect([ended.code, told(ended)]).toEqual([3, ["VALIDATE.FORBIDDEN_REFERENCE connections/s.yaml:3:19"]]);
    expect(documentOf(ended).problems[0]).toMatchObject({ environments: ["a"] });
  });
});

describe("the host of a settings file", () => {
  const allowed = { FLEXPRICE_ALLOWED_HOSTS: "billing.example.com, other.example.com:8443" };

  it.each([
    ["https://us.api.flexprice.io/v1", {}],
    ["https://flexprice.io/v1", {}],
    ["https://US.API.FLEXPRICE.IO/v1", {}],
    ["http://127.0.0.1:8080/v1", {}],
    ["http://localhost:8080/v1", {}],
    ["https://billing.example.com/v1", allowed],
    ["https://BILLING.example.com:444/v1", allowed],
    ["https://other.example.com:8443/v1", allowed],
  ])("may be %s", async (url, env) => {
    expect(told(await validate(one(environment(`    base_url: "${url}"\n`)), [], env))).toEqual([]);
  });

  it.each([
    ["https://billing.example.com/v1", {}],
    ["https://flexprice.io.example.com/v1", {}],
    ["https://notflexprice.io/v1", {}],
    ["https://evil.example.com/flexprice.io", {}],
    ["https://127.0.0.1.example.com/v1", {}],
    ["https://us.api.flexprice.io./v1", {}],
    ["https://flexpriсe.io/v1", {}],
    ["https://sub.billing.example.com/v1", allowed],
    ["https://other.example.com/v1", allowed],
  ])("is not %s", async (url, env) => {
    const ended = await validate(one(environment(`    base_url: "${url}"\n`)), [], env);
    expect([ended.code, told(ended)]).toEqual([3, ["SETTINGS.FOREIGN_HOST flexprice-sync.yaml:4:15"]]);
  });

  it.each([
    ["https://sk_canary@us.api.flexprice.io/v1", "SETTINGS.BAD_BASE_URL"],
    ["https://us.api.flexprice.io@evil.example.com/v1", "SETTINGS.BAD_BASE_URL"],
    ["https://evil.example.com#.flexprice.io", "SETTINGS.BAD_BASE_URL"],
    ["https://us.api.flexprice.io/v1?key=sk_canary", "SETTINGS.BAD_BASE_URL"],
    ["https://us.api.flexprice.io/v1/connections", "SETTINGS.BAD_BASE_URL"],
    ["https://${KEY}.flexprice.io/v1", "SETTINGS.BAD_BASE_URL"],
    ["http://us.api.flexprice.io/v1", "SETTINGS.INSECURE_BASE_URL"],
  ])("is refused by validate already, and not repeated: %s", async (url, code) => {
    const ended = await validate(one(environment(`    base_url: "${url}"\n`)));
    expect([ended.code, told(ended)]).toEqual([3, [`${code} flexprice-sync.yaml:4:15`]]);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("is told of an id that is a key, which is not repeated", async () => {
    const ended = await validate(one(environment("    environment_id: sk_canary\n")));
    expect([ended.code, told(ended)]).toEqual([3, ["SETTINGS.BAD_ENVIRONMENT_ID flexprice-sync.yaml:4:21"]]);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("that is not allowed sends no request, not even of another environment", async () => {
    const live = await service();
    const cwd = folderWith({
      ...one(
        `environments:\n  a: { base_url: "${live.baseUrl}", api_key: "\${KEY}" }\n  b: { base_url: "https://evil.example.com/v1", api_key: "\${KEY}" }\n`,
      ),
    });
    for (const args of [
      ["plan", "--env", "*"],
      ["plan", "-e", "a"],
      ["apply", "-e", "a", "--yes"],
      ["pull", "-e", "a"],
      ["doctor", "-e", "a"],
    ]) {
      const ended = await run(args, { cwd, env: { KEY: API_KEY } });
      expect([args, ended.code]).toEqual([args, 3]);
    }
    expect(live.received).toEqual([]);
  });

  it("list that cannot be read is an error", async () => {
    const ended = await validate(one("owner: a\n"), [], { FLEXPRICE_ALLOWED_HOSTS: "https://x.example.com" });
    expect([ended.code, told(ended)]).toEqual([3, ["SETTINGS.BAD_ALLOWED_HOSTS"]]);
  });
});

describe("what wins", () => {
  const twoIn = (baseUrl: string) =>
    one(`environments:\n  a: { base_url: "${baseUrl}", api_key: "\${KEY}", environment_id: ${ENVIRONMENT} }\n`);

  it("is the option, then the settings; a variable that was left in the shell leads no environment elsewhere", async () => {
    const [live, other] = [await service([STRIPE_ROW]), await service()];
    const cwd = folderWith(twoIn(live.baseUrl));
    const left = {
      FLEXPRICE_API_KEY: "sk_other",
      FLEXPRICE_BASE_URL: other.baseUrl,
      FLEXPRICE_ENVIRONMENT_ID: "env_other",
    };
    const ended = await run(["plan", "--json"], { cwd, env: { ...left, KEY: API_KEY } });
    expect([ended.code, documentOf(ended).targets[0]?.base_url]).toEqual([0, live.baseUrl]);
    expect(other.received).toEqual([]);
    const args = ["plan", "--json", "--base-url", other.baseUrl, "--environment-id", "env_2"];
    const [target] = documentOf(await run(args, { cwd, env: { KEY: API_KEY } })).targets;
    expect([target?.base_url, target?.environment_id]).toEqual([other.baseUrl, "env_2"]);
  });

  it("and variables stand in for what one environment leaves out, but no key for several", async () => {
    const live = await service([STRIPE_ROW]);
    const cwd = folderWith(one("environments:\n  a: {}\n  b: {}\n"));
    const env = { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: live.baseUrl };
    expect((await run(["plan", "--env", "a"], { cwd, env })).code).toBe(0);
    // The guard, too.
    const other = await run(["apply", "--env", "a", "--yes", "--json"], {
      cwd,
      env: { ...env, FLEXPRICE_ENVIRONMENT_ID: "env_other" },
    });
    expect([other.code, told(other), live.writes()]).toEqual([1, ["FETCH.WRONG_ENVIRONMENT"], []]);
    const ended = await run(["plan", "--env", "*", "--json"], { cwd, env });
    expect([ended.code, told(ended)]).toEqual([
      3,
      ["SETTINGS.NO_API_KEY flexprice-sync.yaml:2:3", "SETTINGS.NO_API_KEY flexprice-sync.yaml:3:3"],
    ]);
  });

  it("is the timeout and the bound of the options over those of the settings", async () => {
    const live = await service([STRIPE_ROW], async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return false;
    });
    const cwd = folderWith({ ...twoIn(live.baseUrl) });
    writeInto(cwd, {
      "flexprice-sync.yaml": `${twoIn(live.baseUrl)["flexprice-sync.yaml"]}defaults: { timeout: 0.1, deadline: 0.3 }\n`,
    });
    const late = await run(["plan", "--json"], { cwd, env: { KEY: API_KEY } });
    // Whichever of the two comes first.
    expect([late.code, told(late)]).toEqual([1, [expect.stringMatching(/^(?:SERVICE\.TIMEOUT|RUN\.DEADLINE)$/)]]);
    const enough = await run(["plan", "--timeout", "5", "--json"], { cwd, env: { KEY: API_KEY } });
    // The deadline of the whole run stays.
    expect([enough.code, told(enough)]).toEqual([1, ["RUN.DEADLINE"]]);
    writeInto(cwd, {
      "flexprice-sync.yaml": `${twoIn(live.baseUrl)["flexprice-sync.yaml"]}defaults: { timeout: 0.1 }\n`,
    });
    expect((await run(["plan", "--timeout", "5"], { cwd, env: { KEY: API_KEY } })).code).toBe(0);
  });
});

describe("credentials that the settings assume this server can change", () => {
  it("are sent on an update, and every plan that relies on them says so", async () => {
    const live = await service();
    const text = `environments:\n  a: { base_url: "${live.baseUrl}", api_key: "\${KEY}", assume_updatable: [stripe.secret_key] }\n`;
    const cwd = folderWith({
      "flexprice-sync.yaml": text,
      "connections/s.yaml":
        "name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${SK}', webhook_secret: '${WH}' }\n",
    });
    const { stdout: key } = await run(["keygen"], { cwd });
    const env = { KEY: API_KEY, FLEXPRICE_SYNC_FINGERPRINT_KEY: key.trim(), SK: "first-secret", WH: "hook-secret" };
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const rotated = { ...env, SK: "second-secret", WH: "other-hook" };
    const plan = await run(["plan"], { cwd, env: rotated });
    expect(plan.stdout).toContain("stripe.secret_key is sent because the settings assume");
    expect(lastLine(plan.stdout)).toBe(
      "Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, 0 unchanged, 1 blocked, 0 unknown.",
    );
    const applied = await run(["apply", "--yes", "--json"], { cwd, env: rotated });
    // The other one is blocked as ever.
    expect(applied.code).toBe(6);
    expect(documentOf(applied).targets[0]).toMatchObject({ assume_updatable: ["stripe.secret_key"] });
    const put = live.writes().at(-1);
    expect([put?.method, put?.body.encrypted_secret_data]).toEqual([
      "PUT",
      { stripe: { secret_key: "second-secret" } },
    ]);
    const calm = await run(["plan"], { cwd, env: { ...rotated, WH: "hook-secret" } });
    expect([calm.code, calm.stdout.includes("assume")]).toEqual([0, false]);
  });

  it("make a saved plan stale when the settings no longer say so", async () => {
    const live = await service([STRIPE_ROW]);
    const settings = (assumed: string) =>
      `environments:\n  a: { base_url: "${live.baseUrl}", api_key: "\${KEY}", assume_updatable: [${assumed}] }\n`;
    const cwd = folderWith({ ...one(settings("stripe.secret_key")) });
    expect((await run(["plan", "--out", "p.json"], { cwd, env: { KEY: API_KEY } })).code).toBe(0);
    writeInto(cwd, { "flexprice-sync.yaml": settings("") });
    const ended = await run(["apply", "p.json", "--json"], { cwd, env: { KEY: API_KEY } });
    expect([ended.code, told(ended), live.writes()]).toEqual([5, ["STALE.OTHER_SETTINGS"], []]);
  });
});

describe("a file that is no definition", () => {
  it("may be anything, so nothing of it is repeated", async () => {
    const cwd = folderWith({
      "flexprice-sync.yaml": "environments:\n  a: { connections: [other.txt] }\n",
      "other.txt": "OTHER_TOKEN=topsecret\n",
    });
    const ended = await run(["validate", "--json"], { cwd });
    expect([ended.code, ended.stdout + ended.stderr]).toEqual([3, expect.not.stringContaining("topsecret")]);
    expect(documentOf(ended).problems[0]?.message).toBe(
      "Not a definition: the document is a text; a definition is a map of fields.",
    );
  });
});
