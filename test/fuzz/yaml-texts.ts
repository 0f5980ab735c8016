import fc from "fast-check";
import { VALUES, WORDS } from "./hurtful.js";

/*
 * Texts that are YAML by its grammar, in every spelling that it has, whatever they mean.
 */

const plain = fc.oneof(
  {
    arbitrary: fc.constantFrom("a", "stripe", "1", "true", "null", "2.5", '"b"', "'c'", '"${X}"', "x y", "~", '""'),
    weight: 6,
  },
  { arbitrary: fc.constantFrom(...WORDS), weight: 2 },
  { arbitrary: fc.constantFrom(...VALUES), weight: 1 },
);

const key = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      "name",
      "provider_type",
      "metadata",
      "sync_config",
      "encrypted_secret_data",
      "exact",
      "id",
      "protect",
      "invoice",
      "outbound",
      "stripe",
      "secret_key",
      "a",
      "b",
    ),
    weight: 8,
  },
  { arbitrary: plain, weight: 1 },
);

const prefix = fc.oneof(
  { arbitrary: fc.constant(""), weight: 10 },
  {
    arbitrary: fc.constantFrom(
      "&a ",
      "&b ",
      "!!str ",
      "!!map ",
      "!!seq ",
      "!!int ",
      "! ",
      "!x ",
      "&a !!str ",
      "!<tag:yaml.org,2002:null> ",
    ),
    weight: 2,
  },
);

interface Node {
  /** On one line. */
  readonly flow: string;
  /** On lines of its own, from a column on. */
  readonly block: (indent: number) => string;
}

const leaf = (text: string): Node => ({ flow: text, block: () => text });

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { arbitrary: fc.tuple(prefix, plain).map(([before, text]) => leaf(before + text)), weight: 6 },
    { arbitrary: fc.constantFrom("*a", "*b", "*c").map(leaf), weight: 1 },
    {
      arbitrary: fc.constantFrom("|", ">", "|-", ">+", "|2", ">9-").map(
        (mark): Node => ({
          flow: '"x"',
          block: (indent) => `${mark}\n${" ".repeat(indent)}line \${X}\n\n${" ".repeat(indent)}  more`,
        }),
      ),
      weight: 1,
    },
    {
      arbitrary: fc
        .tuple(prefix, fc.array(tie("node"), { maxLength: 4 }), fc.boolean())
        .map(([before, items, isFlow]) => listOf(before, items, isFlow)),
      weight: 2,
    },
    {
      arbitrary: fc
        .tuple(prefix, fc.array(fc.tuple(key, tie("node")), { maxLength: 5 }), fc.boolean())
        .map(([before, entries, isFlow]) => mapOf(before, entries, isFlow)),
      weight: 4,
    },
  ),
}));

function listOf(before: string, items: readonly Node[], isFlow: boolean): Node {
  const flow = `${before}[${items.map((item) => item.flow).join(", ")}]`;
  const lines = (indent: number) => items.map((item) => `\n${" ".repeat(indent)}- ${item.block(indent + 2)}`).join("");
  return { flow, block: (indent) => (isFlow || items.length === 0 ? flow : `${before}${lines(indent)}`) };
}

function mapOf(before: string, entries: readonly (readonly [string, Node])[], isFlow: boolean): Node {
  const flow = `${before}{${entries.map(([name, value]) => `${name}: ${value.flow}`).join(", ")}}`;
  const lines = (indent: number) =>
    entries.map(([name, value]) => `\n${" ".repeat(indent)}${name}: ${value.block(indent + 2)}`).join("");
  return { flow, block: (indent) => (isFlow || entries.length === 0 ? flow : `${before}${lines(indent)}`) };
}

const head = fc.constantFrom(
  "",
  "",
  "",
  "\ufeff",
  "%YAML 1.2\n---\n",
  "%YAML 1.1\n---\n",
  "--- ",
  "# x\n",
  "name: N\nprovider_type: stripe\n",
  "name: N\nprovider_type: stripe\nmetadata:\n  m: ",
);

/** Whole files. */
export const yamlTexts: fc.Arbitrary<string> = fc
  .array(fc.tuple(head, node), { minLength: 1, maxLength: 3 })
  .map(
    (documents) =>
      `${documents.map(([before, one]) => `${before}${one.block(before.endsWith("m: ") ? 4 : 0)}`).join("\n---\n")}\n`,
  );

/** Texts that are made to cost much: very deep, very wide, very many. */
export const costlyTexts: fc.Arbitrary<string> = fc
  .record({ times: fc.constantFrom(90, 130, 130, 1_200, 1_200, 9_000, 30_000), shape: fc.nat(11) })
  .map(({ times, shape }) => {
    const lines = (line: (at: number) => string) =>
      Array.from({ length: Math.min(times, 3_000) }, (_, at) => line(at)).join("");
    const whole = "name: N\nprovider_type: flexprice\n";
    const shapes: readonly (() => string)[] = [
      () => `${whole}metadata: { a: ${"[".repeat(times)}${"]".repeat(times)} }\n`,
      () => `${whole}metadata: { a: ${"{a: ".repeat(times)}1${"}".repeat(times)} }\n`,
      () => `${whole}metadata:\n${lines((at) => `${" ".repeat(Math.min(at, 1_200) + 1)}a:\n`).slice(0, 300_000)}`,
      () => `${whole}metadata:\n  x: &x [1,2,3,4,5,6,7,8,9]\n${lines((at) => `  k${at}: *x\n`)}`,
      () => `${whole}metadata:\n  x0: &x0 [1,2]\n${lines((at) => `  x${at + 1}: &x${at + 1} [*x${at}, *x${at}]\n`)}`,
      () => `${whole}metadata:\n${lines((at) => `  k${at}: ${at}\n`)}`,
      () => `${whole}metadata: { a: "${"y".repeat(times * 10)}" }\n`,
      () => `${whole}metadata: { a: "${"${X}".repeat(times)}" }\n`,
      () => lines((at) => `---\nname: n${at % 7}\nprovider_type: stripe\n`),
      () => `${whole}${lines((at) => `f${at}: 1\n`)}`,
      () => `${whole}metadata: { a: ${"9".repeat(times)} }\n`,
      () => `${"- ".repeat(times)}a\n`,
    ];
    return shapes[shape]?.() ?? "";
  });
