import { isRecoveryFile, type RecoveryDocument } from "../model/recovery.js";
import type { Files } from "./files.js";
import { readRecovery } from "./saved-file.js";

/** What a replace left that did not come to its end. */
export interface UnfinishedReplace {
  readonly file: string;
  readonly document: RecoveryDocument;
}

/** The recovery files in the working folder. What cannot be read as one is none of ours, and is left alone. */
export function unfinishedReplaces(files: Files): readonly UnfinishedReplace[] {
  let names: readonly string[];
  try {
    names = files.list(".");
  } catch {
    // A folder that may be entered and not listed: then nothing can be found in it either.
    return [];
  }
  return [...names]
    .filter(isRecoveryFile)
    .sort()
    .flatMap((file): readonly UnfinishedReplace[] => {
      const { document } = readRecovery(file, files);
      return document === undefined ? [] : [{ file, document }];
    });
}
