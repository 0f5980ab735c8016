import { createInterface } from "node:readline/promises";
import { runCommandLine } from "./run.js";
import type { Terminal } from "./terminal.js";

/** The process as a {@link Terminal}. */
function terminalOf(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const isCi = env["CI"] !== undefined && env["CI"] !== "";
  return {
    environment: env,
    workingFolder: process.cwd(),
    writeOut: (text) => stdout.write(text),
    writeError: (text) => stderr.write(text),
    outIsTerminal: stdout.isTTY === true,
    errorIsTerminal: stderr.isTTY === true,
    canAsk: stdin.isTTY === true && stderr.isTTY === true && !isCi,
    async ask(question) {
      const reader = createInterface({ input: stdin, output: stderr });
      const ended = new AbortController();
      reader.once("close", () => ended.abort());
      // In the question the terminal gives us the key and not the signal. Nothing is under way yet that could be cut off.
      reader.once("SIGINT", () => {
        stderr.write("\n");
        process.exit(130);
      });
      try {
        return await reader.question(question, { signal: ended.signal });
      } catch {
        // The input ended without an answer.
        return "";
      } finally {
        reader.close();
      }
    },
    untilSignal: () =>
      new Promise((resolve) => {
        process.once("SIGINT", () => resolve(130));
        process.once("SIGTERM", () => resolve(143));
      }),
  };
}

// A reader that goes away, as in `| head`, ends the run without an error of its own.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (fault: NodeJS.ErrnoException) => {
    if (fault.code !== "EPIPE") throw fault;
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2), terminalOf());
