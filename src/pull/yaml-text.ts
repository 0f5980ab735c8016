import { Document, type ParsedNode, YAMLMap } from "yaml";
import type { Draft } from "./draft.js";

/** `lineWidth: 0`: a long value stays on its line, so that a change of it is one line of a diff. */
const TEXT_OPTIONS = { lineWidth: 0, indentSeq: true, nullStr: "null" } as const;

/**
 * The text of a definition: the same bytes for the same draft. Words that an older YAML would read as something else are quoted.
 *
 * @param schema - where the schema is, from the file's folder
 */
export function definitionText(draft: Draft, schema: string): string {
  const document = new Document<YAMLMap | ParsedNode>(new YAMLMap(), { version: "1.2", compat: "yaml-1.1" });
  const { name, id, row, protect, credentials, offered, metadata, syncConfig, notes } = draft;
  const set = (key: string, value: unknown) => document.set(key, document.createNode(value));
  set("name", name);
  set("provider_type", row.providerType);
  if (id !== undefined) set("id", id);
  if (protect) set("protect", true);
  if (credentials.length > 0) {
    const block = document.createNode(
      Object.fromEntries(credentials.map(({ field, variable }) => [field, `\${${variable}}`])),
    );
    block.comment = offeredLines(offered);
    const all = new YAMLMap();
    all.set(row.providerType, block);
    document.set("encrypted_secret_data", all);
  }
  if (Object.keys(metadata).length > 0) set("metadata", metadata);
  if (Object.keys(syncConfig).length > 0) set("sync_config", syncConfig);
  const head = [`# yaml-language-server: $schema=${schema}`, ...notes.map((note) => `# ${note}`)];
  const tail =
    credentials.length > 0 || offered.length === 0
      ? []
      : [`# encrypted_secret_data:`, `#   ${row.providerType}:`, ...offered.map((one) => `#     ${line(one)}`)];
  return `${[...head, document.toString(TEXT_OPTIONS).trimEnd(), ...tail].join("\n")}\n`;
}

function offeredLines(offered: Draft["offered"]): string | null {
  if (offered.length === 0) return null;
  return [" The service does not show whether it has these:", ...offered.map((one) => ` ${line(one)}`)].join("\n");
}

function line({ field, variable }: Draft["offered"][number]): string {
  return `${field}: \${${variable}}`;
}
