import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { error, type Problem, warning } from "../../src/model/problem.js";
import { complaintsOf, kindOf, LONGEST_MS } from "./oracle.js";
import { API_KEY, CANARY, joined, nothingSeen, type Seen, type TextKind } from "./seen.js";
import type { Target } from "./target.js";
import { isRefused, toldOf } from "./told.js";
import { noCounts, tried, tryFresh } from "./trying.js";

/*
 * The oracle finds each fault that it is there for, and only that: a target is broken on purpose, one way after the other.
 */

const files = new Map<string, Uint8Array>([["connections/a.yaml", Buffer.from("name: n\nid: é\n")]]);

const good: Problem = error("VALIDATE.MISSING", "provider_type is missing.", {
  hint: "add it.",
  place: { file: "connections/a.yaml", line: 1, column: 1 },
});

/** What a run with one problem is seen as. */
function seenWith(problem: Problem, more: Partial<Seen> = {}): Seen {
  const run = {
    command: "validate",
    definitions: 1,
    files: 1,
    environments: ["default"],
    targets: [],
    problems: [problem],
  };
  return { ...nothingSeen, problems: [problem], files, ...more, texts: more.texts ?? toldOf(run) };
}

function withText(kind: TextKind, text: string): Seen {
  return seenWith(good, { texts: [{ kind, text }] });
}

const document =
  toldOf({ command: "validate", definitions: 0, files: 0, environments: [], targets: [], problems: [] }).find(
    ({ kind }) => kind === "json",
  )?.text ?? "";

/** The rules that are broken. */
const rules = (seen: Seen, ms = 1) => [...new Set(complaintsOf(seen, ms).map((complaint) => complaint.split(":")[0]))];

describe("the oracle", () => {
  it("has nothing to say of a run that is told as it should be", () => {
    expect(complaintsOf(seenWith(good), LONGEST_MS)).toEqual([]);
    expect(complaintsOf(nothingSeen, 0)).toEqual([]);
  });

  it.each<[string, Seen, string]>([
    ["an exception", { ...nothingSeen, thrown: new TypeError("x is not a function") }, "thrown"],
    ["an exception that is no error", { ...nothingSeen, thrown: undefined }, "thrown"],
    ["a bug of ours", seenWith(error("INTERNAL.BUG", "x.", { hint: "report it." }), { texts: [] }), "bug"],
    [
      "a code that nobody has published",
      seenWith({ ...good, code: "VALIDATE.NOPE" as Problem["code"] }, { texts: [] }),
      "code",
    ],
    ["no next step", seenWith(error("SERVICE.FAILED", "x."), { texts: [] }), "hint"],
    ["an empty next step", seenWith(error("SERVICE.FAILED", "x.", { hint: " " }), { texts: [] }), "hint"],
    ["no place", seenWith(error("VALIDATE.MISSING", "x.", { hint: "y." }), { texts: [] }), "place"],
    [
      "a line behind the last",
      seenWith({ ...good, place: { file: "connections/a.yaml", line: 4, column: 1 } }, { texts: [] }),
      "place",
    ],
    [
      "a line before the first",
      seenWith({ ...good, place: { file: "connections/a.yaml", line: 0, column: 1 } }, { texts: [] }),
      "place",
    ],
    [
      "a column behind the end of its line",
      seenWith({ ...good, place: { file: "connections/a.yaml", line: 2, column: 7 } }, { texts: [] }),
      "place",
    ],
    ["another file", seenWith({ ...good, place: { file: "b.yaml", line: 1, column: 1 } }, { texts: [] }), "place"],
    ["a stack", withText("human", "x\n    at run (file.js:1:2)\n"), "stack"],
    ["a secret", withText("markdown", `x ${CANARY}`), "leak"],
    ["a secret in capitals", withText("html", CANARY.toUpperCase()), "leak"],
    ["the key", withText("trace", API_KEY), "leak"],
    ["a secret in hexadecimal", withText("human", Buffer.from(CANARY).toString("hex")), "leak"],
    ...[0, 1, 2].map((before): [string, Seen, string] => [
      "a secret in base64",
      withText("human", Buffer.from(`${"x".repeat(before)}${API_KEY}`).toString("base64url")),
      "leak",
    ]),
    ["an escape", withText("human", "\u001b[2J"), "unseen"],
    ["a mark of direction", withText("markdown", "a\u202eb"), "unseen"],
    ["half of a pair", withText("trace", "a\ud800b"), "unseen"],
    ["a document of another shape", withText("json", document.replace('"exit_code"', '"exit_kode"')), "json"],
    ["no document", withText("json", "{"), "json"],
    ["no log", withText("sarif", '{"version":"2.0.0","runs":[]}'), "sarif"],
    ["an annotation on two lines", withText("github", "::error file=a,line=1,col=1::x\ny\n"), "github"],
    [
      "a write that should not be",
      { ...nothingSeen, writes: ["PUT /v1/connections/x"], noWrites: "plan only reads" },
      "write",
    ],
    ["what the target says", { ...nothingSeen, complaints: ["words: x"] }, "words"],
  ])("finds %s", (_what, seen, rule) => {
    expect(rules(seen)).toEqual([rule]);
  });

  it("finds what takes long, and lets warnings be without a next step", () => {
    expect(rules(nothingSeen, LONGEST_MS + 1)).toEqual(["slow"]);
    expect(rules(seenWith(warning("SERVICE.FAILED", "x."), { texts: [] }))).toEqual([]);
  });

  it("lets ids be shown that repeat a secret, and nothing else that does", () => {
    const ids = [`conn_${CANARY}`];
    expect(rules({ ...withText("human", `x conn_${CANARY} y`), ids })).toEqual([]);
    expect(rules({ ...withText("human", `conn_${CANARY} x${CANARY}`), ids })).toEqual(["leak"]);
  });

  it("forgets nothing of what several runs of one input show", () => {
    const writing: Seen = { ...nothingSeen, writes: ["POST /v1/connections"] };
    expect(rules(joined([writing, { ...nothingSeen, noWrites: "it reads" }]))).toEqual([]);
    expect(
      rules(joined([writing, { ...writing, noWrites: "it reads" }, { ...nothingSeen, complaints: ["words: x"] }])),
    ).toEqual(["words", "write"]);
    expect(rules(joined([seenWith(good), { ...nothingSeen, thrown: new Error("x") }]))).toEqual(["thrown"]);
  });

  it("calls complaints that differ by their input alone by one name", () => {
    expect(kindOf("place: VALIDATE.X is at 5:14, outside of a.yaml")).toBe(
      kindOf("place: VALIDATE.X is at 6:1, outside of a.yaml"),
    );
    expect(kindOf("slow: 2100 ms")).toBe(kindOf("slow: 3100 ms"));
    expect(kindOf("leak: in human: x")).not.toBe(kindOf("leak: in json: x"));
  });
});

describe("a target that is broken", () => {
  const target = (run: Target["run"]): Target => ({
    name: "broken",
    extension: "txt",
    share: 1,
    inputs: fc.array(fc.constantFrom("a", "b", "c")).map((all) => Buffer.from(all.join(""))),
    run,
  });
  const fresh = (broken: Target, counts = noCounts()) => tryFresh(broken, { seed: 1, inputs: 400, counts });
  const [rightly, leaking] = [seenWith(good), withText("human", CANARY)];
  const textOf = (input: Uint8Array) => Buffer.from(input).toString();

  it("is found, with the smallest input that breaks it, each kind once, and the same for the same seed", async () => {
    const broken = target(async (input) => {
      if (textOf(input).includes("cb")) throw new TypeError("it does not take that");
      return textOf(input).includes("bb") ? leaking : rightly;
    });
    const counts = noCounts();
    const found = await fresh(broken, counts);
    expect(found.map(({ input }) => textOf(input)).sort()).toEqual(["bb", "cb"]);
    expect(found.flatMap(({ complaints }) => complaints).join("\n")).toMatch(
      /leak: in human[\s\S]*|thrown: TypeError: it does not take that/,
    );
    expect(counts.inputs).toBeGreaterThanOrEqual(400);
    expect(await fresh(broken)).toEqual(found);
  });

  it("is found where it never answers in time, and where it is right nothing is", async () => {
    const slow = target(async () => {
      for (const { user } = process.cpuUsage(); process.cpuUsage().user - user < 30_000; );
      return nothingSeen;
    });
    expect((await tried(slow, new Uint8Array(), 25)).complaints).toEqual([expect.stringMatching(/^slow: \d+ ms$/)]);
    expect((await tried(slow, new Uint8Array())).complaints).toEqual([]);
    const [right, counts] = [target(async () => rightly), noCounts()];
    expect(await fresh(right, counts)).toEqual([]);
    expect(counts).toMatchObject({ inputs: 400, refused: 400, answered: 0 });
    expect(isRefused({ problems: [good] })).toBe(true);
  });
});
