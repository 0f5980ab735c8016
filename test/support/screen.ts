import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { program } from "./program.js";

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** What runs in it. */
  readonly shell?: readonly string[];
}

/** A terminal of its own, driven through tmux on a socket of its own. Gone when the test ends. */
export class Screen {
  readonly #socket = `flexprice-sync-test-${process.pid}-${Math.floor(performance.now() * 1000)}`;

  /** @param environment - beside that of the tests, without what would tell of CI or of colour */
  constructor(
    cwd: string,
    environment: Readonly<Record<string, string>>,
    { columns = 140, rows = 50, shell = ["sh"] }: ScreenOptions = {},
  ) {
    const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const without = ["CI", "NO_COLOR", "GITHUB_ACTIONS"].flatMap((name) => ["-u", name]);
    this.#tmux("new-session", "-d", ...size, "-c", cwd, "env", ...without, ...assignments, "PS1=$ ", ...shell);
    onTestFinished(() => {
      this.#tmux("kill-server");
    });
  }

  /** Keys by their names, as in tmux. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** Text as it is. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  answer(text: string): void {
    this.type(text);
    this.press("Enter");
  }

  /** Runs the program, and says with what exit code it ended. */
  run(args: string): void {
    this.answer(`${process.execPath} ${program} ${args}; echo "ended with $?"`);
  }

  clear(): void {
    this.answer("clear");
  }

  /** What stands on it. @param options - of tmux's capture-pane */
  text(...options: readonly string[]): string {
    return this.#tmux("capture-pane", "-p", ...options);
  }

  cursorIsShown(): boolean {
    return this.#tmux("display-message", "-p", "#{cursor_flag}").trim() === "1";
  }

  async until(pattern: RegExp): Promise<string> {
    for (let tries = 0; tries < 200; tries += 1) {
      const text = this.text();
      if (pattern.test(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never showed ${pattern}:\n${this.text()}`);
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...args], { encoding: "utf8" });
  }
}
