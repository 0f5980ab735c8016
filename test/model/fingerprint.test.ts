import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FingerprintKey, keyIdOf, markOf } from "../../src/model/fingerprint.js";
import { Secret } from "../../src/model/secret.js";
import { fingerprintKey, keyText } from "../support/steps.js";

const place = { providerType: "stripe", salt: "s".repeat(22), path: "encrypted_secret_data.stripe.secret_key" };

describe("a key for fingerprints", () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 3));

  it.each([
    ["base64", bytes.toString("base64")],
    ["base64 without its padding", bytes.toString("base64").replace("=", "")],
    ["base64url", bytes.toString("base64url")],
    ["base64url with its padding", `${bytes.toString("base64url")}=`],
  ])("is read from %s", (_what, text) => {
    expect(FingerprintKey.read(text)).toBeInstanceOf(FingerprintKey);
  });

  it.each([
    ["31 bytes", bytes.subarray(1).toString("base64")],
    ["33 bytes", Buffer.concat([bytes, bytes.subarray(0, 1)]).toString("base64")],
    ["hexadecimal", bytes.toString("hex")],
    ["a line feed at the end", `${bytes.toString("base64")}\n`],
    ["a blank before it", ` ${bytes.toString("base64")}`],
    ["quotes around it", `"${bytes.toString("base64")}"`],
    ["two signs of padding", `${bytes.toString("base64")}=`],
    ["a sentence", "please let me in"],
    ["nothing", ""],
    ["two alphabets at once", `${"-/".repeat(21)}A=`],
    ["bits that no byte has", `${bytes.toString("base64").slice(0, 42)}B=`],
  ])("is not taken from %s", (_what, text) => {
    expect(FingerprintKey.read(text)).toBe("malformed");
  });

  it("is refused with fewer than 16 distinct bytes, and taken with 16", () => {
    const withDistinct = (count: number) =>
      Buffer.from(Array.from({ length: 32 }, (_, index) => index % count)).toString("base64");
    expect(FingerprintKey.read(withDistinct(1))).toBe("weak");
    expect(FingerprintKey.read(withDistinct(15))).toBe("weak");
    expect(FingerprintKey.read(withDistinct(16))).toBeInstanceOf(FingerprintKey);
  });

  it("has an id that everybody with the key can work out", () => {
    const expected = createHmac("sha256", Buffer.from(keyText(1), "base64"))
      .update("key-id")
      .digest("hex")
      .slice(0, 8);
    expect(fingerprintKey(1).id).toBe(expected);
    expect(fingerprintKey(2).id).not.toBe(expected);
  });

  it("prints as (secret), however it is printed", () => {
    const key = fingerprintKey(1);
    expect([String(key), JSON.stringify(key), inspect(key)]).toEqual(["(secret)", '"(secret)"', "(secret)"]);
  });
});

describe("a fingerprint", () => {
  it("is the HMAC of value and place, so that anybody with the key can check it", () => {
    const message = JSON.stringify([1, place.providerType, place.salt, place.path, "sk_live_x"]);
    const mac = createHmac("sha256", Buffer.from(keyText(1), "base64"))
      .update(message)
      .digest();
    const expected = `v1:${fingerprintKey(1).id}:${mac.subarray(0, 16).toString("base64url")}`;
    expect(fingerprintKey(1).fingerprint(place, "sk_live_x")).toBe(expected);
    expect(new Secret("sk_live_x").fingerprint(fingerprintKey(1), place)).toBe(expected);
    expect(keyIdOf(expected)).toBe(fingerprintKey(1).id);
  });

  it("differs with the value, its type, the key, the salt, the path and the provider", () => {
    const key = fingerprintKey(1);
    const all = [
      key.fingerprint(place, "1"),
      key.fingerprint(place, 1),
      key.fingerprint(place, true),
      key.fingerprint(place, "true"),
      fingerprintKey(2).fingerprint(place, "1"),
      key.fingerprint({ ...place, salt: "t".repeat(22) }, "1"),
      key.fingerprint({ ...place, path: "encrypted_secret_data.stripe.webhook_secret" }, "1"),
      key.fingerprint({ ...place, providerType: "s3" }, "1"),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("is equal exactly for equal values", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (left, right) => {
        const [one, two] = [left, right].map((value) => fingerprintKey(1).fingerprint(place, value));
        expect(one === two).toBe(left === right);
        expect(one).toMatch(/^v1:[0-9a-f]{8}:[\w-]{22}$/);
      }),
    );
  });

  it.each(["", "v2:00000000:AAAAAAAAAAAAAAAAAAAAAA", "v1:0:AAAAAAAAAAAAAAAAAAAAAA", "v1:00000000:short", "x"])(
    "is not %j",
    (text) => {
      expect(keyIdOf(text)).toBeUndefined();
    },
  );
});

describe("a mark", () => {
  it("is the first half of the SHA-256", () => {
    expect(markOf("abc")).toBe(Buffer.from("ba7816bf8f01cfea414140de5dae2223", "hex").toString("base64url"));
  });
});
