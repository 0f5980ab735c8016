import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { runCommandLine } from "./run.js";
import type { Terminal } from "./terminal.js";

/** The process as a {@link Terminal}. */
function terminalOf(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const signals = new Signals();
  const isCi = env["CI"] !== undefined && env["CI"] !== "";
  return {
    environment: env,
    workingFolder: workingFolder(),
    writeOut: (text) => stdout.write(text),
    writeError: (text) => stderr.write(text),
    outIsTerminal: stdout.isTTY === true,
    errorIsTerminal: stderr.isTTY === true,
    outColumns: () => columnsOf(stdout),
    errorColumns: () => columnsOf(stderr),
    readIn: () => (stdin.isTTY ? "" : readFileSync(0, "utf8")),
    canAsk: stdin.isTTY === true && stderr.isTTY === true && !isCi,
    async ask(question, ending) {
      await dropTypedAhead(stdin);
      if (ending.aborted) return "";
      const reader = createInterface({ input: stdin, output: stderr });
      const ended = new AbortController();
      reader.once("close", () => ended.abort());
      // Back from the background the input is paused, and nothing else would keep the process.
      reader.on("SIGCONT", () => reader.resume());
      // In the question the terminal gives us the key and not the signal.
      reader.on("SIGINT", () => signals.heard(130));
      const leave = () => {
        stderr.write("\n");
        ended.abort();
      };
      ending.addEventListener("abort", leave, { once: true });
      try {
        return await reader.question(question, { signal: ended.signal });
      } catch {
        // The input ended without an answer.
        return "";
      } finally {
        ending.removeEventListener("abort", leave);
        reader.close();
      }
    },
    onSignal: (heard) => signals.tell(heard),
  };
}

/** Whoever sends this many does not want to wait for anything. */
const MOST_SIGNALS = 5;

/** One Ctrl-C reaches a program twice when npm passes it on: signals closer to each other than this are one. */
const SAME_SIGNAL_MS = 50;

/** The signals that ask the process to end. */
class Signals {
  readonly #told: ((code: 130 | 143) => void)[] = [];
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  tell(heard: (code: 130 | 143) => void): void {
    if (this.#told.length === 0) {
      process.on("SIGINT", () => this.heard(130));
      process.on("SIGTERM", () => this.heard(143));
    }
    this.#told.push(heard);
  }

  heard(code: 130 | 143): void {
    const isSame = performance.now() - this.#lastMs < SAME_SIGNAL_MS;
    this.#lastMs = performance.now();
    if (isSame) return;
    this.#count += 1;
    if (this.#count >= MOST_SIGNALS || this.#told.length === 0) process.exit(code);
    for (const told of this.#told) told(code);
  }
}

/** Long enough for what lies ready to come; nobody reads a question in that time. */
const TYPED_AHEAD_MS = 100;

/** What was typed before a question was seen is no answer to it. */
async function dropTypedAhead(stdin: NodeJS.ReadStream): Promise<void> {
  stdin.resume();
  await new Promise((resolve) => setTimeout(resolve, TYPED_AHEAD_MS));
  stdin.pause();
}

/** A terminal that says 0 knows as little as one that says nothing. */
function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number | undefined {
  return isTTY && columns > 0 ? columns : undefined;
}

function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Of a run whose result nobody can read: it is no success, and after apply something may have been written. */
const lostCode = ["apply", "prune"].includes(process.argv[2] ?? "") ? 4 : 1;

let outputFault: NodeJS.ErrnoException | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (fault: NodeJS.ErrnoException) => {
    // A reader that goes away, as in `| head`, has seen what it wanted.
    if (fault.code !== "EPIPE") outputFault ??= fault;
  });
}

const terminal = terminalOf();

// Behind a promise or a timer that nothing waits for there is nobody to catch a mistake of ours.
process.on("uncaughtException", async (cause) => {
  const { uncaught } = await import("./crash.js");
  terminal.writeError(uncaught(cause, terminal));
  process.exit(lostCode);
});

const exitCode = await runCommandLine(process.argv.slice(2), terminal);
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
if (outputFault !== undefined) {
  const hint = "make room where the output goes; after apply, run plan to see what the service has.";
  process.stderr.write(
    `error[INTERNAL.OUTPUT] Output lost: the result could not be written: ${outputFault.message}.\nhint: ${hint}\n`,
  );
}
process.exitCode = outputFault !== undefined && exitCode === 0 ? lostCode : exitCode;
