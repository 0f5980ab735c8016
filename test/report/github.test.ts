import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Place } from "../../src/model/location.js";
import { error, warning } from "../../src/model/problem.js";
import { annotationText, dangerAnnotations, stepOutputs } from "../../src/report/github.js";
import { printable } from "../../src/report/text.js";
import { reportOf, targetRun } from "../support/reports.js";
import { json, observed } from "../support/steps.js";

const asIs = (place: Place) => place;

/** A command as GitHub's runner reads it: properties end at the first `::`, and its escapes are undone. */
function commandOf(line: string) {
  const [, name = "", properties = "", data = ""] = /^::(\w+) (.*?)::(.*)\n$/.exec(line) ?? [];
  const undone = (text: string) => text.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%");
  const undoneProperty = (text: string) => undone(text.replaceAll("%3A", ":").replaceAll("%2C", ","));
  const entries = properties
    .split(",")
    .map((part) => [part.split("=")[0], undoneProperty(part.slice(part.indexOf("=") + 1))]);
  return { name, properties: Object.fromEntries(entries), data: undone(data) };
}

describe("an annotation", () => {
  it("stands on the line of its problem, with code, message and hint", () => {
    const problem = error("VALIDATE.WRONG_TYPE", "100% wrong.", {
      hint: "mend it.",
      place: { file: "a,b:c.yaml", line: 7, column: 11 },
    });
    expect(annotationText(problem, asIs)).toBe(
      "::error file=a%2Cb%3Ac.yaml,line=7,col=11::VALIDATE.WRONG_TYPE Wrong type: 100%25 wrong.%0Ahint: mend it.\n",
    );
    expect(annotationText({ ...problem, severity: "warning" }, asIs)).toMatch(/^::warning file=/);
  });

  it("names the environments that it is about", () => {
    const place = { file: "a.yaml", line: 1, column: 1 };
    expect(
      annotationText({ ...warning("LOAD.EMPTY_FILE", "x.", { place }), environments: ["eu", "us"] }, asIs),
    ).toContain("::LOAD.EMPTY_FILE [eu, us] Empty file: x.");
  });

  it("is made of nothing that has no place", () => {
    expect(annotationText(error("SERVICE.TIMEOUT", "x."), asIs)).toBe("");
  });

  it("is one command on one line, whatever the file and the message are", () => {
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[%:,=\r\na0DA]{0,20}$/));
    fc.assert(
      fc.property(text, text, (file, message) => {
        const line = annotationText(error("LOAD.BAD_YAML", message, { place: { file, line: 2, column: 3 } }), asIs);
        expect(line.match(/[\r\n]/g)).toEqual(["\n"]);
        const { name, properties, data } = commandOf(line);
        expect(name).toBe("error");
        const shown = (from: string) => from.split("\n").map(printable).join("\n");
        expect(properties).toEqual({ file: shown(file), line: "2", col: "3" });
        expect(data).toBe(`LOAD.BAD_YAML Not valid YAML: ${shown(message)}`);
      }),
      { numRuns: 500 },
    );
  });
});

const dangerous = () =>
  targetRun("# a comment\nname: Stripe\nprovider_type: stripe\nsync_config: { invoice: { outbound: false } }\n", [
    observed({ providerType: "stripe", name: "Stripe", syncConfig: json({ invoice: { outbound: true } }) }),
  ]);

describe("a danger", () => {
  it("of the whole change is a warning on the definition's first line", () => {
    const target = dangerous();
    const [change] = target.plan?.changes ?? [];
    if (change === undefined || target.plan === undefined) throw new Error("no change");
    const replaced = { ...change, consequences: [], dangers: ["its id changes"] };
    const { run } = reportOf([{ ...target, plan: { ...target.plan, changes: [replaced] } }]);
    expect(dangerAnnotations(run, asIs)).toBe(
      "::warning file=connections/x.yaml,line=2,col=1::danger: Stripe: its id changes\n",
    );
  });

  it("is a warning on the line that asks for it", () => {
    const { run } = reportOf([dangerous()]);
    expect(dangerAnnotations(run, asIs)).toBe(
      "::warning file=connections/x.yaml,line=4,col=37::danger: Stripe: invoices will no longer be pushed to Stripe\n",
    );
    const fleet = reportOf([
      { ...dangerous(), environment: "eu" },
      { ...dangerous(), environment: "us" },
    ]);
    // What several have in common is told once.
    expect(dangerAnnotations(fleet.run, asIs).match(/::\[.*?\] danger/g)).toEqual(["::[eu, us] danger"]);
    const many = reportOf([...Array(9).keys()].map((at) => ({ ...dangerous(), environment: `e${at}` })));
    expect(dangerAnnotations(many.run, asIs)).toContain("::[e0, e1, e2, e3, e4 and 4 more] danger: ");
  });

  it("of each kind comes before the second of any: GitHub shows ten", () => {
    const [moved, stopped] = [0, 1].map((at) => ({ ...dangerous(), environment: `e${at}` }));
    const [change] = stopped?.plan?.changes ?? [];
    if (moved?.plan === undefined || stopped === undefined || change === undefined) throw new Error("no plan");
    const changes = [...Array(3).keys()].map((at) => ({
      ...change,
      consequences: change.consequences.map((one) => ({
        ...one,
        sentence: "exports move",
        place: { ...one.place, line: at + 10 },
      })),
      dangers: ["exports move"],
    }));
    const { run } = reportOf([{ ...moved, plan: { ...moved.plan, changes } }, stopped]);
    expect(dangerAnnotations(run, asIs).match(/line=\d+/g)).toEqual(["line=10", "line=4", "line=11", "line=12"]);
  });

  it("is told of a plan only: apply has said it already", () => {
    expect(dangerAnnotations({ ...reportOf([dangerous()]).run, command: "apply" }, asIs)).toBe("");
  });
});

describe("the outputs of a step", () => {
  it("are the exit code, whether there is something to do, and the fixed line", () => {
    expect(stepOutputs(reportOf([dangerous()]).run, 2)).toBe(
      "exitcode=2\nhas_changes=true\nsummary=Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 0 unknown.\n",
    );
    const calm = targetRun("name: Stripe\nprovider_type: stripe\n", [
      observed({ providerType: "stripe", name: "Stripe" }),
    ]);
    expect(stepOutputs(reportOf([calm]).run, 0)).toContain("has_changes=false\n");
  });

  it("own up to not knowing, where an environment has no plan", () => {
    const { plan: _plan, ...without } = dangerous();
    expect(stepOutputs(reportOf([without]).run, 1)).toBe("exitcode=1\nhas_changes=\nsummary=\n");
    const calm = targetRun("name: Stripe\nprovider_type: stripe\n", [
      observed({ providerType: "stripe", name: "Stripe" }),
    ]);
    expect(stepOutputs(reportOf([without, calm]).run, 1)).toContain("has_changes=\n");
    expect(stepOutputs(reportOf([without, dangerous()]).run, 1)).toContain("has_changes=true\n");
  });
});
