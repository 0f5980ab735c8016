// Builds dist/: one self-contained program and one library, with every dependency inside, split so that a command
// loads only what it uses. The type declarations come from tsc (tsconfig.types.json).
import { chmod, cp, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { cli: "src/cli/main.ts", library: "src/library.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  chunkNames: "chunks/[name]-[hash]",
  banner: {
    // Some dependencies are CommonJS and ask for Node's own modules by require.
    js: 'import { createRequire as createNodeRequire } from "node:module"; const require = createNodeRequire(import.meta.url);',
  },
  // The builder of SARIF logs can write files, which nobody asks it to: without this its library for that would come along.
  alias: { "fs-extra": "node:fs" },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const cli = "dist/cli.js";
await writeFile(cli, `#!/usr/bin/env node\n${await readFile(cli, "utf8")}`);
await chmod(cli, 0o755);
// Declarations that are written, not made by tsc, which leaves them behind.
await cp("src/generated/catalogue.d.ts", "dist/types/generated/catalogue.d.ts");
await writeFile("dist/THIRD-PARTY-LICENSES.txt", await licenses(Object.keys(metafile.inputs)));

/** The licences of the packages whose code is in the bundle, as they ask for. */
async function licenses(inputs) {
  const packages = new Set(inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  const texts = [];
  for (const name of [...packages].sort()) {
    const { version, license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, "utf8"));
    texts.push(`${name} ${version} (${license})\n\n${(await licenseFile(name)).trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(72)}\n\n`);
}

async function licenseFile(name) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "license.md"]) {
    try {
      return await readFile(`node_modules/${name}/${file}`, "utf8");
    } catch (cause) {
      if (cause.code !== "ENOENT") throw cause;
    }
  }
  throw new Error(`${name} is in the bundle, but no licence file of it was found`);
}
