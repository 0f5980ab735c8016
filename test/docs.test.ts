import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { helpOf, parseArguments } from "../src/cli/arguments.js";
import { buildProgram } from "../src/cli/program.js";
import { catalogue } from "../src/generated/catalogue.js";
import { schemas } from "../src/generated/schemas.js";
import { problemCodes } from "../src/model/problem.js";
import { fieldFacts } from "./contract/suite.js";

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const readme = text("README.md");
const commands = buildProgram("1", () => {}).commands.map((command) => command.name());

/** Rows of the README's table whose first column matches, with their columns. */
function rows(first: RegExp): readonly (readonly string[])[] {
  return readme
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll("\\|", "|")),
    )
    .filter(([cell = ""]) => first.test(cell));
}

/** Long names of the options in a command's help; the short one where there is no long one. */
function optionsIn(help: string): readonly string[] {
  const lines = help.slice(help.indexOf("Options:")).split("\n");
  return lines.flatMap((line) => {
    const [, short, long] = /^ {2}(?:(-\w)(?:, )?)?(--[\w-]+)?/.exec(line) ?? [];
    return long ?? short ?? [];
  });
}

describe("README says what the program says", () => {
  it("of every option, on the commands that take it", () => {
    const told = new Map<string, readonly string[]>();
    for (const [cell = "", on = ""] of rows(/^`-/)) {
      const names = [...cell.matchAll(/--[\w-]+|(?<!-)-\w\b/g)].map(([name]) => name);
      const name = names.find((candidate) => candidate.startsWith("--")) ?? names[0] ?? "";
      told.set(name, on === "all" ? commands : on.split(", "));
    }
    const taken = new Map<string, string[]>();
    for (const command of commands) {
      for (const option of [...optionsIn(helpOf(command, "1")), "--version"]) {
        taken.set(option, [...(taken.get(option) ?? []), command]);
      }
    }
    const asText = (table: ReadonlyMap<string, readonly string[]>) =>
      [...table].map(([name, on]) => `${name} on ${[...on].sort().join(", ")}`).sort();
    expect(asText(told)).toEqual(asText(taken));
  });

  it("of every provider type", () => {
    const [, paragraph = ""] = /The provider types: ([^.]+)\./.exec(readme) ?? [];
    const told = [...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(told).toEqual(Object.keys(catalogue.providers));
  });

  it("of every command", () => {
    const help = helpOf(undefined, "1");
    for (const command of commands) {
      expect(help).toContain(`  ${command} `);
      expect(rows(new RegExp(`^\`${command}\\b`))).toHaveLength(1);
    }
  });

  it("of every problem code, with its words and exit code", () => {
    const told = rows(/^`[A-Z]+\.[A-Z0-9_]+`$/).map(
      ([code = "", title, exitCode]) => `${code.replaceAll("`", "")} ${title} ${exitCode}`,
    );
    const meant = Object.entries(problemCodes).map(([code, { title, exitCode }]) => `${code} ${title} ${exitCode}`);
    expect(told).toEqual(meant);
  });

  it("of every variable that the program reads", () => {
    const read = new Set<string>();
    for (const name of readdirSync(new URL("../src/", import.meta.url), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || /^(?:generated|sandbox)\//.test(name)) continue;
      const code = text(`src/${name}`).replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, "");
      for (const [variable] of code.matchAll(
        /\b(?:FLEXPRICE_(?:API|BASE|ENV|ALL|SYNC)[A-Z_]+|GITHUB_[A-Z_]+|NO_COLOR|TERM)\b/g,
      ))
        read.add(variable);
    }
    expect(read.size).toBeGreaterThan(12);
    const told = rows(/^`[A-Z_]+`/).flatMap(([cell = ""]) =>
      [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = ""]) => name),
    );
    for (const name of read) expect(told, name).toContain(name);
  });

  it("of every variable that the help names", () => {
    const named = [...text("src/cli/program.ts").matchAll(/^ {2}" {2}([A-Z_]+)/gm)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(7);
    for (const name of named) expect(rows(new RegExp(`\`${name}\``)), name).not.toHaveLength(0);
  });

  it("of how a reference is written that is none", () => {
    expect(readme).toContain("`$${` is a literal `${`");
  });

  it("of the two commands that do all the set-up", () => {
    expect(readme).toContain("npm ci && npm run demo");
    expect(readme).toContain("npm ci && npm test");
  });
});

describe("the guide to secrets", () => {
  const guide = text("docs/secrets.md");

  it("says of every field what the service does with it on an update", () => {
    const facts = fieldFacts(new URL("./fixtures/service/", import.meta.url));
    const [, table = ""] = /<!-- made by .*-->\n([\s\S]*)<!-- end -->/.exec(guide) ?? [];
    const told = table
      .trim()
      .split("\n")
      .slice(2)
      .map((line) => line.split("|").map((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)));
    expect(told.map(([, named = []]) => named[0])).toEqual(Object.keys(catalogue.providers));
    for (const [, named = [], changes = [], creates = [], own = []] of told) {
      const provider = named[0] ?? "";
      const ofProvider = facts.filter((fact) => fact.provider === provider);
      const updated = ofProvider.filter(({ nested }) => nested === "U").map(({ field }) => field);
      expect([provider, [...changes].sort()]).toEqual([provider, updated.sort()]);
      const rewritten = ofProvider.filter(({ rewritten: mark }) => mark !== "").map(({ field }) => field);
      expect([provider, rewritten.filter((field) => !own.includes(field))]).toEqual([provider, []]);
      const all = [...changes, ...creates, ...own];
      expect([provider, new Set(all).size]).toEqual([provider, all.length]);
    }
  });

  it("names every state of a secret", () => {
    const states = [...guide.matchAll(/^\| `(\w+)` \| (?:the connection is|the same|its |there is)/gm)].map(
      ([, state]) => state,
    );
    expect(states).toEqual(["new", "unchanged", "changed", "blocked", "unknown", "unresolved"]);
  });
});

const guides = readdirSync(new URL("../docs/", import.meta.url))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

describe("the guides", () => {
  it("are all in README", () => {
    for (const path of guides) expect(readme, path).toContain(`](${path})`);
  });

  it.each(guides)("show commands that the program takes: %s", (path) => {
    const blocks = [...text(path).matchAll(/^```(?:sh|yaml)\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
    const commands = blocks.flatMap((block) =>
      [...block.matchAll(/^(?: *- (?:run: )?)?flexprice-sync (.+?)(?: > \S+)?(?: {2,}#.*)?$/gm)].map(
        ([, command = ""]) => command,
      ),
    );
    // The jobs of the cluster have theirs in manifests, and the library has functions; both have tests of their own.
    if (path !== "docs/kubernetes.md" && path !== "docs/library.md") expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const plain = command.replaceAll("${{ matrix.share }}", "1");
      const words = [...plain.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)];
      const argv = words.map(([, single, double, bare = ""]) => single ?? double ?? bare);
      expect([command, parseArguments(argv, "1").kind]).toEqual([command, "command"]);
    }
  });

  it("say of every key of the settings what it is", () => {
    const guide = text("docs/environments.md");
    const told = [...guide.matchAll(/^\| `(\w+)` \| (?:top level|environment|defaults)/gm)].map(([, key]) => key);
    const { properties, $defs } = JSON.parse(text("schema/settings.schema.json"));
    const keys = [properties, $defs.environment.properties, properties.defaults.properties].flatMap((map) =>
      Object.keys(map),
    );
    expect(told.sort()).toEqual([...new Set(keys)].sort());
  });
});

describe("settings that are shown", () => {
  const isSettings = new Ajv2020({ allErrors: true, strict: false }).compile(schemas.settings);

  it.each(["README.md", ...guides])("are valid: %s", (path) => {
    const blocks = [...text(path).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
    const shown = blocks.filter((block) => /^(?:environments|include|owner|defaults):/m.test(block));
    for (const block of shown)
      expect([block, isSettings(parse(block)), isSettings.errors]).toEqual([block, true, null]);
    if (path === "README.md" || path === "docs/environments.md") expect(shown).not.toEqual([]);
  });
});

describe("the documents", () => {
  it("number every decision once, in their titles too", () => {
    const names = readdirSync(new URL("../docs/decisions/", import.meta.url)).sort();
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1));
    for (const name of names) expect(text(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${name.slice(0, 4)} `));
  });

  it("lead to files that are there", () => {
    const decisions = readdirSync(new URL("../docs/decisions/", import.meta.url)).map(
      (name) => `docs/decisions/${name}`,
    );
    for (const path of ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...guides, ...decisions]) {
      for (const [, link = ""] of text(path).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
        expect(() => readdirOrFile(join(dirname(path), link)), `${path} → ${link}`).not.toThrow();
      }
    }
  });

  it("name the registry and this machine nowhere", () => {
    expect(text("package-lock.json")).not.toContain('"resolved"');
    expect(text(".npmrc")).toContain("omit-lockfile-registry-resolved=true");
  });
});

function readdirOrFile(path: string): void {
  const url = new URL(`../${path}`, import.meta.url);
  try {
    readFileSync(url);
  } catch {
    readdirSync(url);
  }
}

describe("the map of the tests", () => {
  const map = text("test/README.md");
  const at = map.indexOf("The cases and their public sources");
  const cases = [...map.slice(at).matchAll(/^\| (?:`(cases\/[\w.]+)`)? *\| ([^|]+) \| ([^|]+) \|$/gm)];
  const files = readdirSync(new URL("./cases/", import.meta.url)).map((name) => `cases/${name}`);

  it("has every file of cases once in its table, and only those", () => {
    const told = cases.flatMap(([, file]) => file ?? []);
    expect(told.sort()).toEqual(files.sort());
  });

  it("says of every case once what holds, and where the fault was told of", () => {
    const lines = map
      .slice(at)
      .split("\n")
      .slice(2)
      .filter((line) => line.startsWith("| "));
    // All but the head of the table.
    expect(cases).toHaveLength(lines.length - 1);
    const sources = cases.map(([, , , source = ""]) => source);
    expect(new Set(cases.map(([, , what]) => what)).size).toBe(cases.length);
    const public_ = sources.filter((source) => source !== "our own");
    expect(public_.filter((source) => !/#\d+|PR \d+|commit|GHSA-/.test(source))).toEqual([]);
    expect(new Set(public_).size).toBe(public_.length);
  });

  it("names files that are there", () => {
    // What is a link is checked as one.
    const named = [...map.matchAll(/(?<!\[)`((?:[\w-]+\/)*[\w.-]+\.ts|(?:[\w-]+\/)+)`/g)].map(([, path = ""]) => path);
    expect(named.length).toBeGreaterThan(40);
    for (const path of named.filter((one) => one !== "src/"))
      expect(() => readdirOrFile(join("test", path)), path).not.toThrow();
  });
});

describe("the guide to errors", () => {
  const sections = [
    ...text("docs/errors.md").matchAll(/^### `([A-Z]+\.[A-Z0-9_]+)` (.+)\n([\s\S]*?)(?=^##|(?![\s\S]))/gm),
  ];

  it("explains every problem code, in the order of the table and by its words", () => {
    const told = sections.map(([, code = "", title = ""]) => `${code} ${title}`);
    expect(told).toEqual(Object.entries(problemCodes).map(([code, { title }]) => `${code} ${title}`));
  });

  it("says of each at least what it means and what to do", () => {
    for (const [, code, , body = ""] of sections) {
      const sentences = body.replaceAll(/```[\s\S]*?```/g, "").match(/[.:!?](?=\s|$)/g) ?? [];
      expect(sentences.length, code).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("the guide to plans", () => {
  const guide = text("docs/plans.md");

  it("names every reason for which a plan is refused", () => {
    const told = [...guide.matchAll(/^\| `(STALE\.\w+)` \|/gm)].map(([, code]) => code);
    // A recovery file is no plan.
    const meant = Object.keys(problemCodes).filter((code) => /^STALE\.(?!NOTHING_TO_RECOVER)/.test(code));
    expect(told.sort()).toEqual(meant.sort());
  });

  it("shows commands that the program takes", () => {
    const commands = [...guide.matchAll(/^flexprice-sync (.+?)(?: {2,}#.*)?$/gm)].map(([, command = ""]) => command);
    expect(commands.length).toBeGreaterThanOrEqual(5);
    for (const command of commands) {
      const argv = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
      expect([command, parseArguments(argv, "1").kind]).toEqual([command, "command"]);
    }
  });
});
