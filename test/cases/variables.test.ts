import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, run, targetOf } from "../support/program.js";
import { accessTo, service, unmarked } from "../support/service.js";

// Faults of other tools with environment variables, as the right result here. test/README.md says where they come from.

describe("a secret with line breaks or odd characters", () => {
  it("arrives byte for byte, quoted or plain, and adds no key", async () => {
    const token = "%ab'c\"d\\e: f #g";
    const secret = "-----BEGIN KEY-----\nMIIB: x\n-----END KEY-----\n";
    const cwd = folderWith({
      "connections/hubspot.yaml": `name: hubspot-main
provider_type: hubspot
encrypted_secret_data:
  access_token: \${HS_TOKEN}
  client_secret: "\${HS_SECRET}"
`,
    });
    const env = { HS_TOKEN: token, HS_SECRET: secret };
    expect(await run(["validate"], { cwd, env })).toMatchObject({ code: 0, stderr: "" });
    const live = await service([]);
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live, env) })).code).toBe(0);
    expect(unmarked(live.writes()[0]?.body)).toEqual({
      name: "hubspot-main",
      provider_type: "hubspot",
      encrypted_secret_data: { access_token: token, client_secret: secret },
    });
  });
});

describe("a value that looks like another type", () => {
  it.each(["1e3", "true", "no", "null", "~", "0x1F", "12:30:45", "2026-11-24", "1.10", "  padded  "])(
    "stays text: %j",
    async (value) => {
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
      expect(live.writes()[0]?.body.encrypted_secret_data).toEqual({
        client_id: "0757192",
        client_secret: value,
        realm_id: "9130357766901234567",
        environment: "sandbox",
      });
    },
  );
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

  it("are two faults, both stop apply before any write", async () => {
    const live = await service([]);
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(files), env: accessTo(live, variables) });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.filter(({ severity }) => severity === "error")).toMatchObject(faults);
    expect(live.writes()).toEqual([]);
  });

  it("stop validate --require-env without any request", async () => {
    const ended = await run(["validate", "--require-env", "--json"], { cwd: folderWith(files), env: variables });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems).toMatchObject(faults);
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

  it("are all listed at once, over all files", async () => {
    const many = Object.fromEntries(
      ["stripe", "hubspot", "razorpay", "flexprice"].map((provider, file) => [
        `connections/${provider}.yaml`,
        `name: ${provider}\nprovider_type: ${provider}\nmetadata: { a: "\${A${file}}", b: "\${B${file}}", c: "\${C${file}}" }\n`,
      ]),
    );
    const ended = await run(["validate", "--require-env", "--json"], { cwd: folderWith(many) });
    expect(documentOf(ended).problems).toHaveLength(12);
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
