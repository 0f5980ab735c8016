import { describe, expect, it } from "vitest";
import type { Files } from "../../src/load/files.js";
import { readSettings } from "../../src/load/settings-file.js";
import { checkSettings } from "../../src/validate/settings.js";
import { catalogue, codes } from "../support/steps.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Files that are there in memory alone; a pattern fits whatever begins as it does. */
function filesOf(texts: Readonly<Record<string, string>>): Files {
  return {
    kindOf: (path) => (Object.hasOwn(texts, path) ? "file" : "missing"),
    list: () => [],
    glob: (pattern) => ({
      found: Object.keys(texts).filter((path) => path.startsWith(pattern.replace("*", ""))),
      unreadable: [],
    }),
    read: (path) => bytes(texts[path] ?? ""),
    realPath: (path) => (path === "." ? "/r" : `/r/${path}`),
    shown: (path) => path,
    absolute: (path) => `/r/${path}`,
  };
}

const named = (prefix: string, count: number, text: (name: string) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, text(`${prefix}${index}`)]));

const environments = (prefix: string, count: number) =>
  `environments:\n${Array.from({ length: count }, (_, index) => `  ${prefix}${index}: {}\n`).join("")}`;

describe("a pattern that could keep a matcher busy for ever", () => {
  it.each([
    ["has very many stars", `tenants/${"*a".repeat(14)}b`, "takes at most 4 stars"],
    ["is very long", "x".repeat(1_025), "takes at most 1024 characters"],
  ])("is refused before it is tried: it %s", (_what, pattern, words) => {
    const glob = () => {
      throw new Error("it was tried");
    };
    const files = { ...filesOf({ "flexprice-sync.yaml": `include: ["${pattern}"]\n` }), glob };
    const { problems } = readSettings(undefined, files);
    expect(codes(problems)).toEqual(["SETTINGS.BAD_INCLUDE 1:11"]);
    expect(problems[0]?.message).toContain(words);
  });
});

describe("settings of very many files", () => {
  it("are refused beyond ten thousand, with all that include names, before one of them is read", () => {
    const one = () => "environments: {}\n";
    const texts = { ...named("a/", 6_000, one), ...named("b/", 4_000, one) };
    const main = { "flexprice-sync.yaml": "include: ['a/*', 'b/*']\n" };
    const read = readSettings(undefined, filesOf({ ...main, ...texts }));
    expect([read.problems, read.included.length]).toEqual([[], 10_000]);
    const more = readSettings(undefined, filesOf({ ...main, ...texts, "b/more": "[" }));
    expect([codes(more.problems), more.included]).toEqual([["SETTINGS.BAD_INCLUDE 1:18"], []]);
  });

  it("have ten thousand environments together, whatever the file", () => {
    const check = (more: number) => {
      const files = filesOf({
        "flexprice-sync.yaml": `include: ['a/*']\n${environments("main", 5_000)}`,
        "a/1": environments("first", 4_999),
        "a/2": environments("second", more),
      });
      const { main, included, folder, problems } = readSettings(undefined, files);
      expect(problems).toEqual([]);
      if (main === undefined) throw new Error("there is no main file");
      return checkSettings({ main, included, folder, usualFolder: "connections" }, catalogue);
    };
    expect(check(1).settings?.environments).toHaveLength(10_000);
    expect(codes(check(2).problems)).toEqual(["VALIDATE.WRONG_LENGTH 3:3"]);
    expect(codes(check(3).problems)).toEqual(["VALIDATE.WRONG_LENGTH 3:3"]);
  });
});
