/*
 * The words of a command line as bash has them: as they were typed, with their quotes.
 */

/** A command line of bash up to the cursor. */
export interface TypedLine {
  /** Without quotes and backslashes; the last one is begun, or empty. */
  readonly words: readonly string[];
  /** What readline replaces of the last word is its end, from the last sign on at which it breaks words. */
  readonly kept: string;
  /** The quote that is still open in the last word. */
  readonly quote: '"' | "'" | "";
}

/**
 * Takes a command line apart.
 *
 * @param line - up to the cursor
 * @param breaks - signs beside blanks at which readline begins a word anew: those of COMP_WORDBREAKS
 */
export function typedLine(line: string, breaks: string): TypedLine {
  const words: string[] = [];
  let word: string | undefined;
  let kept = "";
  let quote: TypedLine["quote"] = "";
  for (let at = 0; at < line.length; at += 1) {
    const sign = line.charAt(at);
    if (quote !== "") {
      if (sign === quote) quote = "";
      else {
        const escapes = quote === '"' && sign === "\\" && /["\\$`]/.test(line.charAt(at + 1));
        if (escapes) at += 1;
        word = (word ?? "") + line.charAt(at);
      }
    } else if (/\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      kept = "";
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word ??= "";
      // Readline goes on behind the quote.
      kept = word;
    } else {
      if (sign === "\\") at += 1;
      word = (word ?? "") + line.charAt(at);
      if (sign !== "\\" && breaks.includes(sign)) kept = word;
    }
  }
  return { words: [...words, word ?? ""], kept, quote };
}

/** A word in place of the begun one, as readline takes it: without what it keeps, with quotes where none is open. */
export function typedWord(word: string, { kept, quote }: TypedLine): string {
  const rest = word.slice(kept.length);
  if (quote === "'") return rest.replaceAll("'", "'\\''");
  if (quote === '"') return rest.replace(/["\\$`]/g, "\\$&");
  return rest.replace(/[^\p{L}\p{N}_./:=@%+,^-]/gu, "\\$&");
}
