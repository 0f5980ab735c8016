import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";

/** What a value belongs to. All of it goes into a fingerprint, so that equal secrets in two places have nothing in common. */
export interface FingerprintPlace {
  readonly providerType: string;
  readonly salt: string;
  /** Of the credential, in the nested form. */
  readonly path: string;
}

/** The keys that fingerprints are made with and held against; `previous` only while a key is being exchanged. */
export interface FingerprintKeys {
  readonly current?: FingerprintKey;
  readonly previous?: FingerprintKey;
}

/** Bytes of a key. */
export const KEY_BYTES = 32;

/** Of 32 random bytes about 30 are distinct; whoever has fewer than this repeated a word, or made the key up. */
const LEAST_DISTINCT_BYTES = 16;

/** Bytes of a mark: 128 bits are beyond any chance of two values that share one. */
const MARK_BYTES = 16;

const FINGERPRINT = /^v1:([0-9a-f]{8}):[\w-]{22}$/;

/**
 * A key that turns secrets into fingerprints: HMAC-SHA-256, of which nothing can be told, not even by trying guesses,
 * without the key. It prints as `(secret)`.
 */
export class FingerprintKey {
  readonly #bytes: Buffer;
  /** Eight hex digits that tell which key made a fingerprint. */
  readonly id: string;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.id = createHmac("sha256", bytes).update("key-id").digest("hex").slice(0, 8);
  }

  /** The key that a text holds: base64 or base64url of exactly 32 bytes; or why it holds none. */
  static read(text: string): FingerprintKey | "malformed" | "weak" {
    const bytes = Buffer.from(text, "base64");
    // With and without the sign that fills it up, in both alphabets: libraries differ.
    const spellings = [bytes.toString("base64"), bytes.toString("base64url")].map(withoutPadding);
    if (bytes.length !== KEY_BYTES || !spellings.includes(withoutPadding(text))) return "malformed";
    return new Set(bytes).size < LEAST_DISTINCT_BYTES ? "weak" : new FingerprintKey(bytes);
  }

  /** `v1:<key id>:<128 bits of the HMAC, base64url>`: equal for equal values at the same place, under the same key. */
  fingerprint({ providerType, salt, path }: FingerprintPlace, value: string | number | boolean): string {
    const message = JSON.stringify([1, providerType, salt, path, value]);
    const mac = createHmac("sha256", this.#bytes).update(message).digest();
    return `v1:${this.id}:${mac.subarray(0, MARK_BYTES).toString("base64url")}`;
  }

  toString(): string {
    return "(secret)";
  }

  toJSON(): string {
    return "(secret)";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "(secret)";
  }
}

function withoutPadding(text: string): string {
  return text.endsWith("=") ? text.slice(0, -1) : text;
}

/** Which key made a fingerprint, or `undefined` when the text is no fingerprint of ours. */
export function keyIdOf(fingerprint: string): string | undefined {
  return FINGERPRINT.exec(fingerprint)?.[1];
}

/** The first 128 bits, base64url, of a text's SHA-256. Whoever can guess the text can check the guess: not for secrets. */
export function markOf(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, MARK_BYTES).toString("base64url");
}
