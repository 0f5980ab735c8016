import { Buffer } from "node:buffer";

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

/**
 * A value that must not be shown. Printing it in any way gives `(secret)`: as text, as JSON, in a template, in a
 * debugger's inspection. The raw value leaves through {@link revealForWire} alone, which only `api/wire.ts` may import.
 */
export class Secret {
  readonly #value: string;

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

  /** Whether every character may stand in an HTTP header: visible ASCII, no blanks. */
  fitsHeader(): boolean {
    return /^[\x21-\x7e]+$/.test(this.#value);
  }

  /**
   * Whether a text holds this value, or a line of it: as it is, as JSON, percent-encoded, in base64 at any alignment, or in
   * hexadecimal. Values and lines under 4 characters are not looked for.
   */
  isIn(text: string): boolean {
    const readings = [text, percentDecoded(text), unescaped(text)].map(squeezed);
    const lower = text.toLowerCase();
    return [this.#value, ...this.#value.split(/\r?\n/)].some((part) => {
      const bytes = Buffer.from(part, "utf8");
      const core = squeezed(part);
      if (core.length < SHORTEST_TO_LOOK_FOR) return false;
      return (
        readings.some((reading) => reading.includes(core)) ||
        base64Cores(bytes).some((encoded) => text.includes(encoded)) ||
        lower.includes(bytes.toString("hex"))
      );
    });
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

/** In lower case, without blanks, control characters and signs that do not show: what a copy may have lost or gained. */
function squeezed(text: string): string {
  // The small sigma has two forms, by what stands behind it.
  return text
    .toLowerCase()
    .replaceAll("ς", "σ")
    .replaceAll(/[\p{C}\p{Z}]+/gu, "");
}

function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    return Buffer.from(encoded.replaceAll("%", ""), "hex").toString("utf8");
  });
}

/** A text with JSON's escapes taken for what they stand for. */
function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
  return text.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gis, (_whole, code: string | undefined, letter: string) => {
    return code === undefined ? (named[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** The characters of base64 and base64url that bytes always leave, whatever stands before and behind them. */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const isWhole = (before + bytes.length) % 3 === 0;
    const core = encoded.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
    return core.length < SHORTEST_TO_LOOK_FOR ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** The raw value, for the request that needs it. Imported by `api/wire.ts` and nothing else; a test reads the imports. */
export function revealForWire(secret: Secret): string {
  return reveal(secret);
}

/** Every secret of a run, so that text from elsewhere, such as a message of the service, can be held back if it repeats one. */
export class KnownSecrets {
  readonly #secrets: Secret[] = [];

  add(secrets: Iterable<Secret>): void {
    for (const secret of secrets) this.#secrets.push(secret);
  }

  /** The text, or a note in its place when it repeats a secret. */
  withhold(text: string): string {
    return this.#secrets.some((secret) => secret.isIn(text)) ? "(withheld: this text repeats a secret)" : text;
  }
}
