import type { SyncGroup } from "../model/catalogue.js";
import { isObject, type Json, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { invalid } from "./answers.js";
import { type Shape, textAt } from "./go-json.js";

/** Billing periods that the service knows. */
const BILLING_PERIODS = ["MONTHLY", "ANNUAL", "WEEKLY", "DAILY", "QUARTERLY", "HALF_YEARLY", "ONETIME"];

/** Directions that are refused, in the order in which they are looked at. */
const REFUSED_DIRECTIONS: readonly (readonly [string, string])[] = [
  ["plan", "outbound"],
  ["subscription", "outbound"],
  ["invoice", "inbound"],
  ["deal", "inbound"],
  ["quote", "inbound"],
  ["price", "inbound"],
];

const MOST_CUSTOM_FIELDS = 50;
const LONGEST_CUSTOM_FIELD = 255;

/** The shape of a sync_config in a request. */
export function syncConfigShape(facts: SyncGroup): Shape {
  return {
    fields: Object.fromEntries(
      Object.entries(facts.members).map(([name, member]): [string, Shape] => [
        name,
        member.kind === "group" ? syncConfigShape(member) : shapeOfDefault(member.default),
      ]),
    ),
  };
}

function shapeOfDefault(fallback: Json): Shape {
  if (typeof fallback === "boolean") return "boolean";
  if (Array.isArray(fallback)) return { list: { fields: { source: "text", metadata_key: "text", field: "text" } } };
  return "text";
}

/** As the service stores it: entities with both directions, bucket and region always there, what is empty left out. */
export function stored(syncConfig: JsonObject, facts: SyncGroup): JsonObject {
  return Object.fromEntries(
    Object.keys(facts.members).flatMap((name) => {
      const value = ownValue(syncConfig, name);
      if (!isObject(value)) return [];
      return [[name, storedBlock(value, ownValue(facts.members, name))] as const];
    }),
  );
}

function storedBlock(value: JsonObject, node: SyncGroup["members"][string] | undefined): JsonObject {
  if (node?.kind !== "group") return value;
  const isEntity = Object.hasOwn(node.members, "inbound");
  return Object.fromEntries(
    Object.entries(node.members).flatMap(([name, member]): [string, Json][] => {
      const found = ownValue(value, name);
      if (member.kind === "group") return isObject(found) ? [[name, storedBlock(found, member)]] : [];
      const always = isEntity || node.required.includes(name);
      const current = found ?? member.default;
      const isEmpty = current === "" || current === false || (Array.isArray(current) && current.length === 0);
      return isEmpty && !always ? [] : [[name, current]];
    }),
  );
}

/** A connection without a stored sync_config shows every entity off. */
export function allOff(facts: SyncGroup): JsonObject {
  const entities = Object.entries(facts.members).filter(
    ([, member]) => member.kind === "group" && Object.hasOwn(member.members, "inbound"),
  );
  return Object.fromEntries(entities.map(([name]) => [name, { inbound: false, outbound: false }]));
}

/** Refuses what the service refuses, in its order and with its messages; most have none of use. */
export function checkSyncConfig(syncConfig: JsonObject): void {
  for (const [entity, direction] of REFUSED_DIRECTIONS) {
    if (valueAt(syncConfig, [entity, direction]) === true) throw invalid();
  }
  checkS3(ownValue(syncConfig, "s3"));
  const marketplace = ownValue(syncConfig, "aws_marketplace");
  if (isObject(marketplace) && textAt(marketplace, "region") === "")
    throw invalid("AWS Marketplace region is required");
  checkInvoiceSettings(ownValue(syncConfig, "invoice_sync_settings"));
}

function checkS3(s3: Json | undefined): void {
  if (!isObject(s3) || ownValue(s3, "is_flexprice_managed") === true) return;
  if (textAt(s3, "bucket") === "") throw invalid("S3 bucket name is required");
  if (textAt(s3, "region") === "") throw invalid("AWS region is required");
  if (!["", "none", "gzip"].includes(textAt(s3, "compression")))
    throw invalid("Compression type must be one of: none, gzip");
  if (!["", "AES256", "aws:kms", "aws:kms:dsse"].includes(textAt(s3, "encryption"))) {
    throw invalid("Encryption type must be one of: AES256, aws:kms, aws:kms:dsse");
  }
}

function checkInvoiceSettings(settings: Json | undefined): void {
  if (!isObject(settings)) return;
  const period = textAt(settings, "normalize_fixed_to");
  if (period !== "" && !BILLING_PERIODS.includes(period)) throw invalid("invalid billing period");
  const service = ownValue(settings, "service_period_custom_fields");
  const ends = isObject(service)
    ? [textAt(service, "start_field_id"), textAt(service, "end_field_id")].filter((end) => end !== "")
    : [];
  if (ends.length === 1) throw invalid("Provide both start_field_id and end_field_id, or neither");
  const fields = ownValue(settings, "metadata_custom_fields");
  if (!Array.isArray(fields)) return;
  if (fields.length > MOST_CUSTOM_FIELDS)
    throw invalid(`At most ${MOST_CUSTOM_FIELDS} metadata custom fields may be mapped`);
  const used = new Set(ends);
  for (const item of fields.filter(isObject)) checkCustomField(item, used);
}

/** Key and field are looked at without the blanks around them, and stored with them. */
function checkCustomField(item: JsonObject, used: Set<string>): void {
  if (!["customer", "invoice"].includes(textAt(item, "source")))
    throw invalid('source must be "customer" or "invoice"');
  const key = textAt(item, "metadata_key").trim();
  if (key === "") throw invalid("Provide the metadata key to copy from");
  if (bytesOf(key) > LONGEST_CUSTOM_FIELD)
    throw invalid(`metadata_key must be at most ${LONGEST_CUSTOM_FIELD} characters`);
  const field = textAt(item, "field").trim();
  if (field === "") throw invalid("Provide the Zoho custom field API name or ID to write to");
  if (bytesOf(field) > LONGEST_CUSTOM_FIELD) throw invalid(`field must be at most ${LONGEST_CUSTOM_FIELD} characters`);
  if (used.has(field)) throw invalid(`Zoho custom field ${JSON.stringify(field)} is mapped more than once`);
  used.add(field);
}

/** The service says characters and counts bytes. */
function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
