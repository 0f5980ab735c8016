import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionsOf, type Names, type Whereabouts } from "../../src/cli/completion.js";
import { typedLine, typedWord } from "../../src/cli/completion-words.js";
import { buildProgram } from "../../src/cli/program.js";
import { folderWith } from "../support/folder.js";
import { documentOf, run } from "../support/program.js";

const asked: Whereabouts[] = [];
const names: Names = {
  environments: (where) => {
    asked.push(where);
    return ["eu", "us", "us-test"];
  },
  definitions: (where) => {
    asked.push(where);
    return [
      { word: "Stripe EU", description: "stripe, connections/stripe.yaml" },
      { word: "connections/stripe.yaml", description: "Stripe EU" },
    ];
  },
};
const program = buildProgram("1", () => {});

/** What follows a line, whose last word is begun; nothing in it is quoted. */
function offered(line: string): readonly string[] {
  const { candidates, paths } = completionsOf(line.split(" "), program, names);
  return [...candidates.map(({ word }) => word), ...(paths === "none" ? [] : [`(${paths})`])];
}

describe("completion offers", () => {
  it.each([
    ["", [...program.commands.map((command) => command.name()), "help"]],
    ["p", ["plan", "prune", "pull"]],
    ["help s", ["sandbox", "schema"]],
    ["help plan ", []],
    ["--", ["--help", "--version"]],
    ["unheard-of p", []],
    ["plan --env ", ["eu", "us", "us-test"]],
    ["plan -e us", ["us", "us-test"]],
    ["plan --env=us", ["--env=us", "--env=us-test"]],
    ["plan -qe us", ["us", "us-test"]],
    ["plan -qeus --js", ["--json-into", "--json"]],
    ["plan --json -e ", ["eu", "us", "us-test"]],
    ["plan --only S", ["Stripe EU"]],
    ["plan --only conn", ["connections/stripe.yaml"]],
    ["apply --replace ", ["Stripe EU", "connections/stripe.yaml"]],
    ["apply --write-secrets=", ["--write-secrets=Stripe EU", "--write-secrets=connections/stripe.yaml"]],
    // Its value stands behind = only: what follows is another word.
    ["plan --write-secrets --req", ["--require-env"]],
    ["plan --color ", ["auto", "always", "never"]],
    ["plan --color=a", ["--color=auto", "--color=always"]],
    ["plan --dir ", ["(folders)"]],
    ["plan --out ", ["(files)"]],
    ["plan --out=x", ["(files)"]],
    ["plan --timeout ", []],
    ["apply ", ["(files)"]],
    ["validate a b ", ["(files)"]],
    ["validate -- -", ["(files)"]],
    ["schema s", ["settings", "seed"]],
    ["completion ", ["bash", "zsh", "fish"]],
    ["keygen --j", ["--json"]],
    ["sandbox --f", ["--faults"]],
    ["plan --js", ["--json-into", "--json"]],
    ["plan --json --js", ["--json-into"]],
    // A value may be given again, a switch need not.
    ["plan --json-into x --js", ["--json-into", "--json"]],
  ])("behind %j: %j", (line, expected) => {
    expect(offered(line)).toEqual(expected);
  });

  it("every option of a command, each with what its help says", () => {
    for (const command of program.commands) {
      const { candidates } = completionsOf([command.name(), "-"], program, names);
      expect(candidates.map(({ word }) => word)).toEqual([
        ...command.options.map(({ long, short }) => long ?? short),
        "--help",
      ]);
      for (const { description } of candidates) expect(description).not.toBe("");
    }
  });

  it("something for every option that takes a value, but for texts and numbers", () => {
    const free = program.commands.flatMap((command) =>
      command.options
        .filter(({ required, long }) => required && offered(`${command.name()} ${long} `).length === 0)
        .map(({ long }) => long ?? ""),
    );
    expect([...new Set(free)].sort()).toEqual(
      [
        "base-url",
        "deadline",
        "environment-id",
        "expires",
        "faults",
        "key",
        "max-changes",
        "parallelism",
        "port",
        "shard",
        "timeout",
      ].map((name) => `--${name}`),
    );
  });

  it("names from where the line looks for them", () => {
    offered("plan -c tenants.yaml -e eu --env=us -d one --dir=two --only ");
    expect(asked.at(-1)).toEqual({ config: "tenants.yaml", env: ["eu", "us"], dirs: ["one", "two"] });
    offered("plan -eeu -qvd one --only ");
    expect(asked.at(-1)).toEqual({ env: ["eu"], dirs: ["one"] });
  });
});

describe("a line of bash", () => {
  const breaks = " \t\n\"'><=;|&(:";

  it.each([
    ["plan --on", ["plan", "--on"], "", ""],
    ["plan ", ["plan", ""], "", ""],
    ["plan --only Stripe\\ E", ["plan", "--only", "Stripe E"], "", ""],
    ['plan --only "Stripe E', ["plan", "--only", "Stripe E"], "", '"'],
    ["plan --only 'it'\\''s", ["plan", "--only", "it's"], "it'", "'"],
    ["plan --env=eu", ["plan", "--env=eu"], "--env=", ""],
    ['plan --only="Stripe: E', ["plan", "--only=Stripe: E"], "--only=", '"'],
    ["plan --only Stripe:\\ E", ["plan", "--only", "Stripe: E"], "Stripe:", ""],
    ["plan --only Stripe\\:E", ["plan", "--only", "Stripe:E"], "", ""],
    ['plan "a\\"b\\c', ["plan", 'a"b\\c'], "", '"'],
  ] as const)("%s", (line, words, kept, quote) => {
    expect(typedLine(line, breaks)).toEqual({ words, kept, quote });
  });

  it("is read again as it was put in, whatever the word", () => {
    const typed = { words: [], kept: "", quote: "" } as const;
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (word) => {
        fc.pre(!/[\p{C}\p{Z}]/u.test(word) || /^[^\p{C}]* [^\p{C}]*$/u.test(word));
        expect(typedLine(`plan ${typedWord(word, typed)}`, breaks).words).toEqual(["plan", word]);
      }),
    );
  });
});

describe("completion as a command", () => {
  it.each(["bash", "zsh", "fish"])("prints a script for %s, also in a document", async (shell) => {
    const cwd = folderWith();
    const plain = await run(["completion", shell], { cwd });
    expect([plain.code, plain.stderr]).toEqual([0, ""]);
    expect(plain.stdout).toContain("flexprice-sync");
    const document = documentOf(await run(["completion", shell, "--json"], { cwd })) as unknown as {
      completion: { shell: string; script: string };
    };
    expect(document.completion).toEqual({ shell, script: plain.stdout });
  });

  it("names the shells that it knows where it is asked for another, or for none", async () => {
    const cwd = folderWith();
    const other = await run(["completion", "tcsh"], { cwd });
    expect([other.code, other.stderr]).toEqual([64, expect.stringContaining("it takes one of bash, zsh, fish")]);
    const none = await run(["completion"], { cwd });
    expect([none.code, none.stderr]).toEqual([64, expect.stringContaining("completion needs one argument, its shell")]);
  });

  const ask = (words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) =>
    run(["__complete", "fish"], { cwd, env, input: words.map((word) => `${word}\0`).join("") });

  it("reads environments and definitions, those of the environment that is named", async () => {
    const cwd = folderWith({
      "flexprice-sync.yaml": `environments:
  eu: { base_url: https://billing.example.com/v1, api_key: "\${EU_KEY}", connections: [eu], vars: { REGION: Europe } }
  us: { base_url: https://us.api.flexprice.io/v1, api_key: "\${US_KEY}", connections: [us] }
`,
      "eu/s.yaml": `name: "Stripe \${var.REGION}"\nprovider_type: stripe\n`,
      "us/h.yaml": "name: Hub\nprovider_type: hubspot\n",
      "us/broken.yaml": "name: [\n",
    });
    expect((await ask(["plan", "--env", ""], cwd)).stdout).toBe("none\neu\nus\n");
    const all = await ask(["plan", "--only", ""], cwd);
    expect(all.stdout).toBe(
      "none\nStripe Europe\tstripe, eu/s.yaml\nHub\thubspot, us/h.yaml\neu/s.yaml\tStripe Europe\nus/h.yaml\tHub\n",
    );
    expect(all.stderr).toBe("");
    expect((await ask(["plan", "-e", "us", "--only", "H"], cwd)).stdout).toBe("none\nHub\thubspot, us/h.yaml\n");
  });

  it("reads no variable and shows no secret, also of a file that is wrong", async () => {
    const cwd = folderWith({
      "connections/a.yaml": "name: A\nprovider_type: stripe\nencrypted_secret_data: { secret_key: sk_live_canary }\n",
      "connections/b.yaml": 'name: "B \\u001b[2J"\nprovider_type: hubspot\n',
      "connections/c.yaml": `name: C\nprovider_type: s3\nmetadata: { x: "\${CANARY}" }\n`,
    });
    const { stdout, stderr, code } = await ask(["plan", "--only", ""], cwd, {
      CANARY: "canary-value",
      FLEXPRICE_API_KEY: "sk_live_canary",
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("none\nC\ts3, connections/c.yaml\nconnections/b.yaml\tB \\u001b[2J\nconnections/c.yaml\tC\n");
  });

  it("lets nobody wait at a Tab, however much there is to read", async () => {
    const cwd = folderWith();
    const begun = performance.now();
    expect((await ask(["plan", "-d", "/", "--only", ""], cwd)).code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it("answers without a repository and without a question, and is in no help", async () => {
    const cwd = folderWith();
    expect((await ask(["plan", "--only", ""], cwd)).stdout).toBe("none\n");
    expect((await run(["__complete"], { cwd })).code).toBe(0);
    expect((await run(["--help"], { cwd })).stdout).not.toContain("__complete");
  });
});
