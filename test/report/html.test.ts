import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { error } from "../../src/model/problem.js";
import { htmlText } from "../../src/report/html.js";
import { printable } from "../../src/report/text.js";
import { diffLines } from "../../src/report/value-diff.js";
import { elementsOf, reportOf, small, targetRun, textOf } from "../support/reports.js";
import { json, observed } from "../support/steps.js";

/** The contents of all elements of one name. */
function contentsOf(html: string, element: string): readonly string[] {
  return [...html.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, "g"))].map(
    ([, content = ""]) => content,
  );
}

describe("a page", () => {
  it("allows nothing but the style and the script that are in it", () => {
    const html = htmlText(reportOf([small()]));
    const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    const digest = (text = "") => `sha256-${createHash("sha256").update(text).digest("base64")}`;
    const [script, style] = [contentsOf(html, "script"), contentsOf(html, "style")];
    expect([script.length, style.length]).toEqual([1, 1]);
    expect(policy.replaceAll("&#39;", "'").split("; ")).toEqual([
      "default-src 'none'",
      `script-src '${digest(script[0])}'`,
      `style-src '${digest(style[0])}'`,
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it("names no address but that of the service", () => {
    const html = htmlText(reportOf([small()]));
    expect(html.match(/(?:https?:)?\/\/[^\s"'<]+/g)).toEqual(["https://us.api.flexprice.io/v1"]);
    expect(html.match(/(?:src|href)="[^"]*"/g)?.filter((link) => !/^href="(?:#[\w-]+|data:,)"$/.test(link))).toEqual(
      [],
    );
  });

  it("is the same for the same run", () => {
    expect(htmlText(reportOf([small()]))).toBe(htmlText(reportOf([small()])));
  });

  it("shows counts, dangers, both values with their types, and what each change means", () => {
    const seen = textOf(htmlText(reportOf([small()])).replace(/<(style|script)>[\s\S]*?<\/\1>/g, ""));
    expect(seen).toContain("Plan: 0 to create, 1 to update");
    expect(seen).toContain("1 danger: look at this first");
    expect(seen).toContain("invoices will no longer be pushed to Stripe: Stripe");
    expect(seen).toContain('before 3 → after "3"');
    expect(seen).toContain("before (secret) → after (secret)");
    expect(seen).toContain("only a note: Flexprice does nothing with it");
  });

  it("keeps text from elsewhere text", () => {
    const usual = elementsOf(
      htmlText(
        reportOf([small()], {
          problems: [error("LOAD.BAD_YAML", "x", { hint: "y", place: { file: "f", line: 1, column: 1 } })],
        }),
      ),
    );
    const hostile = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.constantFrom(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style>",
        "' onclick='x",
        "&lt;",
        "javascript:x",
        "\u202e",
      ),
    );
    const storable = hostile.filter((text) => !text.includes("\u0000") && !/\p{Cs}/u.test(text));
    fc.assert(
      fc.property(storable, storable, storable, (name, key, value) => {
        const text = `name: ${JSON.stringify(`n${name}`)}\nid: conn_stripe\nprovider_type: stripe\nmetadata: ${JSON.stringify({ [`k${key}`]: value, note: `${value}\n${name}` })}\nsync_config: { invoice: { outbound: false } }\n`;
        const target = targetRun(text, [observed({ providerType: "stripe", name: "Stripe" })], {
          environment: name,
          baseUrl: value,
        });
        const problems = [error("LOAD.BAD_YAML", name, { hint: key, place: { file: value, line: 1, column: 1 } })];
        const html = htmlText(reportOf([target, small()], { problems }));
        expect(
          elementsOf(html).filter((element) => ![...usual, "del", "ins", "pre", "strong"].includes(element)),
        ).toEqual([]);
        expect(textOf(html)).toContain(printable(`n${name}`));
        // Attributes are ours, and none of them is made of what somebody wrote.
        expect(html.replaceAll(/"[^"]*"/g, "").match(/<[^>]*\son\w+=/g)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });
});

describe("two values line by line", () => {
  it("show what is removed, added and equal, and skip what is equal far around", () => {
    const before = { a: 1, b: [1, 2, 3, 4, 5, 6, 7, 8, 9], z: "x" };
    const lines = diffLines(before, { ...before, z: "y" }).map(({ kind, text }) => `${kind} ${text}`);
    expect(lines.filter((line) => line.startsWith("removed"))).toEqual(['removed   "z": "x"']);
    expect(lines.filter((line) => line.startsWith("added"))).toEqual(['added   "z": "y"']);
    expect(lines[0]).toMatch(/^skipped \d+ equal lines$/);
  });

  it("show a text by its own lines, each on one line", () => {
    expect(diffLines("one\nt\u0007wo\n", "one\nthree\n")).toEqual([
      { kind: "same", text: "one" },
      { kind: "removed", text: "t\\u0007wo" },
      { kind: "added", text: "three" },
      { kind: "same", text: "" },
    ]);
    expect(diffLines(undefined, "a\nb").map(({ kind }) => kind)).toEqual(["added", "added"]);
  });

  it("come soon, however much differs", () => {
    const numbers = (from: number) => [...Array(20_000).keys()].map((at) => `line ${at + from}`).join("\n");
    const text = `name: Stripe\nprovider_type: stripe\nmetadata: { note: ${JSON.stringify(numbers(50_000))} }\n`;
    const row = observed({ providerType: "stripe", name: "Stripe", metadata: json({ note: numbers(0) }) });
    const html = htmlText(reportOf([targetRun(text, [row])]));
    expect(html.length).toBeLessThan(100_000);
    expect(textOf(html)).toMatch(/… \d+ more removed lines[\s\S]*… \d+ more added lines/);
  });
});
