import { deepEqual, equal } from "node:assert/strict";
import { invalid, type Rule, rule } from "../rule.js";
import { nameOf, type Service } from "../service.js";

async function saved(service: Service, syncConfig: object): Promise<unknown> {
  return (await service.create("s3", { sync_config: syncConfig })).sync_config;
}

/** Refused by POST and by PUT alike. */
async function refused(service: Service, syncConfig: object, message?: string): Promise<void> {
  const where = JSON.stringify(syncConfig);
  const { id } = await service.create("s3");
  const body = { name: nameOf("sync-config"), provider_type: "s3", sync_config: syncConfig };
  for (const [method, path] of [
    ["POST", "/connections"],
    ["PUT", `/connections/${id}`],
  ] as const) {
    const answer = await service.ask(method, path, body);
    deepEqual([answer.status, answer.body], [400, invalid(message)], `${method} ${where}`);
  }
}

const custom = (...fields: object[]) => ({ invoice_sync_settings: { metadata_custom_fields: fields } });
const field = { source: "customer", metadata_key: "k", field: "f" };

/** Entities, blocks, and what is refused. */
export const syncConfig: readonly Rule[] = [
  rule("both directions of an entity are always shown, absent and null ones as false", async (service) => {
    deepEqual(await saved(service, { customer: {}, invoice: { outbound: true }, plan: { inbound: null } }), {
      plan: { inbound: false, outbound: false },
      invoice: { inbound: false, outbound: true },
      customer: { inbound: false, outbound: false },
    });
    deepEqual(await saved(service, { customer: null, nope: { inbound: true } }), {});
  }),
  rule("six directions are refused without a useful message", async (service) => {
    for (const [entity, direction] of [
      ["plan", "outbound"],
      ["subscription", "outbound"],
      ["invoice", "inbound"],
      ["price", "inbound"],
      ["deal", "inbound"],
      ["quote", "inbound"],
    ] as const)
      await refused(service, { [entity]: { [direction]: true } });
  }),
  rule("all other directions are taken, whatever the provider", async (service) => {
    const both = { inbound: true, outbound: true };
    const pulled = { inbound: true, outbound: false };
    const pushed = { inbound: false, outbound: true };
    const all = {
      plan: pulled,
      subscription: pulled,
      invoice: pushed,
      customer: both,
      payment: both,
      price: pushed,
      deal: pushed,
      quote: pushed,
    };
    deepEqual(await saved(service, all), all);
  }),
  rule("an unmanaged s3 block needs a bucket, then a region, and known values", async (service) => {
    const block = { bucket: "b", region: "r" };
    await refused(service, { s3: {} }, "S3 bucket name is required");
    await refused(service, { s3: { region: "r" } }, "S3 bucket name is required");
    await refused(service, { s3: { bucket: "b" } }, "AWS region is required");
    for (const compression of ["zip", "GZIP"])
      await refused(service, { s3: { ...block, compression } }, "Compression type must be one of: none, gzip");
    const encryption = "Encryption type must be one of: AES256, aws:kms, aws:kms:dsse";
    await refused(service, { s3: { ...block, encryption: "aes256" } }, encryption);
  }),
  rule("bucket and region of an s3 block are always shown, the rest only when set", async (service) => {
    const block = { bucket: "b", region: "r" };
    const empty = { key_prefix: "", compression: "", encryption: "", is_flexprice_managed: false };
    deepEqual(await saved(service, { s3: { ...block, ...empty } }), { s3: block });
    const full = { ...block, key_prefix: "p/", compression: "none", encryption: "aws:kms:dsse" };
    deepEqual(await saved(service, { s3: full }), { s3: full });
  }),
  rule("a block may stand on a connection of any provider", async (service) => {
    const block = { s3: { bucket: "b", region: "r" }, aws_marketplace: { region: "us-east-1" } };
    deepEqual((await service.create("stripe", { sync_config: block })).sync_config, block);
  }),
  rule("an aws_marketplace block needs a region", async (service) => {
    await refused(service, { aws_marketplace: {} }, "AWS Marketplace region is required");
  }),
  rule("normalize_fixed_to is a billing period in upper case, or empty", async (service) => {
    for (const period of ["monthly", "NOPE"])
      await refused(service, { invoice_sync_settings: { normalize_fixed_to: period } }, "invalid billing period");
    for (const period of ["MONTHLY", "ANNUAL", "WEEKLY", "DAILY", "QUARTERLY", "HALF_YEARLY", "ONETIME"]) {
      const settings = { invoice_sync_settings: { normalize_fixed_to: period } };
      deepEqual(await saved(service, settings), settings);
    }
    deepEqual(await saved(service, { invoice_sync_settings: { normalize_fixed_to: "" } }), {
      invoice_sync_settings: {},
    });
  }),
  rule("the service period fields are both there or neither; {} is kept as {}", async (service) => {
    const period = (fields: object) => ({ invoice_sync_settings: { service_period_custom_fields: fields } });
    for (const fields of [{ start_field_id: "s" }, { end_field_id: "e", start_field_id: "" }])
      await refused(service, period(fields), "Provide both start_field_id and end_field_id, or neither");
    deepEqual(await saved(service, period({})), period({}));
    deepEqual(await saved(service, period({ start_field_id: "", end_field_id: "" })), period({}));
    const both = period({ start_field_id: "s", end_field_id: "e" });
    deepEqual(await saved(service, both), both);
  }),
  rule(
    "a metadata field needs a source, a key and a field of 1 to 255 characters; blanks are kept",
    async (service) => {
      await refused(service, custom({ ...field, source: "x" }), 'source must be "customer" or "invoice"');
      await refused(service, custom({ ...field, metadata_key: " " }), "Provide the metadata key to copy from");
      // Counted in bytes, whatever it says.
      const wide = "é".repeat(128);
      await refused(service, custom({ ...field, metadata_key: wide }), "metadata_key must be at most 255 characters");
      const long = "x".repeat(256);
      await refused(service, custom({ ...field, metadata_key: long }), "metadata_key must be at most 255 characters");
      await refused(
        service,
        custom({ ...field, field: "" }),
        "Provide the Zoho custom field API name or ID to write to",
      );
      await refused(service, custom({ ...field, field: long }), "field must be at most 255 characters");
      const padded = custom({ ...field, field: " f ", metadata_key: ` ${"x".repeat(255)} ` });
      deepEqual(await saved(service, padded), padded);
    },
  ),
  rule("at most 50 metadata fields, none of them twice or in the service period; [] is dropped", async (service) => {
    const many = Array.from({ length: 51 }, (_, index) => ({ ...field, field: `f${index}` }));
    await refused(service, custom(...many), "At most 50 metadata custom fields may be mapped");
    const most = custom(...many.slice(1));
    deepEqual(await saved(service, most), most);
    const twice = 'Zoho custom field "f" is mapped more than once';
    await refused(service, custom(field, { ...field, field: " f" }), twice);
    const period = { service_period_custom_fields: { start_field_id: "f", end_field_id: "e" } };
    await refused(service, { invoice_sync_settings: { ...period, metadata_custom_fields: [field] } }, twice);
    deepEqual(await saved(service, custom()), { invoice_sync_settings: {} });
  }),
  rule("a managed s3 connection is filled in when it is created, and never again", async (service) => {
    await service.mustBeSandbox();
    const wish = { bucket: "mine", is_flexprice_managed: true, compression: "any", encryption: "any" };
    const sent = { aws_access_key_id: "mine", aws_secret_access_key: "mine" };
    const row = await service.create("s3", { encrypted_secret_data: sent, sync_config: { s3: wish } });
    const { s3 } = row.sync_config;
    equal(s3.key_prefix, `${row.tenant_id}/${row.environment_id}`);
    deepEqual([s3.compression, s3.encryption, s3.bucket === "mine"], ["any", "any", false]);
    const keys = (await service.stored(row.id)).secrets;
    equal(JSON.stringify(keys).includes("mine"), false);
    const put = async (config: object) =>
      (await service.ask("PUT", `/connections/${row.id}`, { sync_config: config })).body.sync_config;
    // Sent back as read, nothing is lost; sent short, the place is.
    deepEqual(await put({ s3: { ...s3, compression: "gzip" } }), { s3: { ...s3, compression: "gzip" } });
    deepEqual(await put({ s3: { is_flexprice_managed: true } }), {
      s3: { bucket: "", region: "", is_flexprice_managed: true },
    });
    // Without the block it is unmanaged, and keeps the service's own keys.
    deepEqual(await put({ invoice: { outbound: true } }), { invoice: { inbound: false, outbound: true } });
    deepEqual((await service.stored(row.id)).secrets, keys);
  }),
];
