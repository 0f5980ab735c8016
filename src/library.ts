/**
 * The package as a library: the mission as one function, its parts, and their types. Nothing here touches the process,
 * the console or the network on its own; files, variables and the way to the service are handed in.
 *
 * @packageDocumentation
 */
export type { Answered, ClientParts, ConnectionsApi, WireEvent } from "./api/client.js";
export { connectionsApi } from "./api/client.js";
export type { HttpAnswer, HttpRequest, Send } from "./api/http.js";
export type { Limit } from "./api/limit.js";
export { limitTo } from "./api/limit.js";
export type { Asking, Consent, Proposal } from "./apply/consent.js";
export type { MostChanges } from "./apply/policy.js";
export type { Recoveries } from "./apply/replace.js";
export { catalogue } from "./generated/catalogue.js";
export type { ConnectionDefinition } from "./generated/connection-definition.js";
export type { Files } from "./load/files.js";
export { type Given, type GivenFiles, nothingGiven, readGiven } from "./load/given.js";
export type { Account, AccountApi, EnvironmentFacts } from "./model/account.js";
export type { Catalogue, ProviderFacts } from "./model/catalogue.js";
export type { Json, JsonObject } from "./model/json.js";
export type { Outcome, OutcomeStatus } from "./model/outcome.js";
export type {
  Action,
  Change,
  FieldChange,
  Plan,
  SecretChange,
  SecretState,
  Summary,
  UnclaimedRow,
} from "./model/plan.js";
export { type Problem, type ProblemCode, problemCodes } from "./model/problem.js";
export type { RecoveryDocument } from "./model/recovery.js";
export type { Run, TargetRun } from "./model/run.js";
export type { SavedPlan } from "./model/saved-plan.js";
export { KnownSecrets, Secret } from "./model/secret.js";
export {
  type Connected,
  type EnvironmentRequest,
  type Invocation,
  type ReadingWorld,
  reconcile,
  type Target,
  type World,
} from "./reconcile.js";
export type { Lookup, Variables } from "./secrets/variables.js";
export { variablesOf } from "./secrets/variables.js";
