import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseText, soleVariable } from "../../src/model/reference.js";

function parts(text: string): unknown {
  const parsed = parseText(text);
  return parsed.ok
    ? parsed.parts.map((part) => (part.kind === "text" ? part.text : { [part.kind]: part.name }))
    : "malformed";
}

describe("references in a text", () => {
  it.each([
    ["plain", ["plain"]],
    ["", [""]],
    ["${A}", [{ environment: "A" }]],
    ["a${B_1}c${var.D}", ["a", { environment: "B_1" }, "c", { setting: "D" }]],
    ["$${A}", ["${A}"]],
    ["$$${A}", ["$${A}"]],
    ["$ $$ $x {A}", ["$ $$ $x {A}"]],
    ["$5 and $${X} and ${Y}", ["$5 and ${X} and ", { environment: "Y" }]],
    ["${A}${A}", [{ environment: "A" }, { environment: "A" }]],
  ])("%s", (text, expected) => {
    expect(parts(text)).toEqual(expected);
  });

  it.each(["${", "x ${", "${}", "${1}", "${A", "${a.b}", "${ A }"])("%s is malformed", (text) => {
    expect(parseText(text).ok).toBe(false);
  });

  it("never come out of a text that was escaped", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", " ") }), (text) => {
        const escaped = text.replaceAll("${", () => "$${");
        const parsed = parseText(escaped);
        expect(parsed).toEqual({ ok: true, parts: [{ kind: "text", text }] });
      }),
    );
  });

  it.each([
    ["${A}", "A"],
    [" ${A}", undefined],
    ["${A}${B}", undefined],
    ["${var.A}", undefined],
    ["A", undefined],
    ["$${A}", undefined],
  ])("%s stands alone for %s", (text, expected) => {
    expect(soleVariable(text)).toBe(expected);
  });
});
