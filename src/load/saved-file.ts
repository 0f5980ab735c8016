import { type Validator, validatePlan, validateRecovery } from "../generated/validators.js";
import { isDeeperThan, isObject, type JsonObject, ownValue } from "../model/json.js";
import { error, messageOf, type Problem, sentence } from "../model/problem.js";
import { RECOVERY_FORMAT, type RecoveryDocument } from "../model/recovery.js";
import { PLAN_FORMAT, type SavedPlan } from "../model/saved-plan.js";
import { isSealed } from "../state/seal.js";
import type { Files } from "./files.js";

/** Bytes of a saved file that are read: a plan of ten thousand definitions has about 20 MB. */
export const LARGEST_SAVED_FILE = 64 * 1024 * 1024;

/** Deepest nesting that is read: metadata are no deeper, and everything behind it walks values by recursion. */
const DEEPEST = 250;

/** A file that an earlier run has written, or why it cannot be used. */
export type ReadFile<T> =
  | { readonly document: T; readonly problem?: undefined }
  | { readonly document?: undefined; readonly problem: Problem };

/** A saved plan. */
export function readPlan(path: string, files: Files): ReadFile<SavedPlan> {
  return readSaved<SavedPlan>(path, files, {
    format: "flexprice-sync plan",
    version: PLAN_FORMAT,
    isRight: validatePlan,
    origin: "plan --out FILE writes one; definitions are named with --dir.",
    again: "take the file as plan --out wrote it, or run plan --out again.",
    older: "use the version of flexprice-sync that wrote it, or plan again with this one.",
  });
}

/** What a replace has left. */
export function readRecovery(path: string, files: Files): ReadFile<RecoveryDocument> {
  return readSaved<RecoveryDocument>(path, files, {
    format: "flexprice-sync recovery",
    version: RECOVERY_FORMAT,
    isRight: validateRecovery,
    origin: "--recover takes the flexprice-sync-recovery-….json that a replace left in the folder where it ran.",
    again:
      "take the file as the replace wrote it; where that is lost, create the connection and put there by hand what the file says.",
    older: "use the version of flexprice-sync that wrote it to finish the replace.",
  });
}

interface Kind {
  readonly format: string;
  readonly version: string;
  readonly isRight: Validator;
  readonly origin: string;
  /** What to do about one that was altered. */
  readonly again: string;
  /** What to do about one of another version. */
  readonly older: string;
}

const otherKinds: Readonly<Record<string, { readonly format: string; readonly words: string; readonly use: string }>> =
  {
    "flexprice-sync plan": {
      format: "flexprice-sync plan",
      words: "saved plan",
      use: "flexprice-sync apply FILE carries out a saved plan.",
    },
    "flexprice-sync recovery": {
      format: "flexprice-sync recovery",
      words: "recovery file",
      use: "flexprice-sync apply --recover FILE finishes what a recovery file is of.",
    },
  };

function readSaved<T>(path: string, files: Files, kind: Kind): ReadFile<T> {
  const { format, version, isRight, origin, again, older } = kind;
  const file = files.shown(path);
  const unreadable = (why: string): ReadFile<T> => {
    return { problem: error("LOAD.UNREADABLE", sentence(`${file} cannot be read: ${why}`), { hint: origin }) };
  };
  if (files.kindOf(path) === "missing") return unreadable("there is no such file");
  if (files.kindOf(path) === "folder") return unreadable("it is a folder");
  let text: string;
  try {
    text = new TextDecoder().decode(files.read(path, LARGEST_SAVED_FILE));
  } catch (cause) {
    return unreadable(messageOf(cause));
  }
  const data = parsed(text);
  const said = ownValue(data ?? {}, "format");
  const other = typeof said === "string" ? ownValue(otherKinds, said) : undefined;
  if (other !== undefined && other.format !== format)
    return {
      problem: error(
        "STALE.ALTERED",
        `${file} is a ${other.words}, not a ${ownValue(otherKinds, format)?.words ?? format}.`,
        { hint: other.use },
      ),
    };
  if (data === undefined || said !== format) {
    const detail = `${file} is no ${format}, or it was altered or cut since it was written.`;
    return { problem: error("STALE.ALTERED", detail, { hint: origin }) };
  }
  const written = ownValue(data, "format_version");
  if (written !== version) {
    const shown = typeof written === "string" ? written.slice(0, 20) : "unknown";
    const detail = `${file} has the format ${shown}, and this version of flexprice-sync reads ${version}.`;
    return { problem: error("STALE.OTHER_FORMAT", detail, { hint: older }) };
  }
  if (isDeeperThan(data, DEEPEST) || !isRight(data) || !isSealed(data)) {
    const detail = `${file} is not as it was written: its digest does not fit.`;
    return { problem: error("STALE.ALTERED", detail, { hint: again }) };
  }
  return { document: data as unknown as T };
}

function parsed(text: string): JsonObject | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return isObject(data) ? data : undefined;
  } catch {
    return undefined;
  }
}
