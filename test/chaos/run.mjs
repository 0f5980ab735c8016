// Plays random worlds with random faults: npm run chaos -- --seeds 1000
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundled } from "../support/bundled.mjs";

const usage = `npm run chaos -- [--seeds N] [--first N] | [--seed N] [--program]

Plays random fleets of definitions and connections with random faults against the sandbox, on this machine only, and holds what the
server has seen against what must be true of every run. What is drawn depends on the seed alone.

  --seeds N   how many, by default 200
  --first N   the first of them, by default 1
  --seed N    this one alone, with all that happens in it
  --program   by processes of the built program, with real signals; build it first

Ends with 0 when everything was as it must be, 1 when not, 64 when misused.`;

let options;
try {
  ({ values: options } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      first: { type: "string", default: "1" },
      seed: { type: "string" },
      program: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }));
  for (const name of ["seeds", "first", "seed"]) {
    if (options[name] !== undefined && !/^[1-9]\d{0,8}$/.test(options[name]))
      throw new Error(`--${name} takes a whole number from 1 to 999999999`);
  }
} catch (cause) {
  console.error(`${cause.message}\n\n${usage}`);
  process.exit(64);
}
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const { main } = await bundled(fileURLToPath(new URL("main.ts", import.meta.url)));
const isAlone = options.seed !== undefined;
process.exitCode = await main({
  first: Number(options.seed ?? options.first),
  seeds: isAlone ? 1 : Number(options.seeds),
  isShown: isAlone,
  ...(options.program ? { program: fileURLToPath(new URL("../../dist/cli.js", import.meta.url)) } : {}),
  print: (line) => console.log(line),
  onSeed: (done) => {
    if (done % 100 === 0) console.error(`${done} played`);
  },
});
