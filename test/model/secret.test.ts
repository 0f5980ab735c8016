import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KnownSecrets, revealForWire, Secret } from "../../src/model/secret.js";

describe("a secret", () => {
  const secret = new Secret("sk_live_51HxCanary");

  it("prints as (secret) whatever prints it", () => {
    const error = new Error("x", { cause: secret });
    const printed = [
      String(secret),
      `${secret}`,
      "".concat(secret as unknown as string),
      JSON.stringify({ secret, list: [secret] }),
      inspect(secret),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
      inspect(error),
      [secret].join(),
      Object.keys(secret).join(),
      JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
      inspect(structuredClone({ copied: { ...secret } })),
    ];
    for (const text of printed) expect(text).not.toContain("Canary");
    expect(printed[0]).toBe("(secret)");
  });

  it("gives its value to the wire and to nothing else", () => {
    expect(revealForWire(secret)).toBe("sk_live_51HxCanary");
  });

  it.each(["(secret)", "[secret]", "(sensitive)", "***", " ****** "])("tells the mask %s", (mask) => {
    expect(new Secret(mask).isMask()).toBe(true);
  });

  it.each(["sk_*", "secret", "a*", ""])("takes %j for no mask", (value) => {
    expect(new Secret(value).isMask()).toBe(false);
  });

  it.each(["a b", "a\n", "é", "", "a\tb"])("tells that %j fits no header", (value) => {
    expect(new Secret(value).fitsHeader()).toBe(false);
  });
});

describe("text from elsewhere", () => {
  it("is withheld when it repeats a secret in any usual form, wherever it stands", () => {
    const text = fc
      .string({ minLength: 4, unit: "binary" })
      .filter((value) => Buffer.from(value, "utf8").toString("utf8") === value)
      .filter((value) => value.replaceAll(/[\p{C}\p{Z}]/gu, "").length >= 4);
    fc.assert(
      fc.property(text, fc.string(), fc.string(), (value, before, after) => {
        const known = new KnownSecrets();
        known.add([new Secret(value)]);
        const encode = (encoding: BufferEncoding) => Buffer.from(before + value + after, "utf8").toString(encoding);
        const percent = encodeURIComponent(value);
        const forms = [
          before + value + after,
          before + JSON.stringify(value) + after,
          before + JSON.stringify(JSON.stringify(value)) + after,
          before +
            JSON.stringify(value).replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`) +
            after,
          before + new URLSearchParams([["k", value]]).toString() + after,
          before + encodeURIComponent(percent) + after,
          before + value.replaceAll(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`) + after,
          before + percent + after,
          before + percent.replaceAll(/%../g, (pair) => pair.toLowerCase()) + after,
          // Shorter ones leave too few characters that do not depend on what stands around them.
          ...(Buffer.byteLength(value) > 6 ? [encode("base64"), encode("base64url")] : []),
          encode("hex"),
          encode("hex").toUpperCase(),
        ];
        for (const form of forms) expect(known.withhold(form)).toBe("(withheld: this text repeats a secret)");
      }),
    );
  });

  it("is withheld when it repeats one line of a secret", () => {
    const known = new KnownSecrets();
    known.add([new Secret("-----BEGIN KEY-----\nMIIBcanary\n-----END KEY-----\n")]);
    expect(known.withhold("what is MIIBcanary?")).toBe("(withheld: this text repeats a secret)");
  });

  it("is left alone otherwise, and for secrets too short to tell", () => {
    const known = new KnownSecrets();
    known.add([new Secret("abc"), new Secret("")]);
    expect(known.withhold("abc is no secret")).toBe("abc is no secret");
  });
});
