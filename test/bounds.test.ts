import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decoded } from "../src/api/decoding.js";
import { LARGEST_ANSWER } from "../src/api/http.js";
import { LONGEST_CONNECT_MS } from "../src/api/http-fault.js";
import { LONGEST_WAIT_MS, MOST_TRIES, retryAfterMs, waitBefore } from "../src/api/retry.js";
import { readConnection } from "../src/api/wire.js";
import { MOST_CHARACTERS, MOST_CONNECTIONS, MOST_PAGES } from "../src/fetch/fetch.js";
import { type Files, FileTooLarge } from "../src/load/files.js";
import { LARGEST_FILE, MOST_BYTES, MOST_DEFINITIONS, MOST_ENTRIES } from "../src/load/load.js";
import { LARGEST_SAVED_FILE, readPlan, readRecovery } from "../src/load/saved-file.js";
import { MOST_ALIASED_NODES } from "../src/load/yaml-nodes.js";
import { DEEPEST_NESTING, MOST_DOCUMENTS, MOST_TOKENS, readYaml } from "../src/load/yaml-source.js";
import { patternFault } from "../src/model/pattern.js";
import { MOST_BYTES as MOST_MARKDOWN } from "../src/report/markdown.js";
import { LONGEST_VALUE } from "../src/secrets/resolve.js";
import { LARGEST_VARIABLE, variablesOf } from "../src/secrets/variables.js";
import { authoritiesOf } from "../src/setup/authorities.js";
import { nodeFiles } from "../src/setup/node-files.js";
import { LONGEST_EXPIRY_MS, MOST_PARALLELISM, MOST_SHARDS } from "../src/setup/options.js";
import { sealed } from "../src/state/seal.js";
import { LONGEST_STAMP } from "../src/state/stamp.js";
import { folderWith } from "./support/folder.js";

/*
 * The bounds that SECURITY.md names are those of the code, and hold. What costs much to show is shown where it belongs:
 * load.test.ts, fetch.test.ts, settings-file.test.ts, client.test.ts, network.test.ts and hostile.test.ts.
 */

const table = readFileSync(new URL("../SECURITY.md", import.meta.url), "utf8").split("\n");
const MI = 1024 * 1024;
const number = (value: number) => value.toLocaleString("en");

describe("the table of bounds", () => {
  it.each<[string, readonly string[]]>([
    [
      "a definition file",
      [`${LARGEST_FILE / MI} MiB`, `${number(MOST_DOCUMENTS)} documents`, `${DEEPEST_NESTING} levels`],
    ],
    ["a document", [`${number(MOST_TOKENS)} words`, `${number(MOST_ALIASED_NODES)} nodes`]],
    [
      "the definitions of one environment",
      [number(MOST_DEFINITIONS), `${MOST_BYTES / MI} MiB`, `${number(MOST_ENTRIES)} files`],
    ],
    ["a variable's value", [`${LONGEST_VALUE / MI} MiB`, `${LARGEST_VARIABLE / MI} MiB`]],
    ["a pattern of", ["1,024 characters, 4 stars"]],
    ["shares of", [number(MOST_SHARDS), String(MOST_PARALLELISM)]],
    ["a saved plan, a recovery file", [`${LARGEST_SAVED_FILE / MI} MiB`, "250 levels"]],
    ["the time that a saved plan", [`${LONGEST_EXPIRY_MS / 86_400_000} days`]],
    ["an answer of the service", [`${LARGEST_ANSWER / MI} MiB`, "200 levels", "3 encodings", "256 KiB"]],
    ["tries of one request", [`${MOST_TRIES};`]],
    ["a rest that", [`${LONGEST_WAIT_MS / 1000} seconds`]],
    ["a connection to the service", [`${LONGEST_CONNECT_MS / 1000} seconds`]],
    [
      "the service's list",
      [`${number(MOST_PAGES)} pages`, `${number(MOST_CONNECTIONS)} connections`, `${MOST_CHARACTERS / MI} Mi`],
    ],
    ["our stamp", [`${LONGEST_STAMP / 1024} Ki`]],
    ["a comment of", [`${number(MOST_MARKDOWN)} bytes`]],
  ])("says what the code does: %s", (what, words) => {
    const row = table.find((line) => line.startsWith(`| ${what}`));
    for (const word of words) expect(row).toContain(word);
  });
});

describe("beyond its bound is refused, and up to it taken:", () => {
  it("nesting of YAML", () => {
    const deep = (levels: number) => readYaml(`a: ${"[".repeat(levels)}${"]".repeat(levels)}\n`, "f").problems;
    expect(deep(DEEPEST_NESTING - 1)).toEqual([]);
    expect(deep(DEEPEST_NESTING + 1).map(({ code }) => code)).toEqual(["LOAD.TOO_DEEP"]);
  });

  it("a file behind a variable", () => {
    const folder = folderWith({ fits: "x".repeat(LARGEST_VARIABLE), not: "x".repeat(LARGEST_VARIABLE + 1) });
    const { lookUp } = variablesOf({ A_FILE: "fits", B_FILE: "not" }, nodeFiles(folder).read);
    expect([lookUp("A").state, lookUp("B").state]).toEqual(["set", "unreadable"]);
  });

  it("a pattern", () => {
    expect(["x".repeat(1_024), "*a**b*c*"].map(patternFault)).toEqual([undefined, undefined]);
    expect(["x".repeat(1_025), "*a*b*c*d*"].map(patternFault)).not.toContain(undefined);
  });

  it("a saved file: its size, and how deep it is, whatever its digest says", () => {
    const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
    const of = (format: string, levels: number): Files => ({
      ...nodeFiles("/r"),
      kindOf: () => "file",
      read() {
        const document = { format, format_version: "1.0", deep: nested(levels) };
        return Buffer.from(JSON.stringify(levels > 1_000 ? document : sealed(document)));
      },
    });
    for (const levels of [10, 249, 251, 4_000]) {
      expect(readPlan("p", of("flexprice-sync plan", levels)).problem?.code).toBe("STALE.ALTERED");
      expect(readRecovery("p", of("flexprice-sync recovery", levels)).problem?.code).toBe("STALE.ALTERED");
    }
    const anywhere = {
      ...of("x", 1),
      read: () => Buffer.from(`{"format":${"[".repeat(20_000)}${"]".repeat(20_000)}}`),
    };
    expect(readPlan("p", anywhere).problem?.code).toBe("STALE.ALTERED");
    const large: Files = {
      ...of("x", 1),
      read(_path, most) {
        throw new FileTooLarge(most + 1, most);
      },
    };
    expect(readPlan("p", large).problem?.message).toContain(`at most ${LARGEST_SAVED_FILE} are read`);
  });

  it("nesting of an answer", () => {
    const row = (levels: number) => ({
      id: "conn_1",
      name: "n",
      provider_type: "s3",
      metadata: { a: JSON.parse("[".repeat(levels) + "]".repeat(levels)) },
    });
    expect([row(198), row(200)].map((one) => readConnection(one) === undefined)).toEqual([false, true]);
  });

  it("encodings of an answer on top of each other", async () => {
    const times = (count: number) =>
      Array.from({ length: count }).reduce<Buffer>((bytes) => gzipSync(bytes), Buffer.from("{}"));
    const named = (count: number) => Array.from({ length: count }, () => "gzip").join(", ");
    expect(Buffer.from((await decoded(times(3), named(3), 100, false)) as Uint8Array).toString()).toBe("{}");
    expect(await decoded(times(4), named(4), 100, false)).toBe("unknown");
  });

  it("a rest, and tries", () => {
    expect(waitBefore(1, retryAfterMs("60", 0), 0)).toBe(60_000);
    expect(waitBefore(1, retryAfterMs("61", 0), 0)).toBe("give-up");
    expect(waitBefore(MOST_TRIES, undefined, 0)).toBe("give-up");
  });

  it("a file with authorities", () => {
    const folder = folderWith({ "large.pem": "x".repeat(MI + 1), "small.pem": "x" });
    const told = (path: string) => authoritiesOf(path, {}, nodeFiles(folder)).problems[0]?.message;
    expect(told("large.pem")).toContain("at most 1048576 are read");
    expect(told("small.pem")).toContain("holds no certificate");
  });
});
