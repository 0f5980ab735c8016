import { Buffer } from "node:buffer";
import type { FingerprintKey, FingerprintPlace } from "./fingerprint.js";
import type { Json } from "./json.js";

/** What every printed form of a secret is, whatever its length. */
export const MASK = "(secret)";

/** Texts that show up where a secret was masked by some tool; as a credential they would break the connection. */
const MASK_TEXTS = new Set([MASK, "[secret]", "(sensitive)"]);

/** Whether a text is a mask and not a value: `(secret)`, `[secret]`, `(sensitive)`, or nothing but stars. */
export function isMaskText(text: string): boolean {
  return MASK_TEXTS.has(text.trim()) || /^\s*\*+\s*$/.test(text);
}

/** Below this many characters a text is found by chance in too many places to be looked for. */
const SHORTEST_TO_LOOK_FOR = 4;

let reveal: (secret: Secret) => string;

/** Characters of a key that nobody thought up. */
const LONG = 12;

/**
 * A value that must not be shown. Printing it in any way gives `(secret)`: as text, as JSON, in a template, in a
 * debugger's inspection. The raw value leaves through {@link revealForWire} alone, which only `api/wire.ts` may import.
 */
export class Secret {
  readonly #value: string;
  #traces: readonly Trace[] | undefined;

  static {
    reveal = (secret) => secret.#value;
  }

  constructor(value: string) {
    this.#value = value;
  }

  /** Whether the value is a mask that some tool printed in place of a secret. */
  isMask(): boolean {
    return isMaskText(this.#value);
  }

  /** Whether the service's database can store the value: it has no NUL. */
  isStorable(): boolean {
    return !this.#value.includes("\0");
  }

  /**
   * Whether a text in small letters has this value in it, as it is but for its case. Not asked of values that are shorter than keys
   * are which services give: they may stand in any name by chance.
   */
  standsIn(small: string): boolean {
    return this.#value.length >= LONG && small.includes(this.#value.toLowerCase());
  }

  /** Whether every character may stand in an HTTP header: visible ASCII, no blanks. */
  fitsHeader(): boolean {
    return /^[\x21-\x7e]+$/.test(this.#value);
  }

  /** A record of the value that tells nothing of it to whoever has not the key. */
  fingerprint(key: FingerprintKey, place: FingerprintPlace): string {
    return key.fingerprint(place, this.#value);
  }

  /**
   * Whether a text holds this value, or a line of it: as it is, as JSON, as in a URL, a form or HTML, in base64 at any
   * alignment, or in hexadecimal. Values and lines under 4 characters are not looked for.
   */
  isIn(text: string | TextReadings): boolean {
    const { unspaced, squeezes } = typeof text === "string" ? readingsOf(text) : text;
    this.#traces ??= [this.#value, ...this.#value.split(/\r?\n/)].flatMap(tracesOf);
    return this.#traces.some(
      ({ core, base64, hex }) =>
        squeezes.some((reading) => reading.includes(core)) ||
        base64.some((encoded) => unspaced.some((reading) => reading.includes(encoded))) ||
        squeezes.some((reading) => reading.includes(hex)),
    );
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }
}

/** What a value, or a line of it, leaves in a text that repeats it. */
interface Trace {
  readonly core: string;
  readonly base64: readonly string[];
  readonly hex: string;
}

function tracesOf(part: string): readonly Trace[] {
  const bytes = Buffer.from(part);
  const core = squeezed(part);
  return core.length < SHORTEST_TO_LOOK_FOR ? [] : [{ core, base64: base64Cores(bytes), hex: bytes.toString("hex") }];
}

/** A text in the ways in which it can repeat a value; made once for many secrets. */
export interface TextReadings {
  /** Without blanks and signs that do not show: encoded values are often broken into lines. */
  readonly unspaced: readonly string[];
  /** In small letters, too. */
  readonly squeezes: readonly string[];
}

const DECODERS: readonly ((text: string) => string)[] = [percentDecoded, unescaped, entitiesDecoded];

/** Encodings inside each other that are taken off. */
const MOST_LAYERS = 3;
/** Of a longer text only one is: what somebody makes to be read slowly must not be. */
const LONG_TEXT = 1024 * 1024;

/** Few readings, so that very long texts are read soon: each encoding by itself, and all of them off before the next layer. */
function readingsOf(text: string): TextReadings {
  const allOff = (one: string) => DECODERS.reduce((decoded, decode) => decode(decoded), one);
  // Stryker disable next-line ConditionalExpression,EqualityOperator: what is left out of a very long text only saves time.
  const layers = text.length > LONG_TEXT ? 1 : MOST_LAYERS;
  // Stryker disable next-line ArrayDeclaration: what has nothing to be decoded is its own reading.
  const found = new Set([text]);
  for (const chain of [...DECODERS, allOff]) {
    let base = text;
    for (let layer = 0; layer < layers; layer += 1) {
      // Stryker disable next-line ConditionalExpression,EqualityOperator: more readings than these only take time.
      if (chain === allOff) for (const decode of DECODERS) found.add(decode(base));
      // In a form it is a blank, and blanks are not looked at.
      found.add(chain(base.replaceAll("+", "")));
      base = chain(base);
      found.add(base);
    }
  }
  const unspaced = [...found].map(withoutBlanks);
  return { unspaced, squeezes: unspaced.map(inSmallLetters) };
}

/** In lower case, without blanks, control characters and signs that do not show: what a copy may have lost or gained. */
function squeezed(text: string): string {
  return inSmallLetters(withoutBlanks(text));
}

/** Among the signs that do not show is one of Braille, which has no dots. */
function withoutBlanks(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, "");
}

/** The small sigma has two forms, by what stands behind it. */
function inSmallLetters(text: string): string {
  return text.toLowerCase().replaceAll("ς", "σ");
}

function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    return Buffer.from(encoded.replaceAll("%", ""), "hex").toString("utf8");
  });
}

/** A text with JSON's escapes taken for what they stand for; those of breaks, which are not looked at, for nothing. */
function unescaped(text: string): string {
  const escapes = /\\(?:u([0-9a-fA-F]{4})|[nrtbf]|(.))/gs;
  return text.replaceAll(escapes, (_whole, code: string | undefined, letter = "") => {
    return code === undefined ? letter : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** A text with the entities that HTML and XML put in place of their own signs. */
function entitiesDecoded(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, ...found: string[]) => {
    const [decimal, hex, name] = found;
    if (name !== undefined) return named[name.toLowerCase()] ?? whole;
    const code = Number(decimal ?? `0x${hex}`);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The characters of base64 and base64url that bytes always leave, whatever stands before and behind them. */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    const isWhole = (before + bytes.length) % 3 === 0;
    const core = encoded.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
    return [core, core.replaceAll("-", "+").replaceAll("_", "/")];
  });
}

/** The raw value, for the request that needs it. Imported by `api/wire.ts` and nothing else; a test reads the imports. */
export function revealForWire(secret: Secret): string {
  return reveal(secret);
}

/** Every secret of a run, so that text from elsewhere, such as a message or a value of the service, can be held back if it repeats one. */
export class KnownSecrets {
  /** By value, each once: a thousand definitions may take one variable, and every text is held against all of them. */
  readonly #secrets = new Map<string, Secret>();

  add(secrets: Iterable<Secret>): void {
    for (const secret of secrets) this.#secrets.set(reveal(secret), secret);
  }

  /** Whether a text repeats one of them. */
  areIn(text: string): boolean {
    let readings: TextReadings | undefined;
    for (const secret of this.#secrets.values()) {
      readings ??= readingsOf(text);
      if (secret.isIn(readings)) return true;
    }
    return false;
  }

  /** Whether a text has one in it as it is that is too long to stand there by chance. Soon done, also for very many of both. */
  standIn(text: string): boolean {
    const small = text.toLowerCase();
    return [...this.#secrets.values()].some((secret) => secret.standsIn(small));
  }

  /** The text, or a note in its place when it repeats a secret. */
  withhold(text: string): string {
    return this.areIn(text) ? "(withheld: this text repeats a secret)" : text;
  }

  /** A name or a value for a plan, masked when it repeats a secret. */
  mask<T extends Json>(value: T): T | typeof MASK {
    if (typeof value !== "string" && (typeof value !== "object" || value === null)) return value;
    return this.areIn(typeof value === "string" ? value : JSON.stringify(value)) ? MASK : value;
  }
}
