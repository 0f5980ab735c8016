import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SyncGroup } from "../../src/model/catalogue.js";
import type { Json } from "../../src/model/json.js";
import type { Consequence, FieldChange } from "../../src/model/plan.js";
import { consequencesOf } from "../../src/plan/meaning.js";
import { oneDesired } from "../support/steps.js";

const TYPES = Object.keys(catalogue.providers).sort();

/** A definition of a provider, for what the change of a field says of it. */
function definition(providerType: string, more = "") {
  return oneDesired(`name: x\nprovider_type: ${providerType}\n${more}`);
}

function meant(
  providerType: string,
  field: Partial<FieldChange> & Pick<FieldChange, "path" | "kind">,
): Omit<Consequence, "place"> {
  const [one] = consequencesOf([{ keys: field.path.split("."), ...field }], definition(providerType), catalogue);
  if (one === undefined) throw new Error("no consequence");
  const { place: _place, ...rest } = one;
  return rest;
}

interface Field {
  readonly path: string;
  readonly fallback: Json;
}

/** Every field of sync_config, of all entities and blocks. */
function fieldsOf(group: SyncGroup, path = "sync_config"): readonly Field[] {
  return Object.entries(group.members).flatMap(([name, member]) => {
    const at = `${path}.${name}`;
    return member.kind === "group" ? fieldsOf(member, at) : [{ path: at, fallback: member.default }];
  });
}

/** Every way in which a field can change, with values that fit it. */
function changesOf({ path, fallback }: Field): readonly FieldChange[] {
  const keys = path.split(".");
  if (typeof fallback === "boolean") {
    return [
      { path, keys, kind: "edit", before: false, after: true },
      { path, keys, kind: "edit", before: true, after: false },
      { path, keys, kind: "add", after: true },
      { path, keys, kind: "remove", before: true },
    ];
  }
  const [one, other]: readonly Json[] = Array.isArray(fallback) ? [["a"], ["b"]] : ["a", "b"];
  if (one === undefined || other === undefined) throw new Error("no values");
  return [
    { path, keys, kind: "add", after: one },
    { path, keys, kind: "edit", before: one, after: other },
    { path, keys, kind: "edit", before: one, after: fallback },
    { path, keys, kind: "remove", before: one },
  ];
}

const fields = fieldsOf(catalogue.syncConfig);

describe("what a change means", () => {
  it("is said for every provider, every entity and block, and every way in which it can change", () => {
    expect(fields.length).toBeGreaterThan(25);
    for (const providerType of TYPES) {
      const { title, effects } = catalogue.providers[providerType] ?? { title: "", effects: {} };
      for (const field of fields.flatMap(changesOf)) {
        const { sentence, weight } = meant(providerType, field);
        const what = `${providerType} ${field.path} ${field.kind} ${JSON.stringify(field.before)} ${JSON.stringify(field.after)}`;
        expect(sentence, what).toMatch(/^[A-Za-z][^{}]+[^.{}]$/);
        const acts = field.path.slice("sync_config.".length) in effects;
        expect(weight === "none", what).toBe(!acts);
        if (!acts) expect(sentence, what).toBe(`Flexprice does nothing with this for ${title}`);
      }
    }
  });

  // Who acts on what, and which way of changing it somebody should think about first; the sentences are read by people who bill.
  it.each<[string, string, Json | undefined, Json | undefined, Consequence["weight"], string]>([
    ["stripe", "invoice.outbound", true, false, "danger", "invoices will no longer be pushed to Stripe"],
    [
      "stripe",
      "invoice.outbound",
      false,
      true,
      "danger",
      "invoices will be pushed to Stripe, and Flexprice stops its own automatic payment attempt for them",
    ],
    ["quickbooks", "invoice.outbound", false, true, "change", "invoices will be pushed to QuickBooks"],
    ["quickbooks", "invoice.outbound", true, false, "danger", "invoices will no longer be pushed to QuickBooks"],
    ["quickbooks", "payment.inbound", true, false, "danger", "payments will no longer be pulled from QuickBooks"],
    ["stripe", "payment.inbound", true, false, "none", "Flexprice does nothing with this for Stripe"],
    ["stripe", "payment.outbound", false, true, "none", "Flexprice does nothing with this for Stripe"],
    ["stripe", "plan.inbound", true, false, "danger", "plans will no longer be pulled from Stripe"],
    ["stripe", "plan.outbound", true, false, "none", "Flexprice does nothing with this for Stripe"],
    ["stripe", "subscription.inbound", false, true, "change", "subscriptions will be pulled from Stripe"],
    ["stripe", "price.outbound", true, undefined, "danger", "prices will no longer be pushed to Stripe"],
    ["hubspot", "deal.outbound", true, false, "danger", "deals will no longer be pushed to HubSpot"],
    ["hubspot", "quote.outbound", false, true, "change", "quotes will be pushed to HubSpot"],
    ["hubspot", "customer.inbound", false, true, "none", "Flexprice does nothing with this for HubSpot"],
    ["zoho_books", "customer.inbound", true, false, "danger", "customers will no longer be pulled from Zoho Books"],
    ["s3", "s3.bucket", "a", "b", "danger", "exports move to another bucket"],
    ["s3", "s3.bucket", undefined, "b", "change", "exports go to this bucket"],
    ["s3", "s3.region", "a", "", "danger", "exports have no region any more"],
    ["s3", "s3.key_prefix", "a", undefined, "danger", "exports move to the top of the bucket"],
    [
      "s3",
      "s3.compression",
      "gzip",
      "none",
      "change",
      "exported files are compressed in another way, unless the export itself says otherwise",
    ],
    [
      "s3",
      "s3.encryption",
      "AES256",
      "aws:kms",
      "change",
      "exported files are encrypted by S3 in another way, unless the export itself says otherwise",
    ],
    [
      "s3",
      "s3.encryption",
      "AES256",
      undefined,
      "change",
      "how exported files are encrypted is left to the export itself",
    ],
    ["s3", "s3.is_flexprice_managed", undefined, true, "change", "exports go to a bucket that Flexprice keeps"],
    ["stripe", "s3.bucket", "a", "b", "none", "Flexprice does nothing with this for Stripe"],
    ["aws_marketplace", "aws_marketplace.region", "a", "b", "danger", "usage is metered in another AWS region"],
    [
      "zoho_books",
      "invoice_sync_settings.normalize_fixed_to",
      "MONTHLY",
      "ANNUAL",
      "danger",
      "fixed charges on pushed invoices are stated per another billing period",
    ],
    [
      "zoho_books",
      "invoice_sync_settings.normalize_fixed_to",
      "MONTHLY",
      "",
      "danger",
      "fixed charges on pushed invoices keep their own billing period",
    ],
    [
      "zoho_books",
      "invoice_sync_settings.metadata_custom_fields",
      ["a"],
      [],
      "danger",
      "pushed invoices no longer carry metadata in custom fields",
    ],
    [
      "zoho_books",
      "invoice_sync_settings.service_period_custom_fields.end_field_id",
      undefined,
      "1",
      "change",
      "pushed invoices carry the end of the service period in this custom field",
    ],
    [
      "whop",
      "invoice_sync_settings.normalize_fixed_to",
      "MONTHLY",
      "ANNUAL",
      "none",
      "Flexprice does nothing with this for Whop",
    ],
  ])("%s %s: %j to %j is %s: %s", (providerType, path, before, after, weight, sentence) => {
    const kind = before === undefined ? "add" : after === undefined ? "remove" : "edit";
    const values = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    expect(meant(providerType, { path: `sync_config.${path}`, kind, ...values })).toEqual({
      path: `sync_config.${path}`,
      sentence,
      weight,
    });
  });

  it("names the metadata that a provider acts on; all other is a note", () => {
    const at = (providerType: string, key: string, field: Partial<FieldChange>) =>
      meant(providerType, { path: `metadata.${key}`, kind: "edit", before: "a", after: "b", ...field });
    expect(at("paddle", "redirect_url", {})).toMatchObject({
      weight: "danger",
      sentence: "after a checkout customers are sent to another address",
    });
    expect(at("paddle", "checkout_url", { before: "" })).toMatchObject({ weight: "change" });
    expect(at("moyasar", "cancel_url", { after: "" })).toMatchObject({ weight: "danger" });
    for (const [providerType, key] of [
      ["stripe", "redirect_url"],
      ["paddle", "success_url"],
      ["moyasar", "team"],
    ] as const)
      expect(at(providerType, key, {})).toMatchObject({
        weight: "none",
        sentence: "only a note: Flexprice does nothing with it",
      });
    // Nothing but a text is acted on there.
    expect(at("moyasar", "success_url", { before: true, after: false }).weight).toBe("none");
    expect(at("moyasar", "success_url", { before: "a", after: 3 })).toMatchObject({
      weight: "danger",
      sentence: "after a payment customers are sent to no address of yours any more",
    });
    expect(at("moyasar", "success_url", { before: 3, after: "a" }).sentence).toBe(
      "after a payment customers are sent to this address",
    );
    const { before: _before, ...nothing } = { path: "", keys: [], kind: "add" as const, before: null, after: null };
    expect(
      meant("moyasar", { ...nothing, path: "metadata.success_url", keys: ["metadata", "success_url"] }).weight,
    ).toBe("none");
    expect(at("stripe", "on", { before: true, after: false }).weight).toBe("none");
  });

  it("says that a connection is called otherwise", () => {
    expect(meant("stripe", { path: "name", kind: "edit", before: "a", after: "b" })).toEqual({
      path: "name",
      sentence: "the connection gets another name in Flexprice",
      weight: "change",
    });
  });

  it("owns up to settings of a newer service", () => {
    for (const path of ["sync_config.refund", "sync_config.s3.storage_class", "sync_config.invoice.sideways"])
      expect(meant("stripe", { path, kind: "remove", before: "x" })).toEqual({
        path,
        sentence: "a newer service has this setting; what it does with it is not known here",
        weight: "change",
      });
  });

  it("has the place that asks for it, and that of the nearest block where a line is gone", () => {
    const desired = definition("stripe", "sync_config:\n  invoice:\n    outbound: false\n");
    const changes = ["invoice.outbound", "invoice.inbound", "plan.inbound"].map((name): FieldChange => {
      const path = `sync_config.${name}`;
      return { path, keys: path.split("."), kind: "edit", before: true, after: false };
    });
    const places = consequencesOf(changes, desired, catalogue).map(({ place }) => `${place.line}:${place.column}`);
    expect(places).toEqual(["5:15", "4:3", "3:1"]);
  });

  it("is not said of what is not written", () => {
    const open: readonly FieldChange[] = [
      {
        path: "sync_config.s3.is_flexprice_managed",
        keys: ["sync_config", "s3", "is_flexprice_managed"],
        kind: "edit",
        before: false,
        after: true,
        state: "blocked",
      },
      { path: "metadata.a", keys: ["metadata", "a"], kind: "add", state: "unresolved", variable: "A" },
    ];
    expect(consequencesOf(open, definition("s3"), catalogue)).toEqual([]);
  });

  it("makes a danger of anything that a protected connection stops pushing, but not of what it stops pulling without effect", () => {
    const turnedOff = (path: string): FieldChange => ({
      path,
      keys: path.split("."),
      kind: "edit",
      before: true,
      after: false,
    });
    const changes = ["sync_config.payment.outbound", "sync_config.payment.inbound"].map(turnedOff);
    const weights = (more: string) =>
      consequencesOf(changes, definition("stripe", more), catalogue).map(({ weight }) => weight);
    expect(weights("protect: true\n")).toEqual(["danger", "none"]);
    expect(weights("")).toEqual(["none", "none"]);
  });
});
