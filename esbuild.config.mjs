// Builds dist/: one self-contained program and one library, with every dependency inside, split so that a command
// loads only what it uses; and beside them what they were made of, as a bill of materials and as licences. The type
// declarations come from tsc (tsconfig.types.json).
import { execFile } from "node:child_process";
import { chmod, cp, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { build } from "esbuild";

const readJson = async (path) => JSON.parse(await readFile(path, "utf8"));

await rm("dist", { recursive: true, force: true });
// npm starts slowly, so it lists the lock file while esbuild works.
const [{ metafile }, tree] = await Promise.all([
  build({
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
    // Notices that stand in the code of a package, of authors whom its licence file does not name.
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
  }),
  lockedTree(),
]);

const cli = "dist/cli.js";
await writeFile(cli, `#!/usr/bin/env node\n${await readFile(cli, "utf8")}`);
await chmod(cli, 0o755);
// Declarations that are written, not made by tsc, which leaves them behind.
await cp("src/generated/catalogue.d.ts", "dist/types/generated/catalogue.d.ts");

// The validators were a bundle already when they came into this one, so what is in them was not seen here.
const shipped = await packagesIn([metafile, await readJson("src/generated/validators.meta.json")]);
await writeFile("dist/THIRD-PARTY-LICENSES.txt", await licenses(shipped));
await writeFile("dist/sbom.cdx.json", `${JSON.stringify(billOfMaterials(tree, shipped), null, 2)}\n`);

/**
 * The packages whose code is in bundles, sorted by name: each with its folder, its bytes and what its package.json says. One
 * that lies in another's `node_modules` is a package of its own, and two copies of one version are one.
 */
async function packagesIn(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.entries(output.inputs)),
  );
  const folders = new Map();
  for (const [path, { bytesInOutput }] of inputs) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? [];
    if (folder && bytesInOutput > 0) folders.set(folder, (folders.get(folder) ?? 0) + bytesInOutput);
  }
  const packages = new Map();
  for (const [folder, bytes] of folders) {
    const { name, version, license } = await readJson(`${folder}/package.json`);
    const ref = `${name}@${version}`;
    packages.set(ref, { ref, folder, name, version, license, bytes: bytes + (packages.get(ref)?.bytes ?? 0) });
  }
  return [...packages.values()].sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

/** All that package-lock.json holds, as npm's own bill of materials: of the tools for building, too. */
async function lockedTree() {
  const list = ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only", "--include=dev"];
  try {
    const { stdout } = await promisify(execFile)("npm", list, {
      maxBuffer: 64 * 1024 * 1024,
      shell: process.platform === "win32",
    });
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error("npm sbom failed. It needs package-lock.json and the npm of Node 20.18 or a newer one.", { cause });
  }
}

/**
 * Of npm's bill of materials what is in the bundle, and nothing by which two builds of the same would differ: npm puts in
 * the time, a random number and the name of the folder.
 *
 * @see https://cyclonedx.org/docs/1.5/json/
 */
function billOfMaterials({ $schema, bomFormat, specVersion, metadata, components, dependencies }, packages) {
  const { properties: _, externalReferences: __, ...program } = metadata.component;
  const known = new Map(components.map((component) => [component["bom-ref"], component]));
  const refs = new Set([program["bom-ref"], ...packages.map(({ ref }) => ref)]);
  return {
    $schema,
    bomFormat,
    specVersion,
    version: 1,
    metadata: {
      lifecycles: [{ phase: "build" }],
      tools: metadata.tools,
      component: { ...program, name: program["bom-ref"].replace(/@[^@]+$/, "") },
    },
    components: packages.map(({ ref, bytes }) => {
      const component = known.get(ref);
      if (!component)
        throw new Error(`${ref} is in the bundle, but not in package-lock.json: run npm ci, then build again.`);
      const { externalReferences: _, ...facts } = component;
      // npm calls it optional and for development, as it is for whoever has the sources; whoever has the bundle has it.
      const properties = [{ name: "flexprice-sync:bundled-bytes", value: String(bytes) }];
      return { ...facts, scope: "required", properties };
    }),
    dependencies: dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => refs.has(on)).sort() }))
      .sort((a, b) => (a.ref < b.ref ? -1 : 1)),
  };
}

/** The licences of packages, as they ask for. */
async function licenses(packages) {
  const texts = packages.map(
    async ({ ref, folder, name, version, license }) =>
      `${name} ${version} (${license})\n\n${(await licenseFile(ref, folder)).trim()}\n`,
  );
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`);
}

async function licenseFile(ref, folder) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "license.md"]) {
    try {
      return await readFile(`${folder}/${file}`, "utf8");
    } catch (cause) {
      if (cause.code !== "ENOENT") throw cause;
    }
  }
  throw new Error(
    `${ref} is in the bundle, but no licence file of it was found: add the name of its file to those looked for.`,
  );
}
