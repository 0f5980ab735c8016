import { randomBytes } from "node:crypto";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** An id that sorts by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (the ULID specification). */
export function ulid(nowMs: number): string {
  const time = Array.from({ length: 10 }, (_, index) =>
    CROCKFORD.charAt(Math.floor(nowMs / 32 ** (9 - index)) % 32),
  ).join("");
  const random = Array.from(randomBytes(16), (byte) => CROCKFORD.charAt(byte % 32)).join("");
  return `${time}${random}`;
}
