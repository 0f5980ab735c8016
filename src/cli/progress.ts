import type { Part } from "../reconcile.js";
import { counted } from "../report/text.js";
import type { Terminal } from "./terminal.js";

/** Parts of a run that are over sooner are not shown at all. */
const SHOWN_AFTER_MS = 1_000;

/** How often the bar is drawn anew. */
const DRAWN_EVERY_MS = 200;

/** How often a line is written where nothing can be drawn. */
const LINE_EVERY_MS = 5_000;

/** To the first column, and the line taken away: ECMA-48 §8.3.41 (EL). */
const CLEAR_LINE = "\r\u001b[2K";

/** What is known of the part of a run that is under way. */
export interface Standing extends Part {
  readonly elapsedMs: number;
  /** Of the whole run. */
  readonly retries: number;
}

/** How far a run has come, on stderr: a bar in the last line of a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #isWanted: boolean;
  readonly #canDraw: boolean;
  #part: Part | undefined;
  #startMs = 0;
  #retries = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  /** @param canDraw - whether stderr is a terminal on which a line can be taken away again */
  constructor(terminal: Terminal, isWanted: boolean, canDraw: boolean) {
    this.#terminal = terminal;
    this.#isWanted = isWanted;
    this.#canDraw = canDraw;
  }

  /** How far a part has come; the first word of a part begins it. */
  readonly at = (part: Part): void => {
    if (!this.#isWanted) return;
    if (this.#part?.doing !== part.doing) {
      this.pause();
      this.#startMs = performance.now();
      this.#timer = this.#canDraw
        ? setInterval(() => this.#draw(), DRAWN_EVERY_MS)
        : setInterval(() => this.#line(), LINE_EVERY_MS);
      // Whoever waits for something else does not wait for this.
      this.#timer.unref();
    }
    this.#part = part;
    if (part.done >= part.total) this.pause();
  };

  /** A request is made once more. */
  readonly retried = (): void => {
    this.#retries += 1;
  };

  /** Takes it away, so that what follows stands alone. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#part = undefined;
    this.clear();
  }

  /** Takes the bar away until it is drawn next: for a text beside it. */
  clear(): void {
    if (this.#isDrawn) this.#terminal.writeError(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #draw(): void {
    const standing = this.#standing();
    if (standing === undefined || standing.elapsedMs < SHOWN_AFTER_MS) return;
    this.#isDrawn = true;
    this.#terminal.writeError(`${CLEAR_LINE}${barText(standing, this.#terminal.errorColumns() ?? 80)}`);
  }

  #line(): void {
    const standing = this.#standing();
    if (standing !== undefined) this.#terminal.writeError(`${progressText(standing)}.\n`);
  }

  #standing(): Standing | undefined {
    if (this.#part === undefined) return undefined;
    return { ...this.#part, elapsedMs: performance.now() - this.#startMs, retries: this.#retries };
  }
}

const words: Readonly<Record<Part["doing"], { readonly doing: string; readonly noun: string }>> = {
  reading: { doing: "Reading", noun: "environment" },
  writing: { doing: "Writing", noun: "change" },
};

/** A part in words: how much is done, how fast, retries, and the time that is left. */
export function progressText(standing: Standing): string {
  const { doing, noun } = words[standing.doing];
  const { done, total } = standing;
  return [`${doing}: ${done} of ${counted(total, noun)} done`, ...facts(standing)].join(", ");
}

/** Columns of the bar itself; where there is no room for it the words stand alone. */
const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;

/** The same with a bar, never wider than the terminal. */
export function barText(standing: Standing, columns: number): string {
  const { done, total } = standing;
  const { doing } = words[standing.doing];
  const counts = [`${done} of ${total}`, ...facts(standing)].join("  ");
  // The last column stays free: a sign in it can begin a new line.
  const most = columns - 1;
  const room = Math.min(LONGEST_BAR, most - doing.length - 2 - 4 - counts.length);
  const full = total === 0 ? 0 : Math.floor((done / total) * room);
  // Signs of ASCII: others are two columns wide for some, and would begin a new line.
  if (room >= SHORTEST_BAR) return `${doing}  [${"#".repeat(full)}${".".repeat(room - full)}]  ${counts}`;
  const short = [progressText(standing), `${doing}: ${counts}`, `${doing}: ${done} of ${total}`, `${done} of ${total}`];
  return short.find((text) => text.length <= most) ?? "";
}

/** Rate, retries and the time that is left, as far as they can be told. */
function facts({ done, total, elapsedMs, retries }: Standing): readonly string[] {
  const perSecond = done / (elapsedMs / 1000);
  const retried = retries === 0 ? [] : [retries === 1 ? "1 retry" : `${retries} retries`];
  if (done === 0) return [...retried, `${timeText(elapsedMs / 1000)} so far`];
  const rate = perSecond >= 10 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
  return [`${rate}/s`, ...retried, `${timeText((total - done) / perSecond)} left`];
}

/** `8 s`, `3 min`, `2 h 5 min`. */
function timeText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
