import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { isError } from "../../src/model/problem.js";
import { revealForWire } from "../../src/model/secret.js";
import { problemOfReference, resolve, unresolvedOf } from "../../src/secrets/resolve.js";
import { variablesOf } from "../../src/secrets/variables.js";
import { recheck } from "../../src/validate/validate.js";
import { check, codes, oneDesired } from "../support/steps.js";

const noFiles = () => {
  throw new Error("no files here");
};

function resolved(text: string, environment: Readonly<Record<string, string>>) {
  const { definitions, problems } = check(text);
  expect(problems.filter(isError)).toEqual([]);
  return resolve(definitions, variablesOf(environment, noFiles), {}, catalogue);
}

const stripe = "name: S\nprovider_type: stripe\n";

describe("resolving", () => {
  it("puts values into texts once, and reads no value again", () => {
    const one = oneDesired(`${stripe}metadata: { a: "x-\${A}-$\${B}", list: ["\${A}", 3] }\n`, {
      A: "${B}: [1, 2]",
      B: "never",
    });
    expect(one.metadata).toEqual({ a: "x-${B}: [1, 2]-${B}", list: ["${B}: [1, 2]", 3] });
    expect(one.masked).toEqual([
      ["metadata", "a"],
      ["metadata", "list", 0],
    ]);
  });

  it.each([
    "0757192",
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
    "%ab'c\"d\\e: f #g",
    "a\nb\n",
  ])("keeps %j a text, character for character", (value) => {
    const one = oneDesired(`${stripe}encrypted_secret_data: { secret_key: "\${K}" }\nmetadata: { m: "\${K}" }\n`, {
      K: value,
    });
    const [credential] = one.credentials;
    expect(credential?.value.kind === "secret" && revealForWire(credential.value.secret)).toBe(value);
    expect(one.metadata).toEqual({ m: value });
  });

  it("goes on however many references a text has without a value", () => {
    const { desired } = resolved(`${stripe}metadata: { a: "${"${X}".repeat(200_000)}" }\n`, {});
    expect(desired[0]?.unresolved).toHaveLength(200_000);
  });

  it("marks what has no value, by name and place, and goes on", () => {
    const { desired, problems } = resolved(
      `${stripe}encrypted_secret_data:\n  secret_key: \${A}\n  webhook_secret: \${B}\nmetadata:\n  x: "\${C}-\${D}"\n`,
      { B: "", D: "d" },
    );
    expect(problems).toEqual([]);
    const [one] = desired;
    if (one === undefined) throw new Error("no definition");
    const words = unresolvedOf(one).map((reference) => problemOfReference(one, reference, "error"));
    expect(codes(words)).toEqual(["SECRETS.UNSET 4:15", "SECRETS.EMPTY 5:19", "SECRETS.UNSET 7:6"]);
    expect(words.map(({ message }) => message)).toEqual([
      "Missing variable: A is not set.",
      "Empty variable: B is set but empty.",
      "Missing variable: C is not set.",
    ]);
  });

  it.each(["(secret)", "****"])("refuses a secret whose variable holds the mask %s", (mask) => {
    const { problems } = resolved(`${stripe}encrypted_secret_data: { secret_key: "\${K}" }\n`, { K: mask });
    expect(codes(problems)).toEqual(["SECRETS.MASK 3:38"]);
  });

  it.each([
    ["a secret", "encrypted_secret_data: { secret_key: '${K}' }"],
    ["a readable credential", "encrypted_secret_data: { account_id: '${K}' }"],
    ["metadata", "metadata: { a: 'x ${K}' }"],
    ["sync_config", "sync_config: { s3: { bucket: '${K}', region: eu } }"],
  ])("refuses a NUL in %s, which the service cannot store", (_what, line) => {
    expect(resolved(`${stripe}${line}\n`, { K: "a\0b" }).problems.map(({ code }) => code)).toEqual([
      "VALIDATE.BAD_CHARACTER",
    ]);
  });

  it("knows every value as a secret, wherever it goes, alone and in its text", () => {
    const { secrets } = resolved(`${stripe}metadata: { a: "pre-\${K}" }\n`, { K: "canary" });
    expect(secrets.map(revealForWire)).toEqual(expect.arrayContaining(["canary", "pre-canary"]));
  });

  it("says that there is no settings file to define a variable", () => {
    const { problems } = resolved("name: ${var.X}\nprovider_type: stripe\nmetadata: { a: '${var.Y}' }\n", { X: "x" });
    expect(codes(problems)).toEqual(["SECRETS.NO_SETTING 3:16", "SECRETS.NO_SETTING 1:7"]);
  });

  it("takes settings variables from the settings and shows them", () => {
    const { definitions } = check("name: S ${var.REGION}\nprovider_type: stripe\nmetadata: { a: '${var.REGION}' }\n");
    const { desired } = resolve(definitions, variablesOf({}, noFiles), { REGION: "eu" }, catalogue);
    expect(desired[0]).toMatchObject({ name: "S eu", metadata: { a: "eu" }, masked: [] });
  });
});

describe("resolved values are checked again", () => {
  const chargebee = "name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: '${SITE}' }\n";

  it("against the form of their field, without repeating them", () => {
    const { desired } = resolved(chargebee, { SITE: "https://canary.chargebee.com" });
    const problems = recheck(desired, catalogue);
    expect(codes(problems)).toEqual(["SECRETS.BAD_VALUE 3:32"]);
    expect(JSON.stringify(problems)).not.toContain("canary");
  });

  it.each([
    [`${stripe}sync_config: { s3: { compression: '\${V}' } }\n`, "zip", 1],
    [`${stripe}sync_config: { s3: { compression: '\${V}' } }\n`, "gzip", 0],
    [`${stripe}sync_config: { s3: { compression: '\${V}' } }\n`, "${V}", 1],
    [chargebee.replace("SITE", "V"), "acme-test", 0],
    ["name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { quickbooks: { environment: '${V}' } }\n", "prod", 1],
    [
      `${stripe}sync_config: { invoice_sync_settings: { metadata_custom_fields: [{ source: '\${V}', metadata_key: k, field: f }] } }\n`,
      "plan",
      1,
    ],
  ])("%s with %s", (text, value, count) => {
    expect(recheck(resolved(text, { V: value }).desired, catalogue)).toHaveLength(count);
  });

  it("and nothing is said of fields whose variable is missing", () => {
    expect(recheck(resolved(chargebee, {}).desired, catalogue)).toEqual([]);
    const pair = "service_period_custom_fields: { start_field_id: '${A}', end_field_id: '${B}' }";
    const text = `${stripe}metadata: { m: '\${A}' }\nsync_config: { invoice_sync_settings: { ${pair} }, s3: { bucket: '\${B}', region: eu } }\n`;
    expect(recheck(resolved(text, { A: "a" }).desired, catalogue)).toEqual([]);
  });
});
