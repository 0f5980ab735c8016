import { type Command, Option } from "commander";
import { SETTINGS_FILE } from "../model/settings.js";
import { exitCodes } from "../report/exit-code.js";
import { DEFAULT_PARALLELISM, DEFAULT_TIMEOUT_SECONDS } from "../setup/options.js";
import {
  collect,
  collectGlobs,
  collectSecrets,
  filePath,
  mostChanges,
  numberFrom,
  seconds,
  shard,
} from "./option-values.js";

/*
 * Options that several commands have, in groups.
 */

/** What every command takes. */
export function common(command: Command): Command {
  return command
    .option("--json", "print one JSON document on stdout, also on failure")
    .addOption(new Option("--color <when>", "colour the output").choices(["auto", "always", "never"]).default("auto"))
    .option("--no-progress", "show no progress")
    .option("-q", "print only the last line, and errors")
    .option("-v", "print one line per request on stderr")
    .option("--debug", "print a redacted trace on stderr")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError(false)
    .addHelpText("after", `\nExit codes:\n${exitCodesHelp()}`);
}

/** Which environments a command is about. */
export function sited(command: Command): Command {
  return command
    .option("-c, --config <file>", `settings file (default: ${SETTINGS_FILE}, if it is there)`, filePath)
    .option("-e, --env <pattern>", "environments of the settings, globs allowed, repeatable", collectGlobs);
}

/** Further reports of a run, beside what it prints. */
export function reporting(command: Command): Command {
  return command
    .option("--json-into <file>", "also write the JSON document into this file, also on failure", filePath)
    .option(
      "--markdown-into <file>",
      "also write a summary for a pull request's comment, at most 65536 bytes",
      filePath,
    )
    .option("--html-into <file>", "also write a page to read, filter and print, all in one file", filePath)
    .option("--sarif-into <file>", "also write the problems as SARIF 2.1.0", filePath);
}

/** How a command reaches the service. */
export function networked(command: Command): Command {
  return command
    .option("--base-url <url>", "the service's address, in place of the settings and of FLEXPRICE_BASE_URL")
    .option(
      "--environment-id <id>",
      "the environment you mean, in place of the settings and of FLEXPRICE_ENVIRONMENT_ID",
    )
    .option(
      "--parallelism <n>",
      `requests in flight to one host, 1 to 256 (default: ${DEFAULT_PARALLELISM})`,
      numberFrom(1, 256),
    )
    .option("--timeout <seconds>", `for one request (default: ${DEFAULT_TIMEOUT_SECONDS})`, seconds)
    .option("--deadline <seconds>", "for the whole run; behind it nothing is begun or repeated", seconds)
    .option("--insecure-http", "allow http: beyond this machine: everybody on the way can read the key")
    .option("--ca-file <file>", "also trust the authorities whose certificates (PEM) are in this file", filePath);
}

/** What a command that writes takes. */
export function writing(command: Command): Command {
  return limited(command)
    .option("--yes", "write without asking")
    .option("--fail-fast", "begin nothing more after the first failure")
    .option(
      "--allow-dangerous",
      "with --yes: also dangerous changes of protected connections, replaced and archived connections",
    );
}

/** How much a command may write. */
export function limited(command: Command): Command {
  return command.option(
    "--max-changes <n|n%>",
    "refuse more changes of one environment than this, or than this share of its definitions; plan only says so",
    mostChanges,
  );
}

/** What plan and apply take. */
export function planning(command: Command): Command {
  return networked(command)
    .option("--only <pattern>", "only definitions of this name or file, globs allowed, repeatable", collectGlobs)
    .option("--shard <i/n>", "a stable share of the environments, counted from 1: 1/4 is the first of four", shard)
    .addOption(writeSecretsOption())
    .option(
      "--adopt",
      "put our stamp on every connection that lacks what it should have, also where another owner's is",
    )
    .option("--assume-secrets", "with --adopt: record the present secrets as those that the service has")
    .option(
      "--replace <name>",
      "archive the connection of the definition with this name or file and create it anew; apply needs --allow-dangerous, or a yes on a terminal; repeatable",
      collect,
    );
}

/** Takes a name after `=` only, so that a word behind it is never swallowed. */
function writeSecretsOption(): Option {
  const words = "send secrets of which nothing tells whether they differ; of all definitions or of one, repeatable";
  const option = new Option("--write-secrets[=name]", words).argParser(collectSecrets);
  option.long = "--write-secrets";
  return option;
}

/** Exit codes with their meaning, for help. */
export function exitCodesHelp(): string {
  return [...exitCodes]
    .sort((left, right) => left.code - right.code)
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join("\n");
}
