import type { PulledFile, PulledTarget } from "../model/pulled.js";
import { headLines } from "./human.js";
import type { Paint, Tone } from "./paint.js";
import { printable } from "./text.js";

/** What pull says: where from, each connection with its file, and one fixed last line. */
export function pullText(targets: readonly PulledTarget[], paint: Paint): string {
  const parts = targets.map(({ seen, files }) => {
    const lines = files === undefined ? [NOT_READ] : files.map((file) => fileLine(file, paint));
    if (lines.length === 0) lines.push("There is no connection.");
    return [...headLines(seen, paint), "", ...lines, ""].join("\n");
  });
  return `${[...parts, pullLine(targets)].join("\n")}\n`;
}

const NOT_READ = "! nothing is pulled: see the errors.";

/** Over all environments. */
export function pullLine(targets: readonly PulledTarget[]): string {
  const all = targets.flatMap(({ files }) => files ?? []);
  const count = (...statuses: readonly PulledFile["status"][]) =>
    all.filter(({ status }) => statuses.includes(status)).length;
  const failed = count("not-written");
  const lost = failed === 0 ? "" : `${failed} not written, `;
  return `Pull: ${count("written", "overwritten")} written, ${lost}${count("unchanged")} unchanged, ${count("kept")} kept, ${count("elsewhere")} elsewhere, ${count("left-out")} left out.`;
}

const marks: Readonly<
  Record<PulledFile["status"], { readonly symbol: string; readonly words: string; readonly tone: Tone }>
> = {
  written: { symbol: "+", words: "written", tone: "good" },
  overwritten: { symbol: "~", words: "written over", tone: "change" },
  "not-written": { symbol: "!", words: "could not be written", tone: "bad" },
  unchanged: { symbol: " ", words: "unchanged", tone: "faint" },
  kept: { symbol: "!", words: "kept, and differs", tone: "bad" },
  elsewhere: { symbol: " ", words: "defined there already", tone: "faint" },
  "left-out": { symbol: "!", words: "left out", tone: "warn" },
};

function fileLine({ status, id, name, providerType, file }: PulledFile, paint: Paint): string {
  const { symbol, words, tone } = marks[status];
  const where = file === undefined ? "" : `${printable(file)}  `;
  const what = `${paint("strong", printable(name))} (${printable(providerType)}, ${printable(id)})`;
  return `${paint(tone, `${symbol} ${words}`)}  ${where}${what}`;
}

/** The same as a part of the JSON document. */
export function pulledDocument({ files }: PulledTarget): object {
  if (files === undefined) return {};
  return {
    pulled: files.map(({ status, id, name, providerType, file }) => ({
      status,
      id,
      name,
      provider_type: providerType,
      ...(file === undefined ? {} : { file }),
    })),
  };
}
