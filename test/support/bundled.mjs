import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * The exports of a TypeScript module and all that it imports, for programs that are run without a test runner. The bundle lies
 * beside the packages of the project while it is loaded, so that those can be found that are not bundled.
 */
export async function bundled(entry, external = []) {
  const folder = await mkdtemp(join(process.cwd(), "node_modules", ".flexprice-sync-"));
  try {
    const outfile = join(folder, "bundle.mjs");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "inline",
      external,
      banner: {
        js: 'import { createRequire as createNodeRequire } from "node:module"; const require = createNodeRequire(import.meta.url);',
      },
      logLevel: "warning",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
