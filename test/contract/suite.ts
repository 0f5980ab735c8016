import { readFileSync } from "node:fs";
import { recorded, type Scenario } from "./recorded.js";
import type { Rule } from "./rule.js";
import { access } from "./rules/access.js";
import { archive } from "./rules/archive.js";
import { create } from "./rules/create.js";
import { credentials, type FieldFact } from "./rules/credentials.js";
import { list } from "./rules/list.js";
import { object } from "./rules/object.js";
import { paths } from "./rules/paths.js";
import { syncConfig } from "./rules/sync-config.js";
import { update } from "./rules/update.js";

export interface Chapter {
  readonly title: string;
  readonly rules: readonly Rule[];
}

/** @param fixtures - the folder with what the service was seen to do */
export function chaptersOf(fixtures: URL): readonly Chapter[] {
  const scenarios = ["exchanges.json", "exchanges-random.json"].flatMap((name) => scenariosIn(new URL(name, fixtures)));
  return [
    { title: "paths", rules: paths },
    { title: "keys and environments", rules: access },
    { title: "the connection", rules: object },
    { title: "lists and searches", rules: list },
    { title: "create", rules: create },
    { title: "update", rules: update },
    { title: "credentials", rules: credentials(fieldFacts(fixtures)) },
    { title: "sync_config", rules: syncConfig },
    { title: "delete", rules: archive },
    { title: "recorded requests", rules: recorded(scenarios) },
  ];
}

export function scenariosIn(file: URL): readonly Scenario[] {
  return (JSON.parse(readFileSync(file, "utf8")) as { scenarios: readonly Scenario[] }).scenarios;
}

/** The rows of `credential-fields.md`, by the names of its columns. */
export function fieldFacts(fixtures: URL): readonly (FieldFact & FieldPromises)[] {
  return readFileSync(new URL("credential-fields.md", fixtures), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|--"))
    .slice(1)
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("\\", "")))
    .map(([, provider, field, stored, required, nested, flat, asked, rewritten]) => {
      // The columns are checked by the tests that read them: a value that is none of theirs matches nothing.
      return { provider, field, stored, required, nested, flat, asked, rewritten } as FieldFact & FieldPromises;
    });
}

/** What the table says of a field beside what the service does with its value. */
export interface FieldPromises {
  readonly required: "yes" | "no" | "no*";
  /** What we ask for before we create. */
  readonly asked: "" | "yes" | "expected" | "unless managed";
  readonly rewritten: "" | "yes";
}
