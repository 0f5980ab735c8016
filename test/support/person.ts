import type { Terminal } from "../../src/cli/terminal.js";

export interface Person {
  readonly terminal: Terminal;
  /** What was shown, and how often the person was asked. */
  readonly shown: { out: string; error: string; questions: number };
}

/** A person at a terminal who types one line. */
export function person(
  typed: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
  { canAsk = true, columns = 100 }: { readonly canAsk?: boolean; readonly columns?: number } = {},
): Person {
  const shown = { out: "", error: "", questions: 0 };
  const terminal: Terminal = {
    environment,
    workingFolder: cwd,
    writeOut: (text) => {
      shown.out += text;
    },
    writeError: (text) => {
      shown.error += text;
    },
    outIsTerminal: true,
    errorIsTerminal: true,
    outColumns: () => columns,
    errorColumns: () => columns,
    readIn: () => "",
    canAsk,
    ask: async (question) => {
      shown.questions += 1;
      shown.error += question;
      return typed;
    },
    onSignal: () => {},
  };
  return { terminal, shown };
}
