import { Argument, Command } from "commander";
import { DEFAULT_FOLDER } from "../load/files.js";
import {
  collect,
  collectGlobs,
  duration,
  faults,
  filePath,
  numberFrom,
  plainWord,
  SCHEMA_NAMES,
  type SchemaName,
  SHELLS,
  type Shell,
  schemaName,
  secretKey,
  shell,
} from "./option-values.js";
import { type CommandOptions, DEFAULT_SANDBOX_PORT, type ReconcileOptions } from "./options.js";
import { commonOptions, reconcileOptions, sandboxOptions, siteOptions } from "./parsed-values.js";
import { common, exitCodesHelp, limited, networked, planning, reporting, sited, writing } from "./program-options.js";

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
      found({ ...siteOptions(values), command: "pull", force: values["force"] === true });
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
      found({ ...siteOptions(values), command: "init", pull: values["pull"] === true });
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
    .action(() => found({ ...siteOptions(doctor.opts()), command: "doctor" }));

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
    .option(
      "--faults <spec>",
      "what goes wrong on purpose, as '429@PUT#6-8, late=500'; docs/sandbox.md has all",
      faults,
    )
    .action(() => found(sandboxOptions(sandbox.opts())));

  const schema = program
    .command("schema")
    .description("Prints a JSON Schema in one self-contained document.")
    .addArgument(oneOf("[name]", "which one", SCHEMA_NAMES, schemaName).default("connection"))
    .action((name: SchemaName) => found({ ...commonOptions(schema.opts()), command: "schema", name }));

  const completion: Command = program
    .command("completion")
    .description("Prints a script with which a shell completes commands, options and names.")
    .addArgument(oneOf("<shell>", "which shell", SHELLS, shell))
    .action((name: Shell) => found({ ...commonOptions(completion.opts()), command: "completion", shell: name }))
    .addHelpText("after", `\nHow to install it:\n${installHelp}`);

  for (const command of [validate, plan, apply]) reporting(command);
  const all = [validate, plan, apply, pull, prune, doctor, init, sandbox, keygen, schema, completion];
  for (const command of all) common(command);
  return program;
}

/** An argument that takes one of a few words; completion knows them, too. */
function oneOf(
  flags: string,
  description: string,
  words: readonly string[],
  parsed: (value: string) => string,
): Argument {
  return new Argument(flags, description).choices(words).argParser(parsed);
}

const installHelp = [
  "  bash  echo 'source <(flexprice-sync completion bash)' >> ~/.bashrc",
  "  zsh   flexprice-sync completion zsh > ~/.zfunc/_flexprice-sync   # a folder of $fpath, named before compinit",
  "  fish  flexprice-sync completion fish > ~/.config/fish/completions/flexprice-sync.fish",
].join("\n");

const variablesHelp = [
  "  FLEXPRICE_API_KEY         key of the environment (sk_…)",
  "  FLEXPRICE_BASE_URL        address of the service, such as https://us.api.flexprice.io/v1",
  "  FLEXPRICE_ENVIRONMENT_ID  the environment you mean; strongly advised: another one is refused",
  "                            (these three stand in for what the settings leave out)",
  "  FLEXPRICE_ALLOWED_HOSTS   hosts that the settings may name beyond flexprice.io and this machine, comma-separated",
  "  FLEXPRICE_SYNC_OWNER      whose definitions these are; connections of another owner are refused",
  "  FLEXPRICE_SYNC_STAMP      off: neither read nor write the stamps that tell what is ours",
  "  FLEXPRICE_SYNC_FINGERPRINT_KEY           key that tells changed secrets; keygen makes one",
  "  FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS  the key before it, while it is being exchanged",
  "  NAME_FILE                 for each of these and any ${NAME} in a definition: read it from this file",
  "  NO_COLOR, CI              no colour; no questions",
  "  HTTPS_PROXY, HTTP_PROXY, NO_PROXY        the proxy on the way out, and what is reached without it; also in small letters",
  "  NODE_EXTRA_CA_CERTS       file with certificates of further authorities; the same as --ca-file",
  "  GITHUB_ACTIONS, GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY, GITHUB_OUTPUT   what GitHub's jobs are told beside the terminal",
].join("\n");
