import fc from "fast-check";
import { WORDS } from "./hurtful.js";

/*
 * Texts as somebody's hand, a broken disk or an attacker leaves them: a good one with a few edits. A text here holds one character
 * for each byte, so that an edit can also break a character of UTF-8 in two.
 */

/** Something that is done to a text. Places and lengths are in ten-thousandths of it, so that an edit fits any text. */
export type Edit =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly at: number; readonly length: number }
  | { readonly kind: "end"; readonly at: number }
  | { readonly kind: "splice"; readonly at: number; readonly other: number; readonly from: number }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: "insert"; readonly at: number; readonly word: string }
  | { readonly kind: "word"; readonly at: number; readonly word: string }
  | { readonly kind: "lines"; readonly at: number; readonly other: number }
  | { readonly kind: "bytes"; readonly at: number; readonly bytes: readonly number[] };

const WHOLE = 10_000;
const place = fc.nat(WHOLE);
const short = fc.nat(60);

/** A hurtful word, or a few signs of any kind. */
export const word: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...WORDS), weight: 8 },
  {
    arbitrary: fc.array(fc.nat(0x10ffff), { maxLength: 6 }).map((codes) => String.fromCodePoint(...codes)),
    weight: 1,
  },
  {
    arbitrary: fc
      .record({
        unit: fc.constantFrom("a", " ", "[", "{a: ", "- ", "\n", "&a ", "*a,", "é", "*/"),
        times: fc.constantFrom(50, 120, 1_500),
      })
      .map(({ unit, times }) => unit.repeat(times)),
    weight: 1,
  },
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("word" as const), at: place, word }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("insert" as const), at: place, word }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant("cut" as const), at: place, length: short }), weight: 2 },
  {
    arbitrary: fc.record({ kind: fc.constant("splice" as const), at: place, other: fc.nat(999), from: place }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant("lines" as const), at: place, other: place }), weight: 2 },
  {
    arbitrary: fc.record({
      kind: fc.constant("repeat" as const),
      at: place,
      length: fc.nat(1_500),
      times: fc.oneof(fc.integer({ min: 2, max: 12 }), fc.constant(60)),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("end" as const), at: place }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant("bytes" as const),
      at: place,
      bytes: fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }),
    }),
    weight: 1,
  },
);

export const edits: fc.Arbitrary<readonly Edit[]> = fc.oneof(
  { arbitrary: fc.array(edit, { minLength: 1, maxLength: 2 }), weight: 2 },
  { arbitrary: fc.array(edit, { minLength: 1, maxLength: 7 }), weight: 1 },
);

/** Bytes of an edited text: beyond that nothing new comes, and every try costs more. */
const LONGEST = 80_000;

/** A good text, by its number, with edits. */
export function edited(samples: readonly string[], number: number, done: readonly Edit[]): Uint8Array {
  const all = samples.map((text) => Buffer.from(text, "utf8").toString("latin1"));
  const start = all[number % all.length] ?? "";
  return Buffer.from(
    done.reduce((text, one) => changed(text, one, all).slice(0, LONGEST), start),
    "latin1",
  );
}

/** Edited samples. */
export function editedBytes(samples: readonly string[]): fc.Arbitrary<Uint8Array> {
  return fc.record({ number: fc.nat(999), done: edits }).map(({ number, done }) => edited(samples, number, done));
}

function changed(text: string, edit: Edit, samples: readonly string[]): string {
  const at = positionIn(text, edit.at);
  switch (edit.kind) {
    case "flip":
      return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << edit.bit)) + text.slice(at + 1);
    case "cut":
      return text.slice(0, at) + text.slice(at + edit.length);
    case "end":
      return text.slice(0, at);
    case "splice": {
      const other = samples[edit.other % samples.length] ?? "";
      return text.slice(0, at) + other.slice(positionIn(other, edit.from));
    }
    case "repeat": {
      const part = text.slice(at, at + edit.length);
      const times = Math.min(edit.times, Math.ceil(LONGEST / Math.max(1, part.length)));
      return text.slice(0, at) + part.repeat(times) + text.slice(at);
    }
    case "insert":
      return text.slice(0, at) + bytesOf(edit.word) + text.slice(at);
    case "word": {
      const words = [...text.matchAll(/[\w.-]+|"[^"\n]*"|[^\w\s]/g)];
      const chosen = words[Math.floor((edit.at / (WHOLE + 1)) * words.length)];
      if (chosen === undefined) return text + bytesOf(edit.word);
      return text.slice(0, chosen.index) + bytesOf(edit.word) + text.slice(chosen.index + chosen[0].length);
    }
    case "lines": {
      const lines = text.split("\n");
      const [one, two] = [edit.at, edit.other].map((part) => Math.floor((part / (WHOLE + 1)) * lines.length));
      if (one === undefined || two === undefined) return text;
      [lines[one], lines[two]] = [lines[two] ?? "", lines[one] ?? ""];
      return lines.join("\n");
    }
    case "bytes":
      return text.slice(0, at) + String.fromCharCode(...edit.bytes) + text.slice(at);
  }
}

function positionIn(text: string, part: number): number {
  return Math.floor((part / WHOLE) * text.length);
}

function bytesOf(word: string): string {
  return Buffer.from(word, "utf8").toString("latin1");
}
