import { deepEqual, equal } from "node:assert/strict";
import { type Rule, rule } from "./rule.js";
import type { Body, Service } from "./service.js";

/*
 * Requests that were recorded against the service's own handlers, with the answers and what was stored afterwards. What a
 * recording cannot hold (ids, times, actors, what is set up on the server) stands in it as a name between angle brackets.
 */

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly raw?: string;
  /** The name for the id of the connection that is created. */
  readonly save?: string;
  readonly status: number;
  readonly response: unknown;
  readonly stored?: unknown;
}

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** One rule for every recorded scenario. Where one lists all connections, there must be none but its own. */
export function recorded(scenarios: readonly Scenario[]): readonly Rule[] {
  return scenarios.map(({ name, steps }) =>
    rule(`recorded: ${name}`, async (service) => {
      if (steps.some(isList)) await service.mustBeEmpty();
      await service.mustBeFree(...steps.flatMap(providerOf));
      if (name.includes("marketplace") || name.includes("managed")) await service.mustBeSandbox();
      await replay(service, steps);
    }),
  );
}

function isList({ method, path }: Step): boolean {
  return (method === "GET" && /^\/connections(?:\?|$)/.test(path)) || path === "/connections/search";
}

/** The provider that a step creates a connection of, as far as its body can be read. */
function providerOf({ method, path, body, raw }: Step): readonly string[] {
  if (method !== "POST" || path !== "/connections") return [];
  const text = raw ?? JSON.stringify(body ?? {});
  return [...text.matchAll(/"provider_type"\s*:\s*"(\w+)"/gi)].map(([, provider = ""]) => provider);
}

async function replay(service: Service, steps: readonly Step[]): Promise<void> {
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  for (const [index, step] of steps.entries()) {
    const path = step.path.replaceAll(/<(\w+)>/g, (whole, name: string) => ids.get(name) ?? whole);
    const answer = await service.ask(step.method, path, step.raw ?? step.body);
    const where = `step ${index}: ${step.method} ${step.path} ${step.raw ?? JSON.stringify(step.body) ?? ""}`;
    equal(answer.status, step.status, where);
    const id: unknown = answer.body?.id;
    if (step.save !== undefined && typeof id === "string") {
      ids.set(step.save, id);
      names.set(id, step.save);
    }
    note(names, answer.body);
    deepEqual(named(answer.text === "" ? "" : (answer.body ?? answer.text), names), inOrder(step.response), where);
    if (step.stored === undefined) continue;
    const look = await service.stored(typeof id === "string" ? id : (path.split("/").at(-1) ?? ""));
    if (look === undefined) continue;
    const { secrets, metadata, sync_config } = look;
    deepEqual(named({ secrets, metadata, sync_config }, names), step.stored, `${where}: what is stored`);
  }
}

/** Takes note of what only the answers tell. */
function note(names: Map<string, string>, body: Body): void {
  for (const row of [body, ...(Array.isArray(body?.connections) ? body.connections : [])]) {
    if (typeof row?.environment_id !== "string") continue;
    names.set(row.environment_id, "environment");
    names.set(row.tenant_id, "tenant");
    if (row.created_by !== "") names.set(row.created_by, "actor");
    const { s3 } = row.sync_config ?? {};
    // Filled in by the server from its own settings.
    if (s3?.key_prefix === `${row.tenant_id}/${row.environment_id}`) {
      names.set(s3.bucket, "managed bucket");
      names.set(s3.region, "managed region");
    }
  }
}

function named(value: unknown, names: ReadonlyMap<string, string>): unknown {
  const walk = (one: unknown): unknown => {
    if (typeof one === "string") return nameOf(one, names);
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, walk(item)]));
  };
  return inOrder(walk(value));
}

function nameOf(text: string, names: ReadonlyMap<string, string>): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[-+]\d\d:\d\d)$/.test(text)) return "<time>";
  let replaced = text;
  for (const [value, name] of names) replaced = replaced.replaceAll(value, `<${name}>`);
  // The keys of the server's own storage, as our sandbox has them.
  return replaced === "kept-by-flexprice" ? "<managed>" : replaced;
}

/** Lists of connections come in no order, in the recording as in the service. */
function inOrder(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("connections" in value) || !Array.isArray(value.connections))
    return value;
  const byText = (left: unknown, right: unknown) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);
  return { ...value, connections: [...value.connections].sort(byText) };
}
