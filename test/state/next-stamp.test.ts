import { describe, expect, it } from "vitest";
import type { SecretChange } from "../../src/model/plan.js";
import { Bug } from "../../src/model/problem.js";
import type { Stamp } from "../../src/model/stamp.js";
import { gonePaths, nextStamp, pastOf, type StampWish, stampPartsOf } from "../../src/state/next-stamp.js";
import { valueMark } from "../../src/state/stamp.js";
import { catalogue, fingerprintKey, json, observed, oneDesired, stampWith } from "../support/steps.js";

const salt = "the-salt-of-the-row";
const facts = catalogue.syncConfig;
const blank: Stamp = { provider: "stripe", salt, owns: {}, masked: [], secrets: {}, protect: false, pending: [] };
const off = { isOn: true, keys: {} };
const keyed = { isOn: true, keys: { current: fingerprintKey(1) } };
const row = observed({ providerType: "stripe" });

const text =
  'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${A}", webhook_secret: "${B}" }\nmetadata: { team: billing }\n';
const made = () => oneDesired(text, { A: "a-secret", B: "b-secret" });
const KEY = "encrypted_secret_data.stripe.secret_key";
const HOOK = "encrypted_secret_data.stripe.webhook_secret";

function secret(path: string, more: Partial<SecretChange> = {}): SecretChange {
  return { path, state: "changed", isSent: true, isRecorded: false, ...more };
}

function stampOf(wish: Partial<StampWish>, settings: Parameters<typeof nextStamp>[1] = off): Stamp {
  return nextStamp({ desired: made(), fields: [], secrets: [], ...wish }, settings, facts);
}

describe("what a connection had before it is made", () => {
  it("is nothing for one that never was", () => {
    const desired = made();
    expect(pastOf({ desired })).toEqual({ desired });
  });

  it("is the row that it takes the place of, as it was archived where that is known, with the stamp of it", () => {
    const desired = made();
    const carried = { ...row, name: "carried" };
    expect(pastOf({ desired, observed: row })).toStrictEqual({ desired, row, isNew: true });
    expect(pastOf({ desired, carried, stamp: blank })).toEqual({ desired, row: carried, isNew: true, before: blank });
    expect(pastOf({ desired, observed: row, carried }).row).toBe(row);
  });
});

describe("the salt of a stamp", () => {
  it("is the one that the row has, of a new connection the one that was drawn", () => {
    expect(stampOf({ row, before: blank, salt: "drawn" }).salt).toBe(salt);
    expect(stampOf({ row, salt: "drawn" }).salt).toBe("drawn");
    expect(stampOf({ row, before: blank, salt: "drawn", isNew: true }).salt).toBe("drawn");
  });

  it("is never missing", () => {
    const without = () => stampOf({ row });
    expect(without).toThrow(Bug);
    expect(without).toThrow('"S" gets a stamp without a salt');
    expect(() => stampOf({ row, before: blank, isNew: true })).toThrow(Bug);
  });
});

describe("whose a stamp says that a connection is", () => {
  it("names the row, but for one that is only to be made", () => {
    expect(stampOf({ row, before: blank }).id).toBe(row.id);
    expect(stampOf({ row, salt: "drawn", isNew: true })).not.toHaveProperty("id");
    expect(stampOf({ salt: "drawn" })).not.toHaveProperty("id");
  });

  it("names the owner of the run, and none where nobody is", () => {
    expect(stampOf({ row, before: blank }, { ...off, owner: "acme" }).owner).toBe("acme");
    expect(stampOf({ row, before: { ...blank, owner: "acme" } })).not.toHaveProperty("owner");
  });
});

describe("credentials that a create drops", () => {
  it("are named until they are sent", () => {
    expect(stampOf({ salt: "drawn", later: [HOOK] }).pending).toEqual([HOOK]);
    const before = { ...blank, pending: [KEY, HOOK] };
    expect(stampOf({ row, before, secrets: [secret(HOOK)] }).pending).toEqual([KEY]);
    expect(stampOf({ row, before }).pending).toEqual([KEY, HOOK]);
  });

  it("are still named when they were only to be sent: without a value nothing was, and a record sends nothing", () => {
    const before = { ...blank, pending: [HOOK] };
    for (const more of [{ state: "unresolved" }, { isSent: false, isRecorded: true }] as const)
      expect(stampOf({ row, before, secrets: [secret(HOOK, more)] }).pending).toEqual([HOOK]);
  });

  it("are no matter of the connection that another one takes the place of", () => {
    expect(stampOf({ row, before: { ...blank, pending: [HOOK] }, salt: "drawn", isNew: true }).pending).toEqual([]);
  });
});

describe("a write whose credentials leave no fingerprint", () => {
  it("is told by the salt that was drawn for it", () => {
    expect(stampOf({ row, before: blank, salt: "drawn", secrets: [secret(KEY)] }).write).toBe("drawn");
  });

  it("needs no telling where it sends none, where none was drawn, and where the salt itself is new", () => {
    expect(stampOf({ row, before: blank, salt: "drawn" })).not.toHaveProperty("write");
    expect(stampOf({ row, before: blank, secrets: [secret(KEY)] })).not.toHaveProperty("write");
    expect(stampOf({ row, salt: "drawn", secrets: [secret(KEY)] })).not.toHaveProperty("write");
    const unsent = secret(KEY, { isSent: false, isRecorded: true });
    expect(stampOf({ row, before: blank, salt: "drawn", secrets: [unsent] })).not.toHaveProperty("write");
  });
});

describe("the fingerprints of a stamp", () => {
  const place = { providerType: "stripe", salt };
  const of = (path: string, value: string) => fingerprintKey(1).fingerprint({ ...place, path }, value);
  const before = { ...blank, secrets: { [KEY]: "v1:old", other: "v1:other" } };

  it("are of what is sent and of what is taken on somebody's word, and stay for all else", () => {
    const secrets = [secret(KEY), secret(HOOK, { isSent: false, isRecorded: true })];
    expect(stampOf({ row, before, secrets }, keyed).secrets).toEqual({
      [KEY]: of(KEY, "a-secret"),
      [HOOK]: of(HOOK, "b-secret"),
      other: "v1:other",
    });
    const idle = [secret(KEY, { isSent: false }), secret(HOOK, { state: "unresolved" })];
    expect(stampOf({ row, before, secrets: idle }, keyed).secrets).toEqual(before.secrets);
  });

  it("of the connection that another one takes the place of are none of the new one", () => {
    expect(stampOf({ row, before, salt, isNew: true, secrets: [secret(HOOK)] }, keyed).secrets).toEqual({
      [HOOK]: of(HOOK, "b-secret"),
    });
  });

  it("are of declared credentials alone", () => {
    const strange = () => stampOf({ row, before, secrets: [secret("strange")] }, keyed);
    expect(strange).toThrow(Bug);
    expect(strange).toThrow("strange is written and not declared");
  });
});

describe("paths of a stamp that hold a value of the environment", () => {
  const hides = 'name: S\nprovider_type: stripe\nmetadata: { note: "${A}", team: billing }\n';
  const hiding = () => oneDesired(hides, { A: "a" });
  const marked = (owns: readonly string[], masked: readonly string[], metadata: object) =>
    observed({
      providerType: "stripe",
      metadata: json({
        ...metadata,
        flexprice_sync: stampWith("stripe", {
          masked,
          owns: Object.fromEntries(owns.map((path) => [path, "m"])),
        }),
      }),
    });

  it("are those that the definition takes from one, if they are written", () => {
    expect(stampOf({ desired: hiding(), row, before: blank }).masked).toEqual(["metadata.note"]);
    const fields = [
      { path: "metadata.note", keys: ["metadata", "note"], kind: "add" as const, state: "unresolved" as const },
    ];
    expect(stampOf({ desired: hiding(), row, before: blank, fields }).masked).toEqual([]);
  });

  it("stay those that had one, as long as they have any value and no definition names them", () => {
    const past = marked([], ["metadata.b", "metadata.a", "metadata.team", "metadata.gone"], {
      b: 1,
      a: 2,
      c: 3,
      team: 4,
    });
    expect(stampOf({ row: past, before: blank }).masked).toEqual(["metadata.a", "metadata.b"]);
    const fields = [{ path: "metadata.a", keys: ["metadata", "a"], kind: "remove" as const, before: 2 }];
    expect(stampOf({ row: past, before: blank, fields }).masked).toEqual(["metadata.b"]);
    expect(stampOf({ desired: hiding(), row: past, before: blank }).masked).toEqual([
      "metadata.a",
      "metadata.b",
      "metadata.note",
    ]);
  });

  it("are none of a sync_config that only repeats a default", () => {
    const past = {
      ...marked([], ["sync_config.s3.bucket", "sync_config.s3.region"], {}),
      syncConfig: json({ s3: { bucket: "", region: "eu" } }),
    };
    expect(stampOf({ row: past, before: blank }).masked).toEqual(["sync_config.s3.region"]);
  });
});

describe("what a stamp owns", () => {
  it("is not what the service keeps itself, by what the row says, or the definition of a row to come", () => {
    const kept = oneDesired(
      "name: M\nprovider_type: s3\nsync_config: { s3: { is_flexprice_managed: true, bucket: b, region: r, compression: gzip } }\n",
    );
    const owned = (wish: Partial<StampWish>) => Object.keys(stampOf({ desired: kept, salt, ...wish }).owns);
    expect(owned({})).toEqual(["sync_config.s3.compression", "sync_config.s3.is_flexprice_managed"]);
    expect(owned({ row: observed({ providerType: "s3" }) })).toHaveLength(4);
  });

  it("is what was ours where a variable is missing: nothing is taken away there", () => {
    const there = observed({ providerType: "stripe", metadata: json({ note: "x" }) });
    const owns = { "metadata.note": valueMark(salt, "metadata.note", "x") };
    const open = oneDesired('name: S\nprovider_type: stripe\nmetadata: { note: "${UNSET}" }\n');
    const fields = [
      { path: "metadata.note", keys: ["metadata", "note"], kind: "edit" as const, state: "unresolved" as const },
    ];
    expect(stampOf({ desired: open, row: there, before: { ...blank, owns }, fields }).owns).toEqual(owns);
  });

  it("is not what another owner wrote and is still there", () => {
    const there = observed({ providerType: "stripe", metadata: json({ old: 1 }) });
    const before = { ...blank, owns: { "metadata.old": valueMark(salt, "metadata.old", 1) } };
    const owned = (owner: string | undefined, ours: string | undefined) =>
      Object.keys(
        stampOf(
          { row: there, before: { ...before, ...(owner === undefined ? {} : { owner }) } },
          { ...off, ...(ours === undefined ? {} : { owner: ours }) },
        ).owns,
      );
    expect(owned(undefined, "acme")).toEqual(["metadata.old", "metadata.team"]);
    expect(owned("acme", "acme")).toEqual(["metadata.old", "metadata.team"]);
    expect(owned("others", "acme")).toEqual(["metadata.team"]);
    expect(owned("others", undefined)).toEqual(["metadata.team"]);
  });

  it("is marked with the salt that the stamp gets", () => {
    const there = observed({ providerType: "stripe", metadata: json({ old: 1 }) });
    const before = { ...blank, owns: { "metadata.old": valueMark(salt, "metadata.old", 1) } };
    expect(stampOf({ row: there, before, salt: "drawn", isNew: true }).owns).toEqual({
      "metadata.old": valueMark("drawn", "metadata.old", 1),
      "metadata.team": valueMark("drawn", "metadata.team", "billing"),
    });
  });
});

describe("paths that somebody has taken away", () => {
  const gone = (owns: Stamp["owns"], known: readonly string[] = [], syncConfig = {}) =>
    gonePaths({ ...blank, owns }, new Set(known), json(syncConfig), facts);

  it("are those that we wrote and that neither the row nor the file has", () => {
    const owns = { "metadata.a": "m", 'metadata["b c"]': "m", "sync_config.invoice.outbound": "m" };
    expect(gone(owns)).toEqual(Object.keys(owns));
    expect(gone(owns, ["metadata.a"])).toEqual(['metadata["b c"]', "sync_config.invoice.outbound"]);
  });

  it("are not those that we wrote as what their absence means", () => {
    const path = "sync_config.invoice.outbound";
    expect(gone({ [path]: valueMark(salt, path, false) })).toEqual([]);
    expect(gone({ [path]: valueMark(salt, path, true) })).toEqual([path]);
  });

  it("are not those that no version of ours can own", () => {
    expect(gone({ metadata: "m", metadatas: "m", "sync_config.unheard.of": "m", "x.metadata.a": "m" })).toEqual([]);
  });

  it("are not those of a block that the service keeps by now", () => {
    const owns = { "sync_config.s3.bucket": "m" };
    expect(gone(owns, [], { s3: { is_flexprice_managed: true } })).toEqual([]);
    expect(gone(owns, [], { s3: { is_flexprice_managed: false } })).toEqual(["sync_config.s3.bucket"]);
  });
});

describe("what a write changes on a stamp", () => {
  const before: Stamp = {
    ...blank,
    owner: "acme",
    id: "conn_1",
    owns: { a: "m" },
    masked: ["b", "a"],
    pending: ["q", "p"],
  };
  const same: Stamp = { ...before, masked: ["a", "b"], pending: ["p", "q"] };

  it("is all of it where there was none, and nothing where it is the same in another order", () => {
    expect(stampPartsOf(undefined, same)).toEqual(["first"]);
    expect(stampPartsOf(before, same)).toEqual([]);
    expect(stampPartsOf(same, { ...before, masked: same.masked })).toEqual([]);
  });

  it.each<[string, Partial<Stamp>, readonly string[]]>([
    ["another owner", { owner: "others" }, ["owner"]],
    ["the connection's id", { id: "conn_2" }, ["id"]],
    ["other paths", { owns: { a: "n" } }, ["paths"]],
    ["other masked paths", { masked: ["a"] }, ["paths"]],
    ["other fingerprints", { secrets: { x: "v1:x" } }, ["secrets"]],
    ["credentials that were sent", { pending: [] }, ["secrets"]],
    ["the salt of a write", { write: "drawn" }, ["secrets"]],
    ["protection", { protect: true }, ["protect"]],
    [
      "all",
      { owner: "x", id: "x", owns: {}, write: "x", protect: true },
      ["owner", "id", "paths", "secrets", "protect"],
    ],
  ])("is told by its part: %s", (_what, more, parts) => {
    expect(stampPartsOf(before, { ...same, ...more })).toEqual(parts);
  });

  it("is an owner or an id that comes or goes", () => {
    const { owner: _owner, id: _id, ...bare } = same;
    expect(stampPartsOf(before, bare)).toEqual(["owner", "id"]);
    expect(stampPartsOf(bare, same)).toEqual(["owner", "id"]);
  });

  it("is nothing where only the salt of an earlier write goes", () => {
    expect(stampPartsOf({ ...before, write: "earlier" }, same)).toEqual([]);
    expect(stampPartsOf({ ...before, write: "earlier" }, { ...same, write: "earlier" })).toEqual([]);
  });
});
