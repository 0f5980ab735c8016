import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../src/cli/run.js";
import { folderWith } from "./support/folder.js";
import { person } from "./support/person.js";
import { type Ended, run } from "./support/program.js";
import { API_KEY, accessTo, type Intercept, MARK, row, send, service, unmarked } from "./support/service.js";
import { keyText, stampWith } from "./support/steps.js";

/*
 * A marker in every secret, put through every command, report, error and trace: it must leave in the request that sets it
 * and nowhere else, in no form.
 */

const SECRETS = {
  STRIPE_KEY: "sk_live_canary1!+/ü",
  STRIPE_HOOK: "canary2\nsecond line: of a PEM\n",
  NOTE: "canary3 in metadata",
  SITE: "canary4-site",
  CB: 'canary5"quoted\\',
} as const;

const files = {
  "connections/stripe.yaml": `name: Stripe
provider_type: stripe
encrypted_secret_data:
  secret_key: \${STRIPE_KEY}
  webhook_secret: \${STRIPE_HOOK}
metadata:
  note: "see \${NOTE}"
  nested: { list: ["\${NOTE}"] }
sync_config: { s3: { bucket: "\${SITE}", region: eu } }
`,
  "connections/chargebee.yaml": `name: Chargebee
provider_type: chargebee
encrypted_secret_data:
  chargebee:
    site: \${SITE}
    api_key: \${CB}
    webhook_username: \${CB}
    webhook_password: \${CB}
metadata: { note: "\${NOTE}" }
`,
};

/** Every form in which a value could leak: as it is, per line, as JSON, percent-encoded, in base64. */
function formsOf(value: string): readonly string[] {
  const lines = value.split("\n").filter((line) => line.length > 3);
  const bytes = Buffer.from(value, "utf8");
  return [
    value,
    ...lines,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    // As the reports write what they escape: HTML, Markdown, commands of GitHub's runner.
    value.replaceAll("&", "&amp;").replaceAll('"', "&quot;"),
    value.replaceAll(/[^A-Za-z0-9 ]/g, (sign) => `&#${sign.codePointAt(0)};`),
    value.replaceAll("%", "%25").replaceAll("\n", "%0A"),
  ];
}

/** Files for all reports, and those of a job of GitHub Actions. */
const REPORTS = ["json", "markdown", "html", "sarif"] as const;
const INTO = REPORTS.flatMap((kind) => [`--${kind}-into`, `report.${kind}`]);

function jobIn(cwd: string) {
  return { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: join(cwd, "summary"), GITHUB_OUTPUT: join(cwd, "outputs") };
}

/** What a run has written beside its streams. */
function writtenIn(cwd: string): Ended {
  const names = [...REPORTS.map((kind) => `report.${kind}`), "summary", "outputs"];
  return { code: 0, stdout: names.map((name) => readFileSync(join(cwd, name), "utf8")).join("\n"), stderr: "" };
}

/** The keys for fingerprints are secrets, too. */
const KEYS = {
  FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1),
  FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS: keyText(2),
} as const;

/** Digests of a value and of its lines that anybody could compute, whole and cut as ours are. */
function digestsOf(value: string): readonly string[] {
  const texts = [value, value.trim(), JSON.stringify(value), ...value.split("\n")];
  return texts.flatMap((text) =>
    ["sha256", "sha1", "md5"].flatMap((name) => {
      const bytes = createHash(name).update(text).digest();
      return [bytes, bytes.subarray(0, 16)].flatMap((part) => [
        part.toString("hex"),
        part.toString("base64").replace(/=+$/, ""),
        part.toString("base64url"),
      ]);
    }),
  );
}

function expectNoSecretIn({ stdout, stderr }: Ended, what: string): void {
  const text = stdout + stderr;
  expect(text, what).not.toContain("canary");
  expect(text, what).not.toContain(API_KEY);
  for (const value of [...Object.values(SECRETS), ...Object.values(KEYS)]) {
    for (const form of formsOf(value)) expect(text.includes(form), `${what}: ${form}`).toBe(false);
  }
}

const existing = [
  row({ id: "conn_s", provider_type: "stripe", name: "Stripe", metadata: { note: "old", nested: 1 } }),
  row({ id: "conn_c", provider_type: "chargebee", name: "Chargebee" }),
];

/** The same with a stamp that repeats a secret: somebody may have put it there. */
const stampedWith = (stamp: string) =>
  existing.map((one) => ({ ...one, metadata: { ...one.metadata, [MARK]: stamp } }));
const damaged = stampedWith(`{"v":1,"owner":"${SECRETS.SITE}"}`);
const others = [
  ...stampedWith(stampWith("stripe", { owner: SECRETS.SITE })).slice(0, 1),
  ...stampedWith(stampWith("chargebee", { owner: "x", id: SECRETS.SITE })).slice(1),
];

const echo: Intercept = ({ method, text, headers }, response) =>
  method === "GET"
    ? false
    : send(response, 400, {
        code: "validation_error",
        message: `cannot take ${text} with ${headers["x-api-key"]}`,
        http_status_code: 400,
      });

const loudTrace = ["--debug", "-v"];

describe("no secret shows at a terminal", () => {
  it.each([40, 80, 200])(
    "of %d columns: in the plan, in the question, in what it says of tries, in errors",
    async (columns) => {
      const named = existing.map((one) => ({ ...one, name: `${SECRETS.SITE} ${one.name}` }));
      for (const args of [
        ["apply"],
        ["apply", "--replace", "Chargebee"],
        ["apply", "--write-secrets"],
        ["plan"],
        ["doctor"],
      ]) {
        const live = await service(named);
        let tries = 0;
        live.intercept = async (received, response) => {
          tries += 1;
          if (received.method !== "GET" && tries % 2 === 0)
            return send(response, 503, { code: "busy", message: received.text });
          return echo(received, response);
        };
        const { terminal, shown } = person("yes", folderWith(files), accessTo(live, { ...SECRETS, ...KEYS }), {
          columns,
        });
        const code = await runCommandLine([...args], terminal);
        if (args[0] === "apply") expect([args, shown.questions]).toEqual([args, 1]);
        expectNoSecretIn({ code, stdout: shown.out, stderr: shown.error }, `${args.join(" ")} at ${columns} columns`);
      }
    },
  );
});

describe("no secret shows", () => {
  it.each<[string, readonly string[], Parameters<typeof service>[0], Intercept | undefined]>([
    ["validate", ["validate"], [], undefined],
    ["plan of new connections", ["plan"], [], undefined],
    ["plan of existing ones", ["plan"], existing, undefined],
    ["apply that creates", ["apply", "--yes"], [], undefined],
    ["apply that updates", ["apply", "--yes"], existing, undefined],
    ["apply without consent", ["apply"], existing, undefined],
    ["plan that sends unknown secrets", ["plan", "--write-secrets"], existing, undefined],
    ["apply that sends unknown secrets", ["apply", "--yes", "--write-secrets"], existing, undefined],
    ["apply that records secrets", ["apply", "--yes", "--adopt", "--assume-secrets"], existing, undefined],
    ["plan with stamps that cannot be read", ["plan"], damaged, undefined],
    ["plan of another owner's rows", ["plan"], others, undefined],
    ["an error that repeats the request", ["apply", "--yes"], existing, echo],
    ["an error that repeats a create", ["apply", "--yes"], [], echo],
    [
      "an answer that does not show the wish",
      ["apply", "--yes"],
      existing,
      ({ method }, response) => (method === "PUT" ? send(response, 200, existing[0]) : false),
    ],
    [
      "an answer that is no JSON but repeats the request",
      ["apply", "--yes"],
      existing,
      ({ method, text }, response) =>
        method === "PUT" ? send(response, 200, text, { "content-type": "text/plain" }) : false,
    ],
    [
      "a redirect to a path that repeats a secret",
      ["apply", "--yes"],
      existing,
      ({ method }, response) =>
        method === "PUT" &&
        send(response, 302, "", { location: `/login/${SECRETS.SITE}/${encodeURIComponent(SECRETS.CB)}` }),
    ],
    [
      "a lost answer",
      ["apply", "--yes"],
      existing,
      ({ method }, response) => method === "PUT" && response.socket?.destroy() !== undefined,
    ],
  ])("in %s", async (what, args, rows, intercept) => {
    for (const json of [[], ["--json"]]) {
      for (const trace of [[], loudTrace]) {
        const live = await service(rows, intercept);
        const cwd = folderWith(files);
        const job = jobIn(cwd);
        const env = args[0] === "validate" ? { ...SECRETS, ...job } : accessTo(live, { ...SECRETS, ...KEYS, ...job });
        const ended = await run([...args, ...INTO, ...json, ...trace], { cwd, env });
        expect(ended.stdout + ended.stderr, what).toMatch(/\S/);
        expectNoSecretIn(ended, `${what} ${[...json, ...trace].join(" ")}`);
        expectNoSecretIn(writtenIn(cwd), `${what}, its reports`);
      }
    }
  });

  it("but in the request that sets it, where it arrives as it is", async () => {
    const live = await service([]);
    await run(["apply", "--yes"], { cwd: folderWith(files), env: accessTo(live, SECRETS) });
    const stripe = live.writes().find(({ body }) => body.provider_type === "stripe");
    expect(stripe?.body.encrypted_secret_data).toEqual({
      secret_key: SECRETS.STRIPE_KEY,
      webhook_secret: SECRETS.STRIPE_HOOK,
    });
    expect(unmarked(stripe?.body).metadata).toEqual({ note: `see ${SECRETS.NOTE}`, nested: { list: [SECRETS.NOTE] } });
  });

  it("of the keys for fingerprints, wherever the service repeats one", async () => {
    const names = Object.values(KEYS).map((key, index) =>
      row({ id: `conn_${index}`, provider_type: "s3", name: `my ${key}` }),
    );
    const live = await service(names, ({ method }, response) =>
      method === "POST" ? send(response, 400, { message: `no ${Object.values(KEYS).join(" ")}` }) : false,
    );
    for (const json of [[], ["--json"]]) {
      const ended = await run(["apply", "--yes", ...json, ...loudTrace], {
        cwd: folderWith(files),
        env: accessTo(live, { ...SECRETS, ...KEYS }),
      });
      expect(ended.code).toBe(1);
      expectNoSecretIn(ended, "a key that the service repeats");
    }
  });

  it("in a stamp: neither as it is, nor encoded, nor as a bare digest, whatever is written", async () => {
    const live = await service([]);
    const cwd = folderWith(files);
    const env = accessTo(live, { ...SECRETS, ...KEYS });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const rotated = { CB: "canary6-rotated", STRIPE_HOOK: "canary7-rotated" };
    expect((await run(["apply", "--yes"], { cwd, env: { ...env, ...rotated } })).code).toBe(6);
    expect((await run(["apply", "--yes", "--adopt", "--assume-secrets"], { cwd, env })).code).toBe(0);
    const stamps = live.writes().map(({ body }) => String(body.metadata[MARK]));
    expect(stamps.length).toBeGreaterThanOrEqual(4);
    for (const stamp of stamps) {
      expect(Object.keys(JSON.parse(stamp).secrets).length).toBeGreaterThan(1);
      for (const value of [...Object.values({ ...SECRETS, ...rotated }), ...Object.values(KEYS), API_KEY]) {
        for (const form of [...formsOf(value), ...digestsOf(value)]) {
          // Short lines of a secret may stand in a digest by chance.
          if (form.length > 5) expect(stamp.includes(form), form).toBe(false);
        }
      }
    }
  });

  it("in a saved plan, in the file of a replace that broke off, or in what is said of either", async () => {
    const all = { ...SECRETS, ...KEYS };
    const expectNoneIn = (text: string, what: string) => {
      expectNoSecretIn({ code: 0, stdout: text, stderr: "" }, what);
      for (const value of Object.values(all))
        for (const digest of digestsOf(value)) if (digest.length > 5) expect(text.includes(digest), what).toBe(false);
    };
    for (const keys of [KEYS, {}]) {
      for (const rows of [existing, [], stampedWith(stampWith("stripe", { masked: ["metadata.note"] })).slice(0, 1)]) {
        const live = await service(rows);
        const cwd = folderWith(files);
        const env = accessTo(live, { ...SECRETS, ...keys });
        const plan = await run(["plan", "--out", "p.json", "--write-secrets", ...loudTrace], { cwd, env });
        expect(plan.code).toBe(0);
        expectNoSecretIn(plan, "keeping a plan");
        expectNoneIn(readFileSync(join(cwd, "p.json"), "utf8"), "a saved plan");
        const other = { ...env, STRIPE_KEY: "canary8-other", NOTE: "canary9-other" };
        expectNoSecretIn(await run(["apply", "p.json", "--json", ...loudTrace], { cwd, env: other }), "a stale plan");
        expectNoSecretIn(await run(["apply", "p.json", ...loudTrace], { cwd, env }), "applying a saved plan");
        live.intercept = echo;
        const replaces = ["--replace", "Stripe", "--yes", "--allow-dangerous"];
        expectNoSecretIn(await run(["apply", ...replaces, ...loudTrace], { cwd, env }), "a replace");
        live.intercept = ({ method, text }, response) =>
          method === "POST" ? send(response, 400, { message: `cannot take ${text}` }) : false;
        const half = await run(["apply", ...replaces, "--json", ...loudTrace], { cwd, env });
        expect(half.stdout).toContain("APPLY.NOT_REPLACED");
        expectNoSecretIn(half, "a replace that broke off");
        const [file = ""] = readdirSync(cwd).filter((name) => name.startsWith("flexprice-sync-recovery-"));
        expectNoneIn(readFileSync(join(cwd, file), "utf8"), "a recovery file");
        live.intercept = () => false;
        expectNoSecretIn(await run(["apply", "--recover", file, ...loudTrace], { cwd, env }), "a recovery");
      }
    }
  });

  it.each([
    ["a literal", "encrypted_secret_data: { secret_key: sk_live_canary }"],
    ["a literal under an unknown provider", "encrypted_secret_data: { stripes: { secret_key: sk_live_canary } }"],
    ["a malformed reference", "encrypted_secret_data: { secret_key: '${sk-live-canary}' }"],
    ["a list of secrets", "encrypted_secret_data: { secret_key: [sk_live_canary] }"],
  ])("of a file that holds %s", async (what, line) => {
    const cwd = folderWith({ "connections/s.yaml": `name: S\nprovider_type: stripe\n${line}\n` });
    for (const json of [[], ["--json"]]) {
      const ended = await run(["validate", ...json, ...loudTrace], { cwd });
      expect(ended.code).toBe(3);
      expectNoSecretIn(ended, what);
    }
  });

  it("of a variable that the schema refuses", async () => {
    const ended = await run(["validate"], {
      cwd: folderWith(files),
      env: { ...SECRETS, SITE: "https://canary.example" },
    });
    expect(ended.code).toBe(3);
    expectNoSecretIn(ended, "a refused value");
  });

  it("nor of the address, when somebody put one there", async () => {
    const ended = await run(["plan", ...loudTrace], {
      cwd: folderWith(files),
      env: {
        ...SECRETS,
        FLEXPRICE_API_KEY: API_KEY,
        FLEXPRICE_BASE_URL: "https://user:canary@127.0.0.1/v1?key=canary",
      },
    });
    expect(ended.code).toBe(3);
    expectNoSecretIn(ended, "an address with a password");
  });
});

describe("no secret shows in what pull, prune, doctor and init print and write", () => {
  /** A service that holds what an apply has put there, secrets of readable fields included, and repeats the key in every name. */
  async function applied() {
    const live = await service([], ({ method, path }, response) =>
      method === "GET" && path === "/v1/users/me"
        ? send(response, 200, {
            id: API_KEY,
            name: API_KEY,
            type: "user",
            roles: [API_KEY],
            tenant: { id: API_KEY, name: Buffer.from(API_KEY).toString("base64"), status: "active" },
          })
        : false,
    );
    const cwd = folderWith(files);
    const env = accessTo(live, { ...SECRETS, ...KEYS, FLEXPRICE_SYNC_OWNER: "acme" });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    live.rows.push(
      row({ id: "conn_k", provider_type: "tabs", name: `key ${API_KEY}`, metadata: { a: API_KEY, [API_KEY]: 1 } }),
    );
    return { live, cwd, env };
  }

  it.each<[string, readonly string[]]>([
    ["pull", ["pull", "-d", "elsewhere"]],
    ["pull over what is there", ["pull", "--force"]],
    ["doctor", ["doctor"]],
    ["init --pull", ["init", "--pull", "-d", "begun"]],
    ["prune without consent", ["prune"]],
    ["prune", ["prune", "--yes", "--allow-dangerous"]],
  ])("%s", async (what, args) => {
    for (const json of [[], ["--json"]]) {
      const { cwd, env } = await applied();
      if (args[0] === "prune") rmSync(join(cwd, "connections/chargebee.yaml"));
      const ended = await run([...args, ...json, ...loudTrace], { cwd, env });
      expect(ended.stdout, what).toMatch(/\S/);
      expectNoSecretIn(ended, `${what} ${json.join(" ")}`);
      const written = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      for (const { parentPath, name } of written) {
        const stdout = readFileSync(join(parentPath, name), "utf8");
        expectNoSecretIn({ code: 0, stdout, stderr: name }, `${what}: ${name}`);
      }
    }
  });

  it("a settings file with keys in every place where none belongs", async () => {
    const key = "sk_live_canary_in_the_file";
    for (const text of [
      `owner: ${key}\n`,
      `${key}: 1\n`,
      `environments:\n  ${key}!: {}\n`,
      `environments:\n  a: { ${key}: 1 }\n`,
      `environments:\n  a: { api_key: ${key} }\n`,
      `environments:\n  a: { environment_id: ${key} }\n`,
      `environments:\n  a: { base_url: "https://${key}@us.api.flexprice.io/v1" }\n`,
      `environments:\n  a: { vars: { X: ${key} } }\n`,
      `environments:\n  a: { vars: { ${key}-: x } }\n`,
      `assume_updatable: [${key}]\n`,
      `defaults: { max_changes: ${key} }\n`,
      `stamp: ${key}\n`,
    ]) {
      for (const json of [[], ["--json"]]) {
        const ended = await run(["validate", ...json], { cwd: folderWith({ ...files, "flexprice-sync.yaml": text }) });
        expect([text, ended.code]).toEqual([text, 3]);
        expectNoSecretIn(ended, text);
      }
    }
  });
});
