// Asks the registry for advisories about what ships, and about nothing else: the packages that the bill of materials of the
// last build names, at the versions that package-lock.json has. Tools for building have advisories, too; nobody runs those
// who installs the package.
//
//   npm run audit [-- OPTIONS OF NPM]
//
// It ends with 0 when no advisory is known, with 1 when there are some, and with 2 when nobody knows.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = (path) => new URL(`../${path}`, import.meta.url);

// Whatever goes wrong here, nobody knows.
const { code, text } = await audit(process.argv.slice(2)).catch((cause) => ({ code: 2, text: cause.stack }));
console.log(text);
process.exitCode = code;

async function audit(options) {
  let shipped;
  try {
    shipped = JSON.parse(await readFile(project("dist/sbom.cdx.json"), "utf8")).components.map(
      (component) => component["bom-ref"],
    );
  } catch (cause) {
    if (cause.code !== "ENOENT") throw cause;
    return {
      code: 2,
      text: "There is no dist/sbom.cdx.json yet, which says what ships: run npm run build, then try again.",
    };
  }
  const lock = await lockOf(shipped);
  const locked = Object.entries(lock.packages).map(([folder, { version }]) => `${nameIn(folder)}@${version}`);
  const missing = shipped.filter((ref) => !locked.includes(ref));
  if (missing.length > 0) {
    return {
      code: 2,
      text: `Nobody knows whether there are advisories: package-lock.json does not have ${missing.join(", ")}, which the last build took.
Run npm ci, which installs what it has and builds, then try again.`,
    };
  }
  const report = await reportOf(lock, options);
  // Without a version of the report it is an error, whatever npm calls it.
  if (report.auditReportVersion === undefined) {
    return {
      code: 2,
      text: `Nobody knows whether there are advisories: the registry does not answer audits (${report.message}).
Ask one that does, npm run audit -- --registry URL, or give dist/sbom.cdx.json to a scanner that reads CycloneDX.`,
    };
  }
  const told = Object.values(report.vulnerabilities)
    .flatMap(({ name, nodes, via }) => {
      const versions = nodes.map((folder) => lock.packages[folder].version).join(", ");
      const advisories = via.filter((cause) => typeof cause === "object");
      return advisories.map(
        ({ severity, title, range, url }) =>
          `- ${name}@${versions} (${severity}): ${title}\n  affected: ${range}; ${url}`,
      );
    })
    .sort();
  if (told.length === 0) {
    return { code: 0, text: `${shipped.length} packages ship, and the registry knows of no advisory about them.` };
  }
  return {
    code: 1,
    text: `${told.length} ${told.length === 1 ? "advisory" : "advisories"} about what ships:
${told.join("\n")}
Take a version that is not affected, as docs/decisions/0025-what-ships-and-why.md says, and release it.`,
  };
}

/** The part of package-lock.json that ships, as the lock file of a package that depends on nothing else. */
async function lockOf(shipped) {
  const { lockfileVersion, packages } = JSON.parse(await readFile(project("package-lock.json"), "utf8"));
  const entries = Object.entries(packages).flatMap(([folder, { version, integrity, dependencies = {} }]) => {
    if (!shipped.includes(`${nameIn(folder)}@${version}`)) return [];
    const on = Object.entries(dependencies).filter(([other]) => shipped.some((ref) => ref.startsWith(`${other}@`)));
    return [[folder, { version, integrity, dependencies: Object.fromEntries(on) }]];
  });
  const direct = entries.filter(([folder]) => folder.lastIndexOf("node_modules/") === 0);
  const root = {
    name: "what-ships",
    version: "0.0.0",
    dependencies: Object.fromEntries(
      direct.map(([folder, { version }]) => [folder.slice("node_modules/".length), version]),
    ),
  };
  return { lockfileVersion, requires: true, packages: { "": root, ...Object.fromEntries(entries) } };
}

function nameIn(folder) {
  return folder.replace(/^.*node_modules\//, "");
}

/** What `npm audit` says of a lock file. */
async function reportOf(lock, options) {
  const folder = await mkdtemp(join(tmpdir(), "flexprice-sync-audit-"));
  try {
    await writeFile(join(folder, "package.json"), JSON.stringify(lock.packages[""]));
    await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock));
    await copyFile(project(".npmrc"), join(folder, ".npmrc"));
    const list = ["audit", "--json", "--package-lock-only", ...options];
    // It ends with an error also when it has found something; what it writes tells the one from the other.
    const stdout = await new Promise((resolve) => {
      execFile("npm", list, { cwd: folder, shell: process.platform === "win32" }, (_, written) => resolve(written));
    });
    try {
      return JSON.parse(stdout);
    } catch {
      return { message: `npm audit wrote no report, but: ${stdout.slice(0, 200).trim()}` };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
