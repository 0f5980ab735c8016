import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, run, targetOf } from "../support/program.js";
import { accessTo, row, service, unmarked } from "../support/service.js";

// Faults of other tools with environment variables, as the right result here. test/README.md says where they come from.

describe("a secret with line breaks or odd characters", () => {
  const odd = "%ab'c\"d\\e: f #g";
  const lines = "-----BEGIN KEY-----\nMIIB: x\n-----END KEY-----\n";

  it("arrives byte for byte, quoted or plain, and adds no key", async () => {
    const cwd = folderWith({
      "connections/hubspot.yaml": `name: hubspot-main
provider_type: hubspot
encrypted_secret_data:
  access_token: \${HS_TOKEN}
  client_secret: "\${HS_SECRET}"
`,
    });
    const arrives = async (token: string, secret: string) => {
      const env = { HS_TOKEN: token, HS_SECRET: secret };
      expect(await run(["validate"], { cwd, env })).toMatchObject({ code: 0, stderr: "" });
      const live = await service([]);
      expect((await run(["apply", "--yes"], { cwd, env: accessTo(live, env) })).code).toBe(0);
      expect(live.writes().map(({ method, body }) => ({ method, body: unmarked(body) }))).toEqual([
        {
          method: "POST",
          body: {
            name: "hubspot-main",
            provider_type: "hubspot",
            encrypted_secret_data: { access_token: token, client_secret: secret },
          },
        },
      ]);
    };
    await Promise.all([arrives(odd, lines), arrives(lines, odd)]);
  });

  it("arrives so in an update, too", async () => {
    const live = await service([row({ id: "conn_c", provider_type: "chargebee", name: "cb" })]);
    const cwd = folderWith({
      "connections/cb.yaml":
        "name: cb\nprovider_type: chargebee\nencrypted_secret_data:\n  site: acme\n  api_key: ${API_KEY}\n  webhook_username: ${USER_NAME}\n  webhook_password: '${PASSWORD}'\n",
    });
    const env = accessTo(live, { API_KEY: "k", USER_NAME: odd, PASSWORD: lines });
    const ended = await run(["apply", "--yes", "--write-secrets"], { cwd, env });
    expect(live.writes().map(({ method, body }) => ({ method, body: unmarked(body) }))).toEqual([
      {
        method: "PUT",
        body: { encrypted_secret_data: { chargebee: { webhook_username: odd, webhook_password: lines } } },
      },
    ]);
    // What cannot be sent to a connection that is there is left, and told.
    expect(ended.code).toBe(6);
  });
});

describe("a value that looks like another type", () => {
  const values = [
    "1e3",
    "true",
    "no",
    "null",
    "~",
    "0x1F",
    "12:30:45",
    "2026-11-24",
    "1.10",
    "  padded  ",
    '"  padded  "',
  ];

  it.each(values)("stays text: %j", async (value) => {
    const cwd = folderWith({
      "connections/qb.yaml": `name: qb-main
provider_type: quickbooks
encrypted_secret_data:
  client_id: \${QB_ID}
  client_secret: \${QB_SECRET}
  realm_id: \${QB_REALM}
  environment: sandbox
`,
    });
    const live = await service([]);
    const env = accessTo(live, { QB_ID: "0757192", QB_SECRET: value, QB_REALM: "9130357766901234567" });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes().map(({ body }) => body.encrypted_secret_data)).toEqual([
      { client_id: "0757192", client_secret: value, realm_id: "9130357766901234567", environment: "sandbox" },
    ]);
  });
});

describe("an unset and an empty variable", () => {
  const files = {
    "connections/rzp.yaml": `name: rzp
provider_type: razorpay
encrypted_secret_data:
  key_id: \${RZP_KEY_ID}
  secret_key: \${RZP_SECRET}
  webhook_secret: \${RZP_HOOK}
`,
  };
  const variables = { RZP_SECRET: "", RZP_HOOK: "x" };
  const faults = [
    {
      code: "SECRETS.UNSET",
      message: "Missing variable: RZP_KEY_ID is not set.",
      file: "connections/rzp.yaml",
      line: 4,
      column: 11,
    },
    {
      code: "SECRETS.EMPTY",
      message: "Empty variable: RZP_SECRET is set but empty.",
      file: "connections/rzp.yaml",
      line: 5,
      column: 15,
    },
  ];

  const stopping = ["apply --yes", "apply --yes --require-env", "plan --require-env", "validate --require-env"];

  it.each(stopping)("are two faults, told together, and stop a run that needs them: %s", async (command) => {
    const live = await service([]);
    const env = accessTo(live, variables);
    const ended = await run([...command.split(" "), "--json"], { cwd: folderWith(files), env });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.filter(({ severity }) => severity === "error")).toMatchObject(faults);
    expect(documentOf(ended).problems.filter(({ code }) => code.startsWith("SECRETS."))).toHaveLength(2);
    expect(live.writes()).toEqual([]);
    // Only an apply has to look first whether a write needs them.
    if (command.includes("--require-env")) expect(live.received).toEqual([]);
  });

  it("are a warning each in validate", async () => {
    const ended = await run(["validate"], { cwd: folderWith(files), env: variables });
    expect(ended).toMatchObject({ code: 0, stdout: "Validate: 1 definition in 1 file, 0 errors, 2 warnings.\n" });
  });

  it("do not stop plan, which lists both by name and shows neither as changed", async () => {
    const live = await service([]);
    const ended = await run(["plan", "--json"], { cwd: folderWith(files), env: accessTo(live, variables) });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).changes[0]?.secrets).toEqual([
      { path: "encrypted_secret_data.razorpay.key_id", variable: "RZP_KEY_ID", state: "unresolved" },
      { path: "encrypted_secret_data.razorpay.secret_key", variable: "RZP_SECRET", state: "unresolved" },
      { path: "encrypted_secret_data.razorpay.webhook_secret", variable: "RZP_HOOK", state: "new" },
    ]);
  });

  it("do not stop plan of a connection that is there, and are no change of it", async () => {
    const live = await service([row({ id: "conn_r", provider_type: "razorpay", name: "rzp" })]);
    const cwd = folderWith(files);
    const env = accessTo(live, variables);
    const [told, ended] = await Promise.all([
      run(["plan", "--detailed-exitcode"], { cwd, env }),
      run(["plan", "--detailed-exitcode", "--json"], { cwd, env }),
    ]);
    expect([told.code, ended.code]).toEqual([0, 0]);
    expect(targetOf(ended).summary).toMatchObject({ update: 0, unchanged: 1, unresolved: 1 });
    expect(targetOf(ended).changes[0]?.secrets.map(({ variable, state }) => `${state} ${variable}`)).toEqual([
      "unresolved RZP_KEY_ID",
      "unresolved RZP_SECRET",
      "unknown RZP_HOOK",
    ]);
    expect(told.stdout).toMatch(/razorpay\.key_id +unresolved: RZP_KEY_ID is not set\n/);
    expect(told.stdout).toMatch(/razorpay\.secret_key +unresolved: RZP_SECRET is set but empty\n/);
    expect(told.stdout).not.toMatch(/\bchanged\b/);
    expect(live.writes()).toEqual([]);
  });

  describe("among ten of four files", () => {
    const fieldsOf = {
      hubspot: ["access_token", "client_secret"],
      razorpay: ["key_id", "secret_key", "webhook_secret"],
      s3: ["aws_access_key_id", "aws_secret_access_key"],
      stripe: ["publishable_key", "secret_key", "webhook_secret"],
    };
    const providers = Object.entries(fieldsOf);
    const nameOf = (provider: string, field: string) => `${provider}_${field}`.toUpperCase();
    const names = providers.flatMap(([provider, fields]) => fields.map((field) => nameOf(provider, field)));
    const four = Object.fromEntries(
      providers.map(([provider, fields]) => [
        `connections/${provider}.yaml`,
        `name: ${provider}\nprovider_type: ${provider}\nencrypted_secret_data:\n${fields
          .map((field) => `  ${field}: \${${nameOf(provider, field)}}\n`)
          .join("")}`,
      ]),
    );
    const places = providers.flatMap(([provider, fields]) =>
      fields.map(
        (field, index) =>
          `connections/${provider}.yaml:${index + 4}:${field.length + 5}: Missing variable: ${nameOf(provider, field)} is not set.`,
      ),
    );

    it.each(stopping)("are all listed at once: %s", async (command) => {
      expect(places).toHaveLength(10);
      const live = await service([]);
      const ended = await run(command.split(" "), { cwd: folderWith(four), env: accessTo(live) });
      expect(ended.code).toBe(3);
      const told = [...ended.stderr.matchAll(/^error\[SECRETS\.UNSET\] (.*)$/gm)].map(([, words]) => words);
      expect(told).toEqual(places);
      expect(live.writes()).toEqual([]);
    });

    it("are all listed in a plan, which goes on", async () => {
      const live = await service([]);
      const ended = await run(["plan"], { cwd: folderWith(four), env: accessTo(live) });
      expect(ended.code).toBe(0);
      const told = [...ended.stdout.matchAll(/unresolved: (\w+) is not set$/gm)].map(([, name = ""]) => name);
      expect(told.sort()).toEqual(names.sort());
      expect(ended.stdout).toContain("Plan: 4 to create, ");
    });
  });
});

describe("comments and text blocks", () => {
  const text = `# old key: \${RETIRED_KEY}
name: stripe-main   # see \${NOT_A_VAR}
provider_type: stripe
encrypted_secret_data:
  publishable_key: \${STRIPE_PK}
  secret_key: \${STRIPE_SK}
  webhook_secret: \${STRIPE_WH}
metadata:
  note: |
    # not a comment
    colour #ffffff
    $\${LITERAL} and a lone $
`;
  const variables = { STRIPE_PK: "pk", STRIPE_SK: "sk", STRIPE_WH: "wh" };

  it("ask for no variable, and keep their lines and a reference that is escaped", async () => {
    const cwd = folderWith({ "connections/stripe.yaml": text });
    const checked = await run(["validate", "--require-env"], { cwd, env: variables });
    expect(checked).toMatchObject({ code: 0, stderr: "" });
    const live = await service([]);
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live, variables) })).code).toBe(0);
    expect(live.writes()[0]?.body.metadata.note).toBe("# not a comment\ncolour #ffffff\n${LITERAL} and a lone $\n");
    const again = await run(["plan", "--detailed-exitcode"], { cwd, env: accessTo(live, variables) });
    expect(again.code).toBe(0);
  });
});
