import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import type { Observed } from "../../src/model/connection.js";
import type { Problem } from "../../src/model/problem.js";
import type { Run, TargetRun } from "../../src/model/run.js";
import type { PlanRequest } from "../../src/plan/change.js";
import { makePlan } from "../../src/plan/plan.js";
import type { Report } from "../../src/report/report.js";
import { catalogue, desiredOf, json, noSecrets, noStamps, observed } from "./steps.js";

export const TOOL = { name: "flexprice-sync", version: "1.2.3" };

interface TargetFacts extends Partial<TargetRun> {
  readonly variables?: Readonly<Record<string, string>>;
  readonly request?: PlanRequest;
}

/** A Stripe connection with a change that is dangerous, one that is masked and one of type; made of more definitions, of rows for them. */
export function small(
  more = "",
  rows: readonly Observed[] = [],
  variables: Readonly<Record<string, string>> = {},
): TargetRun {
  const text = `name: Stripe
provider_type: stripe
metadata: { note: "\${NOTE}", retries: "3" }
sync_config: { invoice: { outbound: false }, plan: { inbound: true } }
`;
  const row = observed({
    providerType: "stripe",
    name: "Stripe",
    metadata: json({ note: "old", retries: 3 }),
    syncConfig: json({ invoice: { outbound: true } }),
  });
  return targetRun(`${text}${more}`, [row, ...rows], { variables: { NOTE: "n", ...variables } });
}

/** What a plan from these definitions and rows is in a run. */
export function targetRun(
  text: string,
  rows: readonly Observed[],
  { variables = {}, request = noStamps, ...facts }: TargetFacts = {},
): TargetRun {
  const desired = desiredOf(text, variables);
  const { plan } = makePlan(desired, new Set(desired), rows, catalogue, noSecrets, request);
  return {
    environment: "default",
    baseUrl: "https://us.api.flexprice.io/v1",
    environmentId: "env_1",
    isConfirmed: true,
    plan,
    ...facts,
  };
}

/** A report of a run over these environments. */
export function reportOf(
  targets: readonly TargetRun[],
  { exitCode = 0, ...facts }: Partial<Run> & { readonly exitCode?: number } = {},
): Report {
  const problems: readonly Problem[] = [];
  const environments = targets.map(({ environment }) => environment);
  const run = { command: "plan", definitions: 1, files: 1, environments, targets, problems, ...facts };
  return { run, exitCode, tool: TOOL };
}

/** Markdown as GitHub reads it, raw HTML included. */
export function rendered(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

/** Names of the elements in HTML, each once, sorted. */
export function elementsOf(html: string): readonly string[] {
  const names = [...html.matchAll(/<([a-z][^\s/>]*)/gi)].map(([, name = ""]) => name.toLowerCase());
  return [...new Set(names)].sort();
}

/** What a reader of HTML sees: no tags, no comments, entities as what they stand for. */
export function textOf(html: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return html
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<[^>]*>/g, "")
    .replace(/&(#?\w+);/g, (whole, name: string) => {
      if (named[name] !== undefined) return named[name];
      return /^#\d+$/.test(name) ? String.fromCodePoint(Number(name.slice(1))) : whole;
    });
}
