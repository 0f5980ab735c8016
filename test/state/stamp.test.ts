import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observed } from "../../src/model/connection.js";
import type { Json } from "../../src/model/json.js";
import type { Stamp } from "../../src/model/stamp.js";
import { nextStamp } from "../../src/state/next-stamp.js";
import { LONGEST_STAMP, readStamps, stampText, valueMark } from "../../src/state/stamp.js";
import { catalogue, fingerprintKey, json, observed, oneDesired, stampWith } from "../support/steps.js";

const salt = "the-salt-of-the-row";

function rowWith(stamp: Json, facts: Partial<Observed> = {}): Observed {
  return observed({ providerType: "stripe", metadata: json({ flexprice_sync: stamp, team: "x" }), ...facts });
}

/** What the stamp of one row alone is worth. */
function readingOf(stamp: Json, facts: Partial<Observed> = {}) {
  const row = rowWith(stamp, facts);
  return readStamps([row]).get(row);
}

describe("the stamp of a row", () => {
  const whole: Stamp = {
    owner: "acme",
    id: "conn_stripe",
    provider: "stripe",
    salt,
    owns: { "metadata.team": "m", "sync_config.invoice.outbound": "n" },
    masked: ["metadata.team"],
    secrets: { "encrypted_secret_data.stripe.secret_key": "v1:x" },
    protect: true,
    pending: [],
  };

  it("is read as it was written, with and without what may be absent", () => {
    expect(readingOf(stampText(whole))).toEqual({ kind: "own", stamp: whole });
    const { owner: _owner, id: _id, ...more } = whole;
    const least = { ...more, masked: [] };
    expect(readingOf(stampText(least))).toEqual({ kind: "own", stamp: least });
  });

  it("is read without what says nothing, so that a version may leave it out", () => {
    const least = { provider: "stripe", salt, owns: {}, masked: [], secrets: {}, protect: false, pending: [] };
    expect(readingOf(JSON.stringify({ v: 1, provider: "stripe", salt, owner: null, id: null }))).toEqual({
      kind: "own",
      stamp: least,
    });
  });

  it("is one text, the same whatever the order of its parts", () => {
    const turned = { ...whole, owns: Object.fromEntries(Object.entries(whole.owns).reverse()) };
    expect(stampText(turned)).toBe(stampText(whole));
    expect(Object.keys(JSON.parse(stampText(whole)))).toEqual([
      "v",
      "owner",
      "id",
      "provider",
      "salt",
      "owns",
      "masked",
      "secrets",
      "protect",
    ]);
  });

  it("is none where there is no metadata or no such key", () => {
    for (const metadata of [null, json({}), json({ other: "{}" })]) {
      const row = observed({ providerType: "stripe", metadata });
      expect(readStamps([row]).get(row)).toEqual({ kind: "none" });
    }
  });

  it.each<[string, Json]>([
    ["no text", 1],
    ["null", null],
    ["a map in place of a text", { v: 1 }],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no version", JSON.stringify({ ...whole })],
    ["version 0", JSON.stringify({ v: 0, ...whole })],
    ["a version in words", JSON.stringify({ v: "1", ...whole })],
    ["half a version", JSON.stringify({ v: 1.5, ...whole })],
    ["no provider", JSON.stringify({ v: 1, ...whole, provider: undefined })],
    ["no salt", JSON.stringify({ v: 1, ...whole, salt: undefined })],
    ["an empty salt", JSON.stringify({ v: 1, ...whole, salt: "" })],
    ["owns as a list", JSON.stringify({ v: 1, ...whole, owns: [] })],
    ["a mark that is no text", JSON.stringify({ v: 1, ...whole, owns: { a: 1 } })],
    ["a fingerprint that is no text", JSON.stringify({ v: 1, ...whole, secrets: { a: null } })],
    ["masked paths as a map", JSON.stringify({ v: 1, ...whole, masked: {} })],
    ["a masked path that is no text", JSON.stringify({ v: 1, ...whole, masked: [1] })],
    ["protect in words", JSON.stringify({ v: 1, ...whole, protect: "yes" })],
    ["an owner that is no text", JSON.stringify({ v: 1, ...whole, owner: 7 })],
    ["an owner that steers a terminal", JSON.stringify({ v: 1, ...whole, owner: "a\u001b[2J" })],
    ["an owner of a thousand characters", JSON.stringify({ v: 1, ...whole, owner: "a".repeat(1_000) })],
    ["more than anybody writes", `${" ".repeat(LONGEST_STAMP)}${stampText(whole)}`],
    ["a depth that breaks readers", "[".repeat(100_000)],
  ])("is damaged with %s", (_what, stamp) => {
    expect(readingOf(stamp)).toEqual({ kind: "damaged" });
  });

  it("is whatever it is, and never breaks the reader", () => {
    const one = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify({ v: 1, ...whole, owns: value })),
      fc.json(),
    );
    fc.assert(
      fc.property(one, (text) => {
        expect(["own", "foreign", "damaged", "newer"]).toContain(readingOf(text)?.kind);
      }),
    );
  });

  it("is of a newer version whatever else it says", () => {
    expect(readingOf('{"v":2}')).toEqual({ kind: "newer", version: 2 });
    expect(readingOf('{"v":99,"id":"conn_other"}')).toEqual({ kind: "newer", version: 99 });
  });

  it("is foreign when it names another connection or another provider", () => {
    expect(readingOf(stampText({ ...whole, id: "conn_other" }))).toEqual({ kind: "foreign", from: "conn_other" });
    const { id: _id, ...unnamed } = whole;
    expect(readingOf(stampText({ ...unnamed, provider: "s3" }))).toEqual({
      kind: "foreign",
      from: "a connection of s3",
    });
  });

  it("is shared when two rows have it and neither is named in it: nobody is believed", () => {
    const rows = ["conn_1", "conn_2"].map((id) => rowWith(stampWith("s3", { salt }), { id, providerType: "s3" }));
    const readings = readStamps(rows);
    expect(rows.map((row) => readings.get(row))).toEqual([
      { kind: "shared", with: "conn_2", salt },
      { kind: "shared", with: "conn_1", salt },
    ]);
  });

  it("is believed on the row that it names, and not on another that has a copy without the name", () => {
    const original = rowWith(stampWith("s3", { salt, id: "conn_1" }), { id: "conn_1", providerType: "s3" });
    const copy = rowWith(stampWith("s3", { salt }), { id: "conn_2", providerType: "s3" });
    const readings = readStamps([original, copy]);
    expect(readings.get(original)?.kind).toBe("own");
    expect(readings.get(copy)).toEqual({ kind: "shared", with: "conn_1", salt });
  });
});

describe("the mark of a value", () => {
  it("can be worked out from salt, path and value, keys in order", () => {
    const text = '["the-salt-of-the-row","metadata.a",{"b":[1,null],"c":"x"}]';
    const expected = createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
    expect(valueMark(salt, "metadata.a", { c: "x", b: [1, null] })).toBe(expected);
  });

  it("differs with each of them, and with the type", () => {
    const marks = [
      valueMark(salt, "a", 1),
      valueMark(salt, "a", "1"),
      valueMark(salt, "b", 1),
      valueMark(`${salt}x`, "a", 1),
      valueMark(salt, "a", [1]),
      valueMark(salt, "a", null),
      valueMark(salt, "a", false),
    ];
    expect(new Set(marks).size).toBe(marks.length);
  });
});

describe("the stamp that a write leaves", () => {
  const blank: Stamp = { provider: "stripe", salt, owns: {}, masked: [], secrets: {}, protect: false, pending: [] };
  const text = `name: S
provider_type: stripe
encrypted_secret_data: { secret_key: "\${A}", webhook_secret: "\${B}" }
metadata: { team: billing }
sync_config: { invoice: { outbound: true }, customer: { inbound: false } }
protect: true
`;
  const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
  const facts = catalogue.syncConfig;
  const off = { isOn: true, keys: {} };
  const on = { isOn: true, owner: "acme", keys: { current: fingerprintKey(1) } };
  const [first, second] = desired.credentials.map(({ path }) => path);
  const sent = (path = "", more = {}) => ({ path, state: "new" as const, isSent: true, isRecorded: false, ...more });

  it("of a create has no id, every declared path, off ones too, and a fingerprint of all that is sent", () => {
    const stamp = nextStamp({ desired, salt, fields: [], secrets: [sent(first), sent(second)] }, on, facts);
    expect(stamp).toEqual({
      owner: "acme",
      provider: "stripe",
      salt,
      owns: {
        "metadata.team": valueMark(salt, "metadata.team", "billing"),
        "sync_config.customer.inbound": valueMark(salt, "sync_config.customer.inbound", false),
        "sync_config.invoice.outbound": valueMark(salt, "sync_config.invoice.outbound", true),
      },
      masked: [],
      secrets: {
        [String(first)]: fingerprintKey(1).fingerprint(
          { providerType: "stripe", salt, path: String(first) },
          "a-secret",
        ),
        [String(second)]: fingerprintKey(1).fingerprint(
          { providerType: "stripe", salt, path: String(second) },
          "b-secret",
        ),
      },
      protect: true,
      pending: [],
    });
  });

  it("keeps the salt, fills in the id, and copies fingerprints that it does not touch, also without a key", () => {
    const row = observed({ providerType: "stripe" });
    const before: Stamp = { ...blank, secrets: { x: "v1:old", [String(first)]: "v1:old" } };
    const stamp = nextStamp(
      { desired, row, before, salt: "another-salt-entirely", fields: [], secrets: [] },
      off,
      facts,
    );
    expect(stamp).toMatchObject({ id: row.id, salt, secrets: before.secrets });
    expect(stamp.owner).toBeUndefined();
  });

  it("claims nothing that could not be written: what is blocked keeps the mark it had, or none", () => {
    const row = observed({ providerType: "stripe" });
    const path = "sync_config.invoice.outbound";
    const fields = [
      { path, keys: path.split("."), kind: "edit" as const, before: false, after: true, state: "blocked" as const },
    ];
    const wish = { desired, row, salt, fields, secrets: [] };
    expect(Object.keys(nextStamp(wish, off, facts).owns)).not.toContain(path);
    const before: Stamp = { ...blank, owns: { [path]: "old" } };
    expect(nextStamp({ ...wish, before }, off, facts).owns[path]).toBe("old");
  });

  it("drops the fingerprint of a secret that is sent without a key", () => {
    const row = observed({ providerType: "stripe" });
    const before: Stamp = { ...blank, secrets: { [String(first)]: "v1:old", [String(second)]: "v1:other" } };
    expect(nextStamp({ desired, row, before, fields: [], secrets: [sent(first)] }, off, facts).secrets).toEqual({
      [String(second)]: "v1:other",
    });
  });

  it("keeps what is ours and could not be taken away, forgets what somebody changed, and what another owner wrote", () => {
    const row = observed({ providerType: "stripe", metadata: json({ kept: 1, changed: 2, gone: 3 }) });
    const owns = {
      "metadata.kept": valueMark(salt, "metadata.kept", 1),
      "metadata.changed": valueMark(salt, "metadata.changed", 1),
      "metadata.gone": valueMark(salt, "metadata.gone", 3),
      "metadata.absent": valueMark(salt, "metadata.absent", 4),
    };
    const before: Stamp = { ...blank, owns };
    const fields = [{ path: "metadata.gone", keys: ["metadata", "gone"], kind: "remove" as const, before: 3 }];
    const wish = { desired, row, before, fields, secrets: [] };
    const declared = Object.keys(nextStamp({ desired, salt, fields: [], secrets: [] }, off, facts).owns);
    expect(Object.keys(nextStamp(wish, off, facts).owns).sort()).toEqual([...declared, "metadata.kept"].sort());
    const others = { ...wish, before: { ...before, owner: "others" } };
    expect(Object.keys(nextStamp(others, on, facts).owns).sort()).toEqual([...declared].sort());
  });
});
