import type { Target } from "../target.js";
import { answers } from "./answers.js";
import { argumentsOfCommands } from "./arguments.js";
import { environment } from "./environment.js";
import { faults, seeds } from "./sandbox.js";
import { plans, recoveries } from "./saved.js";
import { settings } from "./settings.js";
import { stamps } from "./stamps.js";
import { yaml } from "./yaml.js";

/** Everything that takes input from outside. */
export const targets: readonly Target[] = [
  yaml,
  settings,
  plans,
  recoveries,
  stamps,
  answers,
  environment,
  argumentsOfCommands,
  faults,
  seeds,
];
