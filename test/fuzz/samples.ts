import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readYaml } from "../../src/load/yaml-source.js";
import type { JsonObject } from "../../src/model/json.js";
import { stampWith } from "../support/steps.js";
import { rowOf } from "./memory.js";

/*
 * Good inputs, from which bad ones are made. Tests and the program both start at the top of the repository.
 */

const read = (path: string) => readFileSync(resolve(path), "utf8");

/** The examples of the repository, file by file, and spellings that they do not have. */
export const definitionTexts: readonly string[] = [
  ...readdirSync(resolve("connections")).map((name) => read(`connections/${name}`)),
  `name: &n "S3 of tests"
provider_type: s3
id: conn_s3
metadata: { a: *n, 'b "c"': [1, 2.5, true, null, ~], text: |-
    a long
    text
  , folded: "x\\ty" }
exact: [metadata]
protect: true
sync_config:
  s3: {bucket: "b-\${X}", region: eu, compression: gzip}
`,
  `# comment
%YAML 1.2
---
? name
: One
? provider_type
: !!str hubspot
metadata:
- &a {x: &b [1, &c two]}
---
{"name": "Two", "provider_type": "hubspot", "metadata": {"list": ["\${X}", "$\${X}", "\${var.X}"]}, "encrypted_secret_data": {"access_token": "\${X}"}}
...
`,
  `name: Aliases
provider_type: flexprice
metadata:
  a: &a [x, x, x, x]
  b: &b [*a, *a, *a, *a]
  c: &c [*b, *b, *b, *b]
  d: [*c, *c, *c, *c]
encrypted_secret_data: { anything: "\${X}" }
sync_config:
  invoice: { outbound: true }
  invoice_sync_settings:
    metadata_custom_fields:
      - { source: customer, metadata_key: k, field: f }
    normalize_fixed_to: MONTHLY
`,
];

/** The same as data. */
export const definitions: readonly JsonObject[] = definitionTexts.flatMap((text) =>
  readYaml(text, "x.yaml").documents.map(({ data }) => data as JsonObject),
);

/** A row for every provider that has an example, so that there is something to change and to keep. */
export const matchingRows: readonly JsonObject[] = [
  ...new Map(
    definitions.map((one) => [`${one["provider_type"]} ${one["provider_type"] === "s3" ? one["name"] : ""}`, one]),
  ).values(),
].map(({ provider_type, name }, index) => {
  const provider = String(provider_type);
  const stamp =
    index % 2 === 0
      ? { flexprice_sync: stampWith(provider, { owner: "acme", owns: { "metadata.gone": "a-mark" } }) }
      : {};
  return rowOf({
    id: `conn_${provider}${provider === "s3" ? index : ""}`,
    name: index % 3 === 0 ? `${name} of old` : String(name),
    provider_type: provider,
    metadata: { team: "old", gone: 1, kept: { by: ["somebody"] }, ...stamp },
    sync_config: { invoice: { inbound: true, outbound: false }, s3: { bucket: "old", region: "eu" } },
  });
});

export const settingsTexts: readonly string[] = [
  `owner: acme-billing
environments:
  sandbox:
    base_url: https://us.api.flexprice.io/v1
    api_key: \${SANDBOX_KEY}
    environment_id: env_fuzz
    connections: [connections/common, connections/sandbox]
    vars: { BUCKET: acme-sandbox, X: "a b" }
  production:
    base_url: https://api.cloud.flexprice.io/v1
    api_key: \${PRODUCTION_KEY}
    environment_id: env_fuzz
    connections: [connections/common]
    owner: acme-other
    stamp: false
    assume_updatable: [stripe.secret_key]
include: [tenants/*.yaml]
defaults: { parallelism: 8, timeout: 30, deadline: 600, max_changes: 20% }
`,
  `stamp: true
assume_updatable: [hubspot.access_token, razorpay.secret_key]
environments:
  only: { base_url: "http://127.0.0.1:8080/v1", api_key: "\${SANDBOX_KEY}" }
`,
  `include: ["tenants/a.yaml", 'tenants/{b,c}.yaml']\ndefaults:\n  max_changes: 3\n`,
  `owner: &o acme\nenvironments: {a: {owner: *o, connections: [connections/common], base_url: 'https://x.flexprice.io', api_key: "\${SANDBOX_KEY}"}}\n`,
];

export const settings: readonly JsonObject[] = settingsTexts.flatMap((text) =>
  readYaml(text, "x.yaml").documents.map(({ data }) => data as JsonObject),
);

export const seedTexts: readonly string[] = [
  read("docs/demo/seed.json"),
  `connections:
  - { id: conn_1, name: One, provider_type: stripe, environment_id: env_2, metadata: null, sync_config: { invoice: { outbound: true } }, created_at: 2026-01-02T03:04:05Z, updated_at: "2026-01-02T03:04:05.123+02:00" }
environments:
  - { id: env_2, name: Second, type: production }
keys:
  - { key: sk_second, role: all_reader, environment_id: env_2, user_type: service_account, allowed_environments: [env_2] }
  - { key: sk_third, role: null, environment_id: null }
tenant: { suspended: false }
`,
];

export const seeds: readonly unknown[] = seedTexts.flatMap((text) =>
  readYaml(text, "x.yaml").documents.map(({ data }) => data),
);

interface Exchange {
  readonly status: number;
  readonly response: unknown;
}

/** Answers that were recorded at the service itself. */
export const recordedAnswers: readonly unknown[] = (
  JSON.parse(read("test/fixtures/service/exchanges.json")) as {
    readonly scenarios: readonly { readonly steps: readonly Exchange[] }[];
  }
).scenarios
  .flatMap(({ steps }) => steps.map(({ response }) => response))
  .filter((response) => typeof response === "object" && response !== null)
  .slice(0, 200);
