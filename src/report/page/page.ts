/*
 * Runs in the page of a report: filters the connections, opens what a link leads to, and opens all of it for paper. The page
 * is whole without it.
 */

interface Entry {
  readonly item: HTMLElement;
  readonly details: HTMLDetailsElement;
  /** What it says, in small letters; made when somebody first looks for a text. */
  text?: string;
}

const entries: readonly Entry[] = [...document.querySelectorAll<HTMLElement>(".changes > li")].flatMap((item) => {
  const details = item.querySelector<HTMLDetailsElement>("details.change");
  return details === null ? [] : [{ item, details }];
});
const filters = document.querySelector<HTMLElement>(".filters");
const shown = document.querySelector<HTMLOutputElement>("#shown");
const environment = document.querySelector<HTMLSelectElement>("#environment");
const provider = document.querySelector<HTMLSelectElement>("#provider");
const search = document.querySelector<HTMLInputElement>("#search");
const actions = [...document.querySelectorAll<HTMLInputElement>("input[name=action]")];
const dangerous = document.querySelector<HTMLInputElement>("#dangerous");

function textOf(entry: Entry): string {
  entry.text ??= (entry.item.textContent ?? "").toLowerCase();
  return entry.text;
}

function filter(): void {
  const words = (search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = new Set(actions.filter(({ checked }) => checked).map(({ value }) => value));
  let count = 0;
  for (const entry of entries) {
    const { action, environment: where, provider: whose, danger } = entry.details.dataset;
    const isShown =
      (actions.length === 0 || chosen.has(action ?? "")) &&
      (!environment?.value || environment.value === where) &&
      (!provider?.value || provider.value === whose) &&
      (!dangerous?.checked || danger !== undefined) &&
      words.every((word) => textOf(entry).includes(word));
    entry.item.hidden = !isShown;
    if (isShown) count += 1;
  }
  if (shown !== null) shown.value = `${count} of ${entries.length} shown`;
}

function openAll(isOpen: boolean): void {
  for (const { item, details } of entries) if (!item.hidden) details.open = isOpen;
}

/** A link from the dangers leads into a connection, which must not stay folded or filtered away. */
function openTarget(): void {
  const entry = entries.find(({ details }) => `#${details.id}` === location.hash);
  if (entry === undefined) return;
  if (entry.item.hidden) clear();
  entry.details.open = true;
  entry.details.querySelector("summary")?.focus();
  entry.details.scrollIntoView();
}

function clear(): void {
  for (const input of actions) input.checked = true;
  for (const select of [environment, provider]) if (select !== null) select.value = "";
  if (search !== null) search.value = "";
  if (dangerous !== null) dangerous.checked = false;
  filter();
}

let foldedForPaper: HTMLDetailsElement[] = [];
addEventListener("beforeprint", () => {
  foldedForPaper = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
  for (const details of foldedForPaper) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of foldedForPaper) details.open = false;
});

addEventListener("hashchange", openTarget);
// A link to where the page is already changes nothing in the address, but may have been folded since.
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>("a[href^='#']") : null;
  if (link !== null && link.hash === location.hash) openTarget();
});
filters?.addEventListener("input", filter);
document.querySelector("#open-all")?.addEventListener("click", () => openAll(true));
document.querySelector("#close-all")?.addEventListener("click", () => openAll(false));
document.querySelector("#clear")?.addEventListener("click", clear);
if (filters !== null) filters.hidden = false;
filter();
openTarget();
