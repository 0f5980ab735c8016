import { html, raw } from "hono/html";
import { page } from "../generated/page.js";
import { Bug, isError, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { anchorOf, badge, connectionsPart, marksOf, type Part } from "./html-connections.js";
import type { Mark } from "./marks.js";
import { surenessOf } from "./notes.js";
import { type Overview, overviewOf } from "./overview.js";
import { hasEndedWell, type Report } from "./report.js";
import type { ShownChange } from "./shown.js";
import { counted, printable } from "./text.js";

/** Nothing is fetched, and nothing runs but what this very file says. */
const policy = [
  "default-src 'none'",
  `script-src '${page.scriptDigest}'`,
  `style-src '${page.styleDigest}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * A run as one page that needs nothing beside itself: counts and dangers first, then each connection with what differs, to be
 * filtered and unfolded. Text from elsewhere is text in it, whatever it holds.
 */
export function htmlText(report: Report): string {
  const { run, exitCode, tool } = report;
  const overview = overviewOf(run);
  const { shown, lines, nothing = "There is none to show." } = overview;
  const title = `Flexprice connections: ${run.command}`;
  const ended = hasEndedWell(report)
    ? ""
    : html`<p class="bad"><strong>It ended with exit code ${exitCode}.</strong></p>\n`;
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${tool.name} ${tool.version}">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(page.style)}</style>
</head>
<body>
<a class="skip" href="#connections">Skip to the connections</a>
<div class="page">
<header>
<h1>${title}</h1>
${lines.map((line) => html`<p class="line">${line}</p>\n`)}
${ended}<ul class="targets">${run.targets.map(targetPart)}</ul>
</header>
<main>
${countsPart(overview)}
${dangersPart(overview)}
${problemsPart(run.problems)}
${notesPart(overview)}
${shown.length > 0 ? connectionsPart(shown) : html`<section id="connections"><h2>Connections</h2><p>${nothing}</p></section>`}
</main>
<footer><p>Made by ${tool.name} ${tool.version}. No credential is on this page.</p></footer>
</div>
<script>${raw(page.script)}</script>
</body>
</html>
`;
  if (text instanceof Promise) throw new Bug("a page that is not there yet");
  return text.toString();
}

function targetPart(target: TargetRun): Part {
  const { environment, baseUrl, environmentId, owner, plan } = target;
  const name = environment === ONLY_ENVIRONMENT ? "" : html`<strong>${printable(environment)}</strong>: `;
  const id = environmentId === null ? "not known" : html`<code>${printable(environmentId)}</code>${surenessOf(target)}`;
  const whose = owner === undefined ? "" : html`, owner <code>${printable(owner)}</code>`;
  const without = plan === undefined ? html` <span class="bad">no plan: see the problems</span>` : "";
  return html`<li>${name}<code>${printable(baseUrl)}</code>, environment ${id}${whose}${without}</li>\n`;
}

function countsPart({ shown, dangerCount }: Overview): Part {
  if (shown.length === 0) return html``;
  const word = dangerCount === 1 ? "danger" : "dangers";
  const marks = [
    ...marksOf(shown),
    ...(dangerCount === 0 ? [] : [{ mark: { symbol: "!", word, tone: "bad" } as const, count: dangerCount }]),
  ];
  return html`<ul class="counts" aria-label="Counts">
${marks.map(({ mark, count }) => html`<li><b>${count}</b> ${badge(mark)}</li>\n`)}</ul>`;
}

/** More than that are folded: the next danger should be in sight. */
const LINKS_AT_ONCE = 5;

function linksTo(of: readonly ShownChange[]): readonly Part[] {
  return of.map((shown, at) => {
    const { whose, change } = shown;
    return html`${at === 0 ? "" : ", "}${printable(whose)}<a href="#${anchorOf(shown)}">${printable(change.name)}</a>`;
  });
}

function dangersPart({ dangers, dangersHeading }: Overview): Part {
  if (dangers.length === 0) return html``;
  const items = dangers.map(({ danger, of }) => {
    const left = of.length - LINKS_AT_ONCE;
    const rest =
      left > 0
        ? html`<details class="rest"><summary>and ${left} more</summary>${linksTo(of.slice(LINKS_AT_ONCE))}</details>`
        : "";
    return html`<li><strong>${printable(danger)}</strong>: ${linksTo(of.slice(0, LINKS_AT_ONCE))}${rest}</li>\n`;
  });
  return html`<section class="box" aria-labelledby="dangers">
<h2 id="dangers">${dangersHeading}</h2>
<ul class="dangers">${items}</ul>
</section>`;
}

function problemsPart(problems: readonly Problem[]): Part {
  if (problems.length === 0) return html``;
  const items = problems.map(({ code, severity, message, hint, place, environments }) => {
    const mark: Mark = { symbol: "!", word: severity, tone: severity === "error" ? "bad" : "warn" };
    const where = place === undefined ? "" : html`<code>${printable(place.file)}:${place.line}:${place.column}</code> `;
    const whose = environments === undefined ? "" : `[${environments.map(printable).join(", ")}] `;
    const next = hint === undefined ? "" : html`<br><span class="soft">hint: ${printable(hint)}</span>`;
    return html`<li>${badge(mark)} <code>${code}</code> ${where}${whose}${printable(message)}${next}</li>\n`;
  });
  const calm = problems.some(isError) ? "" : " calm";
  return html`<section class="box${calm}" aria-labelledby="problems">
<h2 id="problems">${counted(problems.length, "problem")}</h2>
<ul class="problems">${items}</ul>
</section>`;
}

function notesPart({ notes, notesHeading }: Overview): Part {
  if (notes.length === 0) return html``;
  const items = notes.map(
    ({ whose, text, more }) =>
      html`<li>${printable(whose)}${text}</li>\n${more.map((line) => html`<li class="more">${line}</li>\n`)}`,
  );
  return html`<section aria-labelledby="notes">
<h2 id="notes">${notesHeading}</h2>
<ul class="notes">${items}</ul>
</section>`;
}
