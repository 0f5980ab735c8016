import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** `npm run record` writes what is recorded in documents anew; otherwise it is held against what happens now. */
export const records = process.env["RECORD"] === "1";

/** Holds a text against the one between two marks of a document, `<!-- recorded: NAME -->` and `<!-- end -->`. */
export function expectRecorded(file: URL, name: string, text: string): void {
  const document = readFileSync(file, "utf8");
  const found = new RegExp(`(<!-- recorded: ${name} -->\\n)([\\s\\S]*?)(<!-- end -->)`).exec(document);
  if (found === null) throw new Error(`${file} has no place for the record ${name}`);
  const [whole, begin, before, end] = found;
  if (records)
    writeFileSync(
      file,
      document.replace(whole, () => `${begin}${text}${end}`),
    );
  else expect(before, `${name} in ${file} is not what happens now: npm run record writes it anew`).toBe(text);
}
