import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/model/json.js";
import { error } from "../../src/model/problem.js";
import { doctorText } from "../../src/report/doctor.js";
import { rowLines } from "../../src/report/fold.js";
import { planText } from "../../src/report/human.js";
import { broken, type Look, plainLook } from "../../src/report/look.js";
import { colourPaint, plainPaint } from "../../src/report/paint.js";
import { problemsText, problemText } from "../../src/report/problems.js";
import { roomOf } from "../../src/report/room.js";
import type { Row } from "../../src/report/rows.js";
import { targetRun } from "../support/reports.js";
import { json, observed } from "../support/steps.js";

const wide = (columns: number): Look => ({ paint: plainPaint, room: roomOf(columns) });
const edit = (before: Json, after: Json, path = "metadata.note"): Row => ({
  symbol: "~",
  word: "change",
  tone: "change",
  path,
  before,
  after,
});
const shown = (row: Row, look: Look) => rowLines(row, row.path.length, look).lines.join("\n");
const words = "the quick brown fox ".repeat(12);

describe("a row of a change", () => {
  it("is one line where its values have room in it", () => {
    expect(shown(edit(3, "3"), wide(80))).toBe('    ~ metadata.note  3 → "3"');
    expect(shown(edit(["eu"], ["eu", "us"]), plainLook)).toBe('    ~ metadata.note  ["eu"] → ["eu","us"]');
  });

  it("has its values below it where they have none, from shortly before they differ", () => {
    expect(shown(edit(`${words}old`, `${words}new`), wide(60))).toBe(
      '    ~ metadata.note\n        - …quick brown fox old"\n        + …quick brown fox new"',
    );
    expect(shown(edit("a".repeat(30), "b".repeat(30)), wide(60))).toBe(
      `    ~ metadata.note\n        - "${"a".repeat(30)}"\n        + "${"b".repeat(30)}"`,
    );
  });

  it("shows of lists and maps the lines that differ, and counts the others", () => {
    const rules = (limit: number) => Array.from({ length: 30 }, (_, id) => ({ id, limit: id === 17 ? limit : 100 }));
    expect(shown(edit(rules(100), rules(5)), wide(60))).toBe(`    ~ metadata.note
        … 68 equal lines
            },
            {
              "id": 17,
        -     "limit": 100
        +     "limit": 5
            },
            {
              "id": 18,
        … 47 equal lines`);
  });

  it("shows no more than a screen of one value, and says how much is left", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`key${at}`, at]));
    const { lines, isCut } = rowLines(edit({}, many), 0, wide(80));
    expect([lines.length, lines.at(-1), isCut]).toEqual([16, "        … 89 more added lines", true]);
  });

  it("says that something is left out wherever it is, also where it is as many lines as count it", () => {
    for (let lines = 10; lines < 40; lines += 1) {
      const text = (from: number) => Array.from({ length: lines }, (_, at) => `line ${at + from} of them`).join("\n");
      const { lines: told, isCut } = rowLines(edit(text(0), text(1_000)), 0, wide(80));
      expect([lines, isCut]).toEqual([lines, told.length < 1 + 2 * lines]);
    }
  });

  it("shows as much of what comes as of what goes where a value changes completely", () => {
    const keys = (name: string) =>
      json(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`${name}${at}`, at])));
    const { lines } = rowLines(edit(keys("old") ?? {}, keys("new") ?? {}), 0, wide(80));
    const count = (symbol: string) => lines.filter((line) => line.startsWith(`        ${symbol} `)).length;
    expect([count("-"), count("+"), lines.length <= 22]).toEqual([7, 7, true]);
  });

  it("finds a difference however far behind, and tells signs apart that look alike", () => {
    const text = (end: string) => `${"a line of a runbook that nobody changed\n".repeat(400)}${end}`;
    expect(shown(edit(text("OLD"), text("NEW")), wide(80))).toMatch(/- OLD\n {8}\+ NEW$/);
    expect(shown(edit(`${words}\n\u200b`, `${words}\n\\u200b`), wide(80))).toMatch(/- \\u200b\n {8}\+ \\\\u200b$/);
    const wideOnes = (end: string) => `${"東".repeat(45)}${end}`;
    expect(shown(edit(wideOnes("A"), wideOnes("B")), wide(80))).toMatch(/- ….*東A"\n {8}\+ ….*東B"$/);
    const long = (end: string) => `${"k".repeat(200)}${end}`;
    const list = shown(edit([long("old")], ["something else", long("new")]), wide(80));
    expect(list).toMatch(/- ….*old"\n/);
    expect(list).toMatch(/\+ ….*new"/);
  });

  it("hands only as much to what measures text as can be seen, of a value of any length", () => {
    const huge = (end: string) => `${"x".repeat(1_000_000)}${end}`;
    const begun = performance.now();
    expect(shown(edit(huge("1"), huge("2")), wide(80))).toMatch(/x1"\n.*x2"$/);
    expect(shown(edit("\u0301".repeat(500_000), "e"), wide(80))).toContain("…");
    const many = (end: string) => `${"a\n".repeat(300_000)}${end}`;
    expect(shown(edit(many("1"), "gone"), wide(80))).toContain("more removed lines");
    // Without the bound it is minutes.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it("tells any two values apart by what it shows, and is never wider than the terminal", () => {
    const sign = fc.constantFrom(...'ab "\\/,:{}\né東京한🙂');
    const run = fc.tuple(sign, fc.integer({ min: 1, max: 200 })).map(([one, count]) => one.repeat(count));
    const text = fc.array(fc.oneof(sign, run), { maxLength: 12 }).map((parts) => parts.join(""));
    const value = fc.oneof(text, fc.array(text, { maxLength: 8 }), fc.dictionary(text, text, { maxKeys: 5 }));
    const values = fc.tuple(value, value, text).map(([one, other, head]): readonly [Json, Json] => {
      const begun = (part: typeof one): Json =>
        typeof part === "string" ? head + part : Array.isArray(part) ? part.map((item) => head + item) : part;
      return [begun(one), begun(other)];
    });
    fc.assert(
      fc.property(values, fc.integer({ min: 40, max: 160 }), ([before, after], columns) => {
        fc.pre(JSON.stringify(before) !== JSON.stringify(after));
        const { lines } = rowLines(edit(before, after), 13, wide(columns));
        for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
        if (lines.length === 1) return;
        const told = (symbol: string) =>
          lines.filter((line) => line.startsWith(`        ${symbol} `)).map((line) => line.slice(10));
        expect(told("-").length + told("+").length).toBeGreaterThan(0);
        expect(told("-")).not.toEqual(told("+"));
      }),
      { numRuns: 500 },
    );
  });
});

describe("text on a terminal", () => {
  it("is broken between words, further in from the second line on", () => {
    expect(broken(`    danger: ${"invoices stop ".repeat(6).trim()}`, wide(40))).toEqual([
      "    danger: invoices stop invoices",
      "      stop invoices stop invoices stop",
      "      invoices stop invoices stop",
    ]);
    expect(broken("    danger: invoices stop", plainLook)).toEqual(["    danger: invoices stop"]);
  });

  const target = targetRun(
    `name: Stripe
provider_type: stripe
metadata: { note: ${JSON.stringify(`${words}new`)}, "地域": ${JSON.stringify("東京".repeat(18))} }
sync_config: { invoice: { outbound: false } }
`,
    [
      observed({
        providerType: "stripe",
        name: "Stripe",
        metadata: json({ note: `${words}old` }),
        syncConfig: json({ invoice: { outbound: true } }),
      }),
    ],
  );

  it("is a plan with no line wider than the terminal but for the address and the fixed last line, and says what is cut", () => {
    for (const columns of [40, 60, 80, 120]) {
      const lines = planText(target, wide(columns)).trimEnd().split("\n");
      for (const line of lines.slice(1, -1)) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
      expect(lines.at(-1)).toMatch(/^Plan: 0 to create, 1 to update.*0 unknown\.$/);
      expect(lines.join(" ").replaceAll(/ +/g, " ")).toContain("--json has them whole.");
    }
  });

  it("leaves a line with a command to copy to the terminal, which joins it again", () => {
    const long = "it was written by somebody else meanwhile, and so nothing more was done here";
    const at = { place: { file: "connections/a.yaml", line: 3, column: 7 } };
    const prose = error("LOAD.BAD_YAML", `${long}.`, { ...at, hint: `${long}.` });
    expect(problemText(prose, wide(60)).split("\n")).toEqual([
      "error[LOAD.BAD_YAML] connections/a.yaml:3:7: Not valid",
      "  YAML: it was written by somebody else meanwhile, and so",
      "  nothing more was done here.",
      "hint: it was written by somebody else meanwhile, and so",
      "  nothing more was done here.",
      "",
    ]);
    for (const hint of [`${long}: flexprice-sync apply --recover FILE`, `set FLEXPRICE_SYNC_STAMP=on; ${long}.`])
      expect(problemText(error("LOAD.BAD_YAML", "no.", { hint }), wide(60))).toContain(`\nhint: ${hint}\n`);
  });

  it("tells what one cause has done to very many once, with the first ones and the names of the others", () => {
    const failed = (name: string, line: number) =>
      error("SERVICE.UNREACHABLE", `"${name}": GET x: refused.`, {
        hint: "wait.",
        place: { file: "a.yaml", line, column: 1 },
      });
    const told = (count: number) =>
      problemsText(
        Array.from({ length: count }, (_, at) => failed(`E${at}`, at + 1)),
        plainLook,
      ).join("");
    expect(told(4).match(/^error/gm)).toHaveLength(4);
    expect(told(12)).toBe(`${told(3)}The same of 9 others: E3, E4, E5, E6, E7 and 4 more; --json has them all.\n`);
    const others = [error("LOAD.BAD_YAML", "x.", { place: { file: "a.yaml", line: 1, column: 1 } }), failed("E", 2)];
    expect(problemsText(others, plainLook)).toHaveLength(2);
  });

  it("has what doctor says in its column", () => {
    const message = "it belongs to the user Sandbox user, who may write and read, and was made long ago.";
    expect(doctorText([{ name: "key", status: "ok", message, hint: "nothing has to be done here." }], wide(50))).toBe(
      `ok    key           it belongs to the user Sandbox
                    user, who may write and read,
                    and was made long ago.
                    next: nothing has to be done
                    here.

Doctor: 1 ok, 0 warnings, 0 failed.
`,
    );
  });

  it("is the same plan in colour", () => {
    for (const columns of [40, 80]) {
      const coloured = planText(target, { ...wide(columns), paint: colourPaint });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken away again
      expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(planText(target, wide(columns)));
    }
  });
});
