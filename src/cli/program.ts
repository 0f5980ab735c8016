import { Command, Option } from "commander";
import type { MostChanges } from "../apply/policy.js";
import { DEFAULT_FOLDER } from "../load/files.js";
import { SETTINGS_FILE } from "../model/settings.js";
import type { SecretsToWrite } from "../plan/select.js";
import { exitCodes } from "./exit-code.js";
import {
  collect,
  collectGlobs,
  collectSecrets,
  duration,
  filePath,
  mostChanges,
  numberFrom,
  plainWord,
  SCHEMA_NAMES,
  type SchemaName,
  type Shard,
  schemaName,
  seconds,
  secretKey,
  shard,
} from "./option-values.js";
import {
  type CommandOptions,
  type CommonOptions,
  DEFAULT_PARALLELISM,
  DEFAULT_SANDBOX_PORT,
  DEFAULT_TIMEOUT_SECONDS,
  type ReconcileOptions,
  type SandboxOptions,
  type SiteOptions,
} from "./options.js";

type Values = Readonly<Record<string, unknown>>;

/**
 * The commands with their options and help.
 *
 * @param found - told what a command line asks for, when it is parsed
 */
export function buildProgram(version: string, found: (options: CommandOptions) => void): Command {
  const program = new Command("flexprice-sync")
    .description("Keeps the connections of a Flexprice environment equal to YAML files in git.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError(false)
    .addHelpText("after", `\nVariables:\n${variablesHelp}\n\nExit codes:\n${exitCodesHelp()}`);

  const reconcileCommand = (name: ReconcileOptions["command"], summary: string) =>
    sited(program.command(name).description(summary))
      .option(
        "-d, --dir <dir>",
        `folder with definitions, repeatable, in place of those of the settings (default: ${DEFAULT_FOLDER})`,
        collect,
      )
      .option("--require-env", "every variable that any definition names must be set and not empty");

  const validate = reconcileCommand("validate", "Reads and checks definitions; needs no network and no key.")
    .argument("[path...]", "folders or files to check instead of --dir", collect)
    .action((paths: readonly string[] | undefined) =>
      found(reconcileOptions("validate", validate.opts(), paths ?? [])),
    );

  const plan = limited(planning(reconcileCommand("plan", "Shows what apply would do; reads only.")))
    .option("--detailed-exitcode", "exit with 2 when there are changes or blocked items")
    .option("--out <file>", "save the plan in this file, for apply to carry out", filePath)
    .option(
      "--expires <duration>",
      "how long the saved plan is good, from 1s to 366d, as 90m, 1h30m or 7d (default: 24h)",
      duration,
    )
    .action(() => found(reconcileOptions("plan", plan.opts(), [])));

  const apply = writing(
    planning(reconcileCommand("apply", "Makes the service equal to the definitions; writes only what differs.")),
  )
    .option(
      "--recover <file>",
      "finish a replace whose create failed, from the file that it left, and nothing else",
      filePath,
    )
    .argument(
      "[plan]",
      "file of plan --out: carries out that plan and nothing else, without asking; --only, --replace and the like are in it",
      filePath,
    )
    .action((plan: string | undefined) => {
      const options = reconcileOptions("apply", apply.opts(), []);
      found(plan === undefined ? options : { ...options, planFile: plan });
    });

  const prune = writing(
    networked(
      sited(
        program
          .command("prune")
          .description("Archives connections that carry our owner's stamp and that no definition claims."),
      ),
    ),
  ).action(() => found(reconcileOptions("prune", prune.opts(), [])));

  const pull = networked(
    sited(
      program
        .command("pull")
        .description("Writes definitions of the connections that the service has, secrets as references; reads only."),
    ),
  )
    .option("-d, --dir <dir>", "folder to write into (default: the environment's own folder)", collect)
    .option("--force", "write over files that differ")
    .action(() => {
      const values = pull.opts();
      const paths = (values["dir"] as readonly string[] | undefined) ?? [];
      found({ ...siteOptions(values, paths), command: "pull", force: values["force"] === true });
    });

  const init = networked(
    program
      .command("init")
      .description("Starts a repository: settings, folder, .env.example and a GitHub workflow; what is there stays."),
  )
    .option("-d, --dir <dir>", `folder for definitions (default: ${DEFAULT_FOLDER})`, collect)
    .option("-e, --env <pattern>", "with --pull: environments of settings that are there already", collectGlobs)
    .option("--pull", "also write definitions of what the service has; reads only")
    .action(() => {
      const values = init.opts();
      const paths = (values["dir"] as readonly string[] | undefined) ?? [];
      found({ ...siteOptions(values, paths), command: "init", pull: values["pull"] === true });
    });

  const doctor = networked(
    sited(
      program
        .command("doctor")
        .description(
          "Looks at settings, variables, key, environment, clock and service, and says what to do; reads only.",
        ),
    ),
  )
    .option(
      "-d, --dir <dir>",
      `folder with definitions, repeatable, in place of those of the settings (default: ${DEFAULT_FOLDER})`,
      collect,
    )
    .action(() => {
      const values = doctor.opts();
      const paths = (values["dir"] as readonly string[] | undefined) ?? [];
      found({ ...siteOptions(values, paths), command: "doctor" });
    });

  const keygen = program
    .command("keygen")
    .description("Prints a new key for FLEXPRICE_SYNC_FINGERPRINT_KEY.")
    .action(() => found({ ...commonOptions(keygen.opts()), command: "keygen" }));

  const sandbox = program
    .command("sandbox")
    .description("Runs a local server with the connections API, traps included; ends with Ctrl-C.")
    .option("--port <n>", "port on 127.0.0.1; 0 takes a free one", numberFrom(0, 65535), DEFAULT_SANDBOX_PORT)
    .option("--key <k>", "API key that the server takes (default: one made up)", secretKey)
    .option("--environment-id <id>", "environment that the key is bound to (default: one made up)", plainWord)
    .option("--seed <file>", "JSON or YAML file with what exists at the start", filePath)
    .action(() => found(sandboxOptions(sandbox.opts())));

  const schema = program
    .command("schema")
    .description("Prints a JSON Schema in one self-contained document.")
    .argument("[name]", `one of ${SCHEMA_NAMES.join(", ")}`, schemaName, "connection")
    .action((name: SchemaName) => found({ ...commonOptions(schema.opts()), command: "schema", name }));

  for (const command of [validate, plan, apply, pull, prune, doctor, init, sandbox, keygen, schema]) common(command);
  return program;
}

function common(command: Command): Command {
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
function sited(command: Command): Command {
  return command
    .option("-c, --config <file>", `settings file (default: ${SETTINGS_FILE}, if it is there)`, filePath)
    .option("-e, --env <pattern>", "environments of the settings, globs allowed, repeatable", collectGlobs);
}

function networked(command: Command): Command {
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
    .option("--timeout <seconds>", `for one request (default: ${DEFAULT_TIMEOUT_SECONDS})`, seconds);
}

/** What a command that writes takes. */
function writing(command: Command): Command {
  return limited(command)
    .option("--yes", "write without asking")
    .option("--fail-fast", "begin nothing more after the first failure")
    .option(
      "--allow-dangerous",
      "with --yes: also dangerous changes of protected connections, replaced and archived connections",
    );
}

function limited(command: Command): Command {
  return command.option(
    "--max-changes <n|n%>",
    "refuse more changes of one environment than this, or than this share of its definitions; plan only says so",
    mostChanges,
  );
}

function planning(command: Command): Command {
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

function reconcileOptions(
  command: ReconcileOptions["command"],
  values: Values,
  paths: readonly string[],
): ReconcileOptions {
  const named = paths.length > 0 ? paths : ((values["dir"] as readonly string[] | undefined) ?? []);
  return {
    ...siteOptions(values, named),
    command,
    only: (values["only"] as readonly string[] | undefined) ?? [],
    requireEnv: values["requireEnv"] === true,
    detailedExitcode: values["detailedExitcode"] === true,
    ...(values["maxChanges"] === undefined ? {} : { maxChanges: values["maxChanges"] as MostChanges }),
    yes: values["yes"] === true,
    failFast: values["failFast"] === true,
    allowDangerous: values["allowDangerous"] === true,
    writeSecrets: (values["writeSecrets"] as SecretsToWrite | undefined) ?? "none",
    adopt: values["adopt"] === true,
    assumeSecrets: values["assumeSecrets"] === true,
    replaces: (values["replace"] as readonly string[] | undefined) ?? [],
    ...text("out", values),
    ...(values["expires"] === undefined ? {} : { expiresInMs: values["expires"] as number }),
    ...(typeof values["recover"] === "string" ? { recoveryFile: values["recover"] } : {}),
  };
}

/** Where a command goes. @param paths - folders and files with definitions that it names */
function siteOptions(values: Values, paths: readonly string[]): SiteOptions {
  const timeout = values["timeout"] as number | undefined;
  return {
    ...commonOptions(values),
    ...text("config", values),
    env: (values["env"] as readonly string[] | undefined) ?? [],
    ...(values["shard"] === undefined ? {} : { shard: values["shard"] as Shard }),
    paths,
    ...text("baseUrl", values),
    ...text("environmentId", values),
    ...(values["parallelism"] === undefined ? {} : { parallelism: values["parallelism"] as number }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.ceil(timeout * 1000) }),
  };
}

function sandboxOptions(values: Values): SandboxOptions {
  return {
    ...commonOptions(values),
    command: "sandbox",
    port: values["port"] as number,
    ...text("key", values),
    ...text("environmentId", values),
    ...text("seed", values),
  };
}

function commonOptions(values: Values): CommonOptions {
  return {
    json: values["json"] === true,
    color: values["color"] as CommonOptions["color"],
    progress: values["progress"] === true,
    quiet: values["q"] === true,
    verbose: values["v"] === true,
    debug: values["debug"] === true,
  };
}

function text<Key extends string>(key: Key, values: Values): { readonly [name in Key]?: string } {
  const value = values[key];
  return (typeof value === "string" ? { [key]: value } : {}) as { readonly [name in Key]?: string };
}

const variablesHelp = [
  "  FLEXPRICE_API_KEY         key of the environment (sk_…)",
  "  FLEXPRICE_BASE_URL        address of the service, such as https://us.api.flexprice.io/v1",
  "  FLEXPRICE_ENVIRONMENT_ID  the environment you mean; strongly advised: another one is refused",
  "  FLEXPRICE_ALLOWED_HOSTS   hosts that the settings may name beyond flexprice.io and this machine, comma-separated",
  "  FLEXPRICE_SYNC_OWNER      whose definitions these are; connections of another owner are refused",
  "  FLEXPRICE_SYNC_STAMP      off: neither read nor write the stamps that tell what is ours",
  "  FLEXPRICE_SYNC_FINGERPRINT_KEY           key that tells changed secrets; keygen makes one",
  "  FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS  the key before it, while it is being exchanged",
  "  NAME_FILE                 for each of these and any ${NAME} in a definition: read it from this file",
  "  NO_COLOR, CI              no colour; no questions",
].join("\n");

function exitCodesHelp(): string {
  return [...exitCodes]
    .sort((left, right) => left.code - right.code)
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join("\n");
}
