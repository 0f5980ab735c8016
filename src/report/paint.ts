/** How a piece of text is meant; what that looks like is decided in one place. */
export type Tone = "strong" | "faint" | "good" | "change" | "bad" | "warn";

/** Gives text its look. {@link plainPaint} leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export const plainPaint: Paint = (_tone, text) => text;

/** The escape codes of ECMA-48 §8.3.117 (SGR): opening and closing. */
const SGR: Readonly<Record<Tone, readonly [number, number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  change: [33, 39],
  bad: [31, 39],
  warn: [35, 39],
};

export const colourPaint: Paint = (tone, text) => {
  const [open, close] = SGR[tone];
  return text === "" ? text : `\u001b[${open}m${text}\u001b[${close}m`;
};
