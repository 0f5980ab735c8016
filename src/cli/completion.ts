import type { Command, Option } from "commander";

/** One word that could stand where somebody asks for completion. */
export interface Candidate {
  readonly word: string;
  /** Empty where there is nothing to say. */
  readonly description: string;
}

export interface Completions {
  /** In the order in which they are shown; each begins with what was typed. */
  readonly candidates: readonly Candidate[];
  /** What else the shell itself can offer. */
  readonly paths: "none" | "files" | "folders";
}

/** What the words before say of where names are to be looked for. */
export interface Whereabouts {
  readonly config?: string;
  readonly env: readonly string[];
  readonly dirs: readonly string[];
}

/** Names that only files of the repository tell; asked for when they are needed. */
export interface Names {
  readonly environments: (where: Whereabouts) => readonly string[];
  /** Names of definitions, then their files. */
  readonly definitions: (where: Whereabouts) => readonly Candidate[];
}

/**
 * What could stand in place of the last word.
 *
 * @param words - of the command line behind the program's name; the last one is begun, or empty
 */
export function completionsOf(words: readonly string[], program: Command, names: Names): Completions {
  const last = words.at(-1) ?? "";
  const before = readWords(words.slice(0, -1), program);
  const found = candidatesAt(last, before, program, names);
  const seen = new Set<string>();
  const fits = ({ word }: Candidate) => word.startsWith(last) && !seen.has(word) && seen.add(word);
  return { ...found, candidates: found.candidates.filter(fits) };
}

/** What the words before the last one say. */
interface Before {
  readonly command?: Command;
  /** The option that the next word is the value of. */
  readonly pending?: Option;
  readonly given: readonly Option[];
  readonly where: Whereabouts;
  /** Arguments behind the command that belong to no option. */
  readonly argumentCount: number;
  /** Whether `--` ended the options. */
  readonly isEnded: boolean;
  /** Whether the help of a command is asked for. */
  readonly isHelp: boolean;
}

function readWords(words: readonly string[], program: Command): Before {
  let command: Command | undefined;
  let pending: Option | undefined;
  let isEnded = false;
  let isHelp = false;
  let argumentCount = 0;
  const given: Option[] = [];
  const values = new Map<string, string[]>();
  const note = (option: Option, value: string) => {
    const name = option.long ?? "";
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  for (const word of words) {
    if (pending !== undefined) {
      note(pending, word);
      pending = undefined;
    } else if (!isEnded && word === "--") {
      isEnded = true;
    } else if (!isEnded && /^-[^-]/.test(word)) {
      // Letters of several options may stand together; the first one that takes a value takes the rest.
      for (let at = 1; at < word.length && pending === undefined; at += 1) {
        const option = optionNamed(`-${word.charAt(at)}`, command);
        if (option === undefined) break;
        given.push(option);
        if (!option.required) continue;
        if (at === word.length - 1) pending = option;
        else note(option, word.slice(at + 1));
        break;
      }
    } else if (!isEnded && word.startsWith("--")) {
      const [name = "", ...rest] = word.split("=");
      const option = optionNamed(name, command);
      if (option === undefined) continue;
      given.push(option);
      if (rest.length > 0) note(option, rest.join("="));
      else if (option.required) pending = option;
    } else if (isHelp) {
      argumentCount += 1;
    } else if (command === undefined && word === "help") {
      isHelp = true;
    } else if (command === undefined) {
      command = program.commands.find((one) => one.name() === word);
      // Behind a word that is no command nothing can be said.
      if (command === undefined) isEnded = true;
    } else {
      argumentCount += 1;
    }
  }
  const config = values.get("--config")?.at(-1);
  return {
    ...(command === undefined ? {} : { command }),
    ...(pending === undefined ? {} : { pending }),
    given,
    where: {
      ...(config === undefined ? {} : { config }),
      env: values.get("--env") ?? [],
      dirs: values.get("--dir") ?? [],
    },
    argumentCount,
    isEnded,
    isHelp,
  };
}

function optionNamed(name: string, command: Command | undefined): Option | undefined {
  return command?.options.find(({ short, long }) => name === long || name === short);
}

const nothing: Completions = { candidates: [], paths: "none" };

function candidatesAt(last: string, before: Before, program: Command, names: Names): Completions {
  const { command, pending, where, isEnded, isHelp, argumentCount } = before;
  if (pending !== undefined) return valuesOf(pending, where, names);
  if (!isEnded && last.startsWith("-")) {
    const equals = last.indexOf("=");
    const option = equals < 0 ? undefined : optionNamed(last.slice(0, equals), command);
    if (option !== undefined) return behindEquals(valuesOf(option, where, names), last.slice(0, equals));
    return { candidates: optionsOf(command, before), paths: "none" };
  }
  if (command !== undefined) return argumentOf(command, argumentCount, isEnded ? [] : optionsOf(command, before));
  if (argumentCount > 0 || isEnded) return nothing;
  const commands = program.commands.map((one) => ({ word: one.name(), description: one.description() }));
  if (isHelp) return { candidates: commands, paths: "none" };
  return { candidates: [...commands, { word: "help", description: "Prints the help of a command." }], paths: "none" };
}

function behindEquals({ candidates, paths }: Completions, option: string): Completions {
  return { candidates: candidates.map((one) => ({ ...one, word: `${option}=${one.word}` })), paths };
}

/** Options that could follow; those that take no value only once. */
function optionsOf(command: Command | undefined, { given }: Before): readonly Candidate[] {
  const general = [
    { word: "--help", description: "print this help" },
    { word: "--version", description: "print the version" },
  ];
  if (command === undefined) return general;
  const open = command.options.filter((option) => option.required || !given.includes(option));
  const own = open.map(({ long, short, description }) => ({ word: long ?? short ?? "", description }));
  return [...own, ...general.slice(0, 1)];
}

/** What an option's value can be, by what it is called in the help. */
function valuesOf(option: Option, where: Whereabouts, names: Names): Completions {
  if (option.argChoices !== undefined) {
    return { candidates: option.argChoices.map((word) => ({ word, description: "" })), paths: "none" };
  }
  switch (option.long) {
    case "--env":
      return { candidates: names.environments(where).map((word) => ({ word, description: "" })), paths: "none" };
    case "--only":
    case "--replace":
    case "--write-secrets":
      return { candidates: names.definitions(where), paths: "none" };
    default:
      return { candidates: [], paths: pathsFor(option.flags) };
  }
}

function pathsFor(placeholder: string): Completions["paths"] {
  if (placeholder.includes("<dir>")) return "folders";
  return /[<[](?:file|path|plan)\b/.test(placeholder) ? "files" : "none";
}

/** What the next argument can be; without one, the options. */
function argumentOf({ registeredArguments }: Command, at: number, options: readonly Candidate[]): Completions {
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[at] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { candidates: options, paths: "none" };
  if (argument.argChoices !== undefined) {
    return { candidates: argument.argChoices.map((word) => ({ word, description: "" })), paths: "none" };
  }
  return { candidates: [], paths: pathsFor(`<${argument.name()}>`) };
}
