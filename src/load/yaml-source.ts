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

const CORE_TAGS = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** One YAML document as data. */
export interface YamlDocument {
  readonly data: Json;
  /** Where values were refused; `null` stands there in the data, and nothing more should be said about them. */
  readonly refused: readonly Pointer[];
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
 * `%YAML 1.1`, and numbers that change on their way through JSON are problems. A document that cannot be made out at all is
 * left out; one with a refused value is given all the same, so that its other mistakes can be told too.
 *
 * No problem repeats a value: what looks like a tag, an alias or a number may be somebody's password.
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
    const place = placeAt(parsed.tooDeepAt);
    return { documents, problems: [error("LOAD.TOO_DEEP", detail, { place, hint: "write it flatter." })] };
  }
  // The tree is dropped after reading; only a file with something to point at is parsed again.
  let again: readonly Document.Parsed[] | undefined;
  for (const [index, document] of parsed.documents.entries()) {
    const broken = problemsOf(document, text, placeAt);
    problems.push(...broken);
    if (document.errors.length > 0 || broken.some(({ code }) => code === "LOAD.YAML_VERSION")) continue;
    const root = document.contents;
    if (root === null || (isScalar(root) && root.value === null)) continue;
    const reader = new NodeReader(document, placeAt);
    const data = reader.read(root, []);
    problems.push(...reader.problems);
    const line = placeAt(root.range[0]).line;
    const locate = (pointer: Pointer, part: "key" | "value"): Place => {
      again ??= parse(text).documents;
      const tree = again[index];
      return tree === undefined ? { file, line, column: 1 } : placeAt(offsetOf(tree, pointer, part));
    };
    documents.push({ data, refused: reader.refused, line, locate });
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

/** What is wrong with a document as YAML: its first fault, since those behind it follow from it, or every unknown tag. */
function problemsOf(document: Document.Parsed, text: string, placeAt: (offset: number) => Place): readonly Problem[] {
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit === true && yaml.version !== "1.2") {
    const place = placeAt(Math.max(text.lastIndexOf("%YAML", document.range[0] + 1), 0));
    return [
      error("LOAD.YAML_VERSION", "the file asks for another version; only YAML 1.2 is read.", {
        place,
        hint: "drop the %YAML line.",
      }),
    ];
  }
  const [fault] = document.errors;
  if (fault !== undefined) return [problemOfFault(fault, text, placeAt)];
  return document.warnings.map((warning) => {
    if (warning.code === "TAG_RESOLVE_FAILED") {
      const hint = "put a value that begins with ! in quotes; tags other than those of YAML's core are not read.";
      return error("LOAD.UNKNOWN_TAG", "a value begins with !, which makes it a tag that YAML's core does not know.", {
        place: placeAt(warning.pos[0]),
        hint,
      });
    }
    return problemOfFault(warning, text, placeAt);
  });
}

/** What the parser's codes mean. Its own messages quote the text. */
const FAULTS: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  ALIAS_PROPS: "an alias cannot have a tag or an anchor",
  BAD_ALIAS: "this is not a usable alias",
  BAD_COLLECTION_TYPE: "a tag does not fit the value behind it",
  BAD_DIRECTIVE: "this % line is no directive that is known",
  BAD_DQ_ESCAPE: "a backslash in double quotes does not begin a known escape",
  BAD_INDENT: "the indentation does not fit what stands around it",
  BAD_PROP_ORDER: "a tag or an anchor stands in the wrong place",
  BAD_SCALAR_START: "a plain value cannot begin with this character",
  BLOCK_AS_IMPLICIT_KEY: "a map cannot begin on the line of another key",
  BLOCK_IN_FLOW: "between brackets or braces no indented block can stand",
  KEY_OVER_1024_CHARS: "a key has more than 1024 characters",
  MISSING_CHAR: "a character is missing, such as a closing quote, a comma or a blank",
  MULTILINE_IMPLICIT_KEY: "a key goes over more than one line",
  MULTIPLE_ANCHORS: "a value has more than one anchor",
  MULTIPLE_TAGS: "a value has more than one tag",
  TAB_AS_INDENT: "a tab is used as indentation; YAML takes spaces only",
  UNEXPECTED_TOKEN: "something stands here that does not belong here",
};

function problemOfFault(fault: YAMLError, text: string, placeAt: (offset: number) => Place): Problem {
  const offset = fault.pos[0];
  const isBrace = text.slice(Math.max(offset - 1, 0), offset + 1) === "${";
  const isQuotable = ["BAD_SCALAR_START", "BAD_ALIAS"].includes(fault.code);
  const hint = isBrace
    ? 'between { and } a reference must be in quotes: "${NAME}".'
    : isQuotable
      ? "put the value in quotes."
      : "mend the file; nothing of it is used until it can be read.";
  return error("LOAD.BAD_YAML", `${FAULTS[fault.code] ?? "this is not YAML"}.`, { place: placeAt(offset), hint });
}

/** From nodes to data, collecting every fault on the way. */
class NodeReader {
  readonly problems: Problem[] = [];
  readonly refused: Pointer[] = [];
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
    const target = alias.resolve(this.#document);
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
    if (node.value === "<<") {
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
