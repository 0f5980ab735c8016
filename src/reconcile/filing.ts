import { LARGEST_FILE } from "../load/load.js";
import type { Desired, Observed } from "../model/connection.js";
import { looksLive } from "../model/credentials.js";
import { startOf } from "../model/location.js";
import { Bug, error, type Problem, warning } from "../model/problem.js";
import type { PulledFile } from "../model/pulled.js";
import { MASK } from "../model/secret.js";
import { type Match, match } from "../plan/match.js";
import { fileStems } from "../pull/names.js";
import { Definer, type DefiningParts, type Made, type Skipped } from "./defining.js";

/** What definitions of one environment there are, and where new ones go. */
export interface FilingParts extends Omit<DefiningParts, "places"> {
  readonly folder: string;
  /** Definitions that the environment has already. */
  readonly existing: readonly Desired[];
  /** Files that differ are written over. */
  readonly force: boolean;
}

export interface Filed {
  /** In the order of their files; absent where it is not clear which connection a definition means. */
  readonly files?: readonly PulledFile[];
  /** Variables that they take. */
  readonly variables: readonly string[];
  readonly problems: readonly Problem[];
}

/** What becomes of the file of every row: which are to be written, and with what in them. */
export function filesFor(parts: FilingParts): Filed {
  const { existing, rows, world } = parts;
  const { catalogue, knownSecrets, files } = world;
  const matches = match(existing, rows, catalogue, knownSecrets);
  const unclear = [...matches.values()].flatMap((one) => (one.kind === "problem" ? one.problem : []));
  if (unclear.length > 0) return { variables: [], problems: [...new Set(unclear)] };
  const stems = fileStems(rows, catalogue);
  const folder = parts.folder.replace(/\/+$/, "");
  const places = new Map([...stems].map(([row, stem]) => [row, { stem, file: files.shown(`${folder}/${stem}.yaml`) }]));
  const claims = new Map(
    [...matches].flatMap(([desired, found]) => (found.kind === "row" ? [[found.row, desired] as const] : [])),
  );
  // A definition in the very file is what that file would be written over with.
  const elsewhere = (row: Observed): Desired | undefined => {
    const claim = claims.get(row);
    return claim?.definition.origin.file === places.get(row)?.file ? undefined : claim;
  };
  const open = new Set(rows.filter((row) => elsewhere(row) === undefined));
  const isOther = (found: Match | undefined) => !(found?.kind === "row" && open.has(found.row));
  const others = existing.filter((desired) => isOther(matches.get(desired)));
  if (new Set([...places.values()].map(({ file }) => file)).size < places.size)
    throw new Bug("two connections would be written into one file");
  const definer = new Definer({ ...parts, places });
  const made = definer.definitionsOf([...open], others);
  const filing = new Filing(parts, matches);
  const results = rows.map((row) => filing.fileOf(row, elsewhere(row), made.get(row), definer.skipped.get(row)));
  for (const [desired, found] of matches) if (found.kind === "new") filing.withoutRow(desired);
  return {
    files: results.sort(byFile),
    variables: [...made.values()].flatMap(({ draft }) => draft.variables),
    problems: filing.problems,
  };
}

/** Characters of a name or a path of the service that are told. */
const LONGEST_TOLD = 200;

class Filing {
  readonly problems: Problem[] = [];
  readonly #parts: FilingParts;
  readonly #matches: ReadonlyMap<Desired, Match>;

  constructor(parts: FilingParts, matches: ReadonlyMap<Desired, Match>) {
    this.#parts = parts;
    this.#matches = matches;
  }

  fileOf(
    row: Observed,
    elsewhere: Desired | undefined,
    made: Made | undefined,
    { why, hint = "it stays on the service as it is; if it is yours, write its definition by hand." }: Skipped = {
      why: "nothing tells why",
    },
  ): PulledFile {
    const name = looksLive(row.name) ? MASK : this.#parts.world.knownSecrets.mask(row.name);
    const about = { id: row.id, name, providerType: row.providerType };
    if (elsewhere !== undefined) return { ...about, status: "elsewhere", file: elsewhere.definition.origin.file };
    const named = `"${this.#told(name)}" (${row.id})`;
    if (made === undefined) {
      const detail = `${named}, a ${this.#told(row.providerType)} connection, has no definition: ${this.#told(why)}.`;
      this.problems.push(warning("PULL.NOT_WRITTEN", detail, { hint }));
      return { ...about, status: "left-out" };
    }
    for (const { path, why: reason } of made.draft.leftOut) {
      const detail = `${this.#told(path)} of ${named} is not in ${made.file}: ${this.#told(reason)}.`;
      this.problems.push(warning("PULL.NOT_EXPRESSED", detail, { hint: "it stays on the connection as it is." }));
    }
    return { ...about, ...this.#written(made, row) };
  }

  /** A definition that is there and means no connection: a pull does not take it for one that is gone. */
  withoutRow({ name, definition: { origin } }: Desired): void {
    const detail = `"${this.#told(name)}" is no connection of the service, or has another name there: a plan would create it.`;
    const place = startOf(origin);
    const hint = "delete it if the connection is gone; if it was renamed there, keep one of the two files.";
    this.problems.push(warning("PULL.NOT_THERE", detail, { place, hint }));
  }

  #told(text: string): string {
    const { knownSecrets } = this.#parts.world;
    return knownSecrets.withhold(text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD)}…` : text);
  }

  /** What is to be done with the file of one connection. */
  #written({ file, text }: Made, row: Observed): Pick<PulledFile, "status" | "file" | "text"> {
    const { world, force } = this.#parts;
    const kind = world.files.kindOf(file);
    if (kind === "missing") return { status: "written", file, text };
    if (kind === "file" && this.#isSame(file, text)) return { status: "unchanged", file };
    const isMore = kind !== "file" || this.#holdsMore(file, row);
    if (force && !isMore) return { status: "overwritten", file, text };
    const why = isMore ? "holds something else, and pull would write it" : "is not what pull would write";
    const hint = isMore
      ? "move it out of the way, or leave it as it is; --force does not write over it."
      : "keep it, or have it written over: flexprice-sync pull --force, with the same options.";
    const place = { file, line: 1, column: 1 };
    this.problems.push(error("PULL.FILE_DIFFERS", `${file} ${why} for ${row.id}; it is kept.`, { place, hint }));
    return { status: "kept", file };
  }

  /** Whether a file has definitions of other connections, too. */
  #holdsMore(file: string, row: Observed): boolean {
    return [...this.#matches].some(([{ definition }, found]) => {
      return definition.origin.file === file && !(found.kind === "row" && found.row === row);
    });
  }

  #isSame(path: string, text: string): boolean {
    try {
      return Buffer.from(this.#parts.world.files.read(path, LARGEST_FILE)).equals(Buffer.from(text));
    } catch {
      return false;
    }
  }
}

function byFile(left: PulledFile, right: PulledFile): number {
  const key = ({ file, id }: PulledFile) => `${file === undefined ? 1 : 0} ${file ?? ""} ${id}`;
  if (key(left) === key(right)) throw new Bug(`${left.id} was pulled twice`);
  return key(left) < key(right) ? -1 : 1;
}
