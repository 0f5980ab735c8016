import { recorded } from "./recorded.js";
import { NoAnswer, NotTried, Service } from "./service.js";
import { type Chapter, chaptersOf, scenariosIn } from "./suite.js";

export interface Options {
  readonly baseUrl: string;
  readonly key: string;
  readonly environmentId?: string;
  /** Only rules with this text in their name. */
  readonly only: string;
  /** Recorded requests to replay instead of everything else. */
  readonly exchanges?: URL;
  /** Whether an environment of production may be tried, too. */
  readonly production: boolean;
  readonly fixtures: URL;
  readonly print: (line: string) => void;
  /** Told once what there is to archive, for whoever ends the program before that is done. */
  readonly onStart: (service: Service) => void;
  /** Whether somebody wants it to end: then it archives what it has created and tries no more rules. */
  readonly isStopped: () => boolean;
}

export type ExitCode = 0 | 1 | 64 | 130;

const LONGEST_DIFFERENCE = 2_000;

/** A service that does not answer so often is gone. */
const MOST_UNANSWERED = 3;

interface Counts {
  hold: number;
  differ: number;
  notTried: number;
  unanswered: number;
}

/** Tries every rule, one after the other, and tells each that does not hold. */
export async function main(options: Options): Promise<ExitCode> {
  const service = new Service(options.baseUrl, options.key, options.environmentId);
  const print = (line: string) => options.print(service.hidden(line));
  const chapters = chaptersFor(options);
  if (chapters.length === 0) {
    print(`no rule has ${JSON.stringify(options.only)} in its name`);
    return 64;
  }
  const start = await begin(service, options);
  if ("fault" in start) {
    print(`${options.baseUrl} cannot be tried: ${start.fault}`);
    return 1;
  }
  options.onStart(service);
  const counts: Counts = { hold: 0, differ: 0, notTried: 0, unanswered: 0 };
  const goesOn = () => !options.isStopped() && counts.unanswered < MOST_UNANSWERED;
  for (const { title, rules } of chapters) {
    if (!goesOn()) break;
    print(`\n${title}`);
    for (const { name, holds } of rules) {
      if (!goesOn()) break;
      service.asked.length = 0;
      print(await tried(name, () => holds(service), service, counts));
      await service.cleanUp();
    }
  }
  const { left, others } = await leftBehind(service, start.ids);
  if (others.length > 0)
    print(`\nappeared meanwhile, by somebody else or by an answer that was lost: ${others.join(", ")}`);
  if (left.length > 0) print(`\nstill there, to be archived by hand: ${left.join(", ")}`);
  if (counts.unanswered >= MOST_UNANSWERED) print("\nthe service has stopped answering");
  if (options.isStopped()) print("\nstopped before the end");
  const unanswered = counts.unanswered === 0 ? "" : `, ${counts.unanswered} not answered`;
  print(`\nContract: ${counts.hold} hold, ${counts.differ} differ, ${counts.notTried} not tried${unanswered}.`);
  if (options.isStopped()) return 130;
  const isTried = counts.hold + counts.differ > 0;
  return isTried && counts.differ + counts.unanswered + left.length === 0 ? 0 : 1;
}

type Start = { readonly ids: ReadonlySet<string> } | { readonly fault: string };

/** What is there at the start, or why nothing can be tried. */
async function begin(service: Service, options: Options): Promise<Start> {
  try {
    const { status, text, body } = await service.ask("GET", "/connections");
    if (status !== 200) return { fault: `GET /connections answered ${status} ${cut(service.hidden(text), 200)}` };
    const rows = body?.connections;
    if (rows !== null && !Array.isArray(rows)) return { fault: "GET /connections does not answer with connections" };
    const write = await service.ask("PUT", "/connections/conn_contract_suite", {});
    if (write.status === 403) return { fault: `this key may not write: ${cut(service.hidden(write.text), 200)}` };
    const fault = options.production ? undefined : await productionFault(service, rows?.[0], options);
    if (fault !== undefined) return { fault };
    return { ids: new Set((rows ?? []).map(({ id }: { readonly id: string }) => id)) };
  } catch (cause) {
    if (cause instanceof NoAnswer) return { fault: cause.message };
    throw cause;
  }
}

interface Row {
  readonly environment_id?: string;
}

/** Why the environment may be one of production. What the key is bound to shows on rows alone: the header may be ignored. */
async function productionFault(
  service: Service,
  row: Row | undefined,
  { environmentId }: Options,
): Promise<string | undefined> {
  const customers = row === undefined ? await service.ask("GET", "/customers?limit=1") : undefined;
  const shown: string | undefined = (row ?? customers?.body?.items?.[0])?.environment_id;
  if (shown !== undefined && environmentId !== undefined && shown !== environmentId)
    return `this key leads to ${shown}, not to ${environmentId}`;
  const all = "--production tries it all the same";
  if (shown !== undefined) {
    const { body } = await service.ask("GET", `/environments/${encodeURIComponent(shown)}`);
    return body?.type === "production" ? `${shown} is an environment of production; ${all}` : undefined;
  }
  const { body } = await service.ask("GET", "/environments?limit=1000");
  const known: readonly { readonly type: string }[] = body?.environments ?? [];
  return known.some(({ type }) => type === "production")
    ? `nothing shows which environment this key leads to, and there is one of production; ${all}`
    : undefined;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

async function tried(name: string, holds: () => Promise<void>, service: Service, counts: Counts): Promise<string> {
  try {
    await holds();
    counts.hold += 1;
    return `  ok          ${name}`;
  } catch (cause) {
    if (cause instanceof NotTried) {
      counts.notTried += 1;
      return `  not tried   ${name}: ${cause.message}`;
    }
    const isUnanswered = cause instanceof NoAnswer;
    if (isUnanswered) counts.unanswered += 1;
    else counts.differ += 1;
    return `  ${isUnanswered ? "NO ANSWER " : "DIFFERENT "}  ${name}\n${indented(difference(cause, service))}`;
  }
}

/** Looks once more for what was created by requests whose answers were lost, and archives it. */
async function leftBehind(
  service: Service,
  before: ReadonlySet<string>,
): Promise<{ readonly left: readonly string[]; readonly others: readonly string[] }> {
  try {
    const others = await service.adoptLost(before);
    return { left: await service.cleanUp(), others };
  } catch (cause) {
    if (cause instanceof NoAnswer) return { left: service.left, others: [] };
    throw cause;
  }
}

function chaptersFor({ exchanges, fixtures, only }: Options): readonly Chapter[] {
  const chapters =
    exchanges === undefined
      ? chaptersOf(fixtures)
      : [{ title: "recorded requests", rules: recorded(scenariosIn(exchanges)) }];
  return chapters
    .map(({ title, rules }) => ({ title, rules: rules.filter(({ name }) => name.includes(only)) }))
    .filter(({ rules }) => rules.length > 0);
}

/** What was expected and what came, after the request that it was about. */
function difference(cause: unknown, service: Service): string {
  const last = service.asked.at(-1);
  const answer = last?.status === undefined ? "nothing" : `${last.status} ${cut(last.text, 300)}`;
  const request = last === undefined ? "" : `${last.method} ${last.path} → ${answer}\n`;
  const words = service.hidden(cause instanceof Error ? cause.message : String(cause));
  return request + cut(words, LONGEST_DIFFERENCE);
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `              ${line}`)
    .join("\n");
}
