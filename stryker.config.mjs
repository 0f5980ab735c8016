// Breaks the sharp parts on purpose, one mutant at a time, and runs the tests that meet it: `npm run mutation`.
//
// No kind of mutant is left out. Texts count as the rest does: exit codes, states, masks and the names of variables are texts,
// and a sentence that goes missing is a fault, too. A mutant that changes nothing is best made impossible by plainer code;
// where types ask for a branch that is never taken, `Stryker disable next-line` stands above it with the reason.

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: [
    // What is masked, and what is shown at all.
    "src/model/secret.ts",
    "src/report/shown.ts",
    "src/report/exit-code.ts",
    // Whether a saved plan still holds.
    "src/plan/stale.ts",
    // Whose a part of a connection is, and what a write makes of it.
    "src/plan/ownership.ts",
    "src/state/merge.ts",
    "src/state/next-stamp.ts",
    "src/state/stamp.ts",
    "src/state/units.ts",
    // What is sent again, and what became of what was lost.
    "src/api/retry.ts",
    "src/api/sender.ts",
    "src/apply/create.ts",
    "src/apply/lost-create.ts",
    // Whether it is the right environment.
    "src/fetch/fetch.ts",
    "src/apply/apply.ts",
  ],
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  coverageAnalysis: "perTest",
  concurrency: 2,
  // Only a loop without end takes so long; on top of this comes what the tests of a mutant took without it.
  timeoutMS: 5_000,
  ignorePatterns: ["/bench", "/coverage", "/dist"],
  reporters: ["progress-append-only", "clear-text", "json"],
  clearTextReporter: { allowColor: false, reportTests: false },
  jsonReporter: { fileName: "coverage/mutation.json" },
  // Every mutant is noticed, or has its reason.
  thresholds: { high: 100, low: 100, break: 100 },
};
