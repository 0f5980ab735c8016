import { type Loaded, load } from "../load/load.js";
import type { Desired } from "../model/connection.js";
import type { Problem } from "../model/problem.js";
import { resolve } from "../secrets/resolve.js";
import { type Checked, recheck, validate } from "../validate/validate.js";
import type { ReadingWorld } from "./invocation.js";

/** The definitions of one environment, as far as each of its files goes. */
export interface Read {
  readonly desired: readonly Desired[];
  /** Where each document begins, `file:line`: environments share files, and a document is counted once. */
  readonly documents: readonly string[];
  readonly problems: readonly Problem[];
}

export const nothingRead: Read = { desired: [], documents: [], problems: [] };

/** What reading touches outside of the process. */
export type ReadersWorld = Pick<ReadingWorld, "files" | "variables" | "catalogue" | "knownSecrets">;

/**
 * Reads definitions: load, validate and resolve; one broken file does not hide the problems of the others. What several
 * environments share is read once, and resolved for each with its own variables.
 */
export class Reader {
  readonly #world: ReadersWorld;
  readonly #keyVariables: ReadonlySet<string>;
  readonly #known = new Map<string, { readonly loaded: Loaded; readonly checked: Checked }>();

  constructor(world: ReadersWorld, keyVariables: ReadonlySet<string>) {
    this.#world = world;
    this.#keyVariables = keyVariables;
  }

  read(paths: readonly string[], vars: Readonly<Record<string, string>>): Read {
    const { variables, catalogue, knownSecrets } = this.#world;
    const { loaded, checked } = this.#checked(paths);
    const resolved = resolve(checked.definitions, variables, vars, catalogue);
    knownSecrets.add(resolved.secrets);
    return {
      desired: resolved.desired,
      documents: loaded.declarations.map(({ origin }) => `${origin.file}:${origin.line}`),
      problems: [
        ...loaded.problems,
        ...checked.problems,
        ...resolved.problems,
        ...recheck(resolved.desired, catalogue),
      ],
    };
  }

  #checked(paths: readonly string[]): { readonly loaded: Loaded; readonly checked: Checked } {
    const key = JSON.stringify(paths);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const loaded = load(paths, this.#world.files);
    const made = { loaded, checked: validate(loaded.declarations, this.#world.catalogue, this.#keyVariables) };
    this.#known.set(key, made);
    return made;
  }
}

/** Definitions and files with one, each counted once however many environments read it. */
export function countsOf(all: readonly Read[]): { readonly definitions: number; readonly files: number } {
  const documents = new Set(all.flatMap((one) => one.documents));
  const files = new Set([...documents].map((document) => document.slice(0, document.lastIndexOf(":"))));
  return { definitions: documents.size, files: files.size };
}

/** What reading says where there is nothing to read yet, which is where everybody begins. */
export const NOTHING_YET: ReadonlySet<string> = new Set(["LOAD.NO_FOLDER", "LOAD.NO_FILES", "LOAD.NO_DEFINITIONS"]);
