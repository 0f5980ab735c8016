import type { Problem } from "../../src/model/problem.js";

/** What is in nobody's text: it stands in variables, keys and their files, and the service may repeat it anywhere. */
export const CANARY = "canary-5ecr3t-Zk9";

export const API_KEY = "sk_canary_5ecr3t_key";

/** How a text is read: as a person does at a terminal, or as a program. */
export type TextKind = "human" | "json" | "markdown" | "html" | "sarif" | "github" | "trace";

export interface Told {
  readonly kind: TextKind;
  readonly text: string;
}

/** All that one try of a target has brought about: the oracle looks at nothing else. */
export interface Seen {
  readonly problems: readonly Problem[];
  readonly texts: readonly Told[];
  /** Files of the user by their names; a place in one of them must lie within it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Requests that change something, as `METHOD path`. */
  readonly writes: readonly string[];
  /** Why there may be none of them; absent where they are right. */
  readonly noWrites?: string;
  /** What came out of the function in place of an answer. */
  readonly thrown?: unknown;
  /** Ids of the service: they are names that people go by, and are shown as they are. */
  readonly ids?: readonly string[];
  /** What the target itself found wrong. */
  readonly complaints?: readonly string[];
}

/** Nothing happened yet. */
export const nothingSeen: Seen = { problems: [], texts: [], files: new Map(), writes: [] };

/** Several tries of one input as one. */
export function joined(all: readonly Seen[]): Seen {
  const thrown = all.find((one) => "thrown" in one);
  const forbidden = all.find(({ noWrites, writes }) => noWrites !== undefined && writes.length > 0);
  return {
    problems: all.flatMap(({ problems }) => problems),
    texts: all.flatMap(({ texts }) => texts),
    files: new Map(all.flatMap(({ files }) => [...files])),
    writes: (forbidden === undefined ? all : [forbidden]).flatMap(({ writes }) => writes),
    ...(forbidden?.noWrites === undefined ? {} : { noWrites: forbidden.noWrites }),
    ...(thrown === undefined ? {} : { thrown: thrown.thrown }),
    ids: all.flatMap(({ ids = [] }) => ids),
    complaints: all.flatMap(({ complaints = [] }) => complaints),
  };
}

/** The ids in a text of the service that repeat a secret, but for the key: that one is none. */
export function idsIn(text: string): readonly string[] {
  const found = [...text.matchAll(/"(?:id|environment_id)"\s*:\s*"([^"]*)"/g)].map(([, id = ""]) => id);
  return found.filter((id) => id.includes(CANARY) && !id.includes(API_KEY));
}
