import type { Place } from "./location.js";

/** The settings file that is read where none is named, if it is there. */
export const SETTINGS_FILE = "flexprice-sync.yaml";

/** Name of the environment that there is without a settings file. */
export const ONLY_ENVIRONMENT = "default";

/** What a settings file and the files that it includes say. */
export interface Settings {
  /** As the user would type it. */
  readonly file: string;
  /** Where its paths start: as a part of a path, empty for the working folder. */
  readonly folder: string;
  readonly owner?: SettingText;
  readonly stamp?: boolean;
  readonly defaults: Defaults;
  /** Sorted by name; empty where the file is about the one environment that the variables name. */
  readonly environments: readonly EnvironmentSettings[];
  /** For the one environment that the variables name. */
  readonly assumeUpdatable: readonly string[];
  /** Where its definitions are: the usual folder beside the file. */
  readonly usualPaths: readonly string[];
}

export interface Defaults {
  readonly parallelism?: number;
  readonly timeoutSeconds?: number;
  readonly deadlineSeconds?: number;
  /** A number, or a share such as `10%`. */
  readonly maxChanges?: string;
}

/** A text that may turn out wrong, with where it stands. */
export interface SettingText {
  readonly text: string;
  readonly place: Place;
}

/** One environment, with what the top of the file says for all where it says nothing itself. */
export interface EnvironmentSettings {
  readonly name: string;
  /** Of its name; absent without a settings file. */
  readonly place?: Place;
  readonly baseUrl?: SettingText;
  /** The variable that holds the key, in `text`. */
  readonly apiKey?: SettingText;
  readonly environmentId?: SettingText;
  /** Folders and files with definitions, relative to the working folder. */
  readonly connections: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly owner?: SettingText;
  readonly stamp?: boolean;
  /** Credentials that this server can change although servers as we know them cannot: `provider.field`. */
  readonly assumeUpdatable: readonly string[];
}
