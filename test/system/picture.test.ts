import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { launched, opened } from "../support/browser.js";
import { folderWith } from "../support/folder.js";
import { run } from "../support/program.js";
import { records } from "../support/recorded.js";
import { sandbox } from "../support/sandbox.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const picture = join(root, "docs/images/plan.png");
const digestFile = join(root, "docs/images/plan.sha256");

/** Width and height that a PNG begins with, https://www.w3.org/TR/png-3/#11IHDR. */
function sizeOf(png: Buffer): { readonly width: number; readonly height: number } {
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

it("README shows the page of a plan as it is: the first plan of the demo", async () => {
  const demo = (name: string) => JSON.parse(readFileSync(join(root, "docs/demo", name), "utf8"));
  const { connections } = demo("seed.json") as { connections: SeedConnection[] };
  const { env } = await sandbox(connections);
  const file = join(folderWith(), "plan.html");
  const args = ["plan", "-q", "--html-into", file];
  const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString("base64");
  const variables = { ...env, ...demo("variables.json"), FLEXPRICE_SYNC_FINGERPRINT_KEY: key };
  const { code, stderr } = await run(args, { cwd: root, env: variables });
  expect([code, stderr]).toEqual([0, ""]);
  // Neither the port nor the version is what the picture shows.
  const page = readFileSync(file, "utf8")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
    .replaceAll(/flexprice-sync \d+\.\d+\.\d+[\w.-]*/g, "flexprice-sync");
  writeFileSync(file, page);
  const digest = `${createHash("sha256").update(page).digest("hex")}\n`;

  const browser = await launched();
  onTestFinished(() => browser.close());
  const { page: shown } = await opened(browser, file, {
    viewport: { width: 1200, height: 1300 },
    colorScheme: "light",
  });
  await shown.uncheck('input[value="create"]');
  await shown.getByRole("button", { name: "Unfold all" }).click();
  const taken = await shown.screenshot();
  if (records) {
    writeFileSync(picture, taken);
    writeFileSync(digestFile, digest);
  }
  const kept = readFileSync(picture);
  expect(sizeOf(kept)).toEqual({ width: 1200, height: 1300 });
  expect(sizeOf(taken)).toEqual(sizeOf(kept));
  expect(readFileSync(digestFile, "utf8"), "the page is another one by now: npm run record").toBe(digest);
});
