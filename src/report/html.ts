import { html, raw } from "hono/html";
import { page } from "../generated/page.js";
import { byText, type Json } from "../model/json.js";
import type { Change, Consequence } from "../model/plan.js";
import { Bug, isError, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { fixedLines } from "./fleet.js";
import { type Mark, markOf, outcomeMark } from "./marks.js";
import { noteLines } from "./notes.js";
import { plainPaint, type Tone } from "./paint.js";
import type { Report } from "./report.js";
import { generalDangers, hasFailed, isWorthShowing, type Row, rowsOf, stampOnlyText } from "./rows.js";
import { counted, printable } from "./text.js";
import { diffLines } from "./value-diff.js";

type Part = ReturnType<typeof html>;

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
  const shown = targets.flatMap(shownIn).map((change, at) => ({ ...change, anchor: `c-${at + 1}` }));
  const isFleet = run.environments.length > 1;
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
${dangersPart(shown, isFleet)}
${problemsPart(problems)}
${notesPart(targets, isFleet)}
${connectionsPart(shown, isFleet)}
</main>
<footer><p>Made by ${tool.name} ${tool.version}. There is no secret on this page.</p></footer>
</div>
<script>${raw(page.script)}</script>
</body>
</html>
`;
  if (text instanceof Promise) throw new Bug("a page that is not there yet");
  return text.toString();
}

interface ShownChange {
  readonly target: TargetRun;
  readonly change: Change;
  readonly mark: Mark;
}

interface Anchored extends ShownChange {
  readonly anchor: string;
}

function shownIn(target: TargetRun): readonly ShownChange[] {
  const { plan, outcomes } = target;
  return (plan?.changes ?? []).flatMap((change) => {
    const outcome = outcomes?.get(change);
    if (!isWorthShowing(change) && !hasFailed(outcome)) return [];
    return [{ target, change, mark: outcome === undefined ? markOf(change) : outcomeMark(outcome.status) }];
  });
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

/** Every mark that there is, with how many connections have it, in the order of their words. */
function marksOf(shown: readonly ShownChange[]): ReadonlyMap<string, { readonly mark: Mark; readonly count: number }> {
  const words = [...new Set(shown.map(({ mark }) => mark.word))].sort(byText);
  return new Map(
    words.flatMap((word) => {
      const having = shown.filter(({ mark }) => mark.word === word);
      const [first] = having;
      return first === undefined ? [] : [[word, { mark: first.mark, count: having.length }] as const];
    }),
  );
}

function badge({ symbol, word, tone }: Mark): Part {
  const drawn = symbol.trim() === "" ? "" : html`<span aria-hidden="true">${symbol}</span> `;
  return html`<span class="badge ${toneClass(tone)}">${drawn}${word}</span>`;
}

function toneClass(tone: Tone): string {
  return tone === "change" ? "change-tone" : tone;
}

function dangersPart(shown: readonly Anchored[], isFleet: boolean): Part {
  const items = shown.flatMap(({ anchor, target, change }) =>
    change.dangers.map((danger) => {
      const whose = isFleet ? `${printable(target.environment)}: ` : "";
      return html`<li>${whose}<a href="#${anchor}">${printable(change.name)}</a>: ${printable(danger)}</li>\n`;
    }),
  );
  if (items.length === 0) return html``;
  return html`<section class="box" aria-labelledby="dangers">
<h2 id="dangers">${counted(items.length, "danger")}: look at ${items.length === 1 ? "this" : "these"} first</h2>
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

function notesPart(targets: readonly TargetRun[], isFleet: boolean): Part {
  const items = targets.flatMap((target) => {
    const whose = isFleet ? `${printable(target.environment)}: ` : "";
    const lines = target.plan === undefined ? [] : noteLines(target, target.plan, plainPaint);
    // What belongs to the line before is indented.
    return lines.map((line) =>
      line.startsWith(" ") ? html`<li class="more">${line.trim()}</li>\n` : html`<li>${whose}${line}</li>\n`,
    );
  });
  if (items.length === 0) return html``;
  return html`<section aria-labelledby="notes">
<h2 id="notes">To know</h2>
<ul class="notes">${items}</ul>
</section>`;
}

function connectionsPart(shown: readonly Anchored[], isFleet: boolean): Part {
  if (shown.length === 0)
    return html`<section id="connections"><h2>Connections</h2><p>There is no change to show.</p></section>`;
  return html`<section id="connections" aria-labelledby="connections-head">
<h2 id="connections-head">Connections</h2>
${filtersPart(shown)}
<ol class="changes">
${shown.map((change) => connectionPart(change, isFleet))}</ol>
</section>`;
}

/** Shown by the script, without which they would do nothing. */
function filtersPart(shown: readonly ShownChange[]): Part {
  const checks = [...marksOf(shown)].map(
    ([word, { count }]) =>
      html`<label class="check"><input type="checkbox" name="action" value="${word}" checked> ${word} (${count})</label>\n`,
  );
  return html`<div class="filters" role="search" aria-label="Filter the connections" hidden>
<fieldset><legend>Action</legend>
${checks}<label class="check"><input type="checkbox" id="dangerous"> only dangers</label>
</fieldset>
${selectPart("environment", "Environment", namesOf(shown.map(({ target }) => target.environment)))}
${selectPart("provider", "Provider", namesOf(shown.map(({ change }) => change.providerType)))}
<label class="field"><span>Text</span><input type="search" id="search" autocomplete="off" spellcheck="false"></label>
<button type="button" id="open-all">Unfold all</button>
<button type="button" id="close-all">Fold all</button>
<button type="button" id="clear">Clear filters</button>
<output id="shown"></output>
</div>`;
}

function namesOf(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort(byText);
}

function selectPart(id: string, label: string, names: readonly string[]): Part {
  const options = names.map((name) => html`<option value="${printable(name)}">${printable(name)}</option>`);
  return html`<label class="field"><span>${label}</span><select id="${id}"><option value="">all</option>${options}</select></label>`;
}

function connectionPart({ anchor, target, change, mark }: Anchored, isFleet: boolean): Part {
  const { name, providerType, id, file, line, dangers } = change;
  const environment = printable(target.environment);
  const outcome = target.outcomes?.get(change);
  const rows = rowsOf(change);
  const stampOnly = stampOnlyText(change);
  const danger =
    dangers.length === 0 ? "" : badge({ symbol: "!", word: counted(dangers.length, "danger"), tone: "bad" });
  return html`<li><details class="change" id="${anchor}" data-action="${mark.word}" data-environment="${environment}" data-provider="${printable(providerType)}"${dangers.length > 0 ? raw(' data-danger=""') : ""}>
<summary>${badge(mark)} <h3>${printable(name)}</h3> <span class="soft">${isFleet ? `${environment}, ` : ""}${printable(providerType)}, ${printable(id ?? "not there yet")}</span> ${danger}</summary>
<div class="inside">
${file === undefined ? "" : html`<p class="soft"><code>${printable(file)}:${line ?? 1}</code></p>\n`}
${outcome?.message === undefined ? "" : html`<p class="${toneClass(mark.tone)}">${printable(outcome.message)}</p>\n`}
${generalDangers(change).map((sentence) => html`<p class="bad"><strong>danger: ${printable(sentence)}</strong></p>\n`)}
${stampOnly === undefined ? "" : html`<p class="soft">${stampOnly}</p>\n`}
<ul class="rows">${rows.map(rowPart)}</ul>
</div>
</details></li>
`;
}

function rowPart(row: Row): Part {
  const { symbol, word, tone, path, note, consequence } = row;
  const drawn = symbol.trim() === "" ? "" : html`<span aria-hidden="true">${symbol}</span> `;
  return html`<li><span class="mark ${toneClass(tone)}">${drawn}${word}</span> <code class="path">${printable(path)}</code> ${valuesPart(row)}${notePart(row, note)}${consequence === undefined ? "" : meaningPart(consequence)}</li>
`;
}

/** Beside the values, or in their place. */
function notePart({ before, after }: Row, note: string | undefined): Part {
  if (note === undefined) return html``;
  const hasValues = before !== undefined || after !== undefined;
  return hasValues
    ? html`<p class="wide">${printable(note)}</p>`
    : html`<span class="values">${printable(note)}</span>`;
}

function meaningPart({ sentence, weight }: Consequence): Part {
  const isDanger = weight === "danger";
  return html`<p class="means${isDanger ? " bad" : ""}">${isDanger ? "danger: " : ""}${printable(sentence)}</p>`;
}

/** Longer values than that are shown line by line. */
const LONGEST_INLINE = 100;

function valuesPart({ before, after }: Row): Part {
  if (before === undefined && after === undefined) return html``;
  if (isLong(before) || isLong(after)) return diffPart(before, after);
  const old = before === undefined ? "" : html`<del>${unseen("before ")}<code>${shortText(before)}</code></del> `;
  const arrow = before === undefined || after === undefined ? "" : html`<span aria-hidden="true">→</span> `;
  const wanted = after === undefined ? "" : html`<ins>${unseen("after ")}<code>${shortText(after)}</code></ins>`;
  return html`<span class="values">${old}${arrow}${wanted}</span>`;
}

function unseen(words: string): Part {
  return html`<span class="unseen">${words}</span>`;
}

function isLong(value: Json | undefined): boolean {
  return (
    value !== undefined &&
    (shortText(value).length > LONGEST_INLINE || (typeof value === "string" && value.includes("\n")))
  );
}

/** With the type visible; what is masked is no text of anybody's. */
function shortText(value: Json): string {
  return value === "(secret)" ? value : printable(JSON.stringify(value));
}

const SIGNS = { same: "  ", removed: "- ", added: "+ ", skipped: "… " } as const;

function diffPart(before: Json | undefined, after: Json | undefined): Part {
  const lines = diffLines(before, after).map(({ kind, text }) => {
    const line = `${SIGNS[kind]}${text}`;
    if (kind === "removed") return html`<del>${line}</del>`;
    if (kind === "added") return html`<ins>${line}</ins>`;
    return html`<span${kind === "skipped" ? raw(' class="soft"') : ""}>${line}</span>`;
  });
  return html`<div class="wide"><pre class="diff" tabindex="0" role="region" aria-label="Difference, line by line">${lines}</pre></div>`;
}
