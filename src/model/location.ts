import { type Json, valueAt } from "./json.js";

/** Where something stands in a file: 1-based line and column of its first character. `file` is as the user would type it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a definition begins, or something that was made from it. */
export function startOf({ file, line }: { readonly file: string; readonly line: number }): Place {
  return { file, line, column: 1 };
}

/** The way to a value inside a document, from the top: keys of maps and positions in lists. */
export type Pointer = readonly (string | number)[];

/** A JSON pointer (RFC 6901) as steps through these data; positions in lists become numbers. */
export function pointerOf(text: string, data: Json): Pointer {
  const steps: (string | number)[] = [];
  for (const part of text.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    steps.push(Array.isArray(valueAt(data, steps)) ? Number(key) : key);
  }
  return steps;
}

/** Where a definition was written, and where each of its values was. */
export interface Origin {
  readonly file: string;
  /** 1-based line of the definition's first key. */
  readonly line: number;
  /**
   * The place of a value, or of the key before it. A pointer that leads nowhere gives the place of its nearest parent,
   * so that a missing key is shown at the key of the block that lacks it.
   */
  readonly locate: (pointer: Pointer, part: "key" | "value") => Place;
}

/**
 * A pointer as people write it: `sync_config.invoice.outbound`, `metadata["a.b"]`, `items[2]`.
 * Keys that could be misread are quoted, so two pointers never share a text.
 */
export function dotted(pointer: Pointer): string {
  let text = "";
  for (const step of pointer) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
