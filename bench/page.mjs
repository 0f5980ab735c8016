// What the page of a report costs: the whole plan with and without it, its size, and how soon a browser opens it, filters it for
// the first time and again, and unfolds all of it. Prints a table and one line of JSON.
//
//   npm run build && node bench/page.mjs [--sizes 100,2000] [--runs 3]      (needs chromium; CHROMIUM names another one)
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const program = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const { values } = parseArgs({
  options: { sizes: { type: "string", default: "100,2000" }, runs: { type: "string", default: "3" } },
});
const runs = Number(values.runs);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const results = [];
try {
  for (const size of values.sizes.split(",").map(Number)) results.push(await measured(size));
} finally {
  await browser.close();
}
console.table(results);
console.log(JSON.stringify(results));

async function measured(size) {
  const folder = mkdtempSync(join(tmpdir(), "flexprice-sync-bench-"));
  const numbers = Array.from({ length: size }, (_, at) => at);
  mkdirSync(join(folder, "connections"));
  writeFileSync(
    join(folder, "seed.json"),
    JSON.stringify({
      connections: numbers.map((at) => ({
        name: `exports ${at}`,
        provider_type: "s3",
        sync_config: { s3: { bucket: "a", region: "r" } },
      })),
    }),
  );
  writeFileSync(
    join(folder, "connections/many.yaml"),
    numbers
      .map(
        (at) =>
          `name: exports ${at}\nprovider_type: s3\nmetadata: { team: billing, number: ${at} }\nsync_config: { s3: { bucket: ${at % 100 === 7 ? "b" : "a"}, region: r } }\n`,
      )
      .join("---\n"),
  );
  const key = "sk_bench";
  const sandbox = spawn(process.execPath, [program, "sandbox", "--port", "0", "--key", key, "--seed", "seed.json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = await new Promise((resolve) => {
      let text = "";
      sandbox.stdout.on("data", (chunk) => {
        text += chunk;
        if (text.includes("FLEXPRICE_ENVIRONMENT_ID=")) resolve(text);
      });
    });
    const [, baseUrl] = /FLEXPRICE_BASE_URL=(\S+)/.exec(lines);
    const env = { PATH: process.env.PATH, FLEXPRICE_API_KEY: key, FLEXPRICE_BASE_URL: baseUrl };
    const timed = (...args) => {
      const startMs = performance.now();
      const { status, stderr } = spawnSync(process.execPath, [program, "plan", "-q", ...args], { cwd: folder, env });
      if (status !== 0) throw new Error(String(stderr));
      return performance.now() - startMs;
    };
    const times = { without: [], with: [] };
    for (let run = 0; run < runs; run += 1) {
      times.without.push(timed());
      times.with.push(timed("--html-into", "plan.html"));
    }
    const file = join(folder, "plan.html");
    const seen = await inBrowser(file);
    return {
      connections: size,
      "plan ms": median(times.without),
      "with page ms": median(times.with),
      "page kB": Math.round(statSync(file).size / 1000),
      ...seen,
    };
  } finally {
    sandbox.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inBrowser(file) {
  const figures = { "open ms": [], "first filter ms": [], "next filter ms": [], "unfold ms": [] };
  for (let run = 0; run < runs; run += 1) {
    const page = await browser.newPage();
    const startMs = performance.now();
    await page.goto(pathToFileURL(file).href);
    figures["open ms"].push(performance.now() - startMs);
    // Until it is laid out again, which is what a person waits for.
    const filtered = (text) =>
      page.evaluate((words) => {
        const startedMs = performance.now();
        const search = document.querySelector("#search");
        search.value = words;
        search.dispatchEvent(new Event("input", { bubbles: true }));
        document.body.getBoundingClientRect();
        return performance.now() - startedMs;
      }, text);
    figures["first filter ms"].push(await filtered("exports 7"));
    figures["next filter ms"].push(await filtered("exports 42"));
    await filtered("");
    const unfolded = await page.evaluate(() => {
      const startedMs = performance.now();
      document.querySelector("#open-all").click();
      document.body.getBoundingClientRect();
      return performance.now() - startedMs;
    });
    figures["unfold ms"].push(unfolded);
    await page.close();
  }
  return Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, median(all)]));
}

function median(all) {
  return Math.round([...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]);
}
