import { html, raw } from "hono/html";
import { byText, type Json } from "../model/json.js";
import type { Consequence } from "../model/plan.js";
import type { Mark } from "./marks.js";
import type { Tone } from "./paint.js";
import { generalDangers, type Row, rowsOf, stampOnlyText } from "./rows.js";
import type { ShownChange } from "./shown.js";
import { counted, printable } from "./text.js";
import { diffLines, type Limits, seenIn } from "./value-diff.js";

/** A piece of the page. */
export type Part = ReturnType<typeof html>;

/** The name by which links lead to a connection. */
export function anchorOf({ number }: ShownChange): string {
  return `c-${number}`;
}

/** The connections of the page, with what filters them. */
export function connectionsPart(shown: readonly ShownChange[]): Part {
  return html`<section id="connections" aria-labelledby="connections-head">
<h2 id="connections-head">Connections</h2>
${filtersPart(shown)}
<ol class="changes">
${shown.map(connectionPart)}</ol>
</section>`;
}

/** Shown by the script, without which they would do nothing. */
function filtersPart(shown: readonly ShownChange[]): Part {
  const checks = marksOf(shown).map(
    ({ mark: { word }, count }) =>
      html`<label class="check"><input type="checkbox" name="action" value="${word}" checked> ${word} (${count})</label>\n`,
  );
  return html`<div class="filters" role="search" aria-label="Filter the connections" hidden>
<fieldset><legend>Action</legend>
${checks}<label class="check"><input type="checkbox" id="dangerous"> only dangers</label>
</fieldset>
${selectPart("environment", "Environment", namesOf(shown.map(({ environment }) => environment)))}
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

function connectionPart(shown: ShownChange): Part {
  const { whose, change, outcome, mark, ids } = shown;
  const { name, providerType, file, line, dangers } = change;
  const rows = rowsOf(change);
  const stampOnly = stampOnlyText(change);
  const danger =
    dangers.length === 0 ? "" : badge({ symbol: "!", word: counted(dangers.length, "danger"), tone: "bad" });
  return html`<li><details class="change" id="${anchorOf(shown)}" data-action="${mark.word}" data-environment="${printable(shown.environment)}" data-provider="${printable(providerType)}"${dangers.length > 0 ? raw(' data-danger=""') : ""}>
<summary>${badge(mark)} <h3>${printable(name)}</h3> <span class="soft">${printable(whose)}${printable(providerType)}, ${printable(ids)}</span> ${danger}</summary>
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
  const { tone, path, note, consequence } = row;
  return html`<li><span class="mark ${toneClass(tone)}">${markPart(row)}</span> <code class="path">${printable(path)}</code> ${valuesPart(row)}${notePart(row, note)}${consequence === undefined ? "" : meaningPart(consequence)}</li>
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

/** Of one value on the page. */
const PAGE: Limits = {
  mostLines: 400,
  columns: 2_000,
  width: (text) => text.length,
  cut: (text, columns) => (text.length > columns ? `${text.slice(0, columns)}…` : text),
};

const SIGNS = { same: "  ", removed: "- ", added: "+ ", skipped: "… " } as const;

function diffPart(before: Json | undefined, after: Json | undefined): Part {
  const lines = seenIn(diffLines(before, after), PAGE).lines.map(({ kind, text }) => {
    const line = `${SIGNS[kind]}${text}`;
    if (kind === "removed") return html`<del>${line}</del>`;
    if (kind === "added") return html`<ins>${line}</ins>`;
    return html`<span${kind === "skipped" ? raw(' class="soft"') : ""}>${line}</span>`;
  });
  return html`<div class="wide"><pre class="diff" tabindex="0" role="region" aria-label="Difference, line by line">${lines}</pre></div>`;
}

/** Every mark that there is, with how many connections have it, in the order of their words. */
export function marksOf(shown: readonly ShownChange[]): readonly { readonly mark: Mark; readonly count: number }[] {
  const marks = new Map(shown.map(({ mark }) => [mark.word, mark]));
  return [...marks.values()]
    .sort((left, right) => byText(left.word, right.word))
    .map((mark) => ({ mark, count: shown.filter((one) => one.mark.word === mark.word).length }));
}

/** A mark as the page shows it. */
export function badge(mark: Mark): Part {
  return html`<span class="badge ${toneClass(mark.tone)}">${markPart(mark)}</span>`;
}

/** The symbol is for the eye alone: it stands beside its word. */
function markPart({ symbol, word }: Mark): Part {
  return symbol.trim() === "" ? html`${word}` : html`<span aria-hidden="true">${symbol}</span> ${word}`;
}

function toneClass(tone: Tone): string {
  return tone === "change" ? "change-tone" : tone;
}
