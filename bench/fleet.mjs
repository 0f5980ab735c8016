// How many environments one process carries: plans fleets of growing size against a server in another process, and prints time,
// CPU and peak memory of the whole command, as a table and as one line of JSON.
//
//   npm run build && node bench/fleet.mjs [--latency MS] [--definitions N] [--sizes 1,10,100]
import { fork, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const { values } = parseArgs({
  options: {
    latency: { type: "string", default: "20" },
    definitions: { type: "string", default: "8" },
    sizes: { type: "string", default: "1,10,100,1000" },
    runs: { type: "string", default: "3" },
    serve: { type: "boolean", default: false },
  },
});
const latencyMs = Number(values.latency);
const perEnvironment = Number(values.definitions);

if (values.serve) serve();
else await measure(values.sizes.split(",").map(Number), Number(values.runs));

/** Answers every list with as many rows as there are definitions, in the environment that the key names. */
function serve() {
  const rowsOf = (environment) =>
    Array.from({ length: perEnvironment }, (_, at) => ({
      id: `conn_${environment}_${at}`,
      name: `Exports ${at} of ${environment}`,
      provider_type: "s3",
      environment_id: `env_${environment}`,
      status: "published",
      metadata: { team: "billing" },
      sync_config: { s3: { bucket: `bucket-${environment}`, region: "eu-west-1" } },
      created_at: "2026-01-02T03:04:05Z",
    }));
  const server = createServer((request, response) => {
    const environment = String(request.headers["x-api-key"]).replace("sk_", "");
    const connections = rowsOf(environment);
    setTimeout(() => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ connections, total: connections.length, limit: 50, offset: 0 }));
    }, latencyMs);
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
}

async function measure(sizes, runs) {
  const server = fork(here, ["--serve", "--latency", values.latency, "--definitions", values.definitions]);
  const port = await new Promise((resolve) => server.once("message", resolve));
  const folder = mkdtempSync(join(tmpdir(), "flexprice-sync-bench-"));
  const results = [];
  try {
    for (const size of sizes) {
      const { cwd, env } = fleet(folder, size, port);
      const samples = [];
      for (let run = 0; run < runs; run += 1) samples.push(await command(cwd, env));
      const [middle] = samples.sort((left, right) => left.wallMs - right.wallMs).slice(Math.floor(runs / 2));
      results.push({ environments: size, definitions: size * perEnvironment, ...middle });
    }
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  const bound = (size) => Math.ceil(size / 8) * latencyMs;
  console.log(
    `plan --env '*', ${perEnvironment} definitions an environment, ${latencyMs} ms an answer, parallelism 8, median of ${runs}`,
  );
  console.log("environments  seconds  CPU s  peak MiB  lists alone s");
  for (const { environments, wallMs, cpuMs, peakMiB } of results) {
    const cells = [
      (wallMs / 1000).toFixed(2),
      (cpuMs / 1000).toFixed(2),
      String(peakMiB ?? "-"),
      (bound(environments) / 1000).toFixed(2),
    ];
    console.log(
      `${String(environments).padStart(12)}  ${cells.map((cell, at) => cell.padStart([7, 5, 8, 13][at])).join("  ")}`,
    );
  }
  console.log(JSON.stringify({ bench: "fleet", node: process.version, latencyMs, perEnvironment, results }));
}

/** A repository of so many environments that share their definitions and differ in their variables. */
function fleet(folder, size, port) {
  const cwd = join(folder, String(size));
  mkdirSync(join(cwd, "connections"), { recursive: true });
  mkdirSync(join(cwd, "tenants"));
  const env = {};
  for (let at = 0; at < size; at += 1) {
    const name = `t${at}`;
    env[`KEY_${at}`] = `sk_${name}`;
    writeFileSync(
      join(cwd, "tenants", `${name}.yaml`),
      `environments:\n  ${name}:\n    base_url: http://127.0.0.1:${port}/v1\n    api_key: \${KEY_${at}}\n    environment_id: env_${name}\n    connections: [connections]\n    vars: { TENANT: ${name} }\n`,
    );
  }
  writeFileSync(join(cwd, "flexprice-sync.yaml"), "include: [tenants/*.yaml]\n");
  for (let at = 0; at < perEnvironment; at += 1) {
    writeFileSync(
      join(cwd, "connections", `exports-${at}.yaml`),
      `name: Exports ${at} of \${var.TENANT}\nprovider_type: s3\nmetadata: { team: billing }\nsync_config:\n  s3: { bucket: "bucket-\${var.TENANT}", region: eu-west-1 }\n`,
    );
  }
  return { cwd, env };
}

/** Runs the command to its end. Peak memory is what Linux says of the process; absent elsewhere. */
function command(cwd, env) {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn(process.execPath, [program, "plan", "--env", "*", "-q"], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
    });
    let out = "";
    let facts = {};
    const look = () => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
        const cpuMs = (Number(stat[11]) + Number(stat[12])) * 10;
        const peak = /VmHWM:\s+(\d+)/.exec(status)?.[1];
        // One that has ended and waits to be asked about has no memory any more.
        if (peak !== undefined) facts = { peakMiB: Math.round(Number(peak) / 1024), cpuMs };
      } catch {
        // Not Linux, or ended meanwhile.
      }
    };
    const timer = setInterval(look, 10);
    child.stdout.on("data", (chunk) => {
      out += chunk;
      look();
    });
    child.once("close", (code) => {
      clearInterval(timer);
      if (code !== 0 || !/ 0 to create, 0 to update/.test(out))
        reject(new Error(`the plan is not one of nothing: ${code} ${out}`));
      else resolve({ wallMs: performance.now() - startMs, ...facts });
    });
  });
}
