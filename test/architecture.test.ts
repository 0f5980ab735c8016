import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const texts = new Map(files.map((name) => [name, readFileSync(join(source, name), "utf8")]));
const ours = [...texts].filter(([name]) => !name.startsWith("generated"));

/** What a file imports: paths from `src/` for our own files, names for packages. */
function importsOf(name: string, text: string): readonly string[] {
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"\s]+)"/g)].map(([, path = ""]) => path);
  return found.map((path) => (path.startsWith(".") ? join(name, "..", path).replace(/\.js$/, "") : path));
}

/** The layers, from the outside in: a file may import from its own folder and from layers behind its own. */
const layers: readonly (readonly string[])[] = [
  ["cli", "library"],
  ["setup"],
  ["reconcile"],
  ["load", "validate", "secrets", "fetch", "plan", "apply", "pull", "doctor", "report"],
  ["api", "state"],
  ["generated"],
  ["model"],
];

function folderOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.ts$/, "");
}

function layerOf(folder: string): number {
  return layers.findIndex((names) => names.includes(folder));
}

describe("imports go one way", () => {
  it.each(ours.map(([name, text]) => [name, text] as const))("%s", (name, text) => {
    const from = folderOf(name);
    for (const path of importsOf(name, text).filter(
      (path) => !path.startsWith("node:") && /^\w+(?:\/|$)/.test(path) && texts.has(`${path}.ts`),
    )) {
      const to = folderOf(path);
      if (to === from) continue;
      if (from === "sandbox") expect(["model", "generated"], `${name} → ${path}`).toContain(to);
      else if (to === "sandbox") expect(from, `${name} → ${path}`).toBe("cli");
      else expect(layerOf(to), `${name} → ${path}`).toBeGreaterThan(layerOf(from));
    }
  });

  it("and the model imports nothing but itself", () => {
    for (const [name, text] of ours.filter(([name]) => name.startsWith("model/"))) {
      for (const path of importsOf(name, text)) expect(path, name).toMatch(/^(?:model\/|node:(?:buffer|crypto)$)/);
    }
  });
});

describe("each library has one door", () => {
  it.each([
    ["yaml", ["load/yaml-nodes.ts", "load/yaml-source.ts", "pull/yaml-text.ts"]],
    ["undici", ["api/dialer.ts", "api/http.ts"]],
    ["p-limit", ["api/limit.ts"]],
    ["deep-diff", ["plan/compare.ts"]],
    ["picomatch", ["plan/select.ts"]],
    ["tinyglobby", ["setup/node-files.ts"]],
    [
      "commander",
      ["cli/arguments.ts", "cli/completion.ts", "cli/option-values.ts", "cli/program-options.ts", "cli/program.ts"],
    ],
    ["hono", ["sandbox/server.ts"]],
    ["hono/html", ["report/html-connections.ts", "report/html.ts"]],
    ["diff", ["report/value-diff.ts"]],
    ["cli-truncate", ["report/room.ts"]],
    ["leven", ["validate/words.ts"]],
    ["string-width", ["report/room.ts"]],
    ["wrap-ansi", ["report/room.ts"]],
    ["node-sarif-builder", ["report/sarif.ts"]],
    ["@hono/node-server", ["sandbox/server.ts"]],
    ["@hono/node-server/utils/response", ["sandbox/server.ts"]],
  ])("%s", (library, doors) => {
    const users = ours.filter(([name, text]) => importsOf(name, text).includes(library)).map(([name]) => name);
    expect(users).toEqual(doors);
  });

  it("and there is no other", () => {
    const packages = ours
      .flatMap(([name, text]) => importsOf(name, text))
      .filter((path) => !path.startsWith("node:") && !texts.has(`${path}.ts`) && !path.startsWith("generated/"));
    expect([...new Set(packages)].sort()).toEqual([
      "@hono/node-server",
      "@hono/node-server/utils/response",
      "cli-truncate",
      "commander",
      "deep-diff",
      "diff",
      "hono",
      "hono/html",
      "leven",
      "node-sarif-builder",
      "p-limit",
      "picomatch",
      "string-width",
      "tinyglobby",
      "undici",
      "wrap-ansi",
      "yaml",
    ]);
  });

  it("ajv's is the compiler of the schemas, and its code is asked by validate, by saved files and by the sandbox's seed", () => {
    const users = ours
      .filter(([name, text]) => importsOf(name, text).includes("generated/validators"))
      .map(([name]) => name);
    expect(users.sort()).toEqual([
      "cli/seed-file.ts",
      "load/saved-file.ts",
      "validate/explain.ts",
      "validate/settings-words.ts",
      "validate/settings.ts",
      "validate/validate.ts",
    ]);
  });
});

/** A text without its comments. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, "");
}

describe("the edges", () => {
  it("only main.ts names the process, and nothing names the console", () => {
    for (const [name, text] of ours) {
      if (name !== "cli/main.ts") expect(codeOf(text), name).not.toMatch(/\bprocess\b/);
      expect(codeOf(text), name).not.toMatch(/\bconsole\b/);
    }
  });

  it("only the wire reveals a secret", () => {
    const users = ours.filter(([, text]) => text.includes("revealForWire")).map(([name]) => name);
    expect(users.sort()).toEqual(["api/wire.ts", "model/secret.ts"]);
  });

  it("the steps that must be pure reach for no clock, file, randomness or network", () => {
    for (const [name, text] of ours.filter(([name]) =>
      /^(?:validate|secrets|plan|pull|doctor|report|state|model)\//.test(name),
    )) {
      // Digests always give the same for the same; what else node:crypto has is chance.
      expect(codeOf(text), name).not.toMatch(
        /node:(?!buffer|crypto)|Date\.now|new Date|Math\.random|random(?:Bytes|UUID|Int|Fill)|\bfetch\(|await /,
      );
    }
  });

  it("no code knows a provider by name", () => {
    const providers = readdirSync(new URL("../schema/providers/", import.meta.url)).map((name) =>
      name.replace(".json", ""),
    );
    for (const [name, text] of ours.filter(([name]) => !name.startsWith("sandbox/"))) {
      const code = codeOf(text);
      for (const provider of providers.filter((provider) => provider !== "flexprice")) {
        expect(code, name).not.toMatch(new RegExp(`["'\`]${provider}["'\`]`));
      }
    }
  });
});
