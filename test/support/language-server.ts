import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import {
  type CompletionItem,
  CompletionRequest,
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  DidOpenTextDocumentNotification,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  MarkupContent,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";

const server = createRequire(import.meta.url).resolve("yaml-language-server/bin/yaml-language-server");

/** An editor that has a folder open: the language server of YAML, as editors run it, and what they ask of it. */
export class Editor {
  readonly #folder: string;
  readonly #connection: ProtocolConnection;
  readonly #marks = new Map<string, (found: readonly Diagnostic[]) => void>();
  #opened = 0;

  private constructor(folder: string, connection: ProtocolConnection) {
    this.#folder = folder;
    this.#connection = connection;
  }

  /** @param schemas - the setting `yaml.schemas`: globs of files by the path of their schema */
  static async open(folder: string, schemas: Readonly<Record<string, string>> = {}): Promise<Editor> {
    const child = spawn(process.execPath, [server, "--stdio"], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    const editor = new Editor(folder, connection);
    // Its catalogue of schemas would be fetched from the internet.
    const yaml = { validate: true, completion: true, hover: true, schemaStore: { enable: false }, schemas };
    connection.onRequest(ConfigurationRequest.type, ({ items }) =>
      items.map(({ section }) => (section === "yaml" ? yaml : {})),
    );
    connection.onRequest(RegistrationRequest.type, () => {});
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) =>
      editor.#marks.get(uri)?.(diagnostics),
    );
    connection.listen();
    const uri = pathToFileURL(folder).href;
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: "repository" }],
      capabilities: {
        workspace: { configuration: true, workspaceFolders: true },
        textDocument: { completion: { completionItem: { snippetSupport: true } } },
      },
    });
    await connection.sendNotification(InitializedNotification.type, {});
    onTestFinished(async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      await ended;
      connection.dispose();
    });
    return editor;
  }

  /** What is offered at `|` in a text: what a person reads of each, and what is put in. */
  async offers(path: string, text: string): Promise<readonly Offer[]> {
    const { uri, position } = await this.#show(path, text);
    const found = await this.#connection.sendRequest(CompletionRequest.type, { textDocument: { uri }, position });
    const items: readonly CompletionItem[] = Array.isArray(found) ? found : (found?.items ?? []);
    return items.map(({ label, insertText, documentation }) => ({
      label,
      putsIn: insertText ?? label,
      says: typeof documentation === "string" ? documentation : (documentation?.value ?? ""),
    }));
  }

  /** What is shown over the word at `|`. */
  async hover(path: string, text: string): Promise<string> {
    const { uri, position } = await this.#show(path, text);
    const shown = await this.#connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position });
    return shown !== null && MarkupContent.is(shown.contents) ? shown.contents.value : "";
  }

  /** What is marked in a text: line and column from 1 on, the marked text, and the words. */
  async marks(path: string, text: string): Promise<readonly Mark[]> {
    const { diagnostics } = await this.#show(path, text);
    const lines = text.split("\n");
    return diagnostics
      .map(({ range: { start, end }, message }) => ({
        at: `${start.line + 1}:${start.character + 1}`,
        text: lines[start.line]?.slice(start.character, end.line === start.line ? end.character : undefined) ?? "",
        message,
      }))
      .sort((left, right) => left.at.localeCompare(right.at, "en", { numeric: true }));
  }

  /** Opens a file that nobody saved yet, and waits until the server has looked at it. */
  async #show(path: string, marked: string) {
    this.#opened += 1;
    // A file of its own each time: nothing of the one before is left.
    const uri = pathToFileURL(join(this.#folder, path.replace(/(\.\w+)$/, `-${this.#opened}$1`))).href;
    const at = marked.indexOf("|");
    const text = at === -1 ? marked : `${marked.slice(0, at)}${marked.slice(at + 1)}`;
    const before = marked.slice(0, Math.max(at, 0)).split("\n");
    const looked = new Promise<readonly Diagnostic[]>((resolve) => this.#marks.set(uri, resolve));
    await this.#connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "yaml", version: 1, text },
    });
    const diagnostics = await looked;
    return { uri, diagnostics, position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 } };
  }
}

export interface Offer {
  readonly label: string;
  /** As a snippet of the protocol. */
  readonly putsIn: string;
  readonly says: string;
}

export interface Mark {
  readonly at: string;
  readonly text: string;
  readonly message: string;
}
