import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { nameOfKey } from "../model/credentials.js";
import type { Json } from "../model/json.js";
import { dotted, type Place, type Pointer } from "../model/location.js";
import { error, type Problem, type ProblemCode } from "../model/problem.js";

/** Nodes that the aliases of one document may stand for, so that a few lines cannot unfold into gigabytes. */
export const MOST_ALIASED_NODES = 10_000;

/** Among them the one without a name, by which YAML means that a plain value is a text. */
const CORE_TAGS = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/;

const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** From nodes to data, collecting every fault on the way. */
export class NodeReader {
  readonly problems: Problem[] = [];
  readonly refused: Pointer[] = [];
  readonly #placeAt: (offset: number) => Place;
  readonly #open = new Set<Node>();
  /** The node of each anchor that was passed last: YAML gives an alias the nearest one before it. */
  readonly #anchors = new Map<string, Node>();
  #aliasedNodes = 0;
  #inAlias = 0;

  /** @param placeAt - the place of an offset that a node of this document has */
  constructor(placeAt: (offset: number) => Place) {
    this.#placeAt = placeAt;
  }

  read(node: Node | null, pointer: Pointer): Json {
    if (node === null) return null;
    if (this.#inAlias > 0) this.#aliasedNodes += 1;
    if (this.#aliasedNodes > MOST_ALIASED_NODES) return null;
    if (isAlias(node)) return this.#readAlias(node, pointer);
    if (this.#inAlias === 0 && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag !== undefined && !CORE_TAGS.test(node.tag)) {
      // The document's own problems name it already.
      this.refused.push(pointer);
      return null;
    }
    if (isScalar(node)) return this.#readScalar(node, pointer);
    if (this.#open.has(node)) return null;
    this.#open.add(node);
    const value = isMap(node) ? this.#readMap(node.items, pointer) : this.#readList(node, pointer);
    this.#open.delete(node);
    return value;
  }

  #readAlias(alias: Alias, pointer: Pointer): Json {
    const target = this.#anchors.get(alias.source);
    if (target === undefined || this.#open.has(target)) {
      const hint = "write the value out, or put a value that begins with * in quotes.";
      return this.#refuse("LOAD.BAD_YAML", "an alias leads to itself or to nothing.", alias, hint, pointer);
    }
    this.#inAlias += 1;
    const value = this.read(target, pointer);
    this.#inAlias -= 1;
    if (this.#aliasedNodes > MOST_ALIASED_NODES && this.#inAlias === 0) {
      const detail = `the aliases stand for more than ${MOST_ALIASED_NODES} values.`;
      return this.#refuse("LOAD.TOO_MANY_ALIASES", detail, alias, "write the values out.", pointer);
    }
    return value;
  }

  #readScalar(scalar: Scalar, pointer: Pointer): Json {
    const { value } = scalar;
    // A long text that many aliases repeat unfolds like a map of many nodes.
    if (this.#inAlias > 0 && typeof value === "string") this.#aliasedNodes += Math.floor(value.length / 100);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && isExact(value, scalar.source ?? "")) return value;
    const detail = `${dotted(pointer) || "the value"} is a number that JSON cannot carry exactly.`;
    return this.#refuse("LOAD.INEXACT_NUMBER", detail, scalar, "write it in quotes to keep it as text.", pointer);
  }

  #readList(node: Node, pointer: Pointer): Json {
    if (!isSeq(node)) return null;
    return node.items.map((item, index) => this.read(isPair(item) ? null : (item as Node | null), [...pointer, index]));
  }

  #readMap(pairs: readonly Pair[], pointer: Pointer): Json {
    const data: Record<string, Json> = {};
    const seen = new Map<string, Node>();
    for (const pair of pairs) {
      const key = this.#keyOf(pair.key as Node | null, seen, pointer);
      if (key !== undefined) data[key] = this.read(pair.value as Node | null, [...pointer, key]);
    }
    return data;
  }

  /** The key as text, or nothing when it is refused, and then a problem says why. */
  #keyOf(node: Node | null, seen: Map<string, Node>, pointer: Pointer): string | undefined {
    if (isScalar(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (!isScalar(node)) {
      this.#problem(
        "LOAD.KEY_NOT_TEXT",
        "a list or a map stands where a key should be.",
        node,
        "use a text as the key.",
      );
      return undefined;
    }
    if (node.value === "<<") {
      this.#problem(
        "LOAD.MERGE_KEY",
        "merge keys are not supported.",
        node,
        "write out the keys that << would bring in.",
      );
      return undefined;
    }
    if (typeof node.value !== "string") {
      this.#problem(
        "LOAD.KEY_NOT_TEXT",
        "a number, true, false or null stands where a key should be.",
        node,
        "write it in quotes; if the same key stands there in quotes already, drop one.",
      );
      return undefined;
    }
    const key = node.value;
    if (FORBIDDEN_KEYS.has(key)) {
      this.#problem("LOAD.FORBIDDEN_KEY", `${key} cannot be used as a key.`, node, "choose another name.");
      return undefined;
    }
    const first = seen.get(key);
    if (first !== undefined) {
      const { line, column } = this.#placeAt(offsetOfNode(first));
      const detail = `${nameOfKey(key, pointer)} stands here again (first at ${line}:${column}).`;
      this.#problem("LOAD.DUPLICATE_KEY", detail, node, "keep one of them.");
      return undefined;
    }
    seen.set(key, node);
    return key;
  }

  /** A value that is not taken: `null` stands for it. */
  #refuse(code: ProblemCode, detail: string, node: Node, hint: string, pointer: Pointer): null {
    this.refused.push(pointer);
    this.#problem(code, detail, node, hint);
    return null;
  }

  #problem(code: ProblemCode, detail: string, node: Node | null, hint: string): void {
    this.problems.push(error(code, detail, { place: this.#placeAt(node === null ? 0 : offsetOfNode(node)), hint }));
  }
}

function offsetOfNode(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** An integer must come out of a 64-bit float as it went in; `.inf` and `.nan` have no JSON at all. */
function isExact(value: number, source: string): boolean {
  // Numbers that long are not looked into: that could take long.
  if (!Number.isFinite(value) || source.length > 400) return false;
  const digits = /^([-+]?)(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)$/.exec(source);
  // A whole number that is written with a point or an exponent must have the digits that its float prints.
  if (digits === null) return !Number.isInteger(value) || decimal(source) === decimal(String(value));
  const [, sign = "", written = ""] = digits;
  const magnitude = BigInt(written);
  return BigInt(value) === (sign === "-" ? -magnitude : magnitude);
}

/** A number in one of its many spellings as its digits and the power of ten behind them. */
function decimal(source: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign === "-" ? "-" : ""}${significant}e${power}`;
}

/** Finds where a pointer leads in a document; as far as it leads, if the document is shorter. */
export function offsetFinder(document: Document.Parsed): (pointer: Pointer, part: "key" | "value") => number {
  const indexes = new Map<Node, ReadonlyMap<unknown, Pair>>();
  /** The pairs of a map by key, the first of equal ones; made once, for a map with many faults is asked many times. */
  const pairsOf = (map: YAMLMap): ReadonlyMap<unknown, Pair> => {
    const known = indexes.get(map);
    if (known !== undefined) return known;
    const backwards = [...map.items].reverse();
    const index = new Map(backwards.map((pair): [unknown, Pair] => [isScalar(pair.key) ? pair.key.value : pair, pair]));
    indexes.set(map, index);
    return index;
  };
  return (pointer, part) => {
    let node: Node | null = document.contents;
    let keyOffset = node === null ? 0 : offsetOfNode(node);
    let valueOffset = keyOffset;
    for (const step of pointer) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      if (isMap(node)) {
        const pair = pairsOf(node).get(step);
        if (pair === undefined) return keyOffset;
        keyOffset = offsetOfNode(pair.key as Node);
        node = pair.value as Node | null;
        valueOffset = node === null ? keyOffset : offsetOfNode(node);
      } else if (isSeq(node) && typeof step === "number") {
        const item = node.items[step] as Node | undefined;
        if (item === undefined) return keyOffset;
        node = item;
        keyOffset = offsetOfNode(item);
        valueOffset = keyOffset;
      } else {
        return keyOffset;
      }
    }
    return part === "key" ? keyOffset : valueOffset;
  };
}
