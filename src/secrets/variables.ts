/** What a variable holds. */
export type Lookup =
  | { readonly state: "set"; readonly value: string }
  | { readonly state: "unset" }
  /** `fromFile`: it is the file behind NAME_FILE that is empty. */
  | { readonly state: "empty"; readonly fromFile: boolean }
  | { readonly state: "unreadable"; readonly cause: string };

/** Bytes of a file that stands for a variable: far more than any credential has. */
export const LARGEST_VARIABLE = 1024 * 1024;

/** Where references get their values. */
export interface Variables {
  readonly lookUp: (name: string) => Lookup;
}

/**
 * The variables of an environment. Where `NAME` is not set but `NAME_FILE` is, the value is that file's content without
 * one final line feed: the convention by which containers hand over secrets.
 *
 * @param environment - name to value; only own properties count
 * @param readFile - the bytes of a file; what it throws makes the variable `unreadable`
 */
export function variablesOf(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string, mostBytes: number) => Uint8Array,
): Variables {
  const own = (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
  return {
    lookUp(name) {
      const value = own(name);
      if (value !== undefined) return value === "" ? { state: "empty", fromFile: false } : { state: "set", value };
      const file = own(`${name}_FILE`);
      if (file === undefined || file === "") return { state: "unset" };
      return readVariable(file, readFile);
    },
  };
}

function readVariable(file: string, readFile: (path: string, mostBytes: number) => Uint8Array): Lookup {
  let text: string;
  try {
    // A byte order mark is kept: the value is what the file holds, byte for byte.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFile(file, LARGEST_VARIABLE));
  } catch (cause) {
    return { state: "unreadable", cause: cause instanceof TypeError ? "it is not UTF-8" : reasonOf(cause) };
  }
  const value = text.endsWith("\n") ? text.slice(0, -1) : text;
  return value === "" ? { state: "empty", fromFile: true } : { state: "set", value };
}

/** Without the path: somebody may have put the secret itself where its file's name belongs. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the reason is not known";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "reading it is not permitted";
  return code ?? cause.message;
}

/** Why a variable has no value, as the beginning of a sentence. */
export function whyMissing(name: string, found: Exclude<Lookup, { state: "set" }>): string {
  if (found.state === "unset") return `${name} is not set`;
  if (found.state === "empty")
    return found.fromFile ? `the file that ${name}_FILE names is empty` : `${name} is set but empty`;
  return `the file that ${name}_FILE names cannot be read: ${found.cause}`;
}
