import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

/** Debian's; another one by CHROMIUM. As root it runs without a sandbox of its own, and none of them asks anybody anything. */
export function launched(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Opened {
  readonly page: Page;
  /** What the console and the page complain of. */
  readonly complaints: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** Opens a file as a person would, in a window of its own; closed when the test ends. */
export async function opened(browser: Browser, file: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (fault) => complaints.push(String(fault)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, complaints, requests };
}

const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface AxeFinding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** What axe-core finds wrong for people who cannot see, hear or point: serious and critical faults, each with its places. */
export async function faultsFor(page: Page): Promise<readonly string[]> {
  // What is not on the screen is not laid out, and would not be looked at.
  await page.evaluate(
    "for (const item of document.querySelectorAll('.changes > li')) item.style.contentVisibility = 'visible'",
  );
  // Through the debugger, for the page's own policy lets no script in.
  await page.evaluate(await (await import("node:fs/promises")).readFile(axeFile, "utf8"));
  const findings = (await page.evaluate("axe.run().then(({ violations }) => violations)")) as readonly AxeFinding[];
  return findings
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
    );
}
