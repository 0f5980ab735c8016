/** What a variable holds. */
export type Lookup =
  | { readonly state: "set"; readonly value: string }
  | { readonly state: "unset" }
  | { readonly state: "empty" }
  | { readonly state: "unreadable"; readonly file: string; readonly cause: string };

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
      if (value !== undefined) return value === "" ? { state: "empty" } : { state: "set", value };
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
    return { state: "unreadable", file, cause: cause instanceof TypeError ? "it is not UTF-8" : reasonOf(cause) };
  }
  const value = text.endsWith("\n") ? text.slice(0, -1) : text;
  return value === "" ? { state: "empty" } : { state: "set", value };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
