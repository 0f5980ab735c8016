// Gives everything that takes input from outside very many inputs: npm run fuzz -- --inputs 100000
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const usage = `npm run fuzz -- [--inputs N] [--target NAME] [--seed N] [--input FILE]

Makes inputs that are wrong in many ways, and gives each to the part that reads it: files, variables, arguments, answers of a
service. Whatever comes, there must be an answer with a next step, soon, without a secret and without a write that should not be.

  --inputs N      over all targets together; 10000 if absent
  --target NAME   only this one: yaml, settings, plans, recoveries, stamps, answers, environment, arguments, faults, seeds
  --seed N        what all chance comes from; drawn and printed if absent
  --input FILE    one kept input of the target, in place of fresh ones

An input that breaks something is kept in test/fuzz/corpus/TARGET/ as found-…, and npm test fails until it is mended. Ends with 0
when nothing broke, 1 when something did, 64 when misused.`;

const root = fileURLToPath(new URL("../..", import.meta.url));

let options;
try {
  ({ values: options } = parseArgs({
    options: {
      inputs: { type: "string", default: "10000" },
      target: { type: "string" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      input: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  }));
  if (options.help) {
    console.log(usage);
    process.exit(0);
  }
  for (const name of ["inputs", "seed"])
    if (!/^\d{1,10}$/.test(options[name])) throw new Error(`--${name} takes a whole number`);
  if (options.input !== undefined && options.target === undefined) throw new Error("--input needs --target");
  if (options.input !== undefined && !existsSync(options.input)) throw new Error(`there is no file ${options.input}`);
} catch (cause) {
  console.error(`${cause.message}\n\n${usage}`);
  process.exit(64);
}

// Beside the packages that it takes: some of them are found from there alone.
mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
const scratch = mkdtempSync(join(root, "node_modules/.cache/fuzz-"));
const bundle = join(scratch, "main.mjs");
const current = join(scratch, "current");

await build({
  entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
  outfile: bundle,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  alias: { "fs-extra": "node:fs" },
  banner: {
    js: 'import { createRequire as createNodeRequire } from "node:module"; const require = createNodeRequire(import.meta.url);',
  },
  footer: {
    js: `
import { writeFileSync as writeInput } from "node:fs";
const asked = JSON.parse(process.argv[2]);
process.exitCode = await main({
  ...asked,
  print: (line) => process.stdout.write(line + "\\n"),
  onInput: (target, extension, input) => {
    writeInput(${JSON.stringify(current)}, Buffer.concat([Buffer.from(target + " " + extension + "\\n"), input]));
  },
});
`,
  },
  logLevel: "warning",
});

const seed = Number(options.seed);
console.log(`seed ${seed}`);
const asked = {
  inputs: Number(options.inputs),
  seed,
  ...(options.target === undefined ? {} : { target: options.target }),
  ...(options.input === undefined ? {} : { input: options.input }),
};

// A process of its own: an input that takes all memory, or never ends, must not take this one along.
const child = spawn(process.execPath, ["--max-old-space-size=512", "--expose-gc", bundle, JSON.stringify(asked)], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
});

/** Longer than that no input may take, on any machine: then it never ends. */
const ENDLESS_MS = 60_000;

let isEndless = false;
const watch = setInterval(() => {
  if (!existsSync(current) || Date.now() - statSync(current).mtimeMs < ENDLESS_MS) return;
  isEndless = true;
  child.kill("SIGKILL");
}, 1_000);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

const [code, signal] = await new Promise((resolve) => child.once("close", (...ended) => resolve(ended)));
clearInterval(watch);
const isWhole = code === 0 || code === 1 || code === 64;
const isStopped = ["SIGINT", "SIGTERM", "SIGHUP"].includes(signal);
if (!isWhole && !isStopped && existsSync(current)) {
  const bytes = readFileSync(current);
  const [target, extension] = bytes.subarray(0, bytes.indexOf(10)).toString().split(" ");
  const input = bytes.subarray(bytes.indexOf(10) + 1);
  const folder = join("test/fuzz/corpus", target);
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 10);
  const path = join(folder, `found-${digest}.${extension}`);
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, path), input);
  const what = isEndless ? `no end within ${ENDLESS_MS / 1000} s` : `the process ended with ${signal ?? code}`;
  console.log(`  BROKEN  ${what}\n          again: npm run fuzz -- --target ${target} --input ${path}`);
}
rmSync(scratch, { recursive: true, force: true });
process.exitCode = isStopped ? 130 : isWhole ? code : 1;
