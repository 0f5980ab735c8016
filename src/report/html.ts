import { html, raw } from "hono/html";
import { page } from "../generated/page.js";
import { Bug, isError, type Problem } from "../model/problem.js";
import type { Run, TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { fixedLines } from "./fleet.js";
import { type Anchored, badge, connectionsPart, marksOf, type Part, type Whose } from "./html-connections.js";
import type { Mark } from "./marks.js";
import { noteLines } from "./notes.js";
import { plainPaint } from "./paint.js";
import type { Report } from "./report.js";
import {
  dangersHeading,
  isCalm,
  NOTHING_TO_CHANGE,
  notesHeading,
  type ShownChange,
  shownIn,
  whoseIn,
} from "./shown.js";
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
export function htmlText({ run, exitCode, tool }: Report): string {
  const { command, targets, problems } = run;
  const shown = shownIn(run).map((change, at) => ({ ...change, anchor: `c-${at + 1}` }));
  const whose = whoseIn(run);
  const title = `Flexprice connections: ${command}`;
  const failed = exitCode === 0 || exitCode === 2 ? "" : `It ended with exit code ${exitCode}.`;
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
${fixedLines(run).map((line) => html`<p class="line">${line}</p>\n`)}
${failed === "" ? "" : html`<p class="bad"><strong>${failed}</strong></p>\n`}
<ul class="targets">${targets.map(targetPart)}</ul>
</header>
<main>
${countsPart(shown)}
${dangersPart(run, shown, whose)}
${problemsPart(problems)}
${notesPart(run, whose)}
${shown.length > 0 ? connectionsPart(shown, whose) : emptyPart(isCalm(run))}
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

function targetPart({ environment, baseUrl, environmentId, isConfirmed, owner, plan }: TargetRun): Part {
  const name = environment === ONLY_ENVIRONMENT ? "" : html`<strong>${printable(environment)}</strong>: `;
  const sure = isConfirmed ? "" : " (expected; no connection confirms it)";
  const id = environmentId === null ? "not known" : html`<code>${printable(environmentId)}</code>${sure}`;
  const whose = owner === undefined ? "" : html`, owner <code>${printable(owner)}</code>`;
  const without = plan === undefined ? html` <span class="bad">no plan: see the problems</span>` : "";
  return html`<li>${name}<code>${printable(baseUrl)}</code>, environment ${id}${whose}${without}</li>\n`;
}

function countsPart(shown: readonly ShownChange[]): Part {
  if (shown.length === 0) return html``;
  const dangers = shown.reduce((sum, { change }) => sum + change.dangers.length, 0);
  const marks = [...marksOf(shown).values()];
  return html`<ul class="counts" aria-label="Counts">
${marks.map(({ mark, count }) => html`<li><b>${count}</b> ${badge(mark)}</li>\n`)}
${dangers === 0 ? "" : html`<li><b>${dangers}</b> ${badge({ symbol: "!", word: dangers === 1 ? "danger" : "dangers", tone: "bad" })}</li>\n`}</ul>`;
}

function dangersPart(run: Run, shown: readonly Anchored[], whose: Whose): Part {
  const items = shown.flatMap(({ anchor, target, change }) =>
    change.dangers.map(
      (danger) =>
        html`<li>${printable(whose(target))}<a href="#${anchor}">${printable(change.name)}</a>: ${printable(danger)}</li>\n`,
    ),
  );
  if (items.length === 0) return html``;
  return html`<section class="box" aria-labelledby="dangers">
<h2 id="dangers">${dangersHeading(run, items.length)}</h2>
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

function notesPart(run: Run, whose: Whose): Part {
  const items = run.targets.flatMap((target) => {
    const lines = target.plan === undefined ? [] : noteLines(target, target.plan, plainPaint);
    // What belongs to the line before is indented.
    return lines.map((line) =>
      line.startsWith(" ")
        ? html`<li class="more">${line.trim()}</li>\n`
        : html`<li>${printable(whose(target))}${line}</li>\n`,
    );
  });
  if (items.length === 0) return html``;
  return html`<section aria-labelledby="notes">
<h2 id="notes">${notesHeading(run)}</h2>
<ul class="notes">${items}</ul>
</section>`;
}

function emptyPart(calm: boolean): Part {
  return html`<section id="connections"><h2>Connections</h2><p>${calm ? NOTHING_TO_CHANGE : "There is none to show."}</p></section>`;
}
