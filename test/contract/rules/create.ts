import { deepEqual, equal, match, ok } from "node:assert/strict";
import { handlerError, invalid, type Rule, rule } from "../rule.js";
import { nameOf, type Service } from "../service.js";

async function post(service: Service, body: object): Promise<readonly [number, unknown]> {
  const answer = await service.ask("POST", "/connections", { name: nameOf("create"), ...body });
  return [answer.status, answer.body];
}

async function refused(service: Service, body: object, message?: string): Promise<void> {
  deepEqual(await post(service, body), [400, invalid(message)], JSON.stringify(body));
}

const whole = {
  chargebee: { site: "acme", api_key: "v1", webhook_username: "v1", webhook_password: "v1" },
  whop: { api_key: "v1", company_id: "v1", webhook_secret: "v1" },
  zoho_books: { client_id: "v1", client_secret: "v1", refresh_token: "v1", organization_id: "v1" },
};

const external = {
  type: "external_account",
  audience: "a",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {},
  service_account_impersonation_url: "https://iamcredentials.googleapis.com/v1/x",
};

/** What a create needs, and in which order it is looked at. */
export const create: readonly Rule[] = [
  rule("a create is 201, and the connection can be read at once", async (service) => {
    await service.mustBeFree("stripe");
    const [status] = await post(service, { provider_type: "stripe" });
    equal(status, 201);
    const { body } = await service.ask("GET", "/connections?provider_type=stripe");
    const [row] = service.own(body);
    deepEqual((await service.ask("GET", `/connections/${row.id}`)).body, row);
  }),
  rule("the flat form is stored; the nested one gives 201 and empty secrets for nine providers", async (service) => {
    for (const [provider, field] of [
      ["stripe", "secret_key"],
      ["s3", "aws_access_key_id"],
      ["hubspot", "access_token"],
      ["razorpay", "key_id"],
      ["quickbooks", "client_id"],
      ["nomod", "api_key"],
      ["moyasar", "secret_key"],
      ["paddle", "api_key"],
      ["tabs", "api_key"],
    ] as const) {
      for (const [secrets, stored] of [
        [{ [provider]: { [field]: "v1" } }, ""],
        [{ [field]: "v1" }, { encrypted: "v1" }],
      ] as const) {
        const { id } = await service.create(provider, { encrypted_secret_data: secrets });
        const look = await service.stored(id);
        if (look !== undefined) deepEqual(look.secrets[field], stored, provider);
        await service.ask("DELETE", `/connections/${id}`);
      }
    }
  }),
  rule("flexprice takes any flat keys: texts are encrypted, everything else is stored plain", async (service) => {
    const { id } = await service.create("flexprice", {
      encrypted_secret_data: { a: "v1", n: 1, flexprice: { b: "c" } },
    });
    const look = await service.stored(id);
    if (look !== undefined) deepEqual(look.secrets, { a: { encrypted: "v1" }, n: 1, flexprice: { b: "c" } });
  }),
  rule("flat values that are no texts are ignored, and flat keys match exactly", async (service) => {
    const secrets = { key_id: 123, secret_key: "v1", WEBHOOK_SECRET: "v1" };
    const { id } = await service.create("razorpay", { encrypted_secret_data: secrets });
    const look = await service.stored(id);
    if (look !== undefined) deepEqual(look.secrets, { key_id: "", secret_key: { encrypted: "v1" } });
  }),
  rule("only the sixteen providers are known; generic and settings are none", async (service) => {
    for (const type of ["salesforce", "generic", "settings", "Stripe", "", null])
      await refused(service, { provider_type: type }, "Invalid secret provider");
  }),
  rule("the provider is looked at before the sync_config", async (service) => {
    const bad = { sync_config: { plan: { outbound: true } } };
    await refused(service, { provider_type: "nope", ...bad }, "Invalid secret provider");
    await refused(service, { provider_type: "s3", ...bad });
  }),
  rule("the sync_config is looked at before a second connection of a provider", async (service) => {
    await service.create("stripe");
    await refused(service, { provider_type: "stripe", sync_config: { plan: { outbound: true } } });
  }),
  rule(
    "a second connection of a provider is 409 and names the first, before its credentials are looked at",
    async (service) => {
      const first = await service.create("chargebee", { encrypted_secret_data: whole.chargebee });
      const [status, body] = await post(service, { provider_type: "chargebee", name: "" });
      equal(status, 409);
      const words = "A published connection for provider 'chargebee' already exists in this environment";
      deepEqual(
        body,
        handlerError(409, "already_exists", words, {
          environment_id: first.environment_id,
          existing_connection_id: first.id,
          provider_type: "chargebee",
          tenant_id: first.tenant_id,
        }),
      );
    },
  ),
  rule("any number of s3 connections may be there", async (service) => {
    for (let round = 0; round < 3; round += 1) await service.create("s3");
    equal(service.own((await service.ask("GET", "/connections?provider_type=s3")).body).length, 3);
  }),
  rule("an empty name is looked at last, after the credentials", async (service) => {
    await service.mustBeFree("chargebee", "tabs");
    await refused(
      service,
      { provider_type: "chargebee", name: "", encrypted_secret_data: {} },
      "Chargebee site name is required",
    );
    await refused(
      service,
      { provider_type: "tabs", name: "" },
      "Tabs connection requires encrypted_secret_data with api_key",
    );
    equal((await post(service, { provider_type: "tabs", name: "", encrypted_secret_data: {} }))[0], 500);
  }),
  rule("absent credentials are refused for ten providers, and taken for five", async (service) => {
    const refusals = {
      quickbooks:
        "QuickBooks connection requires encrypted_secret_data with client_id, client_secret, realm_id, and environment",
      nomod: "Nomod connection requires encrypted_secret_data with api_key",
      moyasar: "Moyasar connection requires encrypted_secret_data with secret_key",
      paddle: "Paddle connection requires encrypted_secret_data with api_key and webhook_secret",
      tabs: "Tabs connection requires encrypted_secret_data with api_key",
      zoho_books: "Zoho Books connection requires encrypted_secret_data with zoho_books fields",
      chargebee:
        "encrypted_secret_data.chargebee with site, api_key, webhook_username and webhook_password is required",
      whop: "encrypted_secret_data.whop with api_key, company_id and webhook_secret is required",
      aws_marketplace: "encrypted_secret_data.aws_marketplace with role_arn and external_id is required",
      gcp_marketplace: "encrypted_secret_data.gcp_marketplace with credentials_json is required",
      azure_marketplace:
        "encrypted_secret_data.azure_marketplace with tenant_id, client_id and client_secret is required",
    };
    await service.mustBeFree(...Object.keys(refusals));
    for (const [provider, message] of Object.entries(refusals))
      for (const secrets of [{}, { encrypted_secret_data: null }])
        await refused(service, { provider_type: provider, ...secrets }, message);
    for (const provider of ["stripe", "s3", "hubspot", "razorpay", "flexprice"]) {
      const { id } = await service.create(provider);
      const look = await service.stored(id);
      if (look !== undefined) equal(Object.values(look.secrets).filter((value) => value !== "").length, 0, provider);
    }
  }),
  rule("empty credentials are taken where nothing is checked", async (service) => {
    for (const provider of ["quickbooks", "nomod", "moyasar", "paddle", "tabs", "stripe", "hubspot", "razorpay"])
      await service.create(provider, { encrypted_secret_data: {} });
  }),
  rule("chargebee needs a site, a bare one, then a key, then both webhook credentials", async (service) => {
    await service.mustBeFree("chargebee");
    const { site, api_key, webhook_username } = whole.chargebee;
    const bare = "Chargebee site must be the bare site name (letters, digits and hyphens only), not a URL";
    const basic = (field: string) => `Enable Basic Auth on the Chargebee webhook and set ${field} to match`;
    for (const [secrets, message] of [
      [{}, "Chargebee site name is required"],
      [{ chargebee: whole.chargebee }, "Chargebee site name is required"],
      ...["https://acme.chargebee.com", "acme.chargebee.com", "-acme", "acme-", "a b", "ä", "x".repeat(64)].map(
        (wrong) => [{ site: wrong }, bare] as const,
      ),
      [{ site: "x".repeat(63) }, "Chargebee API key is required"],
      [{ site, api_key }, basic("webhook_username")],
      [{ site, api_key, webhook_username }, basic("webhook_password")],
    ] as const)
      await refused(service, { provider_type: "chargebee", encrypted_secret_data: secrets }, message);
    await service.create("chargebee", { encrypted_secret_data: whole.chargebee });
  }),
  rule("whop needs a key, a company and a webhook secret, in that order", async (service) => {
    await service.mustBeFree("whop");
    for (const [secrets, message] of [
      [{}, "Whop API key is required"],
      [{ api_key: "v1" }, "Whop company ID is required"],
      [{ api_key: "v1", company_id: "v1" }, "Whop webhook secret is required"],
    ] as const)
      await refused(service, { provider_type: "whop", encrypted_secret_data: secrets }, message);
    await service.create("whop", { encrypted_secret_data: whole.whop });
  }),
  rule("zoho_books needs its client, a refresh token, an organization, and hosts of Zoho", async (service) => {
    await service.mustBeFree("zoho_books");
    const sent: Record<string, string> = {};
    for (const [field, message] of [
      ["client_id", "Zoho Books OAuth client ID is required"],
      ["client_secret", "Zoho Books OAuth client secret is required"],
      ["refresh_token", "Zoho Books refresh token is required after OAuth completion"],
      ["organization_id", "Zoho Books organization_id is required for API calls"],
    ] as const) {
      await refused(service, { provider_type: "zoho_books", encrypted_secret_data: sent }, message);
      sent[field] = "v1";
    }
    for (const field of ["accounts_server", "api_domain"]) {
      for (const url of [
        "http://accounts.zoho.com",
        "accounts.zoho.com",
        "ftp://zoho.com",
        "https://zoho.com/%zz",
        "https://a^b.zoho.com",
        "https://zoho.com:port",
        "https://a\tb.zoho.com",
      ]) {
        const secrets = { ...sent, [field]: url };
        await refused(
          service,
          { provider_type: "zoho_books", encrypted_secret_data: secrets },
          `Zoho Books ${field} must be an https URL`,
        );
      }
      for (const url of [
        "https://zoho.com.evil.example",
        "https://notzoho.com",
        "https://zoho.com@evil.example/",
        "https:zoho.com",
        "https:///zoho.com",
        "https://[::1]",
      ]) {
        const secrets = { ...sent, [field]: url };
        const [status, body] = await post(service, { provider_type: "zoho_books", encrypted_secret_data: secrets });
        const { message, details } = body as { message: string; details: { allowed_domains: readonly string[] } };
        deepEqual([status, message], [400, `Zoho Books ${field} must be a Zoho domain`], url);
        ok(details.allowed_domains.includes(".zoho.com"));
      }
    }
    for (const hosts of [
      { accounts_server: "https://accounts.ZOHO.eu:443/x?y", api_domain: " https://www.zohoapis.com.au " },
      { accounts_server: "HTTPS://zoho.com", api_domain: "  " },
    ]) {
      const { id } = await service.create("zoho_books", { encrypted_secret_data: { ...sent, ...hosts } });
      await service.ask("DELETE", `/connections/${id}`);
    }
  }),
  rule("aws_marketplace needs a role, an external id and a region in its sync_config", async (service) => {
    await service.mustBeFree("aws_marketplace");
    const base = { provider_type: "aws_marketplace" };
    await refused(service, { ...base, encrypted_secret_data: {} }, "AWS Marketplace role_arn is required");
    const role = { role_arn: "v1" };
    await refused(service, { ...base, encrypted_secret_data: role }, "AWS Marketplace external_id is required");
    const secrets = { ...role, external_id: "v1" };
    const region = "sync_config.aws_marketplace.region is required";
    await refused(service, { ...base, encrypted_secret_data: secrets }, region);
    await refused(service, { ...base, encrypted_secret_data: secrets, sync_config: {} }, region);
    await service.mustBeSandbox();
    await service.create("aws_marketplace", {
      encrypted_secret_data: secrets,
      sync_config: { aws_marketplace: { region: "us-east-1" } },
    });
  }),
  rule("gcp_marketplace needs the text of a workload identity file that leads to Google", async (service) => {
    await service.mustBeFree("gcp_marketplace");
    const base = { provider_type: "gcp_marketplace" };
    const messageFor = async (credentials: unknown) => {
      const text = typeof credentials === "string" ? credentials : JSON.stringify(credentials);
      const [status, body] = await post(service, { ...base, encrypted_secret_data: { credentials_json: text } });
      equal(status, 400, text);
      return (body as { message: string }).message;
    };
    await refused(service, { ...base, encrypted_secret_data: {} }, "GCP Marketplace credentials_json is required");
    for (const text of ["x", "[]", "{} x", '{"type":1}'])
      match(await messageFor(text), /must be the JSON file generated by/, text);
    for (const type of ["service_account", undefined, "External_Account", "xexternal_accountx"])
      match(await messageFor({ ...external, type }), /must have "type": "external_account"/);
    match(await messageFor("null"), /must have "type": "external_account"/);
    for (const member of ["audience", "token_url", "credential_source", "service_account_impersonation_url"])
      match(await messageFor({ ...external, [member]: undefined }), /must include audience, token_url/, member);
    for (const member of ["token_url", "service_account_impersonation_url"]) {
      match(await messageFor({ ...external, [member]: "http://sts.googleapis.com" }), /must be an https URL/, member);
      const storage = { ...external, [member]: "https://storage.googleapis.com/x" };
      match(await messageFor(storage), /must be a Google credentials endpoint/, member);
    }
    await service.mustBeSandbox();
    await service.create("gcp_marketplace", { encrypted_secret_data: { credentials_json: JSON.stringify(external) } });
  }),
  rule("azure_marketplace needs a tenant, a client and its secret, in that order", async (service) => {
    await service.mustBeFree("azure_marketplace");
    const sent: Record<string, string> = {};
    for (const field of ["tenant_id", "client_id", "client_secret"]) {
      const body = { provider_type: "azure_marketplace", encrypted_secret_data: sent };
      await refused(service, body, `Azure Marketplace ${field} is required`);
      sent[field] = "v1";
    }
    await service.mustBeSandbox();
    await service.create("azure_marketplace", { encrypted_secret_data: sent });
  }),
];
