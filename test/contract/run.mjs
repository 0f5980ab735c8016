// Holds any Flexprice against the contract that the sandbox keeps: npm run contract -- --base-url URL --key KEY
import { parseArgs } from "node:util";
import { build } from "esbuild";

const usage = `npm run contract -- --base-url URL --key KEY [--environment-id ID] [--only TEXT] [--exchanges FILE]

Creates connections with made-up credentials, looks at what the service answers, and archives them again. Rules about a
provider of which the environment has a connection already are not tried, for the service allows one only.

  --base-url URL        the service, as in http://127.0.0.1:8080/v1
  --key KEY             an API key that may write; FLEXPRICE_API_KEY if absent
  --environment-id ID   sent as X-Environment-ID; a key that is bound to an environment needs none
  --only TEXT           only rules with this text in their name
  --exchanges FILE      recorded requests to replay instead of our own

Ends with 0 when everything answered as it should, 1 when something answered differently, 64 when misused.`;

let options;
try {
  ({ values: options } = parseArgs({
    options: {
      "base-url": { type: "string" },
      key: { type: "string", default: process.env.FLEXPRICE_API_KEY },
      "environment-id": { type: "string" },
      only: { type: "string", default: "" },
      exchanges: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  }));
  if (options.help) {
    console.log(usage);
    process.exit(0);
  }
  if (!URL.canParse(options["base-url"] ?? "")) throw new Error("--base-url must be a URL");
  if (!options.key) throw new Error("--key is missing");
} catch (cause) {
  console.error(`${cause.message}\n\n${usage}`);
  process.exit(64);
}

const { outputFiles } = await build({
  entryPoints: [new URL("main.ts", import.meta.url).pathname],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  logLevel: "warning",
});
const [{ text }] = outputFiles;
const { main } = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
let isStopped = false;
process.once("SIGINT", () => {
  isStopped = true;
});
process.exitCode = await main({
  isStopped: () => isStopped,
  baseUrl: options["base-url"],
  key: options.key,
  environmentId: options["environment-id"],
  only: options.only,
  exchanges: options.exchanges === undefined ? undefined : new URL(options.exchanges, `file://${process.cwd()}/`),
  fixtures: new URL("../fixtures/service/", import.meta.url),
  print: (line) => console.log(line),
});
