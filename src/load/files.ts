/** Where definitions are, unless somebody says otherwise. */
export const DEFAULT_FOLDER = "connections";

/** What load needs of a file system. Made in `cli/main.ts`; synchronous, because that is 7 to 10 times faster here. */
export interface Files {
  /** What a path leads to, links followed. */
  readonly kindOf: (path: string) => "file" | "folder" | "other" | "missing";
  /** Names in a folder, in no order. */
  readonly list: (folder: string) => readonly string[];
  /** Paths of the files that fit a glob, from a folder on, sorted, and those on the way that could not be looked at. */
  readonly glob: (
    pattern: string,
    folder: string,
  ) => { readonly found: readonly string[]; readonly unreadable: readonly string[] };
  /**
   * The bytes of a regular file; others, such as devices and pipes, could go on for ever.
   *
   * @throws {@link FileTooLarge} when it has more bytes than may be read, or any other error when it cannot be read
   */
  readonly read: (path: string, mostBytes: number) => Uint8Array;
  /** The absolute path behind all links. */
  readonly realPath: (path: string) => string;
  /** The path to show: relative to the working folder where that is shorter to read. */
  readonly shown: (path: string) => string;
  /** The absolute path, links left alone. */
  readonly absolute: (path: string) => string;
}

/** A file has more bytes than are read of one. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";

  constructor(bytes: number, mostBytes: number) {
    super(`it has ${bytes} bytes, and at most ${mostBytes} are read`);
  }
}
