import { createHash } from "node:crypto";
import { isAbsolute, relative, resolve } from "node:path";
import type { Place } from "../model/location.js";
import type { ReconcileOptions } from "./options.js";
import type { Terminal } from "./terminal.js";

/*
 * What the variables of a job of GitHub Actions say. They are as their owner defines them.
 */

/** Whether annotations are read. */
export function isGithub({ environment }: Terminal): boolean {
  const { GITHUB_ACTIONS: actions = "" } = environment;
  return actions !== "" && actions !== "false";
}

/** Turns a place of a file, as it is told from the working folder, into one that the repository's service knows. */
export function inRepository({ environment, workingFolder }: Terminal): (place: Place) => Place {
  const { GITHUB_WORKSPACE: root = "" } = environment;
  return (place) => {
    if (root === "" || workingFolder === undefined) return place;
    const path = relative(root, resolve(workingFolder, place.file));
    return path === ".." || path.startsWith("../") || isAbsolute(path) ? place : { ...place, file: path };
  };
}

/**
 * A word that is the same for every run of one kind, by which a bot finds the comment to bring up to date: the same command, of the
 * same folder, about the same environments and definitions. What came of it does not matter.
 */
export function markerOf(command: string, options: ReconcileOptions | undefined, terminal: Terminal): string {
  const { FLEXPRICE_BASE_URL: address, FLEXPRICE_ENVIRONMENT_ID: id } = terminal.environment;
  const { file: folder } = inRepository(terminal)({ file: ".", line: 1, column: 1 });
  const { config, env = [], shard, paths = [], only = [], baseUrl, environmentId } = options ?? {};
  const kind = [folder === "" ? "." : folder, config, env, shard, paths, only, baseUrl ?? address, environmentId ?? id];
  const digest = createHash("sha256").update(JSON.stringify(kind)).digest("hex").slice(0, 12);
  return `${command}-${digest}`;
}
