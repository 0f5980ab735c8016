import fc from "fast-check";
import { BROKEN_VALUES, VALUES, WORDS } from "./hurtful.js";

/*
 * JSON that is well formed and wrong: a good document in which any value is replaced, dropped, doubled or made another type. It is
 * kept as text in its leaves, so that it can say what no value in memory can: a key twice, `__proto__`, numbers without end.
 */

type Tree =
  | { readonly kind: "leaf"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Tree[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [string, Tree])[] };

/** Something that is done to one value of a document; `at` chooses it. */
export type JsonEdit =
  | { readonly kind: "replace"; readonly at: number; readonly text: string }
  | { readonly kind: "drop"; readonly at: number }
  | { readonly kind: "twice"; readonly at: number; readonly text: string }
  | { readonly kind: "rename"; readonly at: number; readonly name: string }
  | { readonly kind: "retype"; readonly at: number }
  | { readonly kind: "wrap"; readonly at: number; readonly depth: number }
  | { readonly kind: "add"; readonly at: number; readonly name: string; readonly text: string }
  /** Another value of the same type: schemas do not see that one. */
  | { readonly kind: "like"; readonly at: number; readonly pick: number }
  | { readonly kind: "copy"; readonly at: number; readonly from: number }
  | { readonly kind: "many"; readonly at: number; readonly times: number };

const at = fc.nat(9_999);
const value = (more: readonly string[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...VALUES, ...more.map((text) => JSON.stringify(text))), weight: 12 },
    { arbitrary: fc.constantFrom(...BROKEN_VALUES), weight: 1 },
    { arbitrary: fc.constantFrom(...WORDS).map((text) => JSON.stringify(text)), weight: 6 },
  );
const name = fc.constantFrom(
  "",
  "__proto__",
  "constructor",
  "a.b",
  "toString",
  "flexprice_sync",
  "invoice",
  "s3",
  "name",
  "id",
  "\u202e",
  "\ud800",
  "x".repeat(400),
  ...WORDS,
);

/** @param more - texts to be put in beside the hurtful ones */
export function jsonEdits(more: readonly string[] = []): fc.Arbitrary<readonly JsonEdit[]> {
  const text = value(more);
  const one: fc.Arbitrary<JsonEdit> = fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant("replace" as const), at, text }), weight: 8 },
    { arbitrary: fc.record({ kind: fc.constant("drop" as const), at }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant("twice" as const), at, text }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant("rename" as const), at, name }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant("retype" as const), at }), weight: 2 },
    {
      arbitrary: fc.record({
        kind: fc.constant("wrap" as const),
        at,
        depth: fc.constantFrom(1, 2, 99, 199, 251, 2_000),
      }),
      weight: 1,
    },
    { arbitrary: fc.record({ kind: fc.constant("add" as const), at, name, text }), weight: 3 },
    { arbitrary: fc.record({ kind: fc.constant("copy" as const), at, from: at }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant("many" as const), at, times: fc.constantFrom(2, 20, 300) }), weight: 1 },
  );
  return fc.oneof(
    { arbitrary: gentleEdits, weight: 4 },
    { arbitrary: fc.tuple(one).map((all): readonly JsonEdit[] => all), weight: 2 },
    { arbitrary: fc.array(one, { minLength: 1, maxLength: 5 }), weight: 3 },
  );
}

/** Edits after which a document is still one of its kind, as far as types go. */
export const gentleEdits: fc.Arbitrary<readonly JsonEdit[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant("like" as const), at, pick: fc.nat(999) }), weight: 5 },
    { arbitrary: fc.record({ kind: fc.constant("copy" as const), at, from: at }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant("drop" as const), at }), weight: 1 },
  ),
  { minLength: 1, maxLength: 3 },
);

/** Edits of one part of a document alone. */
export function jsonWithin(value: Readonly<Record<string, unknown>>, part: string, done: readonly JsonEdit[]): string {
  const { [part]: inner = {}, ...others } = value;
  const rest = JSON.stringify(others).slice(1, -1);
  return `{${rest}${rest === "" ? "" : ","}${JSON.stringify(part)}:${jsonWith(inner, done)}}`;
}

/** Edited samples as JSON text. */
export function editedJson(samples: readonly unknown[], more: readonly string[] = []): fc.Arbitrary<string> {
  return fc
    .record({ number: fc.nat(999), done: jsonEdits(more) })
    .map(({ number, done }) => jsonWith(samples[number % samples.length], done));
}

/** A value as JSON text, with edits. */
export function jsonWith(value: unknown, done: readonly JsonEdit[]): string {
  return textOf(done.reduce(changed, treeOf(value)));
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "list", items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { kind: "leaf", text: JSON.stringify(value) ?? "null" };
  return { kind: "map", entries: Object.entries(value).map(([key, inner]) => [key, treeOf(inner)] as const) };
}

function textOf(tree: Tree): string {
  if (tree.kind === "leaf") return tree.text;
  if (tree.kind === "list") return `[${tree.items.map(textOf).join(",")}]`;
  return `{${tree.entries.map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`).join(",")}}`;
}

type Steps = readonly number[];

/** The ways to all values of a document, the whole one first. */
function waysIn(tree: Tree): readonly Steps[] {
  const inner = tree.kind === "list" ? tree.items : tree.kind === "map" ? tree.entries.map(([, value]) => value) : [];
  return [[], ...inner.flatMap((one, index) => waysIn(one).map((steps) => [index, ...steps]))];
}

function valueAt(tree: Tree, steps: Steps): Tree {
  const [step, ...rest] = steps;
  if (step === undefined || tree.kind === "leaf") return tree;
  const inner = tree.kind === "list" ? tree.items[step] : tree.entries[step]?.[1];
  return inner === undefined ? tree : valueAt(inner, rest);
}

/** What stands in the place of an entry: none, one or several. */
type Put = (key: string, value: Tree) => readonly (readonly [string, Tree])[];

function putAt(tree: Tree, steps: Steps, put: Put): Tree {
  const [step, ...rest] = steps;
  if (step === undefined) return put("", tree)[0]?.[1] ?? { kind: "leaf", text: "" };
  const within = (key: string, inner: Tree, index: number): readonly (readonly [string, Tree])[] => {
    if (index !== step) return [[key, inner]];
    return rest.length === 0 ? put(key, inner) : [[key, putAt(inner, rest, put)]];
  };
  if (tree.kind === "list")
    return { kind: "list", items: tree.items.flatMap((item, index) => within("", item, index).map(([, one]) => one)) };
  if (tree.kind === "map")
    return { kind: "map", entries: tree.entries.flatMap(([key, inner], index) => within(key, inner, index)) };
  return tree;
}

/** Characters of all copies of one value. */
const LONGEST_COPIES = 100_000;

function changed(tree: Tree, edit: JsonEdit): Tree {
  const ways = waysIn(tree);
  const way = (number: number): Steps => ways[number % ways.length] ?? [];
  const steps = way(edit.at);
  const leaf = (text: string): Tree => ({ kind: "leaf", text });
  switch (edit.kind) {
    case "replace":
      return putAt(tree, steps, (key) => [[key, leaf(edit.text)]]);
    case "drop":
      return putAt(tree, steps, () => []);
    case "twice":
      return putAt(tree, steps, (key, value) => [
        [key, value],
        [key, leaf(edit.text)],
      ]);
    case "rename":
      return putAt(tree, steps, (_key, value) => [[edit.name, value]]);
    case "retype":
      return putAt(tree, steps, (key, value) => [[key, retyped(value)]]);
    case "wrap":
      return putAt(tree, steps, (key, value) => [
        [key, leaf("[".repeat(edit.depth) + textOf(value) + "]".repeat(edit.depth))],
      ]);
    case "add":
      return putAt(tree, steps, (key, value) => [
        [key, value],
        [edit.name, leaf(edit.text)],
      ]);
    case "like":
      return putAt(tree, steps, (key, value) => [[key, alike(value, edit.pick)]]);
    case "copy":
      return putAt(tree, steps, (key) => [[key, valueAt(tree, way(edit.from))]]);
    case "many":
      return putAt(tree, steps, (key, value) => {
        const length = Math.min(edit.times, Math.ceil(LONGEST_COPIES / (textOf(value).length + 1)));
        return Array.from({ length }, (_, index) => [index === 0 ? key : `${key}${index}`, value] as const);
      });
  }
}

function retyped(tree: Tree): Tree {
  if (tree.kind === "map") return { kind: "list", items: tree.entries.map(([, value]) => value) };
  if (tree.kind === "list")
    return { kind: "map", entries: tree.items.map((item, index) => [String(index), item] as const) };
  const { text } = tree;
  if (text.startsWith('"')) return { kind: "leaf", text: /^"\d+"$/.test(text) ? text.slice(1, -1) : "7" };
  return { kind: "leaf", text: JSON.stringify(text) };
}

const TEXTS = [...VALUES.filter((text) => text.startsWith('"')), ...WORDS.map((text) => JSON.stringify(text))];
const NUMBERS = VALUES.filter((text) => /^-?\d/.test(text));

function alike(tree: Tree, pick: number): Tree {
  if (tree.kind === "list")
    return { kind: "list", items: pick % 2 === 0 ? [...tree.items].reverse() : tree.items.slice(1) };
  if (tree.kind === "map")
    return { kind: "map", entries: pick % 2 === 0 ? [...tree.entries].reverse() : tree.entries.slice(1) };
  const among = tree.text.startsWith('"') ? TEXTS : /^[tf]/.test(tree.text) ? ["true", "false"] : NUMBERS;
  return { kind: "leaf", text: among[pick % among.length] ?? tree.text };
}
