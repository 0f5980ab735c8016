import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/model/outcome.js";
import { error, warning } from "../../src/model/problem.js";
import { planLine } from "../../src/report/human.js";
import { MOST_BYTES, markdownText } from "../../src/report/markdown.js";
import { code, codeInHtml, plain } from "../../src/report/markdown-text.js";
import { printable } from "../../src/report/text.js";
import { elementsOf, rendered, reportOf, small, targetRun, textOf } from "../support/reports.js";
import { json, observed } from "../support/steps.js";

const more = `---
name: Exports
provider_type: s3
sync_config: { s3: { is_flexprice_managed: true } }
---
name: New
provider_type: razorpay
encrypted_secret_data: { key_id: "\${KEY}", secret_key: "\${GONE}" }
`;
const mixed = () => small(more, [observed({ providerType: "s3", name: "Exports" })], { KEY: "k" });

describe("a comment", () => {
  it("shows long values from where they differ", () => {
    const long = (end: string) => `${"the quick brown fox ".repeat(12)}${end}`;
    const text = `name: Stripe\nprovider_type: stripe\nmetadata: { note: ${long("new")} }\n`;
    const row = observed({ providerType: "stripe", name: "Stripe", metadata: json({ note: long("old") }) });
    expect(markdownText(reportOf([targetRun(text, [row])]), "m")).toMatch(/\| `….* fox old"` \| `….* fox new"` \|/);
  });

  it("has totals and dangers first, then each connection in a folded block", () => {
    expect(markdownText(reportOf([mixed()]), "plan-1")).toMatchInlineSnapshot(`
      "<!-- flexprice-sync:plan-1 -->
      ### Flexprice connections: plan: 1 danger, 1 blocked

      \`\`\`
      Plan: 1 to create, 1 to update, 0 to replace, 0 to archive, 1 unchanged, 1 blocked, 0 unknown.
      \`\`\`

      - \`https://us.api.flexprice.io/v1\`, environment \`env_1\`

      **1 danger: look at this first**

      - **invoices will no longer be pushed to Stripe**: \`Stripe\`

      **Connections**

      <details><summary>+ create <code>New</code> (razorpay, not there yet) · 2 fields</summary>

      \`connections/x.yaml:10\`

      | | field | before | after | what it means |
      |---|---|---|---|---|
      | + add | \`encrypted_secret_data.razorpay.key_id\` |  | (secret from KEY) |  |
      | ? unresolved | \`encrypted_secret_data.razorpay.secret_key\` |  | unresolved: GONE is not set |  |

      </details>

      <details><summary>! blocked <code>Exports</code> (s3, conn_s3) · 1 field</summary>

      \`connections/x.yaml:6\`

      | | field | before | after | what it means |
      |---|---|---|---|---|
      | ! blocked | \`sync_config.s3.is_flexprice_managed\` | \`false\` | \`true\` | blocked: cannot be changed on an existing connection |

      </details>

      <details><summary>~ update <code>Stripe</code> (stripe, conn_stripe) · 4 fields, 1 danger</summary>

      \`connections/x.yaml:1\`

      | | field | before | after | what it means |
      |---|---|---|---|---|
      | ~ change | \`metadata.note\` | \`(secret)\` | \`(secret)\` | only a note: Flexprice does nothing with it |
      | ~ change | \`metadata.retries\` | \`3\` | \`"3"\` | only a note: Flexprice does nothing with it |
      | ~ change | \`sync_config.plan.inbound\` | \`false\` | \`true\` | plans will be pulled from Stripe |
      | ~ change | \`sync_config.invoice.outbound\` | \`true\` | \`false\` | **danger:** invoices will no longer be pushed to Stripe |

      </details>
      "
    `);
  });

  it("has the fixed line as it is, alone on its line", () => {
    const target = mixed();
    const lines = markdownText(reportOf([target]), "plan-1").split("\n");
    expect(lines).toContain(planLine(target.plan === undefined ? [] : [target.plan.summary]));
  });

  it("says when there is nothing to change", () => {
    const calm = targetRun("name: S\nprovider_type: stripe\n", [observed({ providerType: "stripe", name: "S" })]);
    expect(markdownText(reportOf([calm]), "plan-1")).toContain(
      "\nNothing to change: no difference in what can be compared.\n",
    );
    const { plan: _plan, ...without } = calm;
    expect(markdownText(reportOf([without], { exitCode: 1 }), "plan-1")).not.toContain("Nothing to change");
  });

  it("begins with a marker that nobody sees and a bot finds", () => {
    const text = markdownText(reportOf([mixed()]), "plan-1");
    expect(text.split("\n")[0]).toBe("<!-- flexprice-sync:plan-1 -->");
    expect(textOf(rendered(text))).not.toContain("plan-1");
  });

  it("has the environment's name before each of its parts, where there are several", () => {
    const targets = [
      { ...mixed(), environment: "eu" },
      { ...mixed(), environment: "us" },
    ];
    const seen = textOf(rendered(markdownText(reportOf(targets), "plan-1")));
    expect(seen).toContain("invoices will no longer be pushed to Stripe: eu: Stripe, us: Stripe");
    expect(seen).toContain("~ update us: Stripe (stripe, conn_stripe)");
  });

  it("names problems with their places and hints", () => {
    const problems = [
      error("VALIDATE.WRONG_TYPE", "x is the text *yes*.", {
        hint: "write `true`.",
        place: { file: "a|b.yaml", line: 3, column: 7 },
      }),
      { ...warning("LOAD.EMPTY_FILE", "c.yaml is empty."), environments: ["eu"] },
    ];
    const text = markdownText(reportOf([], { environments: ["eu"], problems, exitCode: 3 }), "plan-1");
    const seen = textOf(rendered(text));
    expect(seen).toContain("plan (exit code 3): 1 error");
    expect(seen).toContain(
      "error VALIDATE.WRONG_TYPE a|b.yaml:3:7: Wrong type: x is the text *yes*.hint: write `true`.",
    );
    expect(seen).toContain("warning LOAD.EMPTY_FILE (eu): Empty file: c.yaml is empty.");
    expect(text).not.toContain("```");
  });

  it("says what became of each change, and why", () => {
    const target = mixed();
    const [change] = target.plan?.changes.filter(({ name }) => name === "Stripe") ?? [];
    if (change === undefined) throw new Error("no change");
    const failed: Outcome = { status: "failed", attempts: 1, wrote: false, message: "The service said <no>." };
    const told = { ...target, outcomes: new Map([[change, failed]]) };
    const text = markdownText(reportOf([told], { command: "apply", exitCode: 1 }), "apply-1");
    const seen = textOf(rendered(text));
    expect(seen).toContain("! failed Stripe (stripe, conn_stripe)");
    expect(seen).toContain("The service said <no>.");
    expect(text.split("\n")).toContain(
      "Apply: 0 created, 0 updated, 0 replaced, 0 archived, 1 failed, 0 unknown, 0 not started, 0 not converged, 1 blocked.",
    );
  });
});

/** Connections with a change each, every `dangerousEvery`-th with a danger. */
function many(count: number, dangerousEvery: number, filler: string) {
  const parts = [...Array(count).keys()];
  const text = parts
    .map((at) => {
      const bucket = at % dangerousEvery === 0 ? "after" : "same";
      return `name: ${JSON.stringify(`exports ${at} ${filler}`)}\nprovider_type: s3\nmetadata: { note: "new ${at}", more: "x" }\nsync_config: { s3: { bucket: ${bucket}, region: r } }\n`;
    })
    .join("---\n");
  const there = parts.map((at) =>
    observed({
      id: `conn_${String(at).padStart(26, "0")}`,
      providerType: "s3",
      name: `exports ${at} ${filler}`,
      metadata: json({ note: "old" }),
      syncConfig: json({ s3: { bucket: at % dangerousEvery === 0 ? "before" : "same", region: "r" } }),
    }),
  );
  return targetRun(text, there);
}

describe("a comment on many connections", () => {
  it("has at most what GitHub takes, keeps totals and dangers, and says how much it leaves out", () => {
    const text = markdownText(reportOf([many(401, 50, "")]), "plan-1");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_BYTES);
    // Nothing is dropped that there was room for.
    expect(Buffer.byteLength(text)).toBeGreaterThan(MOST_BYTES - 1_000);
    expect(text).toContain("401 to update");
    const seen = textOf(rendered(text));
    expect(seen).toContain("9 dangers: look at these first");
    const [, full = "0", short = "0"] =
      /Of 401 connections (\d+) are shown in full and (\d+) in one line: /.exec(seen) ?? [];
    expect(Number(full) + Number(short)).toBe(401);
    expect(text.match(/<details>/g)).toHaveLength(Number(full));
    // The dangerous ones are in full, wherever they stand.
    for (const at of [0, 50, 200, 400]) expect(text).toContain(`<summary>~ update <code>exports ${at} </code>`);
  });

  it("leaves whole connections out only when even a line each is too much", () => {
    const text = markdownText(reportOf([many(3_000, 7, "")]), "plan-1");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_BYTES);
    expect(text).toContain("3000 to update");
    expect(text).toMatch(/Of 3000 connections 0 are shown in full and \d+ in one line; \d+ are left out: /);
  });

  it("names every danger there is, also one that only one connection has among hundreds", () => {
    const stripe = small();
    const target = many(400, 1, "");
    if (target.plan === undefined || stripe.plan === undefined) throw new Error("no plan");
    const changes = [...target.plan.changes, ...stripe.plan.changes];
    const text = markdownText(reportOf([{ ...target, plan: { ...target.plan, changes } }]), "plan-1");
    const seen = textOf(rendered(text));
    expect(seen).toContain("401 dangers: look at these first");
    expect(seen).toContain(
      "exports move to another bucket: exports 0 , exports 1 , exports 10 , exports 100 , exports 101  and 395 more",
    );
    expect(seen).toContain("invoices will no longer be pushed to Stripe: Stripe");
  });

  it("keeps what failed and what is dangerous, wherever it stands", () => {
    const target = many(3_000, 3_001, "");
    const { plan } = target;
    const [last, ...more] = [...(plan?.changes ?? [])].reverse();
    if (plan === undefined || last === undefined) throw new Error("no plan");
    const failed: Outcome = { status: "failed", attempts: 1, wrote: false, message: "The service said no." };
    const done: Outcome = { status: "updated", attempts: 1, wrote: true };
    const outcomes = new Map([[last, failed], ...more.map((change) => [change, done] as const)]);
    const text = markdownText(reportOf([{ ...target, outcomes }], { command: "apply", exitCode: 4 }), "apply-1");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_BYTES);
    expect(text).toContain(`failed** ${code(last.name)}`);
    expect(text).toContain(": The service said no.");
    // It stands where it stood, behind the others.
    expect(text.indexOf("failed** ")).toBeGreaterThan(text.lastIndexOf("updated** "));
  });

  it("names every problem, also beside one that hundreds of environments have", () => {
    const environments = [...Array(900).keys()].map((at) => `customer-${at}-of-many`);
    const problems = [
      {
        ...error("LOAD.BAD_YAML", "x".repeat(20_000), { place: { file: "f".repeat(5_000), line: 1, column: 1 } }),
        environments,
      },
      error("LOAD.NO_FOLDER", "there is no folder connections."),
    ];
    const seen = textOf(rendered(markdownText(reportOf([], { environments, problems, exitCode: 3 }), "plan-1")));
    expect(seen).toContain(
      "(customer-0-of-many, customer-1-of-many, customer-2-of-many, customer-3-of-many, customer-4-of-many and 895 more)",
    );
    expect(seen).toContain("there is no folder connections.");
  });

  it("has at most that whatever the names, values, problems and environments are", () => {
    const filler = fc.constantFrom(
      "",
      "x".repeat(230),
      "\u{1f9ea}".repeat(100),
      "|`*_<&".repeat(30),
      "\u0007".repeat(90),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        filler,
        fc.integer({ min: 0, max: 900 }),
        (count, text, problems) => {
          const found = [...Array(problems).keys()].map((at) =>
            error("LOAD.BAD_YAML", `${at} ${text}`, { hint: text }),
          );
          const targets = [...Array(20).keys()].map((at) => ({
            ...many(count > 100 ? 15 : 2, 2, text),
            environment: `e${at}`,
          }));
          const report = reportOf([many(count, 1, text), ...targets], { problems: found });
          expect(Buffer.byteLength(markdownText(report, "plan-1"))).toBeLessThanOrEqual(MOST_BYTES);
        },
      ),
      { numRuns: 30 },
    );
  });
});

const KNOWN = [
  "br",
  "code",
  "details",
  "h3",
  "li",
  "p",
  "pre",
  "strong",
  "summary",
  "table",
  "tbody",
  "td",
  "th",
  "thead",
  "tr",
  "ul",
];

/** Texts that mean something to Markdown, to HTML, to GitHub or to a terminal. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.stringMatching(/^[`|*_~<>&\\[\]()!#@:$.\-a-c0-9 "']{1,30}$/),
  fc.constantFrom(
    "<script>alert(1)</script>",
    "</code></summary></details><img src=x onerror=alert(1)>",
    "-->",
    "`` ` ``",
    "a | b",
    "\\| \\` \\",
    "[x](https://evil.example)",
    "https://evil.example www.evil.example",
    "@octocat #1 octo/cat#2 :tada: $x$",
    "# head\n- item\n\n| a |\n|---|",
    "\u202e\u0000\u001b[31m",
    "&lt;b&gt; &#96;",
    "__proto__ *a* ~~b~~",
    " ",
  ),
);

/** The service stores no NUL and no half of a pair. */
const storable = hostile.filter((text) => !text.includes("\u0000") && !/\p{Cs}/u.test(text));

describe("text from elsewhere", () => {
  it("stays text: in a sentence, as a name, in a table, between tags", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = printable(text);
        const line = rendered(`x ${plain(text)} y`);
        expect(elementsOf(line)).toEqual(["p"]);
        expect(textOf(line).replaceAll(/\s+/g, " ")).toBe(`x ${shown} y`.replaceAll(/\s+/g, " "));
        const name = rendered(`x ${code(text)} y`);
        expect(elementsOf(name)).toEqual(["code", "p"]);
        expect(textOf(name).replaceAll(/\s+/g, " ")).toBe(`x ${shown} y`.replaceAll(/\s+/g, " "));
        const table = rendered(`| a | b |\n|---|---|\n| ${code(text)} | ${plain(text)} |\n`);
        expect(elementsOf(table)).toEqual(["code", "table", "tbody", "td", "th", "thead", "tr"]);
        expect(table.match(/<td>/g)).toHaveLength(2);
        const block = rendered(`<details><summary>${codeInHtml(text)}</summary>\n\n</details>`);
        expect(elementsOf(block)).toEqual(["code", "details", "summary"]);
        expect(textOf(block).trim()).toBe(shown.trim());
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays text in the whole comment, and names or links nobody", () => {
    fc.assert(
      fc.property(storable, storable, storable, (name, key, value) => {
        const id = "conn_x";
        const text = `name: ${JSON.stringify(`n${name}`)}\nid: ${id}\nprovider_type: s3\nmetadata: ${JSON.stringify({ [`k${key}`]: value })}\n`;
        const target = targetRun(text, [observed({ id, providerType: "s3", name: "old" })]);
        const problems = [
          error("LOAD.BAD_YAML", `${name} ${value}`, { hint: key, place: { file: `f${key}`, line: 1, column: 1 } }),
        ];
        const html = rendered(
          markdownText(reportOf([{ ...target, environment: name }, target], { problems }), "plan-1"),
        );
        expect(elementsOf(html).filter((element) => !KNOWN.includes(element))).toEqual([]);
        expect(textOf(html)).toContain(printable(`n${name}`));
        // A text node that begins a reference would notify somebody; in code GitHub looks for none.
        const outside = html.replaceAll(/<code>[^<]*<\/code>|<pre>[\s\S]*?<\/pre>/g, "").replaceAll("<!-- -->", "<br>");
        expect(
          outside
            .split(/<[^>]*>/)
            .map(textOf)
            .filter((node) => /[@#][A-Za-z0-9]/.test(node)),
        ).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
