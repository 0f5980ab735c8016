import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  type YAMLError,
} from "yaml";
import type { Json } from "../model/json.js";
import { dotted, type Place, type Pointer } from "../model/location.js";
import { error, type Problem, type ProblemCode } from "../model/problem.js";

/** Maps and lists inside each other. Deeper text could exhaust the stack of the parser, which ends the process. */
export const DEEPEST_NESTING = 100;

/** Nodes that the aliases of one document may stand for, so that a few lines cannot unfold into gigabytes. */
export const MOST_ALIASED_NODES = 10_000;

const COMPOSER_OPTIONS = {
  version: "1.2",
  schema: "core",
  merge: false,
  resolveKnownTags: false,
  // Checked here instead, to name both places.
  uniqueKeys: false,
  strict: true,
  prettyErrors: false,
  logLevel: "silent",
} as const;

const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** One YAML document as data. */
export interface YamlDocument {
  readonly data: Json;
  /** 1-based line of its first node. */
  readonly line: number;
  readonly locate: (pointer: Pointer, part: "key" | "value") => Place;
}

export interface YamlText {
  /** In the order of the file; empty ones are left out. */
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML 1.2 text: every document as data, and a look-up from a pointer to its line and column.
 *
 * Stricter than YAML where leniency has cost somebody: equal keys, keys that are no text, merge keys, unknown tags,
 * `%YAML 1.1`, and numbers that change on their way through JSON are problems. A document with a problem is left out.
 *
 * @param text - the file's content, decoded
 * @param file - its path, for places
 */
export function readYaml(text: string, file: string): YamlText {
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  const parsed = parse(text);
  const placeAt = (offset: number) => place(file, parsed.lines, offset);
  if (parsed.tooDeepAt !== undefined) {
    const detail = `maps and lists are nested more than ${DEEPEST_NESTING} deep.`;
    return { documents, problems: [error("LOAD.TOO_DEEP", detail, { place: placeAt(parsed.tooDeepAt) })] };
  }
  // The tree is dropped after reading; only a file with something to point at is parsed again.
  let again: readonly Document.Parsed[] | undefined;
  for (const [index, document] of parsed.documents.entries()) {
    const broken = problemOf(document, text, placeAt);
    if (broken !== undefined) {
      problems.push(broken);
      continue;
    }
    const root = document.contents;
    if (root === null || (isScalar(root) && root.value === null)) continue;
    const reader = new NodeReader(document, placeAt);
    const data = reader.read(root, []);
    problems.push(...reader.problems);
    if (reader.problems.length > 0) continue;
    const line = placeAt(root.range[0]).line;
    const locate = (pointer: Pointer, part: "key" | "value"): Place => {
      again ??= parse(text).documents;
      const tree = again[index];
      return tree === undefined ? { file, line, column: 1 } : placeAt(offsetOf(tree, pointer, part));
    };
    documents.push({ data, line, locate });
  }
  return { documents, problems };
}

interface ParsedText {
  readonly documents: readonly Document.Parsed[];
  readonly lines: LineCounter;
  readonly tooDeepAt?: number;
}

function parse(text: string): ParsedText {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  for (const token of tokens) {
    const tooDeepAt = firstTooDeep(token);
    if (tooDeepAt !== undefined) return { documents: [], lines, tooDeepAt };
  }
  return { documents: [...new Composer(COMPOSER_OPTIONS).compose(tokens)], lines };
}

/** Without recursion, because it is there to keep others from recursing too far. */
function firstTooDeep(token: CST.Token): number | undefined {
  const stack: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { token: current, depth } = top;
    if (depth > DEEPEST_NESTING) return current.offset;
    if (current.type === "document" && current.value) stack.push({ token: current.value, depth });
    if (!("items" in current)) continue;
    for (const item of current.items) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
  }
  return undefined;
}

function place(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** What makes a whole document unusable; the first fault only, since the ones behind it follow from it. */
function problemOf(document: Document.Parsed, text: string, placeAt: (offset: number) => Place): Problem | undefined {
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit === true && yaml.version !== "1.2") {
    const offset = Math.max(text.lastIndexOf("%YAML", document.range[0] + 1), 0);
    return error("LOAD.YAML_VERSION", `only YAML 1.2 is read, and the file asks for ${yaml.version}.`, {
      place: placeAt(offset),
      hint: "drop the %YAML line.",
    });
  }
  const [fault] = [...document.errors, ...document.warnings];
  return fault === undefined ? undefined : problemOfFault(fault, text, placeAt);
}

function problemOfFault(fault: YAMLError, text: string, placeAt: (offset: number) => Place): Problem {
  const offset = fault.pos[0];
  if (fault.code === "TAG_RESOLVE_FAILED") {
    return error("LOAD.UNKNOWN_TAG", `${sentence(fault.message)}`, {
      place: placeAt(offset),
      hint: "tags other than those of YAML's core are not read; drop it.",
    });
  }
  const brace = text.slice(Math.max(offset - 1, 0), offset + 1) === "${";
  const hint = brace
    ? 'between { and } a reference must be in quotes: "${NAME}".'
    : "mend the file; nothing of it is used until it can be read.";
  return error("LOAD.BAD_YAML", sentence(fault.message), { place: placeAt(offset), hint });
}

function sentence(message: string): string {
  const trimmed = message.trim().replace(/[.:]$/, "");
  return `${trimmed.charAt(0).toLowerCase()}${trimmed.slice(1)}.`;
}

/** From nodes to data, collecting every fault on the way. */
class NodeReader {
  readonly problems: Problem[] = [];
  readonly #document: Document.Parsed;
  readonly #placeAt: (offset: number) => Place;
  readonly #open = new Set<Node>();
  #aliasedNodes = 0;
  #inAlias = 0;

  constructor(document: Document.Parsed, placeAt: (offset: number) => Place) {
    this.#document = document;
    this.#placeAt = placeAt;
  }

  read(node: Node | null, pointer: Pointer): Json {
    if (node === null) return null;
    if (this.#inAlias > 0) this.#aliasedNodes += 1;
    if (this.#aliasedNodes > MOST_ALIASED_NODES) return null;
    if (isAlias(node)) return this.#readAlias(node, pointer);
    if (isScalar(node)) return this.#readScalar(node, pointer);
    if (this.#open.has(node)) return null;
    this.#open.add(node);
    const value = isMap(node) ? this.#readMap(node.items, pointer) : this.#readList(node, pointer);
    this.#open.delete(node);
    return value;
  }

  #readAlias(alias: Alias, pointer: Pointer): Json {
    const target = alias.resolve(this.#document);
    if (target === undefined || this.#open.has(target)) {
      this.#problem(
        "LOAD.BAD_YAML",
        `the alias *${alias.source} leads to itself or nowhere.`,
        alias,
        "write the value out.",
      );
      return null;
    }
    this.#inAlias += 1;
    const value = this.read(target, pointer);
    this.#inAlias -= 1;
    if (this.#aliasedNodes > MOST_ALIASED_NODES && this.#inAlias === 0) {
      const detail = `the aliases stand for more than ${MOST_ALIASED_NODES} values.`;
      this.#problem("LOAD.TOO_MANY_ALIASES", detail, alias, "write the values out.");
    }
    return value;
  }

  #readScalar(scalar: Scalar, pointer: Pointer): Json {
    const { value } = scalar;
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && isExact(value, scalar.source ?? "")) return value;
    const detail = `${dotted(pointer) || "the value"} is ${scalar.source ?? "a value"}, which JSON cannot carry exactly.`;
    this.#problem("LOAD.INEXACT_NUMBER", detail, scalar, "write it in quotes to keep it as text.");
    return null;
  }

  #readList(node: Node, pointer: Pointer): Json {
    if (!isSeq(node)) return null;
    return node.items.map((item, index) => this.read(isPair(item) ? null : (item as Node | null), [...pointer, index]));
  }

  #readMap(pairs: readonly Pair[], pointer: Pointer): Json {
    const data: Record<string, Json> = {};
    const seen = new Map<string, Node>();
    for (const pair of pairs) {
      const key = this.#keyOf(pair.key as Node | null, seen);
      if (key !== undefined) data[key] = this.read(pair.value as Node | null, [...pointer, key]);
    }
    return data;
  }

  /** The key as text, or nothing when it is refused, and then a problem says why. */
  #keyOf(node: Node | null, seen: Map<string, Node>): string | undefined {
    if (!isScalar(node)) {
      this.#problem("LOAD.KEY_NOT_TEXT", "a key must be text.", node, "write the key in quotes.");
      return undefined;
    }
    if (node.value === "<<" && node.type === "PLAIN") {
      this.#problem("LOAD.MERGE_KEY", "merge keys (<<) are not supported.", node, "write the keys out.");
      return undefined;
    }
    if (typeof node.value !== "string") {
      const shown = node.source ?? String(node.value);
      this.#problem(
        "LOAD.KEY_NOT_TEXT",
        `the key ${shown || "(empty)"} is not text.`,
        node,
        `write it in quotes: "${shown}".`,
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
      this.#problem(
        "LOAD.DUPLICATE_KEY",
        `${key} stands here again (first at ${line}:${column}).`,
        node,
        "keep one of them.",
      );
      return undefined;
    }
    seen.set(key, node);
    return key;
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
  if (!Number.isFinite(value)) return false;
  const digits = /^([-+]?)(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)$/.exec(source);
  if (digits === null) return true;
  const magnitude = BigInt(digits[2] ?? "0");
  return BigInt(value) === (digits[1] === "-" ? -magnitude : magnitude);
}

/** Where a pointer leads; as far as it leads, if the document is shorter. */
function offsetOf(document: Document.Parsed, pointer: Pointer, part: "key" | "value"): number {
  let node: Node | null = document.contents;
  let keyOffset = node === null ? 0 : offsetOfNode(node);
  let valueOffset = keyOffset;
  for (const step of pointer) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((item) => isScalar(item.key) && item.key.value === step);
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
}
