// The main job on the built-in sandbox: check, compare, put right, compare again. Everything runs through the built
// program, as a user would run it; the sandbox starts with connections that somebody changed by hand.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const seed = fileURLToPath(new URL("seed.json", import.meta.url));

/** Made-up values for every variable that the examples name, so that the demo needs nothing from its user. */
const secrets = JSON.parse(await readFile(new URL("variables.json", import.meta.url), "utf8"));

const environmentId = "env_demo";
const apiKey = "sk_demo";
const sandbox = spawn(
  process.execPath,
  [
    program,
    "sandbox",
    "-q",
    "--json",
    "--port",
    "0",
    "--key",
    apiKey,
    "--environment-id",
    environmentId,
    "--seed",
    seed,
  ],
  { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
);
process.once("exit", () => sandbox.kill());

try {
  const { targets } = await firstDocument(sandbox.stdout);
  const environment = {
    // Nothing of the user's own set-up: what a variable of his asks for would change the demo.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("FLEXPRICE_"))),
    ...secrets,
    FLEXPRICE_SYNC_FINGERPRINT_KEY: randomBytes(32).toString("base64"),
    FLEXPRICE_API_KEY: apiKey,
    FLEXPRICE_BASE_URL: targets[0].base_url,
    FLEXPRICE_ENVIRONMENT_ID: environmentId,
  };
  await step("Check the files: no network, no key.", ["validate"], environment);
  await step("Compare them with what the service has: reads only.", ["plan"], environment);
  await step("Put right what differs, and nothing else.", ["apply", "--yes", "-q", "-v"], environment);
  await step(
    "Some connections were made by hand. Record on our word that they have the secrets of our variables; none is sent.",
    ["apply", "--adopt", "--assume-secrets", "--yes", "-q", "-v"],
    environment,
  );
  const rotated = { ...environment, CHARGEBEE_WEBHOOK_PASSWORD: "demo-rotated-password" };
  await step(
    "Somebody rotates a secret. The service shows none, but what was written has left a fingerprint.",
    ["plan"],
    rotated,
  );
  await step("Put that right, too.", ["apply", "--yes", "-q", "-v"], rotated);
  await step("Compare again: nothing is left to do, so the exit code is 0.", ["plan", "--detailed-exitcode"], rotated);
} finally {
  const ended = new Promise((resolve) => sandbox.once("exit", resolve));
  sandbox.kill();
  await ended;
}

/** Shows a command, runs it with its output in view, and stops the demo if it fails. */
async function step(why, args, environment) {
  console.log(`\n# ${why}\n$ flexprice-sync ${args.join(" ")}\n`);
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env: environment, stdio: "inherit" });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  console.log(`\n(exit code ${code})`);
  if (code !== 0) throw new Error(`flexprice-sync ${args.join(" ")} ended with ${code}`);
}

/** The JSON document that a stream begins with. */
async function firstDocument(stream) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    try {
      return JSON.parse(text);
    } catch {
      // Not whole yet.
    }
  }
  throw new Error("the sandbox did not start");
}
