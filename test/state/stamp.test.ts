import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observed } from "../../src/model/connection.js";
import type { Json } from "../../src/model/json.js";
import { Bug } from "../../src/model/problem.js";
import { Secret } from "../../src/model/secret.js";
import type { Stamp } from "../../src/model/stamp.js";
import { nextStamp } from "../../src/state/next-stamp.js";
import {
  claimOn,
  fingerprintOf,
  hiddenOn,
  isOthers,
  isWrittenBy,
  LONGEST_STAMP,
  maskedOn,
  readStamps,
  stampText,
  unguessableStamp,
  valueMark,
} from "../../src/state/stamp.js";
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
    const most = { ...whole, pending: ["p", "q"], write: "drawn" };
    expect(readingOf(stampText(most))).toStrictEqual({ kind: "own", stamp: most });
    const { owner: _owner, id: _id, ...more } = whole;
    const least = { ...more, masked: [] };
    expect(readingOf(stampText(least))).toStrictEqual({ kind: "own", stamp: least });
    expect(Object.keys(JSON.parse(stampText(least)))).toEqual(["v", "provider", "salt", "owns", "secrets", "protect"]);
  });

  it("is read without what says nothing, so that a version may leave it out", () => {
    const least = { provider: "stripe", salt, owns: {}, masked: [], secrets: {}, protect: false, pending: [] };
    expect(readingOf(JSON.stringify({ v: 1, provider: "stripe", salt, owner: null, id: null }))).toEqual({
      kind: "own",
      stamp: least,
    });
  });

  it("is one text, the same whatever the order of its parts", () => {
    const lists = { masked: ["b", "a"], pending: ["q", "p"], secrets: { y: "1", x: "2" }, write: "drawn" };
    const one = { ...whole, ...lists };
    const turned = {
      ...one,
      masked: ["a", "b"],
      pending: ["p", "q"],
      owns: Object.fromEntries(Object.entries(one.owns).reverse()),
      secrets: { x: "2", y: "1" },
    };
    expect(stampText(turned)).toBe(stampText(one));
    expect(JSON.parse(stampText(one))).toMatchObject({ masked: ["a", "b"], pending: ["p", "q"] });
    expect(Object.keys(JSON.parse(stampText(one)))).toEqual([
      "v",
      "owner",
      "id",
      "provider",
      "salt",
      "owns",
      "masked",
      "secrets",
      "protect",
      "pending",
      "write",
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
    ["an id that steers a terminal", JSON.stringify({ v: 1, ...whole, id: "a\u001b[2J" })],
    ["the salt of a write that is no text", JSON.stringify({ v: 1, ...whole, write: 7 })],
    ["pending credentials that are no list", JSON.stringify({ v: 1, ...whole, pending: "x" })],
    ["a depth that breaks readers", "[".repeat(100_000)],
  ])("is damaged with %s", (_what, stamp) => {
    expect(readingOf(stamp)).toEqual({ kind: "damaged" });
  });

  it("is damaged with more than anybody writes", () => {
    const text = stampText(whole);
    expect(readingOf(text.padEnd(LONGEST_STAMP))).toEqual({ kind: "own", stamp: whole });
    expect(readingOf(text.padEnd(LONGEST_STAMP + 1))).toEqual({ kind: "damaged" });
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
  const facts = catalogue.syncConfig;
  const off = { isOn: true, keys: {} };
  const on = { isOn: true, owner: "acme", keys: { current: fingerprintKey(1) } };
  const first = "encrypted_secret_data.stripe.secret_key";
  const second = "encrypted_secret_data.stripe.webhook_secret";
  const sent = (path = "", more = {}) => ({ path, state: "new" as const, isSent: true, isRecorded: false, ...more });

  it("of a create has no id, every declared path, off ones too, and a fingerprint of all that is sent", () => {
    const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
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
        [first]: fingerprintKey(1).fingerprint({ providerType: "stripe", salt, path: first }, "a-secret"),
        [second]: fingerprintKey(1).fingerprint({ providerType: "stripe", salt, path: second }, "b-secret"),
      },
      protect: true,
      pending: [],
    });
  });

  it("keeps the salt, fills in the id, and copies fingerprints that it does not touch, also without a key", () => {
    const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
    const row = observed({ providerType: "stripe" });
    const before: Stamp = { ...blank, secrets: { x: "v1:old", [first]: "v1:old" } };
    const stamp = nextStamp(
      { desired, row, before, salt: "another-salt-entirely", fields: [], secrets: [] },
      off,
      facts,
    );
    expect(stamp).toMatchObject({ id: row.id, salt, secrets: before.secrets });
    expect(stamp.owner).toBeUndefined();
  });

  it("claims nothing that could not be written: what is blocked keeps the mark it had, or none", () => {
    const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
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
    const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
    const row = observed({ providerType: "stripe" });
    const before: Stamp = { ...blank, secrets: { [first]: "v1:old", [second]: "v1:other" } };
    expect(nextStamp({ desired, row, before, fields: [], secrets: [sent(first)] }, off, facts).secrets).toEqual({
      [second]: "v1:other",
    });
  });

  it("keeps what is ours and could not be taken away, forgets what somebody changed, and what another owner wrote", () => {
    const desired = oneDesired(text, { A: "a-secret", B: "b-secret" });
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

describe("what the mark of a value tells of it", () => {
  const unit = (value: Json) => ({ path: "metadata.a", keys: ["metadata", "a"], value, isDefault: false });
  const stamp = (owns: Stamp["owns"]): Stamp => ({
    provider: "stripe",
    salt,
    owns,
    masked: [],
    secrets: {},
    protect: false,
    pending: [],
  });

  it("is whether it is ours, was changed since, or never was ours", () => {
    const ours = stamp({ "metadata.a": valueMark(salt, "metadata.a", 1) });
    expect(claimOn(unit(1), ours)).toBe("ours");
    expect(claimOn(unit(2), ours)).toBe("changed");
    expect(claimOn(unit(1), stamp({ "metadata.b": "m" }))).toBe("not-ours");
    expect(claimOn(unit(1), undefined)).toBe("not-ours");
    expect(claimOn({ ...unit(1), path: "constructor" }, ours)).toBe("not-ours");
  });
});

describe("whose a stamp is", () => {
  const stamp = { provider: "stripe", salt: "first", owns: {}, masked: [], secrets: {}, protect: false, pending: [] };

  it("is somebody else's only where it names another owner", () => {
    expect(isOthers({ ...stamp, owner: "acme" }, "others")).toBe(true);
    expect(isOthers({ ...stamp, owner: "acme" }, undefined)).toBe(true);
    expect(isOthers({ ...stamp, owner: "acme" }, "acme")).toBe(false);
    expect(isOthers(stamp, "acme")).toBe(false);
  });

  it("is a change's by the salt that was drawn for it: the stamp's own, or that of its last write", () => {
    expect([isWrittenBy(stamp, "first"), isWrittenBy(stamp, "drawn")]).toEqual([true, false]);
    const again = { ...stamp, write: "drawn" };
    expect(["first", "drawn", "other"].map((drawn) => isWrittenBy(again, drawn))).toEqual([true, true, false]);
  });
});

describe("what a stamp hides", () => {
  const shown = (stamp: Json) => observed({ providerType: "stripe", metadata: json({ flexprice_sync: stamp }) });

  it("is what it says had a value of the environment, whatever it is worth otherwise", () => {
    expect(maskedOn(shown('{"masked":["metadata.a"]}'))).toEqual(["metadata.a"]);
    for (const nothing of ["{}", '{"masked":["a",1]}', '{"masked":{"a":1}}', '{"masked"', 7, null, ["masked"]])
      expect(maskedOn(shown(nothing))).toEqual([]);
    expect(maskedOn(observed({ providerType: "stripe" }))).toEqual([]);
  });

  it("is hidden beside what the definition takes from variables, set or not", () => {
    const desired = oneDesired(
      'name: S\nprovider_type: stripe\nmetadata: { b: "${B}", c: { deep: "${C}" }, d: plain }\n',
      { B: "b" },
    );
    const row = shown('{"masked":["metadata.a"]}');
    expect([...hiddenOn(row, desired, catalogue.syncConfig)]).toEqual(["metadata.a", "metadata.b", "metadata.c"]);
  });

  it("has no mark where a guess could be held against it", () => {
    const owns = { "metadata.a": "m", "metadata.b": "n" };
    const text = JSON.stringify({ v: 1, owns, masked: ["metadata.a"] });
    expect(unguessableStamp(shown(text))).toEqual({ v: 1, owns: { "metadata.b": "n" }, masked: ["metadata.a"] });
    for (const whole of [JSON.stringify({ v: 1, owns }), '{"masked":["a"],"owns":[]}', "no stamp", 7])
      expect(unguessableStamp(shown(whole))).toEqual(whole);
    expect(unguessableStamp(observed({ providerType: "stripe" }))).toBeNull();
  });
});

describe("the fingerprint of a credential", () => {
  const key = fingerprintKey(1);
  const place = { providerType: "stripe", salt, path: "p" };

  it("is of its value, secret or written out", () => {
    const secret = fingerprintOf({ kind: "secret", secret: new Secret("value") }, place, key);
    expect(secret).toBe(key.fingerprint(place, "value"));
    expect(fingerprintOf({ kind: "literal", literal: "value" }, place, key)).toBe(secret);
  });

  it("is none without a value", () => {
    const reference = { variable: "K", pointer: [], why: { reason: "unset" } } as const;
    expect(() => fingerprintOf({ kind: "unresolved", reference }, place, key)).toThrow(
      new Bug("p has no value to make a fingerprint of"),
    );
  });
});
