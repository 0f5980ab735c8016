import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = (path: string) => readFileSync(join(root, path), "utf8");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly scope: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

interface BillOfMaterials {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const ours: Manifest = JSON.parse(text("package.json"));
const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(text("package-lock.json"));
const bill: BillOfMaterials = JSON.parse(text("dist/sbom.cdx.json"));
const refs = bill.components.map((component) => component["bom-ref"]);
const dependsOn = new Map(bill.dependencies.map((edge) => [edge.ref, edge.dependsOn]));

/** The folders of the packages whose code is in the built files, by the names that esbuild writes over what it takes from each file. */
const folders = [
  ...new Set(
    readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .flatMap((name) => [
        ...text(`dist/${name}`).matchAll(/^\s*(?:\/\/ |")((?:node_modules\/(?:@[\w.-]+\/)?[\w.-]+\/)+)/gm),
      ])
      .map(([, path = ""]) => path.slice(0, -1).replace(/^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+).*$/, "$1")),
  ),
].sort();
const manifests = new Map(
  folders.map((folder): [string, Manifest] => [folder, JSON.parse(text(`${folder}/package.json`))]),
);
const bundled = [...new Set([...manifests.values()].map(({ name, version }) => `${name}@${version}`))].sort();

/** Licences that let anybody use, change and pass on the code, and ask for no more than their notice. */
const PERMISSIVE = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
  "Zlib",
];

describe("the bill of materials", () => {
  it("names the packages whose code is in the built files, and no other", () => {
    expect(bundled.length).toBeGreaterThan(20);
    expect(refs).toEqual(bundled);
    const licensed = [...text("dist/THIRD-PARTY-LICENSES.txt").matchAll(/^(\S+) (\d\S*) \([\w.-]+\)$/gm)];
    expect(licensed.map(([, name, version]) => `${name}@${version}`)).toEqual(bundled);
  });

  it("names a package that lies in another's folder, and what the compiled checks took along", () => {
    expect(folders).toContain("node_modules/slice-ansi/node_modules/ansi-styles");
    expect(refs).toEqual(
      expect.arrayContaining([expect.stringMatching(/^ajv@8\./), expect.stringMatching(/^fast-deep-equal@/)]),
    );
  });

  it("says of each its version, its hash as the lock file has it, and its licence, a permissive one", () => {
    for (const [folder, { name, version, license }] of manifests) {
      const component = bill.components.find((candidate) => candidate["bom-ref"] === `${name}@${version}`);
      const integrity = lock.packages[folder]?.integrity ?? "";
      expect(component, folder).toMatchObject({
        name,
        version,
        purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
        scope: "required",
        hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex") }],
        licenses: [{ license: { id: license } }],
      });
      expect(PERMISSIVE, folder).toContain(license);
    }
  });

  it("leads from the program to each of them", () => {
    const reached = new Set<string>();
    const follow = (ref: string): void => {
      if (reached.has(ref)) return;
      reached.add(ref);
      for (const on of dependsOn.get(ref) ?? []) follow(on);
    };
    follow(`${ours.name}@${ours.version}`);
    expect([...reached].sort()).toEqual([...refs, `${ours.name}@${ours.version}`].sort());
    expect([...dependsOn.keys()].sort()).toEqual([...reached].sort());
  });

  it("has in it nothing of where and when it was made", () => {
    expect(bill.serialNumber).toBeUndefined();
    expect(bill.metadata.timestamp).toBeUndefined();
    expect(bill.metadata.component).toMatchObject({ name: ours.name, version: ours.version });
    expect(text("dist/sbom.cdx.json")).not.toContain(root.slice(0, -1));
  });
});

describe("nothing runs when the package is installed", () => {
  const RUN_BY_NPM = ["preinstall", "install", "postinstall"];

  it("of ours: it depends on nothing, and only a checkout runs prepare", () => {
    for (const kind of [
      "dependencies",
      "optionalDependencies",
      "peerDependencies",
      "bundleDependencies",
      "bundledDependencies",
    ]) {
      expect(ours).not.toHaveProperty(kind);
    }
    expect(Object.keys(ours.scripts ?? {}).filter((name) => RUN_BY_NPM.includes(name))).toEqual([]);
    expect(existsSync(join(root, "binding.gyp"))).toBe(false);
  });

  it("of what is in it, also when a checkout is installed", () => {
    for (const [folder, { scripts = {} }] of manifests) {
      expect(lock.packages[folder]?.hasInstallScript, folder).toBeUndefined();
      expect(
        Object.keys(scripts).filter((name) => RUN_BY_NPM.includes(name)),
        folder,
      ).toEqual([]);
      expect(existsSync(join(root, folder, "binding.gyp")), folder).toBe(false);
    }
  });
});

describe("the lock file", () => {
  it("has the hash of every package, and says of none where it comes from", () => {
    const packages = Object.entries(lock.packages).filter(([folder]) => folder !== "");
    expect(packages.length).toBeGreaterThan(100);
    for (const [folder, { integrity, resolved }] of packages) {
      expect(integrity, folder).toMatch(/^sha512-[\w+/]{86}==$/);
      expect(resolved, folder).toBeUndefined();
    }
  });

  it("is what package.json asks for, and that is one version of each", () => {
    for (const [name, version] of Object.entries(ours.devDependencies ?? {})) {
      expect([name, version]).toEqual([name, lock.packages[`node_modules/${name}`]?.version]);
    }
  });
});

describe("the record of what ships", () => {
  const rows = [
    ...text("docs/decisions/0025-what-ships-and-why.md").matchAll(
      /^\| (?<name>[^|]+) \| (?<reason>[^|]+) \| (?<by>[^|]+) \| (?<kB>[\d.]+) \| (?<keeper>[^|]+) \| (?<license>[^|]+) \|$/gm,
    ),
  ].map(({ groups = {} }) => groups);
  const componentOf = (name = "") => bill.components.find((component) => component.name === name);

  it("has a row for every library, and none for what does not ship", () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(bill.components.map(({ name }) => name).sort());
  });

  it("says who brings it, which licence it has, and how much of it is there", () => {
    for (const { name = "", by = "", kB = "", license } of rows) {
      const component = componentOf(name);
      const bringers = bill.dependencies
        .filter((edge) => edge.dependsOn.includes(component?.["bom-ref"] ?? ""))
        .map(({ ref }) => ref.replace(/@[^@]+$/, ""));
      const direct = bringers.includes(ours.name);
      expect(direct, name).toBe(Object.hasOwn(ours.devDependencies ?? {}, name));
      const told = by.split(", ");
      expect(told.includes("us"), name).toBe(direct);
      // One of ours that others ask for as well is ours.
      expect(bringers, name).toEqual(expect.arrayContaining(told.filter((bringer) => bringer !== "us")));
      if (!direct) expect(told.sort(), name).toEqual(bringers.sort());
      expect([name, license]).toEqual([name, component?.licenses[0]?.license.id]);
      const bytes = Number(component?.properties.find((property) => property.name.endsWith(":bundled-bytes"))?.value);
      expect(Math.abs(Number(kB) * 1000 - bytes), `${name}: ${kB} kB, and it is ${bytes} bytes`).toBeLessThan(
        500 + bytes / 10,
      );
    }
  });
});

describe("npm run audit", () => {
  /** Asks a registry that gives this answer to a question for advisories; what it was asked is kept. */
  async function auditedBy(status: number, answer: unknown) {
    const asked: unknown[] = [];
    const registry = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const isQuestion = request.method === "POST" && request.url === "/-/npm/v1/security/advisories/bulk";
        if (isQuestion) asked.push(JSON.parse(gunzipSync(Buffer.concat(parts)).toString()));
        response.writeHead(isQuestion ? status : 404, { "content-type": "application/json" });
        response.end(JSON.stringify(isQuestion ? answer : {}));
      });
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void registry.close());
    const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      execFile(
        process.execPath,
        [join(root, ".ci/audit.mjs"), `--registry=${url}`, "--noproxy=127.0.0.1"],
        (fault, written) => resolve({ code: fault?.code ?? 0, stdout: written }),
      );
    });
    return { code, stdout, asked };
  }

  it("asks about what ships at its versions, and about nothing else", async () => {
    const { code, stdout, asked } = await auditedBy(200, {});
    const versions = Object.fromEntries(bill.components.map(({ name, version }) => [name, [version]]));
    expect(asked).toEqual([versions]);
    expect(stdout).toBe(`${refs.length} packages ship, and the registry knows of no advisory about them.\n`);
    expect(code).toBe(0);
  });

  it("names each advisory, and ends with 1", async () => {
    const advisory = {
      id: 1,
      severity: "low",
      title: "Reads too far",
      vulnerable_versions: "<1000.0.0",
      url: "https://a.example/1",
    };
    const { code, stdout } = await auditedBy(200, { yaml: [advisory] });
    expect(stdout).toContain("1 advisory about what ships:\n- yaml@");
    expect(stdout).toContain("(low): Reads too far\n  affected: <1000.0.0; https://a.example/1\n");
    expect(stdout).toContain("docs/decisions/0025");
    expect(code).toBe(1);
  });

  it("calls silence no good news: it ends with 2", async () => {
    const { code, stdout } = await auditedBy(405, {});
    expect(stdout).toMatch(/^Nobody knows whether there are advisories: the registry does not answer audits \(405 /);
    expect(code).toBe(2);
  });
});
