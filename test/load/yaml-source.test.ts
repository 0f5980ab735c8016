import { describe, expect, it } from "vitest";
import { readYaml } from "../../src/load/yaml-source.js";

/** `CODE line:column` of every problem. */
function faults(text: string): readonly string[] {
  return readYaml(text, "f.yaml").problems.map(({ code, place }) => `${code} ${place?.line}:${place?.column}`);
}

function data(text: string): unknown {
  const { documents, problems } = readYaml(text, "f.yaml");
  expect(problems).toEqual([]);
  return documents.map((document) => document.data);
}

describe("reading YAML", () => {
  it("gives every document of a text and skips empty ones", () => {
    const { documents } = readYaml("# first\n---\n---\na: 1\n---\n# nothing\n---\nb: [x, {c: null}]\n...\n", "f.yaml");
    expect(documents.map((document) => [document.line, document.data])).toEqual([
      [4, { a: 1 }],
      [8, { b: ["x", { c: null }] }],
    ]);
  });

  it("gives no document for an empty text or one of comments", () => {
    expect(data("")).toEqual([]);
    expect(data("# only\n# comments\n")).toEqual([]);
  });

  it("keeps country codes, switches, dates and times as text", () => {
    expect(data("site: no\ncountry: NO\nalerts: on\ngo_live: 2026-11-24\nwindow: 12:30:45\n")).toEqual([
      { site: "no", country: "NO", alerts: "on", go_live: "2026-11-24", window: "12:30:45" },
    ]);
  });

  it("takes the tag without a name as YAML means it, and loses nothing that has it", () => {
    expect(data("name: ! x\nnumber: ! 12\nlist: ! [1]\nmap: ! { a: ! b }\nnothing: !\n")).toEqual([
      { name: "x", number: "12", list: [1], map: { a: "b" }, nothing: "" },
    ]);
    expect(data("! {a: 1}\n--- !\n")).toEqual([{ a: 1 }, ""]);
  });

  it("keeps lines of a text block that begin with #", () => {
    expect(data("note: |\n  # not a comment\n  colour #ffffff\n")).toEqual([
      { note: "# not a comment\ncolour #ffffff\n" },
    ]);
  });

  it("reads CRLF like LF, with the same lines", () => {
    const text = "a: 1\nb:\n  - x\n  - y\n";
    const unix = readYaml(text, "f.yaml").documents[0];
    const dos = readYaml(text.replaceAll("\n", "\r\n"), "f.yaml").documents[0];
    expect(dos?.data).toEqual(unix?.data);
    expect(dos?.locate(["b", 1], "value")).toEqual({ file: "f.yaml", line: 4, column: 5 });
  });

  it("writes aliases out", () => {
    expect(data("a: &x {b: 1}\nc: *x\n")).toEqual([{ a: { b: 1 }, c: { b: 1 } }]);
  });
});

describe("places", () => {
  const [document] = readYaml(
    "# c\nname: x\nlist:\n  - a: 1\n  - b: 2\nempty:\n'quoted key': v\n",
    "dir/f.yaml",
  ).documents;

  it.each([
    [["name"], "value", "2:7"],
    [["name"], "key", "2:1"],
    [["list", 1, "b"], "value", "5:8"],
    [["list", 1], "value", "5:5"],
    [["quoted key"], "key", "7:1"],
    [[], "key", "2:1"],
  ] as const)("of %j as %s", (pointer, part, expected) => {
    const place = document?.locate(pointer, part);
    expect(place?.file).toBe("dir/f.yaml");
    expect(`${place?.line}:${place?.column}`).toBe(expected);
  });

  it("is that of the nearest parent's key for what is missing", () => {
    expect(document?.locate(["list", 0, "zzz"], "value")).toMatchObject({ line: 4, column: 5 });
    expect(document?.locate(["zzz", "deeper"], "key")).toMatchObject({ line: 2, column: 1 });
  });

  it("counts the lines of a block that is indented less than its mark says", () => {
    const { documents } = readYaml(">9-\nline\n\n  more\n---\n&a\nkey: value\n", "f.yaml");
    expect(documents.map(({ locate }) => locate(["key"], "value"))).toEqual([{ file: "f.yaml", line: 7, column: 6 }]);
  });

  it("of a value without any text is on its key's line", () => {
    expect(document?.locate(["empty"], "value").line).toBe(6);
  });
});

describe("refuses, with the place", () => {
  it.each([
    ["a tab as indentation", "name: b\nkeys:\n\tsecret: x\n", "LOAD.BAD_YAML 3:1"],
    ["a repeated key", "a: 1\nb: 2\na: 3\n", "LOAD.DUPLICATE_KEY 3:1"],
    ["a repeated key in { }", "m: {x: 1, x: 2}\n", "LOAD.DUPLICATE_KEY 1:11"],
    ["a key that is a number", "1: a\n", "LOAD.KEY_NOT_TEXT 1:1"],
    ["a key that is a switch", "true: a\n", "LOAD.KEY_NOT_TEXT 1:1"],
    ["a key that is a list", "? [a]\n: b\n", "LOAD.KEY_NOT_TEXT 1:3"],
    ["a merge key", "m:\n  <<: {a: 1}\n", "LOAD.MERGE_KEY 2:3"],
    ["a merge key in quotes", 'm:\n  "<<": {a: 1}\n', "LOAD.MERGE_KEY 2:3"],
    ["__proto__", "m:\n  __proto__: {is_admin: true}\n", "LOAD.FORBIDDEN_KEY 2:3"],
    ["constructor", "constructor: 1\n", "LOAD.FORBIDDEN_KEY 1:1"],
    ["prototype", "prototype: 1\n", "LOAD.FORBIDDEN_KEY 1:1"],
    ["YAML 1.1", "%YAML 1.1\n---\na: no\n", "LOAD.YAML_VERSION 1:1"],
    ["an unknown tag", "a: !secret x\n", "LOAD.UNKNOWN_TAG 1:4"],
    ["a tag of another schema", "a: !!binary aGk=\n", "LOAD.UNKNOWN_TAG 1:4"],
    ["an integer that a float cannot hold", "a: 9007199254740993\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["a large negative one", "a: -9007199254740993\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["one with a point", "a: 9007199254740993.0\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["one with an exponent", "a: 123456789012345678e1\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["one of very many digits, whole or not", `a: 0.${"1".repeat(500)}\n`, "LOAD.INEXACT_NUMBER 1:4"],
    ["infinity", "a: .inf\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["no number", "a: .nan\n", "LOAD.INEXACT_NUMBER 1:4"],
    ["an alias to nowhere", "a: *gone\n", "LOAD.BAD_YAML 1:4"],
    ["an alias to itself", "a: &a\n  b: *a\n", "LOAD.BAD_YAML 2:6"],
    ["an open quote", 'a: "x\nb: 1\n', "LOAD.BAD_YAML 3:1"],
    ["lists nested too deep", `a: ${"[".repeat(20_000)}`, "LOAD.TOO_DEEP 1:104"],
    ["compact lists nested too deep", `${"- ".repeat(20_000)}x\n`, "LOAD.TOO_DEEP 1:203"],
  ])("%s", (_what, text, expected) => {
    expect(faults(text)).toEqual([expected]);
  });

  it.each([
    "1e3",
    "1E+21",
    "-2.50",
    "0.1",
    "100000000000000000000.0",
    "1e-7",
    "0e9",
    "9007199254740992.0",
    "1e23",
    ".5",
    "0.30000000000000000001",
  ])("but not the number %s, which comes back as it was", (text) => {
    expect(faults(`a: ${text}\n`)).toEqual([]);
  });

  it("names where the first of two equal keys stands", () => {
    expect(readYaml("a: 1\nb: 2\na: 3\n", "f.yaml").problems[0]?.message).toContain("(first at 1:1)");
  });

  it("every fault of a document, not only the first", () => {
    expect(faults("a: 1\na: 2\n1: x\nm:\n  <<: {}\n")).toEqual([
      "LOAD.DUPLICATE_KEY 2:1",
      "LOAD.KEY_NOT_TEXT 3:1",
      "LOAD.MERGE_KEY 5:3",
    ]);
  });

  it("only the broken document of several", () => {
    const { documents, problems } = readYaml("a: 1\n---\nb: [\n---\nc: 3\n", "f.yaml");
    expect(documents[0]?.data).toEqual({ a: 1 });
    expect(problems.length).toBeGreaterThan(0);
  });

  it("aliases that unfold into very much, before they do", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? '"x"' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array.from({ length: 9 }, () => inner).join(", ")}]`;
    });
    expect(faults(`${levels.join("\n")}\n`)).toEqual(["LOAD.TOO_MANY_ALIASES 5:10"]);
  });

  it("and tells how to write a reference between braces", () => {
    const { problems } = readYaml("a: {b: ${X}}\n", "f.yaml");
    expect(problems).toHaveLength(1);
    expect(problems[0]?.hint).toContain('"${NAME}"');
  });

  it.each([
    "!canary",
    "!<canary> x",
    "!a!canary x",
    "*canary",
    "|canary",
    ">canary",
    "99889988998899889988",
    "@canary",
    "%canary",
    "'canary",
    '"canary\\q"',
  ])("%s without repeating it: it may be a password", (value) => {
    const { problems } = readYaml(`a: ok\nsecret: ${value}\n`, "f.yaml");
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toMatch(/canary|9988/);
    for (const { hint } of problems) expect(hint).toMatch(/\S/);
  });

  it("every unknown tag", () => {
    expect(faults("a: !x 1\nb: !y 2\nc: {d: !z 3}\n")).toEqual([
      "LOAD.UNKNOWN_TAG 1:4",
      "LOAD.UNKNOWN_TAG 2:4",
      "LOAD.UNKNOWN_TAG 3:8",
    ]);
  });

  it("but gives the rest of the document, so that its other mistakes can be told", () => {
    const { documents } = readYaml("a: 99999999999999999999\nb: !x 1\nc: 3\nc: 4\n", "f.yaml");
    expect(documents.map(({ data, refused }) => ({ data, refused }))).toEqual([
      { data: { a: null, b: null, c: 3 }, refused: [["a"], ["b"]] },
    ]);
  });

  it("without touching any prototype", () => {
    readYaml("m:\n  __proto__: {is_admin: true}\n", "f.yaml");
    expect(({} as Record<string, unknown>)["is_admin"]).toBeUndefined();
  });

  it("nothing of integers that a float does hold", () => {
    expect(data("a: 9007199254740992\nb: 0x10\nc: -3\nd: 1.5\ne: '007'\n")).toEqual([
      { a: 9007199254740992, b: 16, c: -3, d: 1.5, e: "007" },
    ]);
  });
});
