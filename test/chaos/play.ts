import { setTimeout as sleep } from "node:timers/promises";
import type { StoredConnection } from "../../src/sandbox/stored.js";
import type { Asked, Runner, RunnerOf, Told } from "./runner.js";
import { type Edit, type Scenario, scenarioOf, type Turn, type Wanted } from "./scenario.js";
import { type ChaoticService, chaoticService, PERSON } from "./service.js";
import {
  bugs,
  crowding,
  idleWrites,
  isOf,
  leaks,
  lostParts,
  readingOnly,
  twinsIn,
  unfinished,
  untrueOutcomes,
  wrongPrunes,
} from "./truths.js";

/** What came of a seed. */
export interface Played {
  readonly seed: number;
  /** What was not as it must be; empty where all was. */
  readonly wrong: readonly string[];
  /** All that happened, line by line: what is drawn is the same each time, and how fast it goes is not. */
  readonly story: readonly string[];
  readonly counts: Counts;
}

export interface Counts {
  readonly runs: number;
  readonly requests: number;
  readonly faults: number;
  readonly crashes: number;
  readonly writes: number;
}

/** Plays the scenario of a seed to its end, and holds it against all that must be true. */
export async function played(seed: number, runnerOf: RunnerOf): Promise<Played> {
  const scenario = scenarioOf(seed);
  const service = await chaoticService(scenario);
  const runner = runnerOf(scenario, service);
  try {
    return await new Course(scenario, service, runner).toItsEnd();
  } finally {
    runner.close();
    await service.sandbox.close();
  }
}

class Course {
  readonly #scenario: Scenario;
  readonly #service: ChaoticService;
  readonly #runner: Runner;
  readonly #story: string[] = [];
  readonly #wrong: string[] = [];
  #wanted: readonly Wanted[] = [];
  /** All that files have said so far, the latest first. */
  #everWanted: readonly Wanted[] = [];
  readonly #pruned = new Set<string>();
  /** Rows as their owners last left them. */
  #kept: readonly StoredConnection[];
  readonly #counts = { runs: 0, requests: 0, faults: 0, crashes: 0, writes: 0 };

  constructor(scenario: Scenario, service: ChaoticService, runner: Runner) {
    this.#scenario = scenario;
    this.#service = service;
    this.#runner = runner;
    this.#kept = service.sandbox.store.live();
  }

  async toItsEnd(): Promise<Played> {
    const { turns, seed } = this.#scenario;
    for (const [at, turn] of turns.entries()) {
      this.#wanted = turn.wanted;
      this.#runner.wanted = turn.wanted;
      this.#everWanted = [...turn.wanted, ...this.#everWanted];
      for (const edit of turn.edits) this.#edit(edit);
      await this.#turn(turn, `turn ${at + 1} (${turn.step.kind})`);
    }
    this.#service.calm();
    await this.#calmly();
    this.#counts.faults = this.#service.faultsSeen();
    return { seed, wrong: this.#wrong, story: this.#story, counts: this.#counts };
  }

  async #turn({ step }: Turn, where: string): Promise<void> {
    // Who was told that a replace broke off finishes it before anything else.
    for (const left of this.#leftOver()) await this.#run(left, `${where}, recovering`);
    await this.#run({ command: "plan" }, `${where}, plan`);
    switch (step.kind) {
      case "apply":
      case "prune":
        await this.#run({ command: step.kind }, where);
        return;
      case "saved": {
        const file = `plan-${this.#counts.runs}.json`;
        await this.#run({ command: "plan", out: file }, where);
        if (this.#runner.hasFile(file)) await this.#run({ command: "apply", planFile: file }, where);
        return;
      }
      case "replace":
        await this.#run({ command: "apply", replaces: this.#present(step.names) }, where);
        return;
      case "interrupt":
        await this.#run({ command: "apply", ends: step }, where);
        return;
      case "crash": {
        const { afterMs: crashAfterMs, names } = step;
        await this.#run({ command: "apply", crashAfterMs, replaces: this.#present(names) }, where);
      }
    }
  }

  /** No fault from here on: one more run puts everything right. */
  async #calmly(): Promise<void> {
    const { store } = this.#service.sandbox;
    for (const left of this.#leftOver()) await this.#run({ ...left, isCalm: true }, "recovering at the end");
    const last = await this.#run({ command: "apply", isCalm: true }, "the last apply");
    if (last?.exitCode !== 0) this.#say("the last apply", [...(last?.errors ?? []), "did not end with 0"]);
    this.#say("the end", unfinished(store.live(), this.#wanted));
    const plan = await this.#run({ command: "plan", isCalm: true }, "the last plan");
    const { create, update, replace, archive } = plan?.summary ?? {};
    if (`${[create, update, replace, archive]}` !== "0,0,0,0") this.#say("the last plan", ["is not empty"]);
    await this.#run({ command: "apply", isCalm: true }, "one more apply");
    const more = this.#service.log.writes();
    this.#say(
      "one more apply",
      more.map(({ method, path }) => `sent ${method} ${path}`),
    );
  }

  /** One run, and all that must be true of it. */
  async #run(asked: Asked, where: string): Promise<Told | undefined> {
    const { log, sandbox } = this.#service;
    const scenario = this.#scenario;
    const wanted = this.#wanted;
    log.begin();
    const told = await this.#runner.run(asked);
    await log.quiet(sandbox.baseUrl);
    const live = sandbox.store.live();
    this.#tell(where, told);
    this.#counts.runs += 1;
    this.#counts.requests += log.arrivals.length;
    this.#counts.writes += log.written.length;
    if (told === undefined) this.#counts.crashes += 1;
    if (asked.command === "prune") for (const { after } of log.written) this.#pruned.add(after.id);
    this.#say(where, [
      ...crowding(scenario, log),
      ...twinsIn(live, wanted),
      ...(told === undefined ? [] : idleWrites(scenario, log, told.gaveUp)),
      ...this.#lost(live),
      ...(asked.command === "plan" ? readingOnly(log) : []),
      ...(asked.command === "prune" ? wrongPrunes(scenario, log, wanted) : []),
      ...(told === undefined ? [] : [...leaks(told), ...bugs(told)]),
      ...(told === undefined || asked.command === "plan"
        ? []
        : untrueOutcomes(told, { wanted: this.#everWanted, command: asked.command, scenario, log, live })),
    ]);
    await sleep(scenario.settleMs === 0 ? 0 : scenario.settleMs + 50);
    return told;
  }

  #lost(live: readonly StoredConnection[]): readonly string[] {
    const left = new Set(this.#runner.recoveries());
    return this.#kept.flatMap((before) => {
      const claim = this.#everWanted.find((one) => isOf(one, before));
      // It may have been replaced, more than once.
      const successors = this.#all().filter((row) => claim !== undefined && isOf(claim, row));
      // A file that is there still has it: somebody can put it back.
      if (successors.some(({ id }) => left.has(id))) return [];
      const after = live.find((row) => row.id === before.id || successors.includes(row));
      if (after === undefined && successors.some(({ id }) => this.#pruned.has(id))) return [];
      return after === undefined
        ? [`${before.id} is gone, and nothing has what it had`]
        : lostParts(before, after, this.#everWanted);
    });
  }

  #all(): readonly StoredConnection[] {
    return this.#service.sandbox.store.all();
  }

  /** Replaces that broke off behind their DELETE. */
  #leftOver(): readonly Asked[] {
    const live = this.#service.sandbox.store.live();
    return this.#runner.recoveries().flatMap((recovers): readonly Asked[] => {
      const row = this.#all().find(({ id }) => id === recovers);
      const one = row && this.#wanted.find((definition) => isOf(definition, row));
      if (one === undefined || live.some((other) => isOf(one, other))) return [];
      return [{ command: "apply", recovers, only: [one.name] }];
    });
  }

  #present(names: readonly string[]): readonly string[] {
    const live = this.#service.sandbox.store.live();
    return this.#wanted
      .filter((one) => names.includes(one.name) && live.some((row) => isOf(one, row)))
      .map(({ name }) => name);
  }

  #edit({ name, key, value }: Edit): void {
    const { store } = this.#service.sandbox;
    const row = store.live().find((one) => one.name === name);
    if (row === undefined) return;
    const edited = { ...row, metadata: { ...row.metadata, [key]: value }, updatedBy: PERSON };
    store.put(edited);
    this.#kept = this.#kept.map((before) =>
      before.providerType === row.providerType && before.name === row.name
        ? { ...before, metadata: { ...before.metadata, [key]: value } }
        : before,
    );
  }

  #tell(where: string, told: Told | undefined): void {
    this.#story.push(`${where}: ${told?.exitCode ?? "killed"}`);
    for (const { method, path, told: what } of this.#service.log.arrivals)
      this.#story.push(`  ${method} ${path} ${what ?? ""}`);
    for (const { name, action, status } of told?.outcomes ?? []) this.#story.push(`  "${name}" ${action}: ${status}`);
    for (const error of told?.errors ?? []) this.#story.push(`  ${error}`);
    for (const id of this.#runner.recoveries()) this.#story.push(`  there is a recovery file of ${id}`);
  }

  #say(where: string, wrong: readonly string[]): void {
    this.#wrong.push(...wrong.map((one) => `${where}: ${one}`));
  }
}
