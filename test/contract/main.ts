import { recorded } from "./recorded.js";
import { NotTried, Service } from "./service.js";
import { type Chapter, chaptersOf, scenariosIn } from "./suite.js";

export interface Options {
  readonly baseUrl: string;
  readonly key: string;
  readonly environmentId?: string;
  /** Only rules with this text in their name. */
  readonly only: string;
  /** Recorded requests to replay instead of everything else. */
  readonly exchanges?: URL;
  readonly fixtures: URL;
  readonly print: (line: string) => void;
  /** Whether somebody wants it to end: then it archives what it has created and tries no more rules. */
  readonly isStopped: () => boolean;
}

const LONGEST_DIFFERENCE = 2_000;

/** Tries every rule, one after the other, and tells each that does not hold. Returns the exit code. */
export async function main(options: Options): Promise<number> {
  const { print, only, isStopped } = options;
  const service = new Service(options.baseUrl, options.key, options.environmentId);
  const unusable = await faultOf(service);
  if (unusable !== undefined) {
    print(`${options.baseUrl} cannot be tried: ${unusable}`);
    return 1;
  }
  const counts = { hold: 0, differ: 0, notTried: 0 };
  const left: string[] = [];
  for (const { title, rules } of chaptersFor(options)) {
    const wanted = rules.filter(({ name }) => name.includes(only));
    if (wanted.length > 0) print(`\n${title}`);
    for (const { name, holds } of wanted) {
      if (isStopped()) break;
      try {
        await holds(service);
        counts.hold += 1;
        print(`  ok          ${name}`);
      } catch (cause) {
        if (cause instanceof NotTried) {
          counts.notTried += 1;
          print(`  not tried   ${name}: ${cause.message}`);
        } else {
          counts.differ += 1;
          print(`  DIFFERENT   ${name}\n${indented(difference(cause, service))}`);
        }
      } finally {
        for (const id of await service.cleanUp()) if (!left.includes(id)) left.push(id);
      }
    }
  }
  if (left.length > 0) print(`\nstill there, to be archived by hand: ${left.join(", ")}`);
  if (isStopped()) print("\nstopped before the end");
  print(`\nContract: ${counts.hold} hold, ${counts.differ} differ, ${counts.notTried} not tried.`);
  return counts.differ === 0 && left.length === 0 && !isStopped() ? 0 : 1;
}

/** Why nothing can be asked of the service at all. */
async function faultOf(service: Service): Promise<string | undefined> {
  try {
    const { status, text } = await service.ask("GET", "/connections");
    return status === 200 ? undefined : `GET /connections answered ${status} ${text.slice(0, 200)}`;
  } catch (cause) {
    const { message, cause: inner } = cause as Error;
    return inner instanceof Error ? `${message}: ${inner.message}` : message;
  }
}

function chaptersFor({ exchanges, fixtures }: Options): readonly Chapter[] {
  if (exchanges === undefined) return chaptersOf(fixtures);
  return [{ title: "recorded requests", rules: recorded(scenariosIn(exchanges)) }];
}

/** What was expected and what came, after the request that it was about. */
function difference(cause: unknown, { asked }: Service): string {
  const last = asked.at(-1);
  const request = last === undefined ? "" : `${last.method} ${last.path} → ${last.status} ${last.text.slice(0, 300)}\n`;
  const words = cause instanceof Error ? cause.message : String(cause);
  return request + (words.length > LONGEST_DIFFERENCE ? `${words.slice(0, LONGEST_DIFFERENCE)}…` : words);
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `              ${line}`)
    .join("\n");
}
