import type { Declaration } from "../model/connection.js";
import { byText, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import type { Pointer } from "../model/location.js";
import { soleVariable } from "../model/reference.js";
import type { EnvironmentSettings, Settings, SettingText } from "../model/settings.js";

/** A settings file with its included files. */
export interface WrittenSettings {
  readonly main: Declaration;
  readonly included: readonly Declaration[];
  /** Where paths in them start. */
  readonly folder: string;
  /** Where definitions are, unless an environment says otherwise. */
  readonly usualFolder: string;
}

/** Checked settings as data, what the top of the file says for all environments in each of them. */
export function settingsOf({ main, included, folder, usualFolder }: WrittenSettings): Settings {
  const usualPaths = [`${folder}${usualFolder}`];
  const data = main.data as JsonObject;
  const top = commonOf(data, [], main);
  const { parallelism, timeout, deadline, max_changes: maxChanges } = mapAt(data, "defaults");
  const environments = [main, ...included].flatMap((declaration) =>
    Object.entries(mapAt(declaration.data, "environments")).map(([name, written]) =>
      environmentOf(name, written as JsonObject, declaration, { top, folder, usualPaths }),
    ),
  );
  return {
    file: main.origin.file,
    folder,
    ...(top.owner === undefined ? {} : { owner: top.owner }),
    ...(top.stamp === undefined ? {} : { stamp: top.stamp }),
    assumeUpdatable: top.assumeUpdatable ?? [],
    usualPaths,
    defaults: {
      ...(parallelism === undefined ? {} : { parallelism: Number(parallelism) }),
      ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }),
      ...(deadline === undefined ? {} : { deadlineSeconds: Number(deadline) }),
      ...(maxChanges === undefined ? {} : { maxChanges: String(maxChanges) }),
    },
    environments: environments.sort((left, right) => byText(left.name, right.name)),
  };
}

interface Common {
  readonly owner?: SettingText;
  readonly stamp?: boolean;
  readonly assumeUpdatable?: readonly string[];
}

/** What can be said for all environments, and for one of them. */
function commonOf(map: JsonObject, at: Pointer, { origin }: Declaration): Common {
  const owner = ownValue(map, "owner");
  const stamp = ownValue(map, "stamp");
  return {
    ...(typeof owner === "string" ? { owner: { text: owner, place: origin.locate([...at, "owner"], "value") } } : {}),
    ...(typeof stamp === "boolean" ? { stamp } : {}),
    ...(Object.hasOwn(map, "assume_updatable") ? { assumeUpdatable: listAt(map, "assume_updatable").map(String) } : {}),
  };
}

function environmentOf(
  name: string,
  map: JsonObject,
  declaration: Declaration,
  {
    top,
    folder,
    usualPaths,
  }: { readonly top: Common; readonly folder: string; readonly usualPaths: readonly string[] },
): EnvironmentSettings {
  const { origin } = declaration;
  const at: Pointer = ["environments", name];
  const textAt = (key: string): SettingText | undefined => {
    const text = ownValue(map, key);
    return typeof text === "string" ? { text, place: origin.locate([...at, key], "value") } : undefined;
  };
  const baseUrl = textAt("base_url");
  const apiKey = textAt("api_key");
  const environmentId = textAt("environment_id");
  const connections = ownValue(map, "connections");
  const { owner, stamp, assumeUpdatable = [] } = { ...top, ...commonOf(map, at, declaration) };
  return {
    name,
    place: origin.locate(at, "key"),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(apiKey === undefined ? {} : { apiKey: { ...apiKey, text: soleVariable(apiKey.text) ?? "" } }),
    ...(environmentId === undefined ? {} : { environmentId }),
    connections: Array.isArray(connections)
      ? connections.map((path) => (String(path).startsWith("/") ? String(path) : `${folder}${path}`))
      : usualPaths,
    vars: mapAt(map, "vars") as Readonly<Record<string, string>>,
    ...(owner === undefined ? {} : { owner }),
    ...(stamp === undefined ? {} : { stamp }),
    assumeUpdatable,
  };
}

/** A map under a key; an empty one where there is none. */
export function mapAt(value: Json, key: string): JsonObject {
  const map = isObject(value) ? ownValue(value, key) : undefined;
  return isObject(map) ? map : {};
}

/** A list under a key; an empty one where there is none. */
export function listAt(map: JsonObject, key: string): readonly Json[] {
  const list = ownValue(map, key);
  return Array.isArray(list) ? list : [];
}
