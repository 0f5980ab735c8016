import { DEFAULT_FOLDER } from "../load/files.js";
import { error, isError, sentence } from "../model/problem.js";
import { SETTINGS_FILE } from "../model/settings.js";
import { type ExitCode, exitCodeOfProblems } from "../report/exit-code.js";
import { pullText } from "../report/pull.js";
import { printable } from "../report/text.js";
import type { Variables } from "../secrets/variables.js";
import { type SetUp, setUp } from "../setup/setting-up.js";
import { badOwner } from "../setup/stamp-variables.js";
import type { InitOptions } from "./options.js";
import type { Output } from "./output.js";
import { toldTargets } from "./pull-command.js";
import { pullInto, type Written } from "./pulling.js";
import { RepositoryFiles } from "./repository-files.js";
import { folderText, IGNORED, type Started, settingsText, WORKFLOW_FILE, workflowText } from "./starting-files.js";
import type { TerminalInFolder } from "./terminal.js";

interface InitFile {
  readonly file: string;
  readonly status: "written" | "added-to" | "kept" | "not-written";
}

const nothingPulled: Written = { targets: [], others: [], variables: [], problems: [] };

/** `init`: the files that a repository of definitions begins with; nothing that is there is written over. */
export async function initCommand(options: InitOptions, terminal: TerminalInFolder, output: Output): Promise<ExitCode> {
  const { workingFolder } = terminal;
  if (options.paths.length > 1) {
    const hint = "name one folder with --dir.";
    output.failure("init", [error("USAGE.CONFLICT", "init begins one folder, and several are named.", { hint })], 64);
    return 64;
  }
  const written = new RepositoryFiles(workingFolder);
  // Before there are settings the variables alone say where the service is.
  const before = setUp({ ...options, command: "pull" }, terminal, { isOffline: !options.pull });
  const started: Started = startedBy(options, before);
  const files: InitFile[] = [];
  const begin = (file: string, text: string) => {
    const isThere = written.isThere(file);
    const isDone = isThere ? written.keeps(file) : written.write(file, text);
    files.push({ file, status: !isDone ? "not-written" : isThere ? "kept" : "written" });
  };
  const wasThere = new Set([".env.example", ".gitignore"].filter((file) => written.isThere(file)));
  const add = (made: readonly string[]) => {
    for (const file of made) {
      const isKnown = files.some((one) => one.file === file);
      if (!isKnown) files.push({ file, status: wasThere.has(file) ? "added-to" : "written" });
    }
  };
  const pulled =
    options.pull && !before.problems.some(isError)
      ? await pullInto(before, { ...options, command: "pull", force: false }, written, output)
      : { ...nothingPulled, problems: options.pull ? before.problems : [] };
  // A run that was ended begins no files either.
  if (pulled.problems.some(({ code }) => code.startsWith("RUN."))) {
    const ended = exitCodeOfProblems(pulled.problems);
    output.failure("init", pulled.problems, ended);
    return ended;
  }
  const seen = pulled.targets[0]?.seen;
  const environmentId = seen?.isConfirmed === true ? seen.environmentId : null;
  begin(SETTINGS_FILE, settingsText({ ...started, ...(environmentId === null ? {} : { environmentId }) }));
  begin(`${started.folder}/README.md`, folderText());
  add(pulled.others);
  add(written.addVariables(".env.example", started.variables));
  add(written.addLines(".gitignore", IGNORED));
  add(written.writeSchemas(""));
  begin(WORKFLOW_FILE, workflowText(pulled.variables, started));
  const owner = before.variables.lookUp("FLEXPRICE_SYNC_OWNER");
  const wrong = owner.state === "set" ? badOwner(owner.value, "FLEXPRICE_SYNC_OWNER") : undefined;
  const all = [...pulled.problems, ...written.problems, ...(wrong === undefined ? [] : [wrong])];
  const problems = all.filter(({ code, message }, at) => {
    return all.findIndex((one) => one.code === code && one.message === message) === at;
  });
  const exitCode = exitCodeOfProblems(problems);
  output.told(
    { command: "init", targets: toldTargets(pulled), problems },
    `${pulled.targets.length > 0 ? `${pullText(pulled.targets, output.outPaint())}\n` : ""}${initText(files)}`,
    exitCode,
    { init: { files } },
  );
  if (!options.quiet && exitCode === 0) output.note(nextSteps(started, before.variables, options.pull));
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
  const named = of("FLEXPRICE_SYNC_OWNER");
  const owner = named !== undefined && badOwner(named, "") === undefined ? named : undefined;
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

function nextSteps({ baseUrl }: Started, { lookUp }: Variables, isPulled: boolean): string {
  if (isPulled) return "Next: look at the definitions, run flexprice-sync doctor and then flexprice-sync plan.\n";
  const first = baseUrl === undefined ? `look at base_url in ${SETTINGS_FILE}, ` : "";
  const key = lookUp("FLEXPRICE_API_KEY").state === "set" ? "" : "set FLEXPRICE_API_KEY, ";
  return `Next: ${first}${key}run flexprice-sync doctor, and then flexprice-sync pull for what is there already.\n`;
}
