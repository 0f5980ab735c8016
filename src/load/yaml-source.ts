import { Composer, type CST, type Document, isScalar, Lexer, Parser, type YAMLError } from "yaml";
import type { Json } from "../model/json.js";
import type { Place, Pointer } from "../model/location.js";
import { error, type Problem } from "../model/problem.js";
import { NodeReader, offsetFinder } from "./yaml-nodes.js";

/** Maps and lists inside each other. Deeper text could exhaust the stack of the parser, which ends the process. */
export const DEEPEST_NESTING = 100;

/** Words and signs of one document: an ordinary definition has about two hundred, and each costs about a kilobyte. */
export const MOST_TOKENS = 100_000;

/** Documents of one file. */
export const MOST_DOCUMENTS = 50_000;

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
  const placeAt = placesIn(text, file);
  try {
    for (const document of documentsIn(text)) {
      const broken = problemsOf(document, text, placeAt);
      problems.push(...broken);
      if (document.errors.length > 0 || broken.some(({ code }) => code === "LOAD.YAML_VERSION")) continue;
      const root = document.contents;
      if (root === null || (isScalar(root) && root.value === null)) continue;
      const reader = new NodeReader(placeAt);
      const data = reader.read(root, []);
      for (const problem of reader.problems) problems.push(problem);
      const locate = locator(text.slice(document.range[0], document.range[2]), document.range[0], placeAt);
      documents.push({ data, refused: reader.refused, line: placeAt(root.range[0]).line, locate });
    }
  } catch (cause) {
    if (!(cause instanceof BeyondLimit)) throw cause;
    problems.push(error(cause.code, cause.message, { place: placeAt(cause.offset), hint: cause.hint }));
  }
  return { documents, problems };
}

/**
 * The place of an offset in a text. The parser tells where lines begin, too, but leaves out those of a block that is indented less
 * than its mark says.
 */
function placesIn(text: string, file: string): (offset: number) => Place {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  // A file may be nothing but lines, and numbers of a list take twice the room.
  const starts = new Uint32Array(count);
  for (let line = 1; line < count; line += 1) starts[line] = text.indexOf("\n", starts[line - 1]) + 1;
  return (offset) => {
    let [first, last] = [0, count - 1];
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      if ((starts[middle] ?? 0) <= offset) first = middle;
      else last = middle - 1;
    }
    return { file, line: first + 1, column: offset - (starts[first] ?? 0) + 1 };
  };
}

/** Looks places up in one document. Its tree is dropped after reading, and made again when there is something to point at. */
function locator(text: string, start: number, placeAt: (offset: number) => Place): YamlDocument["locate"] {
  let find: ReturnType<typeof offsetFinder> | undefined;
  return (pointer, part) => {
    if (find === undefined) {
      const [tree] = documentsIn(text);
      find = tree === undefined ? () => 0 : offsetFinder(tree);
    }
    return placeAt(start + find(pointer, part));
  };
}

/** The text holds more than is read. */
class BeyondLimit extends Error {
  override readonly name = "BeyondLimit";
  readonly code: "LOAD.TOO_DEEP" | "LOAD.TOO_LARGE";
  readonly offset: number;
  readonly hint: string;

  constructor(code: "LOAD.TOO_DEEP" | "LOAD.TOO_LARGE", message: string, offset: number, hint: string) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.hint = hint;
  }
}

/** One document after the other, so that only one tree is held at a time; counted as they are read, not afterwards. */
function* documentsIn(text: string): Generator<Document.Parsed> {
  const parser = new Parser();
  const composer = new Composer(COMPOSER_OPTIONS);
  let offset = 0;
  let tokens = 0;
  let documents = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      checkDepth(token);
      tokens = 0;
      yield* composer.next(token);
    }
    // Three of the lexer's signs are its own marks and no part of the text.
    if (!["\u0002", "\u0018", "\u001f"].includes(lexeme)) offset += lexeme.length;
    tokens += 1;
    if (lexeme === "---") documents += 1;
    if (tokens > MOST_TOKENS) {
      const detail = `a document has more than ${MOST_TOKENS} words and signs.`;
      throw new BeyondLimit(
        "LOAD.TOO_LARGE",
        detail,
        Math.min(offset, text.length),
        "a definition is far smaller; split it.",
      );
    }
    if (documents > MOST_DOCUMENTS) {
      const detail = `the file has more than ${MOST_DOCUMENTS} documents.`;
      throw new BeyondLimit("LOAD.TOO_LARGE", detail, Math.min(offset, text.length), "split it into several files.");
    }
  }
  for (const token of parser.end()) {
    checkDepth(token);
    yield* composer.next(token);
  }
  yield* composer.end();
}

/** Without recursion, because it is there to keep others from recursing too far. */
function checkDepth(token: CST.Token): void {
  const stack: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { token: current, depth } = top;
    if (depth > DEEPEST_NESTING) {
      const detail = `maps and lists are nested more than ${DEEPEST_NESTING} deep.`;
      throw new BeyondLimit("LOAD.TOO_DEEP", detail, current.offset, "write it flatter.");
    }
    if (current.type === "document" && current.value) stack.push({ token: current.value, depth });
    if (!("items" in current)) continue;
    for (const item of current.items) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
  }
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
      return error(
        "LOAD.UNKNOWN_TAG",
        "a value begins with a tag (!…) that YAML's core does not know, or that does not fit the value.",
        {
          place: placeAt(warning.pos[0]),
          hint,
        },
      );
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
  BAD_INDENT: "the indentation does not fit, or a bracket or brace before this place is not closed",
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
  const isQuotable = ["BAD_SCALAR_START", "BAD_ALIAS", "BLOCK_AS_IMPLICIT_KEY"].includes(fault.code);
  const hint = isBrace
    ? 'between { and } a reference must be in quotes: "${NAME}".'
    : isQuotable
      ? "put a value that begins with a sign, or holds a colon and a blank, in quotes."
      : "mend the file; nothing of it is used until it can be read.";
  return error("LOAD.BAD_YAML", `${FAULTS[fault.code] ?? "this is not YAML"}.`, { place: placeAt(offset), hint });
}
