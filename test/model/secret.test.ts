import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KnownSecrets, revealForWire, Secret } from "../../src/model/secret.js";
import { fingerprintKey } from "../support/steps.js";

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
    expect(printed.slice(0, 5)).toEqual([
      "(secret)",
      "(secret)",
      "(secret)",
      '{"secret":"(secret)","list":["(secret)"]}',
      "(secret)",
    ]);
    expect(secret.toString()).toBe("(secret)");
  });

  it("gives its value to the wire and to nothing else", () => {
    expect(revealForWire(secret)).toBe("sk_live_51HxCanary");
  });

  it.each(["(secret)", "[secret]", "(sensitive)", " (secret)\n", "*", "***", " ****** "])(
    "tells the mask %s",
    (mask) => {
      expect(new Secret(mask).isMask()).toBe(true);
    },
  );

  it.each(["sk_*", "secret", "a*", "*a", "* *", "a***a", "", " ", "(secret) x"])("takes %j for no mask", (value) => {
    expect(new Secret(value).isMask()).toBe(false);
  });

  it.each(["a b", "a\n", "é", "", "a\tb", " a", "a\x7f"])("tells that %j fits no header", (value) => {
    expect(new Secret(value).fitsHeader()).toBe(false);
  });

  it("tells that visible ASCII fits one", () => {
    expect(new Secret("!sk_live-1~").fitsHeader()).toBe(true);
  });

  it("tells what the service's database cannot store", () => {
    expect([new Secret("a\0b").isStorable(), new Secret("a\nb").isStorable()]).toEqual([false, true]);
  });

  it("has the fingerprint that its value has under a key", () => {
    const key = fingerprintKey(1);
    const place = { providerType: "stripe", salt: "s", path: "p" };
    expect(secret.fingerprint(key, place)).toBe(key.fingerprint(place, "sk_live_51HxCanary"));
  });
});

describe("text from elsewhere", () => {
  it("is withheld when it repeats a secret in any usual form, wherever it stands", () => {
    const text = fc
      .string({ minLength: 4, unit: "binary" })
      .filter((value) => Buffer.from(value, "utf8").toString("utf8") === value)
      .filter((value) => value.replaceAll(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, "").length >= 4);
    // What begins an encoding may take the first characters of the value along.
    const around = fc.string().filter((one) => !/[%\\&]/.test(one));
    fc.assert(
      fc.property(text, around, around, (value, before, after) => {
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
    known.add([new Secret("abc"), new Secret("a b c"), new Secret("")]);
    expect(known.withhold("abc is no secret")).toBe("abc is no secret");
    expect(known.areIn("YWJj 616263")).toBe(false);
    expect(new KnownSecrets().areIn("abc is no secret")).toBe(false);
  });
});

describe("a long secret stands in an id", () => {
  const known = new KnownSecrets();
  known.add([
    new Secret("demo"),
    new Secret("elevensigns"),
    new Secret("Twelve-signs"),
    new Secret("another-key-of-theirs"),
  ]);

  it("as it is, in any case, wherever it is", () => {
    expect(known.standIn("conn_1\nconn_twelve-SIGNS_x")).toBe(true);
    expect(known.standIn("ANOTHER-key-of-theirs")).toBe(true);
    expect(new Secret("Twelve-signs").standsIn("x twelve-signs")).toBe(true);
  });

  it("and a short one, which may be a word, does not", () => {
    expect(known.standIn("conn_demo elevensigns twelve signs")).toBe(false);
    expect(new KnownSecrets().standIn("")).toBe(false);
  });
});

describe("a text repeats a value", () => {
  const repeats = (value: string, text: string) => new Secret(value).isIn(text);

  it.each<[string, string, string]>([
    ["as it is, from four characters on", "abcd", "xabcdx"],
    ["in other letters", "AbCd", "xaBcDx"],
    ["with blanks, breaks and signs that do not show", "ab cd", "a\tb\u200bc\nd"],
    ["with either form of the small sigma", "ΛΟΓΟΣ", "ΛΟΓΟΣα"],
    ["as a line of it", "first\r\nsecond\nthird", "x second x"],
    ["with JSON's escapes", 'a"b\\c/d', '"a\\"b\\\\c\\/d"'],
    [
      "with JSON's escapes for breaks, around what is looked for",
      "ab\ncd\ref\tgh\bij\fkl",
      "ab\\ncd\\ref\\tgh\\bij\\fkl",
    ],
    ["with JSON's codes", "abcd", "\\u0061\\u0062\\u0063d"],
    ["with JSON's codes in capitals", "JJJJ", "\\u004A\\u004AJJ"],
    ["as in a URL", "é€cd", "%C3%A9%e2%82%accd"],
    ["as in a form", "ab+c d", "ab%2Bc+d"],
    ["as in HTML, by number", "abcd", "&#97;&#0000098;&#x63;&#X000064;"],
    ["as in HTML, by the last number that there is", "abcd", "ab&#x10ffff;cd&#1114112;"],
    ["as in HTML, by name", "&<>\"'", "&amp;&LT;&gt;&quot;&apos;"],
    ["in small letters that take a capital's dot apart", "İabc", "i\u0307abc"],
    ["in hexadecimal, in a part of a URL", "jklm", "6%616b6c6d"],
    ["in hexadecimal, in small letters and capitals", "jklm", "x6A6b6C6Dx"],
    ["in hexadecimal with blanks, as a Buffer prints", "jklm", "<Buffer 6a 6b 6c 6d>"],
    ["in base64 that is broken into lines", "abcdefghijkl", "YWJjZGVm\n Z2hpamts"],
    ["with signs that do not show", "abcdef", "a\u034fb\ufe0fc\u3164d\u2800e\u200bf"],
    ["encoded three times", "a/b/c", "a%25252Fb%25252Fc"],
    ["encoded in several ways", "a&b&c", "a%26amp%3Bb\\u0026amp;c"],
  ])("%s", (_how, value, text) => {
    expect(repeats(value, text)).toBe(true);
  });

  it("in base64 at any alignment, whatever stands around it, in both alphabets", () => {
    for (const value of ["abcd", "abcde", "abcdef", "~~~???~~~???"])
      for (const before of ["", "x", "xy"])
        for (const after of ["", "z", "zz"])
          for (const encoding of ["base64", "base64url"] as const) {
            const text = Buffer.from(before + value + after).toString(encoding);
            expect([text, repeats(value, text)]).toEqual([text, true]);
          }
  });

  it.each<[string, string, string]>([
    ["that is not there", "abcd", "abc"],
    ["of which only a part is there", "abcdef", "abcde"],
    ["that is encoded more than three times", "a/b/c", "a%2525252Fb%2525252Fc"],
    ["that a number without a character would stand in", "abcd", "ab&#x110000;cd"],
    ["by a name that HTML has not", "ab&cd", "ab&and;cd"],
    ["with one other character in base64", "abcdef", Buffer.from("abcdeg").toString("base64")],
    ["with one other character behind a byte in base64", "abcdefgh", Buffer.from("xabcdefgi").toString("base64")],
    ["with one other character in front in base64", "abcdef", Buffer.from("1bcdef").toString("base64")],
    ["with another letter in place of a sigma", "ΛΟΓΟΣ", "ΛΟΓΟΙ"],
    ["with a sign missing in base64", "~~~???", "fn5Pz8/"],
    ["with another case in base64", "abcdef", Buffer.from("abcdef").toString("base64").toLowerCase()],
    ["that is itself no hexadecimal", "abcdef", "616263646567"],
    ["of which only lines under four characters are there", "abc\ndef", "def, abc"],
  ])("not where it is one %s", (_how, value, text) => {
    expect(repeats(value, text)).toBe(false);
  });
});

describe("a name or a value for a plan", () => {
  const known = new KnownSecrets();
  known.add([new Secret("canary-1"), new Secret("canary-1"), new Secret("canary-2")]);

  it("is masked where it repeats a secret, in any depth", () => {
    for (const value of ["a canary-1", "canary-2", { a: ["canary-1"] }, ["canary-2"], { "canary-1": 1 }])
      expect(known.mask(value)).toBe("(secret)");
  });

  it("is itself otherwise, and where it is no text", () => {
    const digits = new KnownSecrets();
    digits.add([new Secret("12345"), new Secret("true"), new Secret("null")]);
    for (const value of [12345, true, null]) expect(digits.mask(value)).toBe(value);
    const map = { a: ["canary"] };
    // A text is looked at as it is: wrapped into JSON once more it would be one layer too many.
    const quoted = new KnownSecrets();
    quoted.add([new Secret('a"b"c')]);
    expect(quoted.mask([1, 2, 3].reduce((text) => JSON.stringify(text), 'a"b"c'))).toBe("(secret)");
    expect(known.mask(map)).toBe(map);
    expect(known.mask("canary")).toBe("canary");
  });
});
