import { describe, expect, it } from "vitest";
import { firstValue, isInteger, isTime, onlyValue, type Shape, UnreadableBody } from "../../src/sandbox/go-json.js";

const REFUSED = "refused";

function read(text: string, shape: Shape, reader = onlyValue): unknown {
  try {
    return reader(text, shape);
  } catch (cause) {
    if (cause instanceof UnreadableBody) return REFUSED;
    throw cause;
  }
}

const fields: Shape = {
  fields: {
    name: "text",
    is_on: "boolean",
    count: "integer",
    size: "number",
    at: "time",
    map: "map",
    raw: "json",
    list: { list: "text" },
    rows: { list: { fields: { a: "text", b: "text" } } },
    pointers: { list: { fields: { a: "text" } }, ofPointers: true },
    inner: { fields: { a: "text", b: "text", key: "text" } },
  },
};

describe("a body as Go reads it", () => {
  it.each<[string, string, unknown]>([
    ["drops unknown keys", '{"name":"x","nope":1}', { name: "x" }],
    ["matches keys in any case", '{"NAME":"x","iS_oN":true}', { name: "x", is_on: true }],
    [
      "takes the Kelvin sign for a k and the long s for an s",
      '{"inner":{"\u212aey":"x"},"\u017fize":1}',
      { inner: { key: "x" }, size: 1 },
    ],
    ["lets the last of several spellings win", '{"NAME":"x","name":"y","Name":"z"}', { name: "z" }],
    ["takes null for nothing said, where something was said before", '{"name":"x","name":null}', { name: "x" }],
    [
      "forgets a map, a list and a group for null",
      '{"map":{"a":1},"map":null,"list":["a"],"list":null,"inner":{},"inner":null}',
      {},
    ],
    [
      "adds to a map that stands twice",
      '{"map":{"a":1,"b":{"c":1}},"MAP":{"b":{"d":2}}}',
      { map: { a: 1, b: { d: 2 } } },
    ],
    ["adds to a group that stands twice", '{"inner":{"a":"x"},"inner":{"b":"y"}}', { inner: { a: "x", b: "y" } }],
    [
      "fills a list that stands twice from the front",
      '{"rows":[{"a":"x"},{"a":"y"}],"rows":[{"b":"z"}]}',
      { rows: [{ a: "x", b: "z" }] },
    ],
    ["reads null in a list as an empty value", '{"list":[null,"a"],"rows":[null]}', { list: ["", "a"], rows: [{}] }],
    ["keeps null in a list of pointers", '{"pointers":[null,{"a":"x"}]}', { pointers: [null, { a: "x" }] }],
    ["keeps the text of what is read later", '{"raw": { "a" : [1, "\\"]}"] } }', { raw: '{ "a" : [1, "\\"]}"] }' }],
    ["replaces half a pair", '{"name":"a\\ud800b","map":{"\\udc00":1}}', { name: "a\ufffdb", map: { "\ufffd": 1 } }],
    ["keeps a whole pair", '{"name":"\\ud83d\\ude00"}', { name: "😀" }],
    [
      "reads escapes and blanks",
      ' {\n"name"\t:\r"\\u0041\\n\\\\" , "list" : [ ] , "map" : { } } ',
      { name: "A\n\\", list: [], map: {} },
    ],
    [
      "keeps numbers of maps as floats",
      '{"map":{"a":9007199254740993,"b":1e2,"c":-0.5}}',
      { map: { a: 9007199254740992, b: 100, c: -0.5 } },
    ],
    [
      "takes keys that JavaScript treats in a special way",
      '{"map":{"__proto__":{"x":1},"constructor":2}}',
      JSON.parse('{"map":{"__proto__":{"x":1},"constructor":2}}'),
    ],
    ["refuses a number that no float holds", '{"map":{"a":1e999}}', REFUSED],
    ["refuses it below nothing, too", '{"map":{"a":[-1e999]}}', REFUSED],
    ["refuses it as a number", '{"size":1e999}', REFUSED],
    ["refuses a text for a number", '{"count":"1"}', REFUSED],
    ["refuses a number for a text", '{"name":1}', REFUSED],
    ["refuses a text for a switch", '{"is_on":"true"}', REFUSED],
    ["refuses a list for a map", '{"map":[]}', REFUSED],
    ["refuses a map for a list", '{"list":{}}', REFUSED],
    ["refuses a list for a group", '{"inner":[]}', REFUSED],
    ["refuses whole numbers that are not written so", '{"count":1.0}', REFUSED],
    ["takes the smallest whole number", '{"count":-9223372036854775808}', { count: -(2 ** 63) }],
    ["takes a time", '{"at":"2026-02-28T23:59:59.5+05:30"}', { at: "2026-02-28T23:59:59.5+05:30" }],
    ["refuses what is no time", '{"at":"today"}', REFUSED],
  ])("%s", (_what, text, expected) => {
    expect(read(text, fields)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['{"name":"x"} trailing }{', { name: "x" }],
    ['{"name":"a\\"}{b"}{"name":"y"}', { name: 'a"}{b' }],
    ['\n\t {"name":"x"}', { name: "x" }],
    ["null", null],
    ["nullx", null],
    ["", REFUSED],
    ["  ", REFUSED],
    ["{", REFUSED],
    ["[]", REFUSED],
    ['"x"', REFUSED],
    ["tru", REFUSED],
    ["5 5", REFUSED],
    ["\ufeff{}", REFUSED],
    ["{'name':'x'}", REFUSED],
  ])("is the first value of %j", (text, expected) => {
    expect(read(text, fields, firstValue)).toEqual(expected);
  });

  it("is nested a thousand levels deep at most", () => {
    const deep = (levels: number, open = "[", close = "]") =>
      `{"map":{"a":${open.repeat(levels)}${close.repeat(levels)}}}`;
    expect(read(deep(998), fields)).not.toBe(REFUSED);
    for (const levels of [999, 2_500, 20_000, 200_000]) expect(read(deep(levels), fields), `${levels}`).toBe(REFUSED);
    expect(read(`{"map":{"a":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}}`, fields)).toBe(REFUSED);
  });
});

describe("a whole number of Go", () => {
  it.each([
    ["0", true],
    ["-9223372036854775808", true],
    ["9223372036854775807", true],
    ["-9223372036854775809", false],
    ["9223372036854775808", false],
    ["1.0", false],
    ["1e2", false],
    ["+5", false],
    ["", false],
    ["0x10", false],
  ])("%j: %s", (text, expected) => {
    expect(isInteger(text)).toBe(expected);
  });
});

describe("a time of Go", () => {
  it.each([
    ["2024-02-29T00:00:00Z", true],
    ["2026-02-29T00:00:00Z", false],
    ["2026-02-30T00:00:00Z", false],
    ["2026-13-01T00:00:00Z", false],
    ["2026-00-10T00:00:00Z", false],
    ["2026-01-01T24:00:00Z", false],
    ["2026-01-01T00:60:00Z", false],
    ["2026-01-01T00:00:60Z", false],
    ["2026-01-01T00:00:00", false],
    ["2026-01-01T00:00:00+24:59", true],
    ["2026-01-01T00:00:00+25:00", false],
    ["2026-01-01T00:00:00-00:60", false],
    ["2026-01-01t00:00:00z", false],
    ["2026-01-01", false],
  ])("%j: %s", (text, expected) => {
    expect(isTime(text)).toBe(expected);
  });
});
