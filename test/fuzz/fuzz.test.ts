import { afterAll, describe, expect, it } from "vitest";
import { keptOf } from "./corpus.js";
import type { Target } from "./target.js";
import { targets } from "./targets/all.js";
import { noCounts, tried, tryFresh } from "./trying.js";

/*
 * Whatever comes in from outside is answered: soon, with a next step, without a secret and without a write that should not be. Inputs
 * that broke something once are tried again, and a few fresh ones; `npm run fuzz` tries as many as somebody wants.
 */

/** Fresh inputs of all targets together, each with its share. */
const FRESH = 500;

/** The same ones everywhere and each time: a test that fails now and then is looked at by nobody. */
const SEED = 20_260_601;

/** A try that failed, with the command that repeats it. */
function told({ name }: Target, complaints: readonly string[], input: Uint8Array, again: string): string {
  const shown = Buffer.from(input).toString("utf8");
  return [
    ...complaints,
    `input of ${name}, ${input.length} bytes: ${JSON.stringify(shown.length > 2_000 ? `${shown.slice(0, 2_000)}…` : shown)}`,
    `again: npm run fuzz -- --target ${name} ${again}`,
  ].join("\n");
}

describe.each(targets.map((target) => [target.name, target] as const))("%s", (_name, target) => {
  afterAll(() => target.close?.());

  it("answers every kept input", async () => {
    const kept = keptOf(target);
    expect(kept.length).toBeGreaterThan(0);
    // What is compiled at the first use is not the time of an input.
    await tried(target, new Uint8Array());
    for (const { name, input } of kept) {
      const { complaints } = await tried(target, input);
      if (complaints.length > 0)
        expect.fail(told(target, complaints, input, `--input test/fuzz/corpus/${target.name}/${name}`));
    }
  });

  it("answers fresh inputs", async () => {
    const all = targets.reduce((sum, { share }) => sum + share, 0);
    const inputs = Math.ceil((FRESH * target.share) / all);
    const [broken] = await tryFresh(target, { seed: SEED, inputs, counts: noCounts() });
    if (broken !== undefined)
      expect.fail(told(target, broken.complaints, broken.input, `--seed ${SEED} --inputs ${inputs}`));
  });
});
