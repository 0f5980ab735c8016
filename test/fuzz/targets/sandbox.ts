import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Output } from "../../../src/cli/output.js";
import { readSeed } from "../../../src/cli/seed-file.js";
import { callerOf } from "../../../src/sandbox/access.js";
import { accountOf } from "../../../src/sandbox/account.js";
import { FaultSchedule, seededRandom } from "../../../src/sandbox/fault-schedule.js";
import { faultKinds, faultsIn, UnreadableFaults } from "../../../src/sandbox/faults.js";
import { routesOf } from "../../../src/sandbox/routes.js";
import { catalogue } from "../../support/steps.js";
import { editedBytes } from "../edits.js";
import { WORDS } from "../hurtful.js";
import { editedJson } from "../json-edits.js";
import { seeds as samples, seedTexts } from "../samples.js";
import { API_KEY, nothingSeen, type Seen } from "../seen.js";
import { NOW_MS } from "../story.js";
import type { Target } from "../target.js";
import { TOOL, terminalWith } from "../told.js";
import { yamlTexts } from "../yaml-texts.js";

const providers = Object.keys(catalogue.providers);

const good = [
  "429@PUT#1-3",
  "503=seconds:2@list+GET#10%",
  "reset-after",
  "slow=100",
  "twins=stripe",
  "seed=7",
  "gzip@list#6-",
  "rewrite",
  "lag=5@GET",
  "read-only",
  "500-after=date:3#2",
];

const piece = fc.oneof(
  { arbitrary: fc.constantFrom(...faultKinds), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      "=",
      "@",
      "#",
      "+",
      "-",
      "%",
      ",",
      ":",
      "1",
      "0",
      "3",
      "99999999999999999999",
      "seconds",
      "date",
      "GET",
      "PUT",
      "POST",
      "list",
      "stripe",
      "nope",
      "1-",
      "-1",
      "5-2",
      "100%",
      "0%",
      "0.000001%",
    ),
    weight: 8,
  },
  { arbitrary: fc.constantFrom(...WORDS), weight: 1 },
);

/** What is to go wrong in a sandbox: rules that can be read, or a sentence that says which cannot. */
export const faults: Target = {
  name: "faults",
  extension: "txt",
  share: 6,
  inputs: fc.oneof(
    { arbitrary: editedBytes([...good, good.join(",")]), weight: 4 },
    { arbitrary: fc.array(piece, { maxLength: 12 }).map((all) => Buffer.from(all.join(""))), weight: 5 },
  ),
  async run(input): Promise<Seen> {
    try {
      const { rules, seed = 0 } = faultsIn(Buffer.from(input).toString("utf8"), providers);
      const schedule = new FaultSchedule(rules, seededRandom(seed));
      for (const [method, path] of [
        ["GET", "/v1/connections"],
        ["PUT", "/v1/connections/conn_1"],
        ["POST", "/v1/connections"],
      ] as const)
        schedule.next(method, path);
      return nothingSeen;
    } catch (cause) {
      // What this reader throws is its answer; whoever asked makes a problem of it.
      if (!(cause instanceof UnreadableFaults)) throw cause;
      const isSentence = /^[A-Z].*\.$/s.test(cause.message) && cause.message.length < 600;
      return {
        ...nothingSeen,
        texts: [{ kind: "human", text: cause.message }],
        complaints: isSentence ? [] : [`words: ${cause.message}`],
      };
    }
  },
};

/** Files that a sandbox starts with: read, and served, or refused at their places. */
class SeedsTarget implements Target {
  readonly name = "seeds";
  readonly extension = "yaml";
  readonly share = 6;
  readonly inputs = fc.oneof(
    { arbitrary: editedBytes(seedTexts), weight: 5 },
    { arbitrary: editedJson(samples).map((text) => Buffer.from(text)), weight: 10 },
    { arbitrary: yamlTexts.map((text) => Buffer.from(text)), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 60 }), weight: 1 },
  );
  #folder: string | undefined;

  async run(input: Uint8Array): Promise<Seen> {
    this.#folder ??= mkdtempSync(join(tmpdir(), "flexprice-sync-fuzz-"));
    writeFileSync(join(this.#folder, "seed.yaml"), input);
    const { file, problems } = readSeed("seed.yaml", "env_1", this.#folder);
    const texts = (["human", "json"] as const).map((kind) => {
      const { terminal, shown } = terminalWith({ NO_COLOR: "1" });
      new Output(
        terminal,
        { json: kind === "json", color: "auto", progress: false, quiet: false, verbose: false, debug: false },
        TOOL,
      ).failure("sandbox", problems, 3);
      return { kind, text: (kind === "json" ? shown.at(-1) : shown.join("")) ?? "" };
    });
    if (problems.length > 0) return { ...nothingSeen, problems, texts, files: new Map([["seed.yaml", input]]) };
    const account = accountOf({ catalogue, apiKey: API_KEY, environmentId: "env_1", seed: file, nowMs: () => NOW_MS });
    const caller = callerOf((name) => (name === "x-api-key" ? API_KEY : undefined), "/v1/connections", account);
    const list = routesOf(account, catalogue, seededRandom(1)).find(
      ({ method, path }) => method === "GET" && path === "/v1/connections",
    );
    const answer = await list?.answer({ caller, id: "", query: new URLSearchParams(), lagMs: 0, body: async () => "" });
    JSON.stringify(answer?.body);
    return nothingSeen;
  }

  async close(): Promise<void> {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

export const seeds: Target = new SeedsTarget();
