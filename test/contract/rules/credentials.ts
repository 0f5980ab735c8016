import { deepEqual, equal } from "node:assert/strict";
import { badFormat, invalid, type Rule, rule } from "../rule.js";
import type { Service } from "../service.js";

/** A row of `fixtures/service/credential-fields.md`. */
export interface FieldFact {
  readonly provider: string;
  readonly field: string;
  readonly stored: "E" | "P" | "–";
  readonly nested: "U" | "i";
  readonly flat: "U" | "i";
}

/** Values with which each provider can be created. */
export function wholeOf(provider: string, facts: readonly FieldFact[]): Record<string, string> {
  const fields = facts.filter((fact) => fact.provider === provider).map(({ field }) => [field, "v1"]);
  const google = {
    type: "external_account",
    audience: "a",
    token_url: "https://sts.googleapis.com/v1/token",
    credential_source: {},
    service_account_impersonation_url: "https://iamcredentials.googleapis.com/v1/x",
  };
  const special: Record<string, object> = {
    zoho_books: { accounts_server: "https://accounts.zoho.com", api_domain: "https://www.zohoapis.com" },
    gcp_marketplace: { credentials_json: JSON.stringify(google) },
  };
  return { ...Object.fromEntries(fields), ...special[provider] };
}

/** Fields of the service that are changed together or not at all. */
const pairs: Readonly<Record<string, readonly string[]>> = { chargebee: ["webhook_username", "webhook_password"] };

const syncConfigs: Readonly<Record<string, object>> = {
  aws_marketplace: { sync_config: { aws_marketplace: { region: "us-east-1" } } },
};

async function created(service: Service, provider: string, facts: readonly FieldFact[]): Promise<string> {
  if (provider.endsWith("_marketplace")) await service.mustBeSandbox();
  const secrets = wholeOf(provider, facts);
  const row = await service.create(provider, { encrypted_secret_data: secrets, ...syncConfigs[provider] });
  return row.id;
}

/** What POST and PUT do with each credential of each provider. */
export function credentials(facts: readonly FieldFact[]): readonly Rule[] {
  const providers = [...new Set(facts.map(({ provider }) => provider))];
  return [
    ...providers.map((provider) =>
      rule(`the credentials of ${provider} are stored and updated as the table says; the rest is 200`, (service) =>
        matrixHolds(service, provider, facts),
      ),
    ),
    rule("chargebee's webhook credentials are updated together or not at all", async (service) => {
      const id = await created(service, "chargebee", facts);
      const words = "Update both webhook_username and webhook_password in the same request";
      for (const field of pairs["chargebee"] ?? []) {
        for (const secrets of [{ [field]: "v2" }, { chargebee: { [field]: "v2" } }]) {
          const { status, body } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
          deepEqual([status, body], [400, invalid(words)]);
        }
      }
    }),
    rule("an empty text never clears a secret, and the same value again is harmless", async (service) => {
      const id = await created(service, "whop", facts);
      for (const value of ["", "v1"]) {
        const secrets = { whop: { webhook_secret: value } };
        equal((await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets })).status, 200);
        const look = await service.stored(id);
        if (look !== undefined) deepEqual(look.secrets.webhook_secret, { encrypted: "v1" });
      }
    }),
    rule("a nested block makes the flat keys beside it lost", async (service) => {
      const id = await created(service, "whop", facts);
      for (const [block, expected] of [
        [{ stripe: {} }, "v1"],
        [{ settings: {} }, "v1"],
        [{ WHOP: {} }, "v1"],
        [{ nope: {} }, "v2"],
        // The one provider that is forgotten in the service's list of blocks.
        [{ azure_marketplace: {} }, "v3"],
      ] as const) {
        const secrets = { ...block, webhook_secret: "azure_marketplace" in block ? "v3" : "v2" };
        equal((await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets })).status, 200);
        const look = await service.stored(id);
        if (look !== undefined) deepEqual(look.secrets.webhook_secret, { encrypted: expected }, JSON.stringify(block));
      }
    }),
    rule("a known block with another value than an object is refused", async (service) => {
      const { id } = await service.create("s3");
      const wrong = [{ stripe: "x" }, { azure_marketplace: 1 }, { generic: [] }, { settings: "x" }];
      for (const secrets of [
        ...wrong,
        { stripe: { secret_key: 1 } },
        { settings: { invoice_sync_enable: "x" } },
        { quickbooks: { oauth_session_data: 1 } },
      ]) {
        const { status, body } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
        deepEqual([status, body], [400, badFormat], JSON.stringify(secrets));
      }
    }),
    rule("updatable fields of zoho_books, whop and chargebee are refused on others, without words", async (service) => {
      const id = await created(service, "tabs", facts);
      for (const secrets of [
        { zoho_books: { webhook_secret: "x" } },
        { whop: { webhook_secret: "x" } },
        { chargebee: { webhook_username: "x" } },
        { chargebee: { webhook_username: "x", webhook_password: "y" } },
      ]) {
        const { status, body } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
        deepEqual([status, body], [400, invalid()], JSON.stringify(secrets));
      }
    }),
    rule("a quickbooks block on nine others demands what they need, and is ignored on the rest", async (service) => {
      const words: Record<string, string> = {
        nomod: "Nomod connection requires encrypted_secret_data with api_key",
        moyasar: "Moyasar connection requires encrypted_secret_data with secret_key",
        paddle: "Paddle connection requires encrypted_secret_data with api_key and webhook_secret",
        tabs: "Tabs connection requires encrypted_secret_data with api_key",
        whop: "Whop connection requires encrypted_secret_data with api_key and company_id",
        zoho_books: "Zoho Books connection requires encrypted_secret_data with zoho_books fields",
      };
      const block = { encrypted_secret_data: { quickbooks: { webhook_verifier_token: "x" } } };
      for (const provider of [...Object.keys(words), "stripe", "s3", "hubspot", "razorpay", "chargebee"]) {
        const id = await created(service, provider, facts);
        const { status, body } = await service.ask("PUT", `/connections/${id}`, block);
        const message = words[provider];
        if (message === undefined) equal(status, 200, provider);
        else deepEqual([status, body], [400, invalid(message)], provider);
        await service.ask("DELETE", `/connections/${id}`);
      }
    }),
    rule("every other block on a foreign connection is 200 and ignored", async (service) => {
      const id = await created(service, "tabs", facts);
      for (const secrets of [
        { stripe: { secret_key: "x" } },
        { whop: { api_key: "x" } },
        { zoho_books: { client_id: "x" } },
        { chargebee: { api_key: "x" } },
        { generic: { data: { a: "b" } } },
        { settings: { invoice_sync_enable: true } },
      ]) {
        const { status } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
        equal(status, 200, JSON.stringify(secrets));
      }
      const look = await service.stored(id);
      if (look !== undefined) deepEqual(look.secrets, { api_key: { encrypted: "v1" } });
    }),
  ];
}

async function matrixHolds(service: Service, provider: string, facts: readonly FieldFact[]): Promise<void> {
  const id = await created(service, provider, facts);
  const whole = wholeOf(provider, facts);
  const own = facts.filter((fact) => fact.provider === provider);
  const expected: Record<string, unknown> = {};
  for (const { field, stored } of own) {
    if (stored !== "–") expected[field] = stored === "E" ? { encrypted: whole[field] } : whole[field];
  }
  const asExpected = async (what: string) => {
    const look = await service.stored(id);
    if (look !== undefined) deepEqual(look.secrets, expected, what);
  };
  await asExpected("after POST");
  for (const { field, nested, flat } of own) {
    const together = pairs[provider]?.includes(field) ? (pairs[provider] ?? []) : [field];
    for (const [form, effect] of [
      ["nested", nested],
      ["flat", flat],
    ] as const) {
      const value = `${form} ${field}`;
      const values = Object.fromEntries(together.map((one) => [one, value]));
      const secrets = form === "nested" ? { [provider]: values } : values;
      const { status } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
      equal(status, 200, value);
      if (effect === "U") for (const one of together) expected[one] = { encrypted: value };
      await asExpected(value);
    }
  }
}
