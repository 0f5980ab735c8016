import type { Place } from "./location.js";

/**
 * Every problem that can be reported: the fixed words it begins with, and the exit code it leads to when it is an error.
 * Codes are public and never renamed. README.md has the same table; a test compares the two.
 */
export const problemCodes = {
  "USAGE.UNKNOWN_OPTION": { title: "Unknown option", exitCode: 64 },
  "USAGE.UNKNOWN_COMMAND": { title: "Unknown command", exitCode: 64 },
  "USAGE.STRAY_ARGUMENT": { title: "Stray argument", exitCode: 64 },
  "USAGE.BAD_VALUE": { title: "Bad value", exitCode: 64 },
  "USAGE.MISSING_VALUE": { title: "Missing value", exitCode: 64 },
  "USAGE.NO_COMMAND": { title: "No command", exitCode: 64 },
  "USAGE.CONFLICT": { title: "Options that do not go together", exitCode: 64 },
  "USAGE.NO_FINGERPRINT_KEY": { title: "No key for fingerprints", exitCode: 64 },

  "USAGE.SEVERAL_ENVIRONMENTS": { title: "Several environments", exitCode: 64 },
  "USAGE.NO_ENVIRONMENT": { title: "No such environment", exitCode: 64 },

  "SETTINGS.NO_FILE": { title: "No settings file", exitCode: 3 },
  "SETTINGS.SEVERAL_DOCUMENTS": { title: "Several documents", exitCode: 3 },
  "SETTINGS.BAD_INCLUDE": { title: "Unusable include", exitCode: 3 },
  "SETTINGS.SAME_ENVIRONMENT": { title: "Environment named twice", exitCode: 3 },
  "SETTINGS.SHARED_TARGET": { title: "Two environments that are one", exitCode: 3 },
  "SETTINGS.NESTED_FOLDERS": { title: "Folder inside another environment's", exitCode: 3 },
  "SETTINGS.FOREIGN_HOST": { title: "Host not allowed", exitCode: 3 },
  "SETTINGS.BAD_ALLOWED_HOSTS": { title: "Unusable list of hosts", exitCode: 3 },
  "SETTINGS.NO_API_KEY": { title: "No API key", exitCode: 3 },
  "SETTINGS.BAD_API_KEY": { title: "Unusable API key", exitCode: 3 },
  "SETTINGS.NO_BASE_URL": { title: "No base URL", exitCode: 3 },
  "SETTINGS.BAD_BASE_URL": { title: "Unusable base URL", exitCode: 3 },
  "SETTINGS.INSECURE_BASE_URL": { title: "Insecure base URL", exitCode: 3 },
  "SETTINGS.BAD_PROXY": { title: "Unusable proxy", exitCode: 3 },
  "SETTINGS.BAD_CA_FILE": { title: "Unusable authority", exitCode: 3 },
  "SETTINGS.BAD_ENVIRONMENT_ID": { title: "Unusable environment id", exitCode: 3 },
  "SETTINGS.NO_OWNER": { title: "No owner", exitCode: 3 },
  "SETTINGS.BAD_OWNER": { title: "Unusable owner", exitCode: 3 },
  "SETTINGS.BAD_STAMP": { title: "Neither on nor off", exitCode: 3 },
  "SETTINGS.BAD_FINGERPRINT_KEY": { title: "Unusable key for fingerprints", exitCode: 3 },
  "SETTINGS.WEAK_FINGERPRINT_KEY": { title: "Weak key for fingerprints", exitCode: 3 },

  "LOAD.NO_FOLDER": { title: "No such folder", exitCode: 3 },
  "LOAD.NO_FILES": { title: "Nothing to read", exitCode: 3 },
  "LOAD.NO_DEFINITIONS": { title: "No definitions", exitCode: 3 },
  "LOAD.NOTHING_SELECTED": { title: "Nothing selected", exitCode: 3 },
  "LOAD.SEVERAL_SELECTED": { title: "Several selected", exitCode: 3 },
  "LOAD.UNREADABLE": { title: "Unreadable file", exitCode: 3 },
  "LOAD.LINK_OUTSIDE": { title: "Link out of the folder", exitCode: 3 },
  "LOAD.TOO_LARGE": { title: "File too large", exitCode: 3 },
  "LOAD.NOT_UTF8": { title: "Not UTF-8", exitCode: 3 },
  "LOAD.EMPTY_FILE": { title: "Empty file", exitCode: 3 },
  "LOAD.BAD_YAML": { title: "Not valid YAML", exitCode: 3 },
  "LOAD.YAML_VERSION": { title: "Other YAML version", exitCode: 3 },
  "LOAD.DUPLICATE_KEY": { title: "Duplicate key", exitCode: 3 },
  "LOAD.KEY_NOT_TEXT": { title: "Key is not text", exitCode: 3 },
  "LOAD.FORBIDDEN_KEY": { title: "Forbidden key", exitCode: 3 },
  "LOAD.MERGE_KEY": { title: "Merge key", exitCode: 3 },
  "LOAD.UNKNOWN_TAG": { title: "Unknown tag", exitCode: 3 },
  "LOAD.TOO_MANY_ALIASES": { title: "Too many aliases", exitCode: 3 },
  "LOAD.TOO_DEEP": { title: "Nested too deep", exitCode: 3 },
  "LOAD.INEXACT_NUMBER": { title: "Number JSON cannot carry", exitCode: 3 },

  "VALIDATE.NOT_A_DEFINITION": { title: "Not a definition", exitCode: 3 },
  "VALIDATE.MISSING": { title: "Missing field", exitCode: 3 },
  "VALIDATE.UNKNOWN_FIELD": { title: "Unknown field", exitCode: 3 },
  "VALIDATE.WRONG_TYPE": { title: "Wrong type", exitCode: 3 },
  "VALIDATE.NULL": { title: "No value", exitCode: 3 },
  "VALIDATE.NOT_ALLOWED": { title: "Value not allowed", exitCode: 3 },
  "VALIDATE.WRONG_LENGTH": { title: "Wrong length", exitCode: 3 },
  "VALIDATE.INCOMPLETE_PAIR": { title: "Incomplete pair", exitCode: 3 },
  "VALIDATE.UNKNOWN_PROVIDER": { title: "Unknown provider", exitCode: 3 },
  "VALIDATE.OTHER_PROVIDER": { title: "Block of another provider", exitCode: 3 },
  "VALIDATE.MIXED_FORMS": { title: "Mixed forms", exitCode: 3 },
  "VALIDATE.LITERAL_SECRET": { title: "Secret in the file", exitCode: 3 },
  "VALIDATE.MASK": { title: "Mask instead of a secret", exitCode: 3 },
  "VALIDATE.SECRET_FORM": { title: "Not exactly one reference", exitCode: 3 },
  "VALIDATE.BAD_REFERENCE": { title: "Malformed reference", exitCode: 3 },
  "VALIDATE.FORBIDDEN_REFERENCE": { title: "Reference not allowed", exitCode: 3 },
  "VALIDATE.BAD_CHARACTER": { title: "Character that cannot be stored", exitCode: 3 },
  "VALIDATE.SAME_CONNECTION": { title: "Two definitions for one connection", exitCode: 3 },
  "VALIDATE.DUPLICATE_FIELD": { title: "Custom field used twice", exitCode: 3 },
  "VALIDATE.SECRET_IN_METADATA": { title: "Secret in the metadata", exitCode: 3 },
  "VALIDATE.IGNORED_BLOCK": { title: "Block without effect", exitCode: 3 },

  "SECRETS.UNSET": { title: "Missing variable", exitCode: 3 },
  "SECRETS.EMPTY": { title: "Empty variable", exitCode: 3 },
  "SECRETS.UNREADABLE": { title: "Unreadable variable", exitCode: 3 },
  "SECRETS.NO_SETTING": { title: "Setting not defined", exitCode: 3 },
  "SECRETS.MASK": { title: "Variable holds a mask", exitCode: 3 },
  "SECRETS.BAD_VALUE": { title: "Variable's value not allowed", exitCode: 3 },

  "SERVICE.UNREACHABLE": { title: "Service not reached", exitCode: 1 },
  "SERVICE.UNTRUSTED": { title: "Certificate not trusted", exitCode: 1 },
  "SERVICE.PROXY_REFUSED": { title: "Refused by the proxy", exitCode: 1 },
  "SERVICE.TIMEOUT": { title: "No answer in time", exitCode: 1 },
  "SERVICE.CUT_OFF": { title: "Answer cut off", exitCode: 1 },
  "SERVICE.UNAUTHORIZED": { title: "Not authorized", exitCode: 1 },
  "SERVICE.FORBIDDEN": { title: "Forbidden", exitCode: 1 },
  "SERVICE.NOT_FOUND": { title: "Not found", exitCode: 1 },
  "SERVICE.CONFLICT": { title: "Conflict", exitCode: 1 },
  "SERVICE.RATE_LIMITED": { title: "Too many requests", exitCode: 1 },
  "SERVICE.REJECTED": { title: "Request rejected", exitCode: 1 },
  "SERVICE.FAILED": { title: "Service failed", exitCode: 1 },
  "SERVICE.REDIRECTED": { title: "Redirect not followed", exitCode: 1 },
  "SERVICE.NOT_JSON": { title: "Unreadable answer", exitCode: 1 },
  "SERVICE.WRONG_SHAPE": { title: "Answer of another shape", exitCode: 1 },
  "SERVICE.TOO_LARGE": { title: "Answer too large", exitCode: 1 },

  "FETCH.INCOMPLETE_LIST": { title: "Incomplete list", exitCode: 1 },
  "FETCH.WRONG_ENVIRONMENT": { title: "Wrong environment", exitCode: 1 },
  "FETCH.ENVIRONMENT_UNCONFIRMED": { title: "Environment not confirmed", exitCode: 1 },

  "PLAN.AMBIGUOUS": { title: "Several connections match", exitCode: 1 },
  "PLAN.ID_GONE": { title: "No connection with this id", exitCode: 1 },
  "PLAN.ID_OTHER_PROVIDER": { title: "Connection of another provider", exitCode: 1 },
  "PLAN.SAME_ROW": { title: "Two definitions match one connection", exitCode: 1 },
  "PLAN.OTHER_OWNER": { title: "Connection of another owner", exitCode: 1 },
  "PLAN.STAMP_NEWER": { title: "Stamp of a newer version", exitCode: 1 },
  "PLAN.STAMP_DAMAGED": { title: "Damaged stamp", exitCode: 1 },
  "PLAN.STAMP_FOREIGN": { title: "Stamp of another connection", exitCode: 1 },
  "PLAN.STAMP_OUTDATED": { title: "Stamp would be outdated", exitCode: 1 },
  "PLAN.NOTHING_TO_SEND": { title: "Nothing to send", exitCode: 1 },
  "PLAN.STAMP_TOO_LONG": { title: "Too much for a stamp", exitCode: 3 },
  "PLAN.NO_STAMP": { title: "No stamp possible", exitCode: 1 },
  "PLAN.NO_LONGER_OURS": { title: "No longer ours", exitCode: 1 },
  "PLAN.STILL_NEEDED": { title: "Still needed", exitCode: 1 },
  "PLAN.MISSING_ON_CREATE": { title: "Missing for a new connection", exitCode: 3 },
  "PLAN.INCOMPLETE_BLOCK": { title: "Incomplete block", exitCode: 3 },
  "PLAN.EXPECTED_ON_CREATE": { title: "Probably missing for a new connection", exitCode: 3 },
  "PLAN.KEPT_BY_SERVICE": { title: "Kept by the service", exitCode: 3 },
  "PLAN.NOTHING_TO_REPLACE": { title: "Nothing to replace", exitCode: 1 },
  "PLAN.NOT_RECOVERED": { title: "Not recovered", exitCode: 1 },
  "PLAN.SHARED_TARGET": { title: "Two environments write to one connection", exitCode: 1 },
  "PLAN.OVER_LIMIT": { title: "More changes than allowed", exitCode: 6 },

  "STALE.ALTERED": { title: "Altered file", exitCode: 5 },
  "STALE.OTHER_FORMAT": { title: "File of another format", exitCode: 5 },
  "STALE.EXPIRED": { title: "Plan expired", exitCode: 5 },
  "STALE.OTHER_TARGET": { title: "Made for another target", exitCode: 5 },
  "STALE.OTHER_SETTINGS": { title: "Made with other settings", exitCode: 5 },
  "STALE.OTHER_DEFINITIONS": { title: "Made from other definitions", exitCode: 5 },
  "STALE.OTHER_SECRETS": { title: "Made with other secrets", exitCode: 5 },
  "STALE.ROW_CHANGED": { title: "Connection changed since the plan", exitCode: 5 },
  "STALE.ROW_GONE": { title: "Connection gone since the plan", exitCode: 5 },
  "STALE.NEW_TWIN": { title: "Another connection since the plan", exitCode: 5 },
  "STALE.OTHER_PLAN": { title: "No longer the same plan", exitCode: 5 },
  "STALE.NOTHING_TO_RECOVER": { title: "Nothing to recover", exitCode: 5 },

  "APPLY.NO_CONSENT": { title: "Not confirmed", exitCode: 6 },
  "APPLY.DECLINED": { title: "Declined", exitCode: 6 },
  "APPLY.DANGEROUS": { title: "Dangerous change", exitCode: 6 },
  "APPLY.BLOCKED": { title: "Change not possible", exitCode: 6 },
  "APPLY.PROTECTED": { title: "Protected connection", exitCode: 6 },
  "APPLY.UNFINISHED_REPLACE": { title: "Unfinished replace", exitCode: 6 },
  "APPLY.NOT_REPLACED": { title: "Archived, but not created anew", exitCode: 4 },
  "APPLY.NO_RECOVERY_FILE": { title: "No recovery file", exitCode: 1 },
  "APPLY.NOT_READ_AGAIN": { title: "Not read again", exitCode: 7 },
  "APPLY.ROW_MOVED": { title: "Changed meanwhile", exitCode: 1 },
  "APPLY.OUTCOME_UNKNOWN": { title: "Outcome unknown", exitCode: 4 },
  "APPLY.NOT_CONVERGED": { title: "Not as asked", exitCode: 7 },
  "APPLY.WRONG_ENVIRONMENT": { title: "Wrong environment", exitCode: 1 },

  "PULL.FILE_DIFFERS": { title: "File kept", exitCode: 6 },
  "PULL.NOT_EXPRESSED": { title: "Not in the file", exitCode: 1 },
  "PULL.NOT_WRITTEN": { title: "Without a file", exitCode: 1 },
  "PULL.NOT_THERE": { title: "Definition without a connection", exitCode: 1 },
  "PULL.SHARED_FOLDER": { title: "Folder of several environments", exitCode: 3 },

  "SANDBOX.NO_PORT": { title: "Port not available", exitCode: 1 },
  "SANDBOX.BAD_SEED": { title: "Unusable seed", exitCode: 3 },

  "OUTPUT.NOT_WRITTEN": { title: "File not written", exitCode: 1 },
  "OUTPUT.NOT_REMOVED": { title: "File not removed", exitCode: 1 },

  "RUN.DEADLINE": { title: "Deadline passed", exitCode: 1 },
  "RUN.INTERRUPTED": { title: "Interrupted", exitCode: 130 },
  "RUN.TERMINATED": { title: "Terminated", exitCode: 143 },

  "INTERNAL.OUTPUT": { title: "Output lost", exitCode: 1 },
  "INTERNAL.BUG": { title: "Internal error", exitCode: 1 },
} as const satisfies Record<string, { title: string; exitCode: number }>;

export type ProblemCode = keyof typeof problemCodes;

/** Something that a person should know or must mend. Without a secret in it, ever. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: "error" | "warning";
  /** The code's fixed words, a colon, and a full sentence. */
  readonly message: string;
  /** The next step. */
  readonly hint?: string;
  readonly place?: Place;
  /** Names of the environments that it is about, where a run has several and it is not about all of them. */
  readonly environments?: readonly string[];
}

export interface ProblemDetail {
  readonly hint?: string | undefined;
  readonly place?: Place;
}

/** An error: the run cannot do what was asked. `detail` is a full sentence with names. */
export function error(code: ProblemCode, detail: string, { hint, place }: ProblemDetail = {}): Problem {
  return make("error", code, detail, hint, place);
}

/** A warning: the run goes on. */
export function warning(code: ProblemCode, detail: string, { hint, place }: ProblemDetail = {}): Problem {
  return make("warning", code, detail, hint, place);
}

function make(
  severity: Problem["severity"],
  code: ProblemCode,
  detail: string,
  hint: string | undefined,
  place: Place | undefined,
): Problem {
  const message = `${problemCodes[code].title}: ${detail}`;
  return {
    code,
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { place }),
  };
}

/** What a problem says behind its code's fixed words. */
export function detailOf({ code, message }: Problem): string {
  const words = `${problemCodes[code].title}: `;
  return message.startsWith(words) ? message.slice(words.length) : message;
}

export function isError(problem: Problem): boolean {
  return problem.severity === "error";
}

export function asWarning(problem: Problem): Problem {
  return { ...problem, severity: "warning" };
}

/** The order in which problems are shown: those with a place first, by file, line and column; then the others as they came. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((left, right) => {
    if (left.place === undefined || right.place === undefined) {
      return Number(left.place === undefined) - Number(right.place === undefined);
    }
    if (left.place.file !== right.place.file) return left.place.file < right.place.file ? -1 : 1;
    return left.place.line - right.place.line || left.place.column - right.place.column;
  });
}

/** The problems of several environments as those of one run: what is wrong in several of them is told once. */
export function together(
  found: readonly { readonly environment: string; readonly problems: readonly Problem[] }[],
): readonly Problem[] {
  const [only, ...more] = found;
  if (only === undefined || more.length === 0) return only?.problems ?? [];
  const parts = found.map(({ environment, problems }) => ({ environment, items: problems }));
  return toldOnce(parts).map(({ item, environments }) =>
    environments.length === found.length ? item : { ...item, environments },
  );
}

/** What several environments have in common once, with their names; in the order in which it first comes. */
export function toldOnce<T>(
  found: readonly { readonly environment: string; readonly items: readonly T[] }[],
): readonly { readonly item: T; readonly environments: readonly string[] }[] {
  const told = new Map<string, { readonly item: T; readonly environments: Set<string> }>();
  for (const { environment, items } of found) {
    for (const item of items) {
      const key = JSON.stringify(item);
      const known = told.get(key) ?? { item, environments: new Set() };
      known.environments.add(environment);
      told.set(key, known);
    }
  }
  return [...told.values()].map(({ item, environments }) => ({ item, environments: [...environments] }));
}

/** A text as a full sentence: with a full stop unless it ends in some stop already. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A text as one word of a shell's command line, for hints that somebody copies. */
export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A mistake of ours. It is never caught to go on: the run ends, and says so. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/**
 * A mistake of ours as a problem, without the lines that say where in the code.
 *
 * @param withhold - gives the words, or others in their place if they may repeat a secret
 */
export function bugProblem(cause: unknown, withhold: (text: string) => string): Problem {
  const hint = "this is a bug in flexprice-sync; please report it with the lines above.";
  return error("INTERNAL.BUG", sentence(withhold(messageOf(cause))), { hint });
}

/** What a thrown value says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** For the end of a `switch` over a union: reached only when a member was forgotten. */
export function assertNever(value: never): never {
  throw new Bug(`unexpected ${JSON.stringify(value)}`);
}
