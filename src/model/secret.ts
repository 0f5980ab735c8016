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

  /** Whether the value holds a NUL character, which the service's database refuses. */
  hasNul(): boolean {
    return this.#value.includes("\0");
  }

  /** Whether every character may stand in an HTTP header: visible ASCII, no blanks. */
  fitsHeader(): boolean {
    return /^[\x21-\x7e]+$/.test(this.#value);
  }

  /** Whether a text holds this value as it is, as JSON, percent-encoded or in base64. Values under 4 characters are not looked for. */
  isIn(text: string): boolean {
    if (this.#value.length < SHORTEST_TO_LOOK_FOR) return false;
    const bytes = Buffer.from(this.#value, "utf8");
    const base64 = bytes.toString("base64").replace(/=+$/, "");
    const forms = [
      this.#value,
      JSON.stringify(this.#value).slice(1, -1),
      encodeURIComponent(bytes.toString("utf8")),
      base64,
      base64.replaceAll("+", "-").replaceAll("/", "_"),
    ];
    return forms.some((form) => text.includes(form));
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

/** The raw value, for the request that needs it. Imported by `api/wire.ts` and nothing else; a test reads the imports. */
export function revealForWire(secret: Secret): string {
  return reveal(secret);
}

/** Every secret of a run, so that text from elsewhere, such as a message of the service, can be held back if it repeats one. */
export class KnownSecrets {
  readonly #secrets: Secret[] = [];

  add(secrets: Iterable<Secret>): void {
    this.#secrets.push(...secrets);
  }

  /** The text, or a note in its place when it repeats a secret. */
  withhold(text: string): string {
    return this.#secrets.some((secret) => secret.isIn(text)) ? "(withheld: this text repeats a secret)" : text;
  }
}
