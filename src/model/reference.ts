import type { Json } from "./json.js";

/**
 * References in a definition: `${NAME}` takes an environment variable, `${var.NAME}` a variable of the settings file,
 * `$${` is a literal `${`, and a lone `$` is itself.
 */
export type TextPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "setting"; readonly name: string };

export type ParsedText = { readonly ok: true; readonly parts: readonly TextPart[] } | { readonly ok: false };

const REFERENCE = /^\$\{(?:(?<setting>var\.)?(?<name>[A-Za-z_][A-Za-z0-9_]*))\}/;

/** The parts of a text, or the malformed reference in it. Each part is read once: what a variable holds is never read again. */
export function parseText(text: string): ParsedText {
  if (!text.includes("${")) return { ok: true, parts: [{ kind: "text", text }] };
  const parts: TextPart[] = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    if (text.startsWith("$${", at)) {
      plain += "${";
      at += 3;
    } else if (text.startsWith("${", at)) {
      const match = REFERENCE.exec(text.slice(at));
      const name = match?.groups?.["name"];
      if (match === null || name === undefined) return { ok: false };
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
      parts.push({ kind: match.groups?.["setting"] === undefined ? "environment" : "setting", name });
      at += match[0].length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain !== "") parts.push({ kind: "text", text: plain });
  return { ok: true, parts };
}

/** The name, when a text is exactly one `${NAME}` and nothing else. */
export function soleVariable(text: string): string | undefined {
  const parsed = parseText(text);
  const [only, ...more] = parsed.ok ? parsed.parts : [];
  return only?.kind === "environment" && more.length === 0 ? only.name : undefined;
}

/** The environment variables that a value names, in its order, once for each time; in any depth of lists and maps. */
export function variablesIn(value: Json | undefined): readonly string[] {
  if (typeof value === "string") {
    const parsed = parseText(value);
    return parsed.ok ? parsed.parts.flatMap((part) => (part.kind === "environment" ? [part.name] : [])) : [];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(variablesIn) : [];
}
