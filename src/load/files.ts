/** What load needs of a file system. Made in `cli/main.ts`; synchronous, because that is 7 to 10 times faster here. */
export interface Files {
  /** What a path leads to, links followed. */
  readonly kindOf: (path: string) => "file" | "folder" | "other" | "missing";
  /** Names in a folder, in no order. */
  readonly list: (folder: string) => readonly string[];
  /** @throws when the file cannot be read */
  readonly read: (path: string) => Uint8Array;
  /** The absolute path behind all links. */
  readonly realPath: (path: string) => string;
  /** The path to show: relative to the working folder where that is shorter to read. */
  readonly shown: (path: string) => string;
  /** The absolute path, links left alone. */
  readonly absolute: (path: string) => string;
}
