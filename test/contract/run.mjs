// Holds any Flexprice against the contract that the sandbox keeps: npm run contract -- --base-url URL --key KEY
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const usage = `npm run contract -- --base-url URL --key KEY [--environment-id ID] [--only TEXT] [--exchanges FILE] [--production]

Creates connections with made-up credentials, one after the other and some of them with parts of sync_config turned on, looks
at what the service answers, and archives them again: about 300 archived rows stay. Not for an environment that
somebody bills from. Rules about a provider of which the environment has a connection already are not tried, for the service
allows one only; what is there is not touched.

  --base-url URL        the service, as in http://127.0.0.1:8080/v1
  --key KEY             an API key that may write; FLEXPRICE_API_KEY if absent
  --environment-id ID   sent as X-Environment-ID; a key that is bound to an environment needs none
  --only TEXT           only rules with this text in their name
  --exchanges FILE      recorded requests to replay instead of our own
  --production          also try an environment of that type

Ends with 0 when everything answered as it should, 1 when something answered differently or not at all, 64 when misused, 130
when stopped.`;

let options;
let exchanges;
try {
  ({ values: options } = parseArgs({
    options: {
      "base-url": { type: "string", default: "" },
      key: { type: "string", default: process.env.FLEXPRICE_API_KEY ?? "" },
      "environment-id": { type: "string" },
      only: { type: "string", default: "" },
      exchanges: { type: "string" },
      production: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }));
  if (options.help) {
    console.log(usage);
    process.exit(0);
  }
  if (!/^https?:/.test(options["base-url"]) || !URL.canParse(options["base-url"]))
    throw new Error("--base-url must be an http: or https: address");
  if (new URL(options["base-url"]).username !== "" || new URL(options["base-url"]).password !== "")
    throw new Error("--base-url must have no user name or password");
  if (!/^[\x21-\x7e]+$/.test(options.key)) throw new Error("--key must be an API key: letters, digits and signs");
  if (options.exchanges !== undefined) {
    exchanges = pathToFileURL(resolve(options.exchanges));
    const { scenarios } = JSON.parse(readFileSync(exchanges, "utf8"));
    if (
      !Array.isArray(scenarios) ||
      !scenarios.every(({ name, steps }) => typeof name === "string" && Array.isArray(steps))
    )
      throw new Error("--exchanges must name a file with scenarios that have a name and steps");
  }
} catch (cause) {
  console.error(`${cause.message}\n\n${usage}`);
  process.exit(64);
}

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  logLevel: "warning",
});
const [{ text }] = outputFiles;
const { main } = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);

let stops = 0;
let service;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stops += 1;
    if (stops === 1) return console.error("\narchiving what was created; once more ends at once");
    console.error(`\nstill there, to be archived by hand: ${service?.left.join(", ") || "nothing"}`);
    process.exit(130);
  });
}
process.exitCode = await main({
  baseUrl: options["base-url"],
  key: options.key,
  environmentId: options["environment-id"],
  only: options.only,
  exchanges,
  production: options.production,
  fixtures: new URL("../fixtures/service/", import.meta.url),
  print: (line) => console.log(line),
  onStart: (started) => {
    service = started;
  },
  isStopped: () => stops > 0,
});
