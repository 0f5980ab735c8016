// Makes src/generated/page: the style and the script of the page that reports are made as, and their digests, which the page's
// policy names. Nothing else runs in it.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { build, transform } from "esbuild";

const here = new URL("./", import.meta.url);
const generated = new URL("../../generated/", import.meta.url);

const { outputFiles } = await build({
  entryPoints: [new URL("page.ts", here).pathname],
  bundle: true,
  format: "iife",
  target: "es2022",
  minify: true,
  write: false,
});
const script = outputFiles[0].text.trim();
const style = (
  await transform(await readFile(new URL("page.css", here), "utf8"), { loader: "css", minify: true })
).code.trim();
const digest = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const page = { script, style, scriptDigest: digest(script), styleDigest: digest(style) };

await mkdir(generated, { recursive: true });
await writeFile(
  new URL("page.js", generated),
  `// Made by src/report/page/compile.mjs.\nexport const page = ${JSON.stringify(page, null, 2)};\n`,
);
await writeFile(
  new URL("page.d.ts", generated),
  "/** The style and the script of a page, and their digests for its policy. */\nexport declare const page: {\n  readonly script: string;\n  readonly style: string;\n  readonly scriptDigest: string;\n  readonly styleDigest: string;\n};\n",
);
