import { describe, expect, it } from "vitest";
import { variablesOf } from "../../src/secrets/variables.js";

const files: Readonly<Record<string, string | Uint8Array>> = {
  "/run/key": "from-file\n",
  "/run/pem": "-----BEGIN-----\nx\n-----END-----\n\n",
  "/run/crlf": "a\r\n",
  "/run/empty": "\n",
  "/run/binary": new Uint8Array([0xff, 0xfe, 0x00]),
  "/run/bom": "\ufeffx",
};

function lookUp(name: string, environment: Readonly<Record<string, string>>) {
  const variables = variablesOf(environment, (path) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`ENOENT: no such file, open ${path}`), { code: "ENOENT" });
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  });
  return variables.lookUp(name);
}

describe("a variable", () => {
  it("has its value, unchanged", () => {
    expect(lookUp("A", { A: "  x\n\n" })).toEqual({ state: "set", value: "  x\n\n" });
  });

  it("is told unset from empty", () => {
    expect(lookUp("A", {})).toEqual({ state: "unset" });
    expect(lookUp("A", { A: "" })).toEqual({ state: "empty", fromFile: false });
  });

  it.each(["toString", "__proto__", "constructor", "hasOwnProperty"])(
    "named %s is not found by inheritance",
    (name) => {
      expect(lookUp(name, {})).toEqual({ state: "unset" });
    },
  );

  it.each([
    ["/run/key", { state: "set", value: "from-file" }],
    ["/run/pem", { state: "set", value: "-----BEGIN-----\nx\n-----END-----\n" }],
    ["/run/crlf", { state: "set", value: "a\r" }],
    ["/run/bom", { state: "set", value: "\ufeffx" }],
    ["/run/empty", { state: "empty", fromFile: true }],
    ["", { state: "unset" }],
  ])("comes from %s without one final line feed when only NAME_FILE is set", (file, expected) => {
    expect(lookUp("A", { A_FILE: file })).toEqual(expected);
  });

  it("is taken before its file, also when it is empty", () => {
    expect(lookUp("A", { A: "x", A_FILE: "/run/key" })).toEqual({ state: "set", value: "x" });
    expect(lookUp("A", { A: "", A_FILE: "/run/key" })).toEqual({ state: "empty", fromFile: false });
  });

  it("says why its file cannot be read, without its name: it may be the secret, put in the wrong place", () => {
    expect(lookUp("A", { A_FILE: "/run/gone" })).toEqual({
      state: "unreadable",
      cause: "there is no such file",
    });
    expect(lookUp("A", { A_FILE: "/run/binary" })).toMatchObject({ state: "unreadable", cause: "it is not UTF-8" });
  });
});
