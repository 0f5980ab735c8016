import { counted } from "../report/text.js";
import type { Terminal } from "./terminal.js";

export interface Progress {
  readonly step: (done: number, total: number) => void;
  /** Takes the line away, so that what follows stands alone. */
  readonly end: () => void;
}

const CLEAR_LINE = "\r\u001b[2K";

/** One line on a terminal that counts writes; nothing anywhere else. */
export function progressOn(terminal: Terminal, isWanted: boolean): Progress {
  const shows = isWanted && terminal.errorIsTerminal;
  let isOpen = false;
  return {
    step(done, total) {
      if (!shows) return;
      isOpen = true;
      terminal.writeError(`${CLEAR_LINE}${done} of ${counted(total, "write")} done`);
    },
    end() {
      if (isOpen) terminal.writeError(CLEAR_LINE);
      isOpen = false;
    },
  };
}
