import { markOf } from "../model/fingerprint.js";
import { canonical, type JsonObject } from "../model/json.js";

/** A document with a digest over itself. It tells a file that was altered by accident; whoever alters it on purpose can make a new one. */
export function sealed<T extends object>(document: T): T & { readonly digest: string } {
  return { ...document, digest: digestOf(document) };
}

/** Whether a document is as it was sealed. */
export function isSealed({ digest, ...document }: JsonObject): boolean {
  return digest === digestOf(document);
}

function digestOf(document: object): string {
  // By way of text: what is undefined in memory is absent in a file.
  return `sha256:${markOf(canonical(JSON.parse(JSON.stringify(document)) as JsonObject))}`;
}
