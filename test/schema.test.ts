import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validateWritten } from "../src/generated/validators.js";
import { load } from "../src/load/load.js";
import { nodeFiles } from "../src/setup/node-files.js";
import { factsAt } from "../src/state/units.js";
import { validate } from "../src/validate/validate.js";
import { fieldFacts } from "./contract/suite.js";
import { catalogue } from "./support/steps.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(new URL(`../schema/${name}`, import.meta.url), "utf8"));
const providerFiles = readdirSync(new URL("../schema/providers/", import.meta.url));
const bundle = read("connection.schema.json");

describe("the published bundle", () => {
  it("is what the sources make", async () => {
    await expect(
      promisify(execFile)(process.execPath, ["schema/compile.mjs", "--check"], { cwd: root }),
    ).resolves.toMatchObject({ stderr: "" });
  });

  it("accepts and refuses the same as the validator that was compiled ahead of time", () => {
    const published = new Ajv2020({ allErrors: true, strict: false }).compile(bundle);
    const secret = fc.constantFrom("${A}", "literal", "", 7, null, "${A}${B}");
    const field = fc.constantFrom(
      "secret_key",
      "webhook_secret",
      "account_id",
      "site",
      "webhook_username",
      "webhook_password",
      "generic",
      "nope",
    );
    const fields = fc.dictionary(field, secret, { maxKeys: 3, noNullPrototype: true });
    const provider = fc.constantFrom("stripe", "chargebee", "flexprice", "Stripe", 3);
    const entity = fc.record(
      { inbound: fc.constantFrom(true, false, "x"), outbound: fc.constantFrom(true, false) },
      { requiredKeys: [] },
    );
    const definition = fc.record(
      {
        name: fc.constantFrom("n", "", "x".repeat(256), 1),
        provider_type: provider,
        encrypted_secret_data: fc.oneof(
          fields,
          fc.dictionary(fc.constantFrom("stripe", "chargebee", "flexprice"), fields, {
            maxKeys: 2,
            noNullPrototype: true,
          }),
        ),
        metadata: fc.constantFrom({}, { a: 1 }, null, { flexprice_sync: 1 }),
        sync_config: fc.dictionary(fc.constantFrom("invoice", "plan", "customer", "tax"), entity, {
          maxKeys: 2,
          noNullPrototype: true,
        }),
        exact: fc.constantFrom(["metadata"], ["sync_config"], [], ["x"]),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(definition, (value) => validateWritten(value) === published(value)),
      { numRuns: 2_000 },
    );
  });

  it("is self-contained and holds nothing that only the sandbox reads", () => {
    const text = JSON.stringify(bundle);
    expect(text).not.toContain('"x-server":');
    for (const [, reference = ""] of text.matchAll(/"\$ref":"([^"]+)"/g)) expect(reference).toMatch(/^#\//);
  });

  it("tells an editor the title and the description of every field", () => {
    const lacking: string[] = [];
    const walk = (node: unknown, path: string) => {
      if (typeof node !== "object" || node === null) return;
      const { properties } = node as { properties?: Record<string, Record<string, unknown>> };
      for (const [name, field] of Object.entries(properties ?? {})) {
        const isNamed = field["title"] !== undefined && field["description"] !== undefined;
        if (!isNamed && field["$ref"] === undefined) lacking.push(`${path}.${name}`);
        walk(field, `${path}.${name}`);
      }
    };
    for (const name of [
      "parts/definition.json",
      "parts/sync-config.json",
      "seed.schema.json",
      ...providerFiles.map((file) => `providers/${file}`),
    ]) {
      walk(
        {
          ...read(name),
          properties: Object.fromEntries(
            Object.entries(read(name).properties ?? {}).filter(([key]) => key !== "sync_config"),
          ),
        },
        name,
      );
    }
    expect(lacking.filter((path) => !path.endsWith("metadata.flexprice_sync"))).toEqual([]);
  });
});

describe("a provider's file", () => {
  it.each(providerFiles)("%s has every annotation that the code reads", (file) => {
    const schema = read(`providers/${file}`);
    expect(file).toBe(`${schema["x-provider"]}.json`);
    expect(["provider", "name"]).toContain(schema["x-identity"]);
    expect(Object.keys(schema["x-effects"])).toEqual(expect.any(Array));
    const fields = [
      ...Object.values(schema.properties ?? {}),
      ...(typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : []),
    ];
    for (const field of fields as Record<string, unknown>[]) {
      expect(["applied", "create-only", "server-managed"]).toContain(field["x-update"]);
      if (field["writeOnly"] === true) expect(JSON.stringify(field)).toContain("#/$defs/secret");
      else expect(JSON.stringify(field)).not.toContain("#/$defs/secret");
    }
    for (const path of Object.keys(schema["x-effects"])) {
      const keys = path.split(".");
      if (keys[0] === "metadata") expect(keys, path).toHaveLength(2);
      else expect(factsAt(["sync_config", ...keys], catalogue.syncConfig), path).toBeDefined();
    }
  });
});

const facts = fieldFacts(new URL("fixtures/service/", import.meta.url));

/** What each word of the table's column "asked" is as an annotation. */
const neededWhen = { "": false, expected: false, yes: true, "unless managed": { unless: "s3.is_flexprice_managed" } };

describe("what the service does with a credential", () => {
  it.each(facts.map((fact) => [`${fact.provider}.${fact.field}`, fact] as const))("%s", (_name, fact) => {
    const provider = catalogue.providers[fact.provider];
    const shown = provider?.fields[fact.field];
    if (fact.stored === "–" && fact.nested === "i") {
      expect(shown, "a field that nothing takes is no field").toBeUndefined();
      return;
    }
    expect(shown).toMatchObject({
      secret: fact.stored === "E" || fact.stored === "–",
      update: fact.rewritten === "yes" ? "server-managed" : fact.nested === "U" ? "applied" : "create-only",
      afterCreate: fact.stored === "–",
      requiredOnCreate: neededWhen[fact.asked],
      expectedOnCreate: fact.asked === "expected",
    });
    expect(provider?.server.nestedUpdateOnly.includes(fact.field)).toBe(fact.nested === "U" && fact.flat === "i");
    const isChecked = provider?.server.createChecks.some(({ when, field }) => when === "empty" && field === fact.field);
    expect(isChecked).toBe(fact.required === "yes");
  });

  it("is written down for every field of every provider", () => {
    const listed = Object.values(catalogue.providers).flatMap(({ type, fields }) =>
      Object.keys(fields).map((field) => `${type}.${field}`),
    );
    const told = facts
      .filter(({ stored, nested }) => stored !== "–" || nested !== "i")
      .map(({ provider, field }) => `${provider}.${field}`);
    expect(told.sort()).toEqual(listed.sort());
    expect(catalogue.providers["flexprice"]).toMatchObject({
      fields: {},
      anyField: { secret: true, update: "create-only" },
    });
  });
});

describe("what the service does with the rows of a provider", () => {
  // What each provider acts on in sync_config and in the metadata, by the API's contract; nothing else of it has an effect.
  it.each([
    ["aws_marketplace", "aws_marketplace.region"],
    ["azure_marketplace", ""],
    ["chargebee", "customer.outbound invoice.outbound"],
    ["flexprice", ""],
    ["gcp_marketplace", ""],
    ["hubspot", "deal.outbound invoice.outbound quote.outbound"],
    ["moyasar", "invoice.outbound metadata.cancel_url metadata.success_url"],
    ["nomod", "customer.outbound invoice.outbound"],
    ["paddle", "customer.outbound invoice.outbound metadata.checkout_url metadata.redirect_url"],
    ["quickbooks", "customer.outbound invoice.outbound payment.inbound"],
    ["razorpay", "customer.outbound invoice.outbound"],
    ["s3", "s3.bucket s3.compression s3.encryption s3.is_flexprice_managed s3.key_prefix s3.region"],
    ["stripe", "customer.outbound invoice.outbound plan.inbound price.outbound subscription.inbound"],
    ["tabs", "invoice.outbound"],
    ["whop", "invoice.outbound"],
    [
      "zoho_books",
      "customer.inbound invoice.outbound invoice_sync_settings.metadata_custom_fields invoice_sync_settings.normalize_fixed_to invoice_sync_settings.service_period_custom_fields.end_field_id invoice_sync_settings.service_period_custom_fields.start_field_id",
    ],
  ])("%s acts on %j", (provider, effects) => {
    expect(
      Object.keys(catalogue.providers[provider]?.effects ?? {})
        .sort()
        .join(" "),
    ).toBe(effects);
  });

  // What it says it can do, which `GET /integrations/config` shows.
  it.each([
    ["chargebee", "customer.outbound invoice.outbound"],
    ["hubspot", "customer.inbound invoice.outbound"],
    ["moyasar", "invoice.outbound"],
    ["nomod", "customer.outbound invoice.outbound"],
    ["paddle", "customer.inbound customer.outbound invoice.inbound invoice.outbound"],
    ["quickbooks", "customer.outbound invoice.outbound"],
    ["razorpay", "customer.outbound invoice.outbound"],
    ["stripe", "customer.inbound customer.outbound invoice.outbound"],
    ["tabs", "customer.outbound invoice.outbound"],
    ["whop", "customer.outbound invoice.outbound"],
    ["zoho_books", "invoice.outbound"],
  ])("%s says it can do %j", (provider, intent) => {
    expect([...(catalogue.providers[provider]?.server.intent ?? [])].sort().join(" ")).toBe(intent);
  });

  it("is said of those it rewrites, of those begun in a browser and of the one that tells null from {}", () => {
    const having = (test: (facts: (typeof catalogue.providers)[string]) => boolean) =>
      Object.values(catalogue.providers).flatMap((facts) => (test(facts) ? [facts.type] : []));
    expect(having(({ reread }) => reread)).toEqual(["quickbooks", "whop", "zoho_books"]);
    expect(having(({ oauth }) => oauth)).toEqual(["quickbooks", "zoho_books"]);
    expect(having(({ metadataNullSignificant }) => metadataNullSignificant)).toEqual(["paddle"]);
    expect(having(({ requiredSyncConfig }) => requiredSyncConfig.length > 0)).toEqual(["aws_marketplace"]);
  });

  it("lets a Zoho address lead to every host that the service takes, and to no other", () => {
    const zoho = catalogue.providers["zoho_books"];
    const pattern = new RegExp(zoho?.fields["accounts_server"]?.pattern ?? "-");
    const hosts = zoho?.server.createChecks.find(({ when }) => when === "other-host")?.hosts ?? [];
    expect(hosts).toHaveLength(18);
    for (const host of hosts) {
      expect(pattern.test(`https://accounts${host}`), host).toBe(true);
      expect(pattern.test(`https://${host.slice(1)}`), host).toBe(true);
      for (const wrong of [
        `http://accounts${host}`,
        `https://accounts${host}/`,
        `https://x${host}.evil.example`,
        `https://evil${host.slice(1)}`,
      ])
        expect(pattern.test(wrong), wrong).toBe(false);
    }
  });
});

describe("the examples", () => {
  it("are valid, one for every provider, and name the schema for editors", () => {
    const { declarations, problems } = load(["connections"], nodeFiles(root));
    expect(problems).toEqual([]);
    const checked = validate(declarations, catalogue);
    expect(checked.problems).toEqual([]);
    expect([...new Set(checked.definitions.map(({ providerType }) => providerType))].sort()).toEqual(
      Object.keys(catalogue.providers),
    );
    for (const file of readdirSync(new URL("../connections/", import.meta.url))) {
      expect(readFileSync(new URL(`../connections/${file}`, import.meta.url), "utf8")).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/schema\/connection\.schema\.json\n/,
      );
    }
  });
});
