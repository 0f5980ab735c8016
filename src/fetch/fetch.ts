import type { ConnectionsApi } from "../api/connections.js";
import type { CallOptions } from "../api/sender.js";
import { FIRST_WRITE_SHOWS } from "../model/account.js";
import type { Observed } from "../model/connection.js";
import { byText } from "../model/json.js";
import { error, type Problem, warning } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";

/** Pages of the list that are asked for: a service that goes on for ever must not keep a run for ever. */
export const MOST_PAGES = 1_000;

/** Connections of one environment. */
export const MOST_CONNECTIONS = 100_000;

/** Characters of all pages together: all of it is held at once, and takes a few times as much. */
export const MOST_CHARACTERS = 128 * 1024 * 1024;

export interface Fetched {
  /** Every live connection once, by provider, age and id. */
  readonly observed: readonly Observed[];
  /** The environment that the rows are of; `null` when no row tells. */
  readonly environmentId: string | null;
  readonly problems: readonly Problem[];
}

/**
 * All connections of the environment. One request is enough for today's service, which ignores paging; one that pages is
 * followed until a page brings nothing new. Fewer rows than the service counts is an error, never a shorter list.
 *
 * @param expectedEnvironmentId - what the user says the environment is; rows of another one are an error
 */
export async function fetchAll(
  api: ConnectionsApi,
  expectedEnvironmentId: string | undefined,
  options: CallOptions = {},
): Promise<Fetched> {
  const rows = new Map<string, Observed>();
  // What is not counted is all that comes.
  let total = 0;
  let characters = 0;
  try {
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const { value: page, characters: more = 0 } = await api.list(rows.size, options);
      const before = rows.size;
      for (const row of page.rows) rows.set(row.id, row);
      characters += more;
      if (rows.size > MOST_CONNECTIONS) return tooMany(`${MOST_CONNECTIONS} connections`);
      if (characters > MOST_CHARACTERS) return tooMany(`${MOST_CHARACTERS / 1024 ** 2} Mi characters`);
      total = page.total ?? total;
      if (rows.size >= total || rows.size === before) break;
    }
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    return { observed: [], environmentId: null, problems: [problemOf(cause)] };
  }
  if (rows.size < total) {
    const detail = `the service counts ${total} connections and gave ${rows.size}; nothing is decided on a part of them.`;
    const hint = "run again; if it stays, ask whoever runs the service.";
    return { observed: [], environmentId: null, problems: [error("FETCH.INCOMPLETE_LIST", detail, { hint })] };
  }
  const live = [...rows.values()].filter(({ isLive }) => isLive);
  const observed = live.sort(
    (left, right) =>
      byText(left.providerType, right.providerType) || instant(left) - instant(right) || byText(left.id, right.id),
  );
  const seen = [...new Set(observed.flatMap(({ environmentId }) => environmentId ?? []))].sort(byText);
  return { observed, environmentId: seen[0] ?? null, problems: environmentProblems(seen, expectedEnvironmentId) };
}

/** More than is held at once: no environment has that many. */
function tooMany(most: string): Fetched {
  const detail = `the list of the service has more than ${most}; nothing is decided on a part of them.`;
  const hint = "is the base URL right? If it is, ask whoever runs the service.";
  return { observed: [], environmentId: null, problems: [error("FETCH.INCOMPLETE_LIST", detail, { hint })] };
}

/** A failed request as a problem of this run. */
export function problemOf(cause: ServiceError): Problem {
  return error(cause.code, cause.message, { hint: cause.hint });
}

function instant({ createdAt }: Observed): number {
  const at = Date.parse(createdAt);
  return Number.isNaN(at) ? 0 : at;
}

/** A key is bound to its environment whatever the request says, so only the rows show where we are. */
function environmentProblems(seen: readonly string[], expected: string | undefined): readonly Problem[] {
  const listed = `${seen.slice(0, 5).join(", ")}${seen.length > 5 ? ", …" : ""}`;
  const others = expected === undefined ? seen.slice(1) : seen.filter((id) => id !== expected);
  if (others.length > 0) {
    const detail =
      expected === undefined
        ? `the service answered with connections of several environments: ${listed}.`
        : `${expected} is expected, but the connections that this key shows are of ${listed}.`;
    return [
      error("FETCH.WRONG_ENVIRONMENT", detail, {
        hint:
          expected === undefined
            ? "a key should show one environment: ask whoever runs the service."
            : "use the key of the environment you mean, or correct the environment id.",
      }),
    ];
  }
  if (expected !== undefined && seen.length === 0) {
    const detail = `no connection shows an environment, so nothing tells whether this key belongs to ${expected}.`;
    return [warning("FETCH.ENVIRONMENT_UNCONFIRMED", detail, { hint: FIRST_WRITE_SHOWS })];
  }
  return [];
}
