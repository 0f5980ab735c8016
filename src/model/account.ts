/** Whom an API key belongs to. */
export interface Account {
  readonly id: string;
  readonly name?: string;
  readonly isService: boolean;
  /** Of its user now; a key has a copy from when it was made. */
  readonly roles: readonly string[];
  readonly tenant: { readonly id: string; readonly name: string; readonly status: string };
}

export interface EnvironmentFacts {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

/** How the service words an error: as it does today, as it did before April 2026, or in no form that is known. */
export type ErrorShape = "present" | "old" | "other";

/** What the service says of a key, its environment and itself. */
export interface AccountApi {
  readonly account: () => Promise<Account>;
  /** An environment; `undefined` where the key may not ask or there is none. */
  readonly environment: (id: string) => Promise<EnvironmentFacts | undefined>;
  /** How it says that there is no such connection; with how far its clock is ahead of ours, in milliseconds, if it says what time it has. */
  readonly manners: () => Promise<{ readonly shape: ErrorShape; readonly skewMs?: number }>;
}

/** What to know where no connection shows which environment a key belongs to. */
export const FIRST_WRITE_SHOWS =
  "nothing has to be done: apply writes its first connection alone and stops if that is elsewhere. If there should be connections, check the key.";
