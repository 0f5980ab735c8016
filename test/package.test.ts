import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/generated/catalogue.js";
import { folderWith, writeInto } from "./support/folder.js";
import { accessTo, row, service } from "./support/service.js";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const npm = (args: readonly string[], cwd: string) => execute("npm", [...args, "--no-audit", "--no-fund"], { cwd });

const guide = readFileSync(join(root, "docs/library.md"), "utf8");
const [example = "", typed = ""] = ["js", "ts"].map(
  (language) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "m").exec(guide)?.[1] ?? "",
);

describe("the package", () => {
  it("holds the build, the schemas and the documents, and works where it is installed", async () => {
    const packed = folderWith();
    // The build is there already; --ignore-scripts keeps npm from making it anew under the feet of other tests.
    await npm(["pack", "--ignore-scripts", "--pack-destination", packed], root);
    const [tarball = ""] = readdirSync(packed);
    expect(tarball).toMatch(/^flexprice-sync-\d+\.\d+\.\d+\.tgz$/);
    const { stdout: listing } = await execute("tar", ["-tzf", join(packed, tarball)]);
    const files = listing
      .trim()
      .split("\n")
      .map((name) => name.replace(/^package\//, ""));
    const unexpected = files.filter(
      (name) =>
        !/^(?:dist\/|docs\/(?:decisions\/)?[\w-]+\.md$|docs\/images\/[\w-]+\.png$|docs\/deploy\/kubernetes\/(?:[\w-]+\.yaml|Dockerfile)$|schema\/(?:providers\/)?[\w.-]+\.(?:json|md)$|[\w-]+\.md$|LICENSE$|package\.json$)/.test(
          name,
        ),
    );
    expect(unexpected).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        "dist/cli.js",
        "dist/library.js",
        "dist/types/library.d.ts",
        "dist/THIRD-PARTY-LICENSES.txt",
        "dist/sbom.cdx.json",
        "schema/connection.schema.json",
        "README.md",
        "docs/secrets.md",
        "LICENSE",
      ]),
    );

    const user = folderWith({ "package.json": '{"name": "user", "private": true, "type": "module"}' });
    await npm(["install", "--offline", "--ignore-scripts", join(packed, tarball)], user);
    expect(readdirSync(join(user, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["flexprice-sync"]);

    writeInto(user, {
      "connections/s.yaml": "name: S\nprovider_type: stripe\n",
      "example.mjs": example,
      "types.ts": typed,
      "use.mjs": `import { catalogue, reconcile, Secret } from "flexprice-sync";
console.log(typeof reconcile, Object.keys(catalogue.providers).length, String(new Secret("x")));
`,
      "use.ts": `import { apply, reconcile, type Invocation, type Plan, type Run, type World } from "flexprice-sync";
declare const invocation: Invocation;
declare const world: World;
export const applied: Promise<Run> = apply({ folder: "/", consent: ({ open }) => open.length === 1 });
export async function summaryOf(): Promise<Plan["summary"] | undefined> {
  const run: Run = await reconcile(invocation, world);
  return run.targets[0]?.plan?.summary;
}
`,
      "tsconfig.json": JSON.stringify({
        compilerOptions: { module: "NodeNext", strict: true, noEmit: true, skipLibCheck: false, types: [] },
        include: ["use.ts", "types.ts"],
      }),
    });
    const bin = join(user, "node_modules/.bin/flexprice-sync");
    const { stdout } = await execute(bin, ["validate"], { cwd: user });
    expect(stdout).toBe("Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n");
    const { stdout: used } = await execute(process.execPath, ["use.mjs"], { cwd: user });
    expect(used).toBe(`function ${Object.keys(catalogue.providers).length} (secret)\n`);
    await execute(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", user], { cwd: user });

    const live = await service([row({ id: "conn_e", provider_type: "s3", name: "Exports" })]);
    writeInto(user, { "connections/s.yaml": "name: Exports\nprovider_type: s3\nmetadata: { team: billing }\n" });
    const env = { ...accessTo(live), PATH: process.env["PATH"] };
    const ran = await execute(process.execPath, ["example.mjs"], { cwd: user, env });
    expect(ran).toEqual({
      stdout: expect.stringMatching(/^default update Exports metadata\.team\nupdated Exports \n$/),
      stderr: "",
    });
    expect(live.writes()).toHaveLength(1);
  }, 120_000);
});
