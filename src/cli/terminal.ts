/** What a command needs of the process it runs in. Made in `main.ts`, the only file that names the process. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent when it was removed. */
  readonly workingFolder: string | undefined;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly outIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  /** Columns of the terminal behind stdout, and behind stderr; nothing where there is none, or it does not say. */
  readonly outColumns: () => number | undefined;
  readonly errorColumns: () => number | undefined;
  /** All that is on stdin. */
  readonly readIn: () => string;
  /** Whether a person sits there who can be asked: a terminal on both ends, and no CI. */
  readonly canAsk: boolean;
  /** A line that the person typed; nothing where `ending` was aborted before. */
  readonly ask: (question: string, ending: AbortSignal) => Promise<string>;
  /** Told the exit code of each signal that asks the process to end; from then on it does not end by itself. */
  readonly onSignal: (heard: (code: 130 | 143) => void) => void;
}

/** One whose working folder is there. */
export type TerminalInFolder = Terminal & { readonly workingFolder: string };
