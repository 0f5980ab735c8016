import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Files } from "../../src/load/files.js";
import { LARGEST_FILE, load } from "../../src/load/load.js";
import { nodeFiles } from "../../src/setup/node-files.js";
import { folderWith } from "../support/folder.js";

const one = "name: a\nprovider_type: stripe\n";

function loadIn(folder: string, ...paths: readonly string[]) {
  return load(paths, nodeFiles(folder));
}

describe("loading", () => {
  it("reads every .yaml and .yml file, subfolders included, in the order of their paths", () => {
    const folder = folderWith({
      "c/b.yaml": one,
      "c/a.yml": one,
      "c/sub/z.YAML": one,
      "c/README.md": "x",
      "c/data.json": "{}",
    });
    const { declarations, problems } = loadIn(folder, "c");
    const fileCount = new Set(declarations.map(({ origin }) => origin.file)).size;
    expect(problems).toEqual([]);
    expect(fileCount).toBe(3);
    expect(declarations.map(({ origin }) => origin.file)).toEqual(["c/a.yml", "c/b.yaml", "c/sub/z.YAML"]);
  });

  it("passes over hidden files, editors' backups and swap files", () => {
    const folder = folderWith({
      "c/a.yaml": one,
      "c/.a.yaml": "broken: [",
      "c/a.yaml~": "broken: [",
      "c/a.yaml.bak": "[",
      "c/.git/x.yaml": "[",
    });
    expect(loadIn(folder, "c").declarations).toHaveLength(1);
    expect(loadIn(folder, "c").problems).toEqual([]);
  });

  it("reads a file once, however often it is reached", () => {
    const folder = folderWith({ "c/a.yaml": one, "c/sub/b.yaml": one });
    expect(loadIn(folder, "c", "./c/", "c/sub", "c/a.yaml").declarations).toHaveLength(2);
  });

  it("shows absolute folders by their shorter path where they are inside the working folder", () => {
    const folder = folderWith({ "c/a.yaml": one });
    expect(loadIn(folder, join(folder, "c")).declarations[0]?.origin.file).toBe("c/a.yaml");
  });

  it("follows links inside the folder, as Kubernetes makes them for a mounted ConfigMap", () => {
    const folder = folderWith();
    mkdirSync(join(folder, "c/..2026_11_25"), { recursive: true });
    writeFileSync(join(folder, "c/..2026_11_25/a.yaml"), one);
    symlinkSync("..2026_11_25", join(folder, "c/..data"));
    symlinkSync("..data/a.yaml", join(folder, "c/a.yaml"));
    const { declarations, problems } = loadIn(folder, "c");
    expect(problems).toEqual([]);
    expect(declarations.map(({ origin }) => origin.file)).toEqual(["c/a.yaml"]);
  });

  it("refuses links that lead out of the folder, and names links to nothing", () => {
    const folder = folderWith({ "c/a.yaml": one, "outside/secret.yaml": one });
    symlinkSync("../outside/secret.yaml", join(folder, "c/out.yaml"));
    symlinkSync("../outside", join(folder, "c/outdir"));
    symlinkSync("nowhere.yaml", join(folder, "c/gone.yaml"));
    symlinkSync("../missing", join(folder, "c/tenants"));
    expect(
      loadIn(folder, "c").problems.map(({ code, message }) => `${code} ${/c\/\w+(?:\.yaml)?/.exec(message)?.[0]}`),
    ).toEqual([
      "LOAD.UNREADABLE c/gone.yaml",
      "LOAD.LINK_OUTSIDE c/out.yaml",
      "LOAD.LINK_OUTSIDE c/outdir",
      "LOAD.UNREADABLE c/tenants",
    ]);
  });

  it("ends on a link that leads back into its own folder", () => {
    const folder = folderWith({ "c/sub/a.yaml": one });
    symlinkSync("..", join(folder, "c/sub/loop"));
    expect(loadIn(folder, "c").declarations).toHaveLength(1);
  });

  it("reads a byte order mark as nothing, with the same places", () => {
    const folder = folderWith({ "c/a.yaml": `\ufeff${one}` });
    const [declaration] = loadIn(folder, "c").declarations;
    expect(declaration?.data).toEqual({ name: "a", provider_type: "stripe" });
    expect(declaration?.origin.locate(["name"], "value")).toMatchObject({ line: 1, column: 7 });
  });

  it.each([
    ["UTF-16, little endian", Buffer.from(`\ufeff${one}`, "utf16le")],
    ["UTF-16, big endian", Buffer.from(`\ufeff${one}`, "utf16le").swap16()],
    ["UTF-16 or UTF-32 without a mark", Buffer.from(one, "utf16le")],
    ["not valid UTF-8", Buffer.from([0x6e, 0x3a, 0x20, 0xff, 0x0a])],
  ])("refuses a file that is %s and names the encoding", (encoding, bytes) => {
    const folder = folderWith({ "c/a.yaml": bytes });
    const [problem] = loadIn(folder, "c").problems;
    expect(problem).toMatchObject({ code: "LOAD.NOT_UTF8", place: { file: "c/a.yaml", line: 1, column: 1 } });
    expect(problem?.message).toContain(encoding);
  });

  it("refuses a file that is too large before it reads it", () => {
    const folder = folderWith({ "c/a.yaml": one, "c/b.yaml": "" });
    truncateSync(join(folder, "c/b.yaml"), LARGEST_FILE + 1);
    const { problems, declarations } = loadIn(folder, "c");
    expect(problems.map(({ code }) => code)).toEqual(["LOAD.TOO_LARGE"]);
    expect(declarations).toHaveLength(1);
  });

  it("reads no more than one environment can have, and names the file that was too much", () => {
    const text = "a: 1\n---\n".repeat(49_999);
    const folder = folderWith({
      "c/a.yaml": text,
      "c/b.yaml": text,
      "c/d.yaml": "a: 1\n---\na: 1\n---\na: 1\n",
      "c/e.yaml": "[",
    });
    const { problems } = loadIn(folder, "c");
    expect(problems.map(({ code, place }) => [code, place])).toEqual([
      ["LOAD.TOO_LARGE", { file: "c/d.yaml", line: 5, column: 1 }],
    ]);
    expect(problems[0]?.message).toContain("more than 100000 definitions");

    // One comment is one word, however long: here only bytes count.
    const comment = `a: 1\n# ${"x".repeat(30 * 1024 * 1024)}\n`;
    const large = folderWith(Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`c/${at}.yaml`, comment])));
    const found = loadIn(large, "c");
    expect(found.problems.map(({ code, place }) => [code, place?.file])).toEqual([["LOAD.TOO_LARGE", "c/8.yaml"]]);
    expect(found.problems[0]?.message).toContain("more than 256 MiB");
  });

  it("looks at no more names than a folder of definitions can have", () => {
    const looked: string[] = [];
    const names = Array.from({ length: 1_000 }, (_, index) => `f${index}`);
    // Folders in folders without end, as on a whole disk.
    const files: Files = {
      ...nodeFiles("/r"),
      kindOf: () => "folder",
      list(folder) {
        looked.push(folder);
        return names;
      },
      realPath: (path) => `/r/${path}`,
    };
    const { problems, declarations } = load(["c"], files);
    expect(problems.map(({ code, place }) => [code, place])).toEqual([["LOAD.TOO_LARGE", undefined]]);
    expect(problems[0]?.message).toContain("more than 250000 files and folders under /r/c");
    expect([declarations.length, looked.length]).toEqual([0, 251]);
  });

  it("warns of each file that holds nothing, and goes on", () => {
    const folder = folderWith({ "c/a.yaml": one, "c/b.yaml": "", "c/d.yaml": "# todo\n" });
    const { declarations, problems } = loadIn(folder, "c");
    const fileCount = new Set(declarations.map(({ origin }) => origin.file)).size;
    expect(problems.map(({ code, severity, place }) => [code, severity, place?.file])).toEqual([
      ["LOAD.EMPTY_FILE", "warning", "c/b.yaml"],
      ["LOAD.EMPTY_FILE", "warning", "c/d.yaml"],
    ]);
    expect(fileCount).toBe(1);
  });

  it("never takes no definition for an empty wish", () => {
    const folder = folderWith({ "c/a.yaml": "# todo\n", "empty/README.md": "x" });
    expect(loadIn(folder, "c").problems.map(({ code }) => code)).toEqual(["LOAD.EMPTY_FILE", "LOAD.NO_DEFINITIONS"]);
    expect(loadIn(folder, "empty").problems.map(({ code }) => code)).toEqual(["LOAD.NO_FILES"]);
    expect(loadIn(folder, "gone").problems.map(({ code }) => code)).toEqual(["LOAD.NO_FOLDER"]);
    expect(loadIn(folder, "c", "empty").problems.map(({ code }) => code)).toContain("LOAD.NO_FILES");
  });
});
