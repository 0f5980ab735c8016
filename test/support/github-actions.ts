import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { onTestFinished } from "vitest";
import { parse } from "yaml";
import { folderWith } from "./folder.js";
import { type Ended, ended } from "./program.js";

/*
 * What GitHub does with a composite action, as far as ours goes: expressions are its own library's, steps are run by bash as its
 * runner does, and comments are kept by a small server.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Step {
  readonly id: string;
  readonly if?: string;
  readonly run: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly "working-directory"?: string;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export function readAction(): Action {
  return parse(readFileSync(join(root, "action.yml"), "utf8"));
}

export type Context = Readonly<Record<string, unknown>>;

/** The value of an expression, as text. @see the documentation of GitHub Actions on expressions */
export function evaluated(expression: string, context: Context): string {
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(context), []).parse();
  const contexts = JSON.parse(JSON.stringify(context), data.reviver) as data.Dictionary;
  return new Evaluator(parsed, contexts).evaluate().coerceString();
}

function filledIn(text: string, context: Context): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_whole, expression: string) => evaluated(expression.trim(), context));
}

export interface Job {
  readonly cwd: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** What the step that uses the action has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly event?: { readonly name: string; readonly content: unknown };
  readonly apiUrl?: string;
}

export interface ActionEnded {
  readonly code: number;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Steps that ran. */
  readonly steps: readonly string[];
  readonly summary: string;
}

/** Runs the steps of the action as GitHub's runner does, until one fails. */
export async function runAction({ cwd, inputs = {}, env = {}, event, apiUrl = "" }: Job): Promise<ActionEnded> {
  const { inputs: known, outputs, runs } = readAction();
  const temp = folderWith({ "event.json": JSON.stringify(event?.content ?? {}), "summary.md": "" });
  const github = { token: "ghs_token", action_path: root.replace(/\/$/, ""), event_name: event?.name ?? "push" };
  const base = { github, runner: { temp } };
  const given = Object.fromEntries(
    Object.entries(known).map(([name, input]) => [name, inputs[name] ?? filledIn(input.default, base)]),
  );
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const ran: string[] = [];
  let log = "";
  let code = 0;
  for (const step of runs.steps) {
    const context = { ...base, inputs: given, steps };
    if (step.if !== undefined && evaluated(step.if, context) !== "true") continue;
    ran.push(step.id);
    const outputFile = join(temp, `outputs-${step.id}`);
    const script = join(temp, `${step.id}.sh`);
    writeFileSync(outputFile, "");
    writeFileSync(script, step.run);
    const own = Object.entries(step.env ?? {}).map(([name, text]) => [name, filledIn(text, context)]);
    const folder = join(cwd, filledIn(step["working-directory"] ?? ".", context));
    mkdirSync(folder, { recursive: true });
    const told: Ended = await ended(
      spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", script], {
        cwd: folder,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: temp,
          CI: "true",
          GITHUB_ACTIONS: "true",
          GITHUB_WORKSPACE: cwd,
          GITHUB_API_URL: apiUrl,
          GITHUB_REPOSITORY: "acme/billing",
          GITHUB_EVENT_PATH: join(temp, "event.json"),
          GITHUB_STEP_SUMMARY: join(temp, "summary.md"),
          GITHUB_OUTPUT: outputFile,
          ...env,
          ...Object.fromEntries(own),
        },
      }),
    );
    log += told.stdout + told.stderr;
    const lines = readFileSync(outputFile, "utf8").trimEnd().split("\n");
    steps[step.id] = {
      outputs: Object.fromEntries(lines.map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)])),
    };
    code = told.code ?? 1;
    if (code !== 0) break;
  }
  const context = { ...base, inputs: given, steps };
  return {
    code,
    log,
    steps: ran,
    summary: readFileSync(join(temp, "summary.md"), "utf8"),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, filledIn(value, context)])),
  };
}

export interface Comment {
  readonly id: number;
  readonly user: { readonly login: string };
  body: string;
}

export interface Comments {
  readonly apiUrl: string;
  readonly all: Comment[];
  readonly asked: string[];
  /** An answer in place of the usual one. */
  refuse: (method: string) => { readonly status: number; readonly message: string } | undefined;
}

/** The comments of pull request 7 of acme/billing, a page of a hundred at a time. */
export async function commentServer(before: readonly Omit<Comment, "id">[] = []): Promise<Comments> {
  const state: { -readonly [Key in keyof Comments]: Comments[Key] } = {
    apiUrl: "",
    all: before.map((comment, at) => ({ id: at + 1, ...comment })),
    asked: [],
    refuse: () => undefined,
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method = "", url = "", headers } = request;
    const { pathname, searchParams } = new URL(url, "http://github");
    state.asked.push(`${method} ${url}`);
    const answer = (status: number, content: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(content));
    };
    const refused = state.refuse(method);
    if (headers.authorization !== "Bearer ghs_token") return answer(401, { message: "Bad credentials" });
    if (refused !== undefined) return answer(refused.status, { message: refused.message });
    if (method === "GET" && pathname === "/repos/acme/billing/issues/7/comments") {
      const size = Number(searchParams.get("per_page"));
      const from = (Number(searchParams.get("page")) - 1) * size;
      return answer(200, state.all.slice(from, from + size));
    }
    const body: string = text === "" ? "" : JSON.parse(text).body;
    if (body.length > 65_536) return answer(422, { message: "body is too long (maximum is 65536 characters)" });
    if (method === "POST" && pathname === "/repos/acme/billing/issues/7/comments") {
      const made = { id: state.all.length + 1, user: { login: "github-actions[bot]" }, body };
      state.all.push(made);
      return answer(201, made);
    }
    const found = state.all.find(({ id }) => pathname === `/repos/acme/billing/issues/comments/${id}`);
    if (method !== "PATCH" || found === undefined) return answer(404, { message: "Not Found" });
    found.body = body;
    return answer(200, found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  state.apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}
