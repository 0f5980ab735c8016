import { DEFAULT_FOLDER } from "../load/files.js";
import { type Problem, sentence } from "../model/problem.js";
import { SETTINGS_FILE } from "../model/settings.js";
import { pullText } from "../report/pull.js";
import { printable } from "../report/text.js";
import type { ExitCode } from "./exit-code.js";
import type { InitOptions } from "./options.js";
import type { Output } from "./output.js";
import { exitCodeOfPull, toldTargets } from "./pull-command.js";
import { pullInto, type Written } from "./pulling.js";
import { RepositoryFiles } from "./repository-files.js";
import { noWorkingFolder, type SetUp, setUp } from "./setting-up.js";
import { folderText, IGNORED, type Started, settingsText, WORKFLOW_FILE, workflowText } from "./starting-files.js";
import type { Terminal } from "./terminal.js";

interface InitFile {
  readonly file: string;
  readonly status: "written" | "added-to" | "kept" | "not-written";
}

const nothingPulled: Written = { targets: [], others: [], variables: [], problems: [] };

/** `init`: the files that a repository of definitions begins with; nothing that is there is written over. */
export async function initCommand(options: InitOptions, terminal: Terminal, output: Output): Promise<ExitCode> {
  const { workingFolder } = terminal;
  if (workingFolder === undefined) {
    output.failure(options.command, [noWorkingFolder], 3);
    return 3;
  }
  const written = new RepositoryFiles(workingFolder);
  // Before there are settings the variables alone say where the service is.
  const before = setUp({ ...options, command: "pull" }, { ...terminal, workingFolder }, { isOffline: !options.pull });
  const started: Started = startedBy(options, before);
  const files: InitFile[] = [];
  const begin = (file: string, text: string) => {
    const isThere = written.read(file) !== undefined;
    files.push({ file, status: isThere ? "kept" : written.write(file, text) ? "written" : "not-written" });
  };
  const add = (file: string, made: readonly string[], wasThere: boolean) => {
    if (made.length > 0) files.push({ file, status: wasThere ? "added-to" : "written" });
  };
  const pulled =
    options.pull && !before.problems.some(({ severity }) => severity === "error")
      ? await pullInto(before, { ...options, command: "pull", force: false }, written, output)
      : { ...nothingPulled, problems: options.pull ? before.problems : [] };
  const seen = pulled.targets[0]?.seen;
  const environmentId = seen?.isConfirmed === true ? seen.environmentId : null;
  begin(SETTINGS_FILE, settingsText({ ...started, ...(environmentId === null ? {} : { environmentId }) }));
  begin(`${started.folder}/README.md`, folderText());
  const hadExample = written.read(".env.example") !== undefined;
  add(".env.example", written.addVariables(".env.example", started.variables), hadExample);
  const hadIgnore = written.read(".gitignore") !== undefined;
  add(".gitignore", written.addLines(".gitignore", IGNORED), hadIgnore);
  for (const file of written.writeSchemas("")) files.push({ file, status: "written" });
  begin(WORKFLOW_FILE, workflowText(pulled.variables, started));
  const problems: readonly Problem[] = [...new Set([...pulled.problems, ...written.problems])];
  const exitCode = exitCodeOfPull({ problems });
  output.told(
    { command: "init", targets: toldTargets(pulled), problems },
    `${pulled.targets.length > 0 ? `${pullText(pulled.targets, output.outPaint())}\n` : ""}${initText(files)}`,
    exitCode,
    { init: { files } },
  );
  if (!options.quiet && exitCode === 0) output.note(nextSteps(started));
  return exitCode;
}

/** What is known of the target before there are settings. */
function startedBy({ baseUrl, environmentId, paths }: InitOptions, { variables, settings }: SetUp): Started {
  const of = (name: string) => {
    const found = variables.lookUp(name);
    return found.state === "set" ? found.value : undefined;
  };
  const url = baseUrl ?? of("FLEXPRICE_BASE_URL");
  const id = environmentId ?? of("FLEXPRICE_ENVIRONMENT_ID");
  const owner = of("FLEXPRICE_SYNC_OWNER");
  return {
    folder: paths[0] ?? settings?.usualPaths[0] ?? DEFAULT_FOLDER,
    variables: ["FLEXPRICE_API_KEY", "FLEXPRICE_SYNC_FINGERPRINT_KEY"],
    ...(url === undefined ? {} : { baseUrl: url }),
    ...(id === undefined ? {} : { environmentId: id }),
    ...(owner === undefined ? {} : { owner }),
  };
}

function initText(files: readonly InitFile[]): string {
  const words = {
    written: "+ written",
    "added-to": "~ added to",
    kept: "  kept, was there",
    "not-written": "! could not be written",
  };
  const lines = files.map(({ file, status }) => `${words[status]}  ${printable(file)}`);
  const count = (...statuses: readonly InitFile["status"][]) =>
    files.filter(({ status }) => statuses.includes(status)).length;
  return `${[...lines, "", sentence(`Init: ${count("written", "added-to")} written, ${count("kept")} kept`)].join("\n")}\n`;
}

function nextSteps({ baseUrl }: Started): string {
  const first = baseUrl === undefined ? `look at base_url in ${SETTINGS_FILE}, ` : "";
  return `Next: ${first}set FLEXPRICE_API_KEY, and run flexprice-sync doctor; flexprice-sync pull writes what is there already.\n`;
}
