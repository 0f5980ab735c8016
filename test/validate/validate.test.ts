import { describe, expect, it } from "vitest";
import { recheck } from "../../src/validate/validate.js";
import { catalogue, check, codes, desiredOf } from "../support/steps.js";

const stripe = "name: S\nprovider_type: stripe\n";

describe("one mistake, one problem, at its place", () => {
  it.each([
    ["a provider in another case", "name: S\nprovider_type: Stripe\n", ["VALIDATE.UNKNOWN_PROVIDER 2:16"]],
    ["no provider", "name: S\n", ["VALIDATE.MISSING 1:1"]],
    ["no name", "provider_type: stripe\n", ["VALIDATE.MISSING 1:1"]],
    ["an empty name", "name: ''\nprovider_type: stripe\n", ["VALIDATE.WRONG_LENGTH 1:7"]],
    ["a name of 256 characters", `name: ${"é".repeat(256)}\nprovider_type: stripe\n`, ["VALIDATE.WRONG_LENGTH 1:7"]],
    ["a list of definitions", "- name: S\n", ["VALIDATE.NOT_A_DEFINITION 1:1"]],
    ["a bare text", "hello\n", ["VALIDATE.NOT_A_DEFINITION 1:1"]],
    ["an unknown key", `${stripe}syncconfig: {}\n`, ["VALIDATE.UNKNOWN_FIELD 3:1"]],
    ["metadata without a value", `${stripe}metadata:\n`, ["VALIDATE.NULL 3:10"]],
    ["sync_config without a value", `${stripe}sync_config:\n`, ["VALIDATE.NULL 3:13"]],
    ["metadata that is a list", `${stripe}metadata: [a]\n`, ["VALIDATE.WRONG_TYPE 3:11"]],
    ["a quoted switch", `${stripe}sync_config: { invoice: { outbound: "yes" } }\n`, ["VALIDATE.WRONG_TYPE 3:37"]],
    ["an entity that is not one", `${stripe}sync_config: { tax: {} }\n`, ["VALIDATE.UNKNOWN_FIELD 3:16"]],
    ["a wrong direction's name", `${stripe}sync_config: { invoice: { out: true } }\n`, ["VALIDATE.UNKNOWN_FIELD 3:27"]],
    ["a bad compression", `${stripe}sync_config: { s3: { compression: zip } }\n`, ["VALIDATE.NOT_ALLOWED 3:35"]],
    ["a bad encryption", `${stripe}sync_config: { s3: { encryption: none } }\n`, ["VALIDATE.NOT_ALLOWED 3:34"]],
    [
      "a number for a text",
      "name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { realm_id: 123 }\n",
      ["VALIDATE.WRONG_TYPE 3:36"],
    ],
    ["a marketplace without region", `${stripe}sync_config: { aws_marketplace: {} }\n`, ["VALIDATE.MISSING 3:16"]],
    ["a reserved key", `${stripe}metadata: { flexprice_sync: x }\n`, ["VALIDATE.NOT_ALLOWED 3:29"]],
    ["exact without its map", `${stripe}exact: [metadata]\n`, ["VALIDATE.MISSING 3:1"]],
    ["exact with something else", `${stripe}metadata: {}\nexact: [name]\n`, ["VALIDATE.NOT_ALLOWED 4:9"]],
    ["exact twice", `${stripe}metadata: {}\nexact: [metadata, metadata]\n`, ["VALIDATE.NOT_ALLOWED 4:8"]],
    ["protect as text", `${stripe}protect: "yes"\n`, ["VALIDATE.WRONG_TYPE 3:10"]],
    [
      "a site that is a URL",
      "name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: https://x.chargebee.com }\n",
      ["VALIDATE.NOT_ALLOWED 3:32"],
    ],
    [
      "half of a pair",
      "name: C\nprovider_type: chargebee\nencrypted_secret_data: { webhook_username: '${U}' }\n",
      ["VALIDATE.INCOMPLETE_PAIR 3:26"],
    ],
    [
      "half of a nested pair",
      "name: C\nprovider_type: chargebee\nencrypted_secret_data:\n  chargebee:\n    webhook_password: ${U}\n",
      ["VALIDATE.INCOMPLETE_PAIR 5:5"],
    ],
    [
      "one end of a period",
      `${stripe}sync_config: { invoice_sync_settings: { service_period_custom_fields: { start_field_id: a } } }\n`,
      ["VALIDATE.INCOMPLETE_PAIR 3:73"],
    ],
    [
      "one end of a period, the other empty",
      `${stripe}sync_config: { invoice_sync_settings: { service_period_custom_fields: { start_field_id: a, end_field_id: "" } } }\n`,
      ["VALIDATE.INCOMPLETE_PAIR 3:41"],
    ],
    [
      "a billing period in lower case",
      `${stripe}sync_config: { invoice_sync_settings: { normalize_fixed_to: monthly } }\n`,
      ["VALIDATE.NOT_ALLOWED 3:61"],
    ],
    [
      "a custom field used twice",
      `${stripe}sync_config:\n  invoice_sync_settings:\n    metadata_custom_fields:\n      - { source: customer, metadata_key: a, field: f }\n      - { source: invoice, metadata_key: b, field: " f " }\n`,
      ["VALIDATE.DUPLICATE_FIELD 7:52"],
    ],
    [
      "a custom field that holds the period",
      `${stripe}sync_config:\n  invoice_sync_settings:\n    service_period_custom_fields: { start_field_id: s, end_field_id: e }\n    metadata_custom_fields: [{ source: customer, metadata_key: a, field: e }]\n`,
      ["VALIDATE.DUPLICATE_FIELD 6:74"],
    ],
    [
      "a blank custom field",
      `${stripe}sync_config: { invoice_sync_settings: { metadata_custom_fields: [{ source: customer, metadata_key: " ", field: f }] } }\n`,
      ["VALIDATE.NOT_ALLOWED 3:100"],
    ],
    ["a NUL character", `${stripe}metadata: { a: "x\\0y" }\n`, ["VALIDATE.BAD_CHARACTER 3:16"]],
  ])("%s", (_what, text, expected) => {
    expect(codes(check(text).problems)).toEqual(expected);
  });

  it.each(["plan", "subscription"])("%s cannot be pushed", (entity) => {
    const { problems } = check(`${stripe}sync_config: { ${entity}: { outbound: true } }\n`);
    expect(problems.map(({ code, message }) => [code, message.includes("can only be pulled")])).toEqual([
      ["VALIDATE.NOT_ALLOWED", true],
    ]);
  });

  it.each(["invoice", "price", "deal", "quote"])("%s cannot be pulled", (entity) => {
    const { problems } = check(`${stripe}sync_config: { ${entity}: { inbound: true } }\n`);
    expect(problems.map(({ code, message }) => [code, message.includes("can only be pushed")])).toEqual([
      ["VALIDATE.NOT_ALLOWED", true],
    ]);
  });

  it.each(["plan", "subscription", "invoice", "price", "deal", "quote", "customer", "payment"])(
    "%s takes false both ways",
    (entity) => {
      expect(check(`${stripe}sync_config: { ${entity}: { inbound: false, outbound: false } }\n`).problems).toEqual([]);
    },
  );

  it("all of them in one document, each once", () => {
    const text =
      "provider_type: stripe\nid: ''\nextra: 1\nmetadata:\nsync_config: { plan: { outbound: true }, s3: { compression: zip } }\n";
    expect([...codes(check(text).problems)].sort()).toEqual([
      "VALIDATE.MISSING 1:1",
      "VALIDATE.NOT_ALLOWED 5:34",
      "VALIDATE.NOT_ALLOWED 5:61",
      "VALIDATE.NULL 4:10",
      "VALIDATE.UNKNOWN_FIELD 3:1",
      "VALIDATE.WRONG_LENGTH 2:5",
    ]);
  });

  it("lists what is allowed where a list is short enough to help", () => {
    expect(check("name: S\nprovider_type: strip\n").problems[0]?.message).toBe(
      'Unknown provider: provider_type is the text "strip"; it takes one of aws_marketplace, azure_marketplace, chargebee, flexprice, gcp_marketplace, hubspot, moyasar, nomod, paddle, quickbooks, razorpay, s3, stripe, tabs, whop, zoho_books.',
    );
    expect(check(`${stripe}sync_config: { s3: { buket: b } }\n`).problems[0]?.hint).toContain(
      "bucket, region, key_prefix",
    );
  });
});

describe("credentials", () => {
  it("mean the same nested and flat", () => {
    const [nested] = check(`${stripe}encrypted_secret_data:\n  stripe:\n    secret_key: \${K}\n`).definitions;
    const [flat] = check(`${stripe}encrypted_secret_data:\n  secret_key: \${K}\n`).definitions;
    const paths = [nested, flat].map((definition) =>
      definition?.credentials.map(({ path, written }) => [path, written]),
    );
    expect(paths[0]).toEqual([["encrypted_secret_data.stripe.secret_key", "${K}"]]);
    expect(paths[1]).toEqual(paths[0]);
  });

  it("may be left out altogether, or be empty", () => {
    expect(check(stripe).problems).toEqual([]);
    expect(check(`${stripe}encrypted_secret_data: {}\n`).problems).toEqual([]);
    expect(check(`${stripe}encrypted_secret_data: { stripe: {} }\n`).problems).toEqual([]);
  });

  it.each([
    ["mixed forms", "stripe: { secret_key: '${K}' }, webhook_secret: '${W}'", "VALIDATE.MIXED_FORMS"],
    ["another provider's block", "hubspot: { access_token: '${K}' }", "VALIDATE.OTHER_PROVIDER"],
    ["another provider's block beside its own", "stripe: {}, hubspot: {}", "VALIDATE.OTHER_PROVIDER"],
    ["an unknown field", "stripe: { secret: '${K}' }", "VALIDATE.UNKNOWN_FIELD"],
    ["two references in one secret", "secret_key: '${A}${B}'", "VALIDATE.SECRET_FORM"],
    ["a reference with text around it", "secret_key: 'Bearer ${A}'", "VALIDATE.SECRET_FORM"],
    ["a settings variable", "secret_key: '${var.A}'", "VALIDATE.SECRET_FORM"],
    ["a malformed reference", "secret_key: '${A-B}'", "VALIDATE.BAD_REFERENCE"],
    ["a variable of the tool", "secret_key: '${FLEXPRICE_API_KEY}'", "VALIDATE.FORBIDDEN_REFERENCE"],
    ["no value", "secret_key: ", "VALIDATE.NULL"],
  ])("refuse %s", (_what, fields, code) => {
    expect(check(`${stripe}encrypted_secret_data: { ${fields} }\n`).problems.map((problem) => problem.code)).toEqual([
      code,
    ]);
  });

  it.each([
    ["metadata: { a: '${FLEXPRICE_API_KEY}' }", "5"],
    ["metadata: { a: ['x ${FLEXPRICE_API_KEY}'] }", "5"],
    ["sync_config: { s3: { bucket: '${FLEXPRICE_API_KEY_FILE}', region: eu } }", "5"],
  ])("of the tool itself are for no readable field: %s", (line) => {
    expect(check(`${stripe}${line}\n`).problems.map(({ code }) => code)).toEqual(["VALIDATE.FORBIDDEN_REFERENCE"]);
  });

  it.each(["sk_live_51Hx", "12345", "true", "[a, b]", "$STRIPE_KEY", '"$${STRIPE_KEY}"'])(
    "refuse the value %s in the file, without repeating it",
    (value) => {
      for (const form of [`{ secret_key: ${value} }`, `{ stripe: { secret_key: ${value} } }`]) {
        const { problems } = check(`${stripe}encrypted_secret_data: ${form}\n`);
        expect(problems.map(({ code }) => code)).toEqual([
          value.includes("${") ? "VALIDATE.SECRET_FORM" : "VALIDATE.LITERAL_SECRET",
        ]);
        expect(JSON.stringify(problems)).not.toContain(value === "12345" ? "12345" : "51Hx");
      }
    },
  );

  it.each(["(secret)", "[secret]", "(sensitive)", "****", "********"])("refuse the mask %s", (mask) => {
    const { problems } = check(`${stripe}encrypted_secret_data: { secret_key: "${mask}" }\n`);
    expect(problems.map(({ code }) => code)).toEqual(["VALIDATE.MASK"]);
  });

  it("show nothing of a value under an unknown provider", () => {
    const { problems } = check("name: S\nprovider_type: strip\nencrypted_secret_data: { secret_key: sk_live_51Hx }\n");
    expect(JSON.stringify(problems)).not.toContain("51Hx");
  });

  it("take literals where the service stores them plain, and one reference in place of a form", () => {
    expect(check("name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: acme-test }\n").problems).toEqual(
      [],
    );
    expect(check("name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: '${SITE}' }\n").problems).toEqual(
      [],
    );
    expect(
      codes(check("name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: 'x-${SITE}' }\n").problems),
    ).toEqual(["VALIDATE.NOT_ALLOWED 3:32"]);
    expect(
      codes(check("name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: '${SITE}-x' }\n").problems),
    ).toEqual(["VALIDATE.NOT_ALLOWED 3:32"]);
  });

  it("of the free provider are secrets where they are text", () => {
    const free = "name: F\nprovider_type: flexprice\nencrypted_secret_data:\n  flexprice:\n";
    expect(check(`${free}    any: \${K}\n    port: 8080\n    tls: true\n`).problems).toEqual([]);
    expect(check(`${free}    any: literal\n`).problems.map(({ code }) => code)).toEqual(["VALIDATE.LITERAL_SECRET"]);
  });

  it("warn of the blocks that the service ignores, and leave them out", () => {
    const { problems, definitions } = check(
      `${stripe}encrypted_secret_data:\n  stripe: { secret_key: "\${K}" }\n  generic: { data: { a: b } }\n  settings: { invoice_sync_enable: true }\n`,
    );
    expect(problems.map(({ code, severity, place }) => [code, severity, place?.line])).toEqual([
      ["VALIDATE.IGNORED_BLOCK", "warning", 5],
      ["VALIDATE.IGNORED_BLOCK", "warning", 6],
    ]);
    expect(definitions[0]?.credentials.map(({ field }) => field)).toEqual(["secret_key"]);
  });
});

describe("references", () => {
  it("stand anywhere in readable values, in part or whole", () => {
    expect(
      check(`${stripe}metadata: { a: "x-\${A}-\${B}", b: ["\${var.C}"], c: "$5 and $$ and $\${X}" }\n`).problems,
    ).toEqual([]);
  });

  it.each(["${", "${}", "${1A}", "${A B}", "${A:-x}", "${var.}", "${env.A}", "a ${A}${"])(
    "are refused when malformed: %s",
    (text) => {
      const { problems } = check(`${stripe}metadata: { a: '${text}' }\n`);
      expect(codes(problems)).toEqual(["VALIDATE.BAD_REFERENCE 3:16"]);
    },
  );

  it("to the environment are refused in what names the connection", () => {
    expect(codes(check("name: ${A}\nprovider_type: stripe\n").problems)).toEqual(["VALIDATE.FORBIDDEN_REFERENCE 1:7"]);
    expect(codes(check("name: S\nid: ${A}\nprovider_type: stripe\n").problems)).toEqual([
      "VALIDATE.FORBIDDEN_REFERENCE 2:5",
    ]);
  });

  it("are not resolved in keys", () => {
    expect(codes(check(`${stripe}metadata: { "\${A}": x }\n`).problems)).toEqual(["VALIDATE.BAD_REFERENCE 3:13"]);
  });

  it("do not stand for a switch: nothing is converted", () => {
    expect(codes(check(`${stripe}sync_config: { invoice: { outbound: "\${ON}" } }\n`).problems)).toEqual([
      "VALIDATE.WRONG_TYPE 3:37",
    ]);
  });
});

describe("two definitions for one connection", () => {
  it.each([
    [
      "of one provider",
      "name: a\nprovider_type: stripe\n---\nname: b\nprovider_type: stripe\n",
      ["VALIDATE.SAME_CONNECTION 5:16"],
    ],
    [
      "of one provider, one with an id",
      "name: a\nid: conn_1\nprovider_type: stripe\n---\nname: b\nprovider_type: stripe\n",
      ["VALIDATE.SAME_CONNECTION 6:16"],
    ],
    [
      "of one id",
      "name: a\nid: conn_1\nprovider_type: s3\n---\nname: b\nid: conn_1\nprovider_type: s3\n",
      ["VALIDATE.SAME_CONNECTION 6:5"],
    ],
    [
      "of one s3 name",
      "name: a\nprovider_type: s3\n---\nname: a\nprovider_type: s3\n",
      ["VALIDATE.SAME_CONNECTION 4:7"],
    ],
    [
      "of one s3 name, one of them by id",
      "name: a\nid: conn_1\nprovider_type: s3\n---\nname: a\nprovider_type: s3\n",
      ["VALIDATE.SAME_CONNECTION 5:7"],
    ],
  ])("are refused: %s", (_what, text, expected) => {
    expect(codes(check(text).problems)).toEqual(expected);
  });

  it.each([
    ["several s3 connections", "name: a\nprovider_type: s3\n---\nname: b\nprovider_type: s3\n"],
    [
      "twins of a provider, each with its id",
      "name: a\nid: conn_1\nprovider_type: stripe\n---\nname: a\nid: conn_2\nprovider_type: stripe\n",
    ],
    [
      "s3 connections of one name, each with its id",
      "name: a\nid: conn_1\nprovider_type: s3\n---\nname: a\nid: conn_2\nprovider_type: s3\n",
    ],
    ["one name for two providers", "name: a\nprovider_type: stripe\n---\nname: a\nprovider_type: hubspot\n"],
  ])("are none: %s", (_what, text) => {
    expect(check(text).problems).toEqual([]);
  });
});

describe("metadata", () => {
  it("is warned of a variable that is a credential in the same file, wherever it stands", () => {
    const text = (metadata: string) =>
      `name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "\${A}" }\nmetadata:\n  x: { y: ["${metadata}"] }\n`;
    const { problems } = check(text("pre-${A}"));
    expect(codes(problems)).toEqual(["VALIDATE.SECRET_IN_METADATA 5:12"]);
    expect(problems[0]).toMatchObject({ severity: "warning" });
    expect(problems[0]?.message).toContain("metadata.x.y[0] takes A, which is a secret here");
    expect(codes(check(text("${B} ${A}")).problems)).toEqual(["VALIDATE.SECRET_IN_METADATA 5:12"]);
    expect(check(text("${B} $${A}")).problems).toEqual([]);
  });

  it("is refused where a variable stands for all of it, also one that is warned of", () => {
    const text = 'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${A}" }\nmetadata: "${A}"\n';
    expect(codes(check(text).problems)).toEqual(["VALIDATE.WRONG_TYPE 4:11", "VALIDATE.SECRET_IN_METADATA 4:11"]);
  });

  it("may take a variable that holds a credential which is no secret", () => {
    const site = 'name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: "${SITE}" }\n';
    expect(check(`${site}metadata: { link: "https://\${SITE}.chargebee.com" }\n`).problems).toEqual([]);
    const ignored = 'name: S\nprovider_type: stripe\nencrypted_secret_data: { generic: { data: { a: "${A}" } } }\n';
    expect(codes(check(`${ignored}metadata: { a: "\${A}" }\n`).problems)).toEqual(["VALIDATE.IGNORED_BLOCK 3:26"]);
  });
});

describe("texts that the service counts in bytes", () => {
  it("are counted so here too", () => {
    const text = (field: string) =>
      `name: Z\nprovider_type: zoho_books\nsync_config:\n  invoice_sync_settings:\n    metadata_custom_fields: [{ source: invoice, metadata_key: k, field: "${field}" }]\n`;
    expect(check(text("é".repeat(127))).problems).toEqual([]);
    expect(codes(check(text("é".repeat(128))).problems)).toEqual(["VALIDATE.WRONG_LENGTH 5:73"]);
    expect(codes(check(text("é".repeat(256))).problems)).toEqual(["VALIDATE.NOT_ALLOWED 5:73"]);
    // Blanks around it do not count, 255 are not too many, and a key is counted like a field.
    for (const right of [`  ${"é".repeat(127)}x  `, "x".repeat(255), ` ${"x".repeat(255)}`])
      expect(check(text(right)).problems).toEqual([]);
    const key = text("f").replace("metadata_key: k", `metadata_key: "${"é".repeat(128)}"`);
    expect(codes(check(key).problems)).toEqual(["VALIDATE.WRONG_LENGTH 5:63"]);
  });

  it("are counted so in a variable's value too", () => {
    const text =
      'name: Z\nprovider_type: zoho_books\nsync_config:\n  invoice_sync_settings:\n    metadata_custom_fields: [{ source: invoice, metadata_key: k, field: "${F}" }]\n';
    const problemsFor = (value: string) => recheck(desiredOf(text, { F: value }), catalogue);
    expect(codes(problemsFor("é".repeat(128)))).toEqual(["SECRETS.BAD_VALUE 5:73"]);
    expect(problemsFor("é".repeat(127))).toEqual([]);
  });
});

describe("an answer of the service that was pasted", () => {
  it("is told which fields the service sets itself", () => {
    const { problems } = check(
      "name: S\nprovider_type: s3\nid: conn_1\nstatus: published\ncreated_at: 2026-01-02T03:04:05Z\n",
    );
    expect(codes(problems)).toEqual(["VALIDATE.UNKNOWN_FIELD 4:1", "VALIDATE.UNKNOWN_FIELD 5:1"]);
    expect(problems.map(({ hint }) => hint)).toEqual(Array(2).fill("the service sets it itself; drop the line."));
  });
});

describe("a character that cannot be stored", () => {
  it("is told where it stands, in a value or in a key", () => {
    const { problems } = check('name: "a\\0b"\nprovider_type: s3\nmetadata: { "k\\0": 1, x: { "\\0": 1 } }\n');
    expect(problems.map(({ message }) => message.replace(/^.*?: /, ""))).toEqual([
      "name holds a NUL or half of a surrogate pair, which the service cannot store.",
      "a key under metadata holds a NUL or half of a surrogate pair, which the service cannot store.",
      "a key under metadata.x holds a NUL or half of a surrogate pair, which the service cannot store.",
    ]);
  });
});
