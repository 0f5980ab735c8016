import type { Catalogue } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { Bug } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import { type SavedPlan, savedFor } from "../model/saved-plan.js";
import type { KnownSecrets } from "../model/secret.js";
import type { StampSettings } from "../model/stamp.js";
import { askedByRecovery } from "./recover.js";
import type { Asked, PresentTarget } from "./request.js";
import { type SecretsToWrite, select, selectForSecrets, selectOnes } from "./select.js";
import { elsewhere, recognise, requestOfPlan, staleOffline, staleSecrets } from "./stale.js";
import { staleOnline } from "./verdict.js";

/** What options ask for. */
export interface AskingOptions {
  readonly only: readonly string[];
  readonly writeSecrets: SecretsToWrite;
  readonly adopt: boolean;
  readonly assumeSecrets: boolean;
  readonly replaces: readonly string[];
}

export interface Asking {
  readonly options: AskingOptions;
  /** Which one this is about. */
  readonly environment: string;
  readonly plan?: SavedPlan;
  readonly recovery?: RecoveryDocument;
  /** Absent when it could not be made out. */
  readonly target?: PresentTarget;
  readonly stamps: StampSettings;
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
  readonly newSalt: () => string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Makes out what is asked for. */
export function askedFor(desired: readonly Desired[], asking: Asking): Asked {
  if (asking.plan !== undefined) return askedByPlan(desired, asking.plan, asking);
  const asked = askedByOptions(desired, asking);
  return asking.recovery === undefined
    ? asked
    : askedByRecovery(asked, asking.recovery, asking.target, asking.catalogue);
}

function askedByOptions(desired: readonly Desired[], { options, stamps, newSalt }: Asking): Asked {
  const { only, writeSecrets, adopt, assumeSecrets, replaces } = options;
  const chosen = select(desired, only);
  const forSecrets = selectForSecrets(chosen.selected, writeSecrets);
  const forReplacing = selectOnes(chosen.selected, replaces, (name) => `--replace ${name}`);
  return {
    desired,
    selected: chosen.selected,
    request: {
      stamps,
      adopts: adopt,
      assumesSecrets: assumeSecrets,
      writesSecretsOf: forSecrets.selected,
      namesSecrets: Array.isArray(writeSecrets),
      replaces: forReplacing.selected,
      isAskedAbout: () => true,
      saltFor: newSalt,
    },
    isConsented: false,
    problems: [...chosen.problems, ...forSecrets.problems, ...forReplacing.problems],
    elsewhere: () => [],
    stale: () => [],
  };
}

function askedByPlan(desired: readonly Desired[], plan: SavedPlan, asking: Asking): Asked {
  const { stamps, knownSecrets, newSalt, target, nowMs, environment } = asking;
  const saved = savedFor(plan, environment);
  if (saved === undefined) throw new Bug(`the saved plan has nothing for ${environment}`);
  const { positions, problems } = recognise(saved, desired);
  const { selected, request } = requestOfPlan(plan, saved, positions, stamps, newSalt);
  return {
    desired,
    selected,
    request,
    isConsented: true,
    problems: [
      ...staleOffline(plan, saved, target, stamps.keys, nowMs),
      ...problems,
      ...staleSecrets(plan, saved, positions, stamps.keys, knownSecrets),
    ],
    elsewhere: (environmentId) => elsewhere(saved, environmentId),
    stale: (present) => staleOnline(plan, saved, positions, present),
  };
}
