import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { typedWord } from "../../src/cli/completion-words.js";
import { folderWith } from "../support/folder.js";
import { program } from "../support/program.js";
import { Screen } from "../support/screen.js";

const settings = `environments:
  prod-eu: { base_url: https://us.api.flexprice.io/v1, api_key: "\${EU_KEY}", connections: [connections/eu] }
  staging: { base_url: https://us.api.flexprice.io/v1, api_key: "\${STAGING_KEY}", connections: [connections/staging] }
`;

const shells = {
  bash: {
    command: ["bash", "--norc", "--noprofile", "-i"],
    // One Tab shows all that could follow.
    load: "source <(flexprice-sync completion bash); bind 'set show-all-if-ambiguous on'; PS1='$ '",
  },
  zsh: {
    command: ["zsh", "-f", "-i"],
    load: "fpath=($PWD/functions $fpath); flexprice-sync completion zsh > functions/_flexprice-sync; autoload -Uz compinit; compinit -u -D; PS1='$ '",
  },
  fish: {
    command: ["fish", "--no-config", "-i"],
    load: "flexprice-sync completion fish | source; function fish_prompt; echo '$ '; end",
  },
};

/** A repository with a shell in it that has read the script. */
async function open(shell: keyof typeof shells): Promise<Screen> {
  const cwd = folderWith({
    "flexprice-sync.yaml": settings,
    "connections/eu/stripe.yaml": 'name: "Stripe: EU"\nprovider_type: stripe\n',
    "connections/eu/hub.yaml": "name: Bob's Hub ($5)\nprovider_type: hubspot\n",
    "connections/staging/stripe.yaml": "name: Stripe test\nprovider_type: stripe\n",
    "functions/.keep": "",
  });
  const bin = join(cwd, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "flexprice-sync"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, "flexprice-sync"), 0o755);
  const { command, load } = shells[shell];
  const environment = { PATH: `${bin}:${process.env["PATH"]}`, HOME: cwd, HISTFILE: "/dev/null" };
  const screen = new Screen(cwd, environment, { shell: command });
  screen.answer(load);
  screen.answer("echo re''ady");
  await screen.until(/^ready/m);
  return screen;
}

/** Types a beginning, presses Tab, and waits for what should then stand there. */
async function completes(screen: Screen, typed: string, shows: RegExp): Promise<string> {
  screen.press("C-c");
  screen.answer("clear; echo re''ady");
  await screen.until(/^ready\s*^\$/m);
  screen.type(typed);
  await screen.until(new RegExp(`\\$ .*${typed.trimEnd().slice(-4).replace(/\W/g, "\\$&")}`));
  screen.press("Tab");
  return screen.until(shows);
}

describe.each(["bash", "zsh", "fish"] as const)("in %s", (shell) => {
  it("commands and options are completed", async () => {
    const screen = await open(shell);
    const all = await completes(screen, "flexprice-sync ", /validate[\s\S]*completion|completion[\s\S]*validate/);
    expect(all).toMatch(/plan[\s\S]*sandbox/);
    expect(all).not.toContain("__complete");
    await completes(screen, "flexprice-sync val", /\$ flexprice-sync validate/);
    await completes(screen, "flexprice-sync apply --allow", /apply --allow-dangerous/);
    await completes(screen, "flexprice-sync plan --color al", /plan --color always/);
  });

  it("environments and definitions are completed, with quotes where their names need them", async () => {
    const screen = await open(shell);
    await completes(screen, "flexprice-sync plan --env pr", /plan --env prod-eu/);
    await completes(screen, "flexprice-sync plan --env=st", /plan --env=staging/);
    const names = await completes(screen, "flexprice-sync plan --only ", /Bob/);
    expect(names).toMatch(/Stripe/);
    expect(names).toContain("connections/staging/stripe.yaml");
    await completes(
      screen,
      "flexprice-sync apply --replace Bo",
      /--replace (?:Bob\\'s\\ Hub\\ \\\(\\\$5\\\)|'Bob\\'s Hub \(\$5\)')/,
    );
    await completes(screen, 'flexprice-sync plan --write-secrets="Bo', /--write-secrets=.*Bob.*Hub.*5/);
    await completes(
      screen,
      "flexprice-sync plan --env prod-eu --only Str",
      /--only (?:Stripe:\\ EU|'Stripe: EU'|Stripe:\\ EU)/,
    );
  });

  it("folders and files are completed where an option takes them", async () => {
    const screen = await open(shell);
    await completes(screen, "flexprice-sync plan -d conn", /plan -d connections\//);
    await completes(screen, "flexprice-sync validate flexp", /validate flexprice-sync\.yaml/);
    await completes(screen, "flexprice-sync plan --json-into=flexp", /--json-into=flexprice-sync\.yaml/);
  });
});

describe("a word that is put into a command line of bash", () => {
  it("is what bash then reads", () => {
    const printable = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text));
    fc.assert(
      fc.property(printable, fc.constantFrom("", '"', "'"), (word, quote) => {
        const typed = `${quote}${typedWord(word, { words: [], kept: "", quote })}${quote}`;
        const read = execFileSync("bash", ["-c", `printf %s ${typed}`], { encoding: "utf8" });
        expect(read).toBe(word);
      }),
      { numRuns: 60 },
    );
  });
});
