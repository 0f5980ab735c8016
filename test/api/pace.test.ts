import { describe, expect, it } from "vitest";
import { Pace } from "../../src/api/pace.js";
import { LONGEST_WAIT_MS } from "../../src/api/retry.js";

describe("the pace of a host", () => {
  it("rests for all as long as the longest that is asked for", () => {
    const pace = new Pace(8);
    expect(pace.restMs(1_000)).toBe(0);
    pace.rest(900, 1_000, 2_000);
    pace.rest(950, 1_100, 500);
    expect([1_100, 2_999, 3_000, 9_000].map((nowMs) => pace.restMs(nowMs))).toEqual([1_900, 1, 0, 0]);
  });

  it("halves once for all answers to what was on its way, and again for what was sent afterwards", () => {
    const pace = new Pace(8);
    pace.rest(900, 1_000, 100);
    for (const sentAtMs of [910, 920, 999]) pace.rest(sentAtMs, 1_050, 100);
    expect([pace.width, pace.closings]).toEqual([4, 1]);
    pace.rest(1_200, 1_250, 100);
    expect([pace.width, pace.closings]).toEqual([2, 2]);
    for (let at = 2_000; at < 9_000; at += 1_000) pace.rest(at, at + 10, 100);
    expect(pace.width).toBe(1);
  });

  it("widens by one with each full round of answers, up to what it began with", () => {
    const pace = new Pace(4);
    pace.rest(0, 0, 10);
    expect(pace.width).toBe(2);
    const widths = Array.from({ length: 12 }, (_, at) => {
      pace.answered(100 + at, at % 2 === 0);
      return pace.width;
    });
    expect(widths).toEqual([2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]);
    expect(pace.closings).toBe(0);
    expect(pace.answers).toBe(6);
  });

  it("takes an answer to what was sent before a rest for no sign that it is over", () => {
    const pace = new Pace(4);
    pace.rest(50, 100, 10);
    pace.answered(60, true);
    expect([pace.closings, pace.width, pace.answers]).toEqual([1, 2, 1]);
  });

  it("is shut when more is asked for than anybody waits", () => {
    const pace = new Pace(4);
    pace.rest(0, 0, LONGEST_WAIT_MS);
    expect(pace.isShut(0)).toBe(false);
    pace.rest(0, 0, LONGEST_WAIT_MS + 1);
    expect([pace.isShut(0), pace.isShut(1)]).toEqual([true, false]);
  });

  it("runs as many tasks at once as it is wide, also while that changes", async () => {
    const pace = new Pace(4);
    let running = 0;
    const most: number[] = [];
    const task = () =>
      pace.turn(async () => {
        running += 1;
        most.push(running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
      });
    await Promise.all(Array.from({ length: 12 }, task));
    expect(Math.max(...most.splice(0))).toBe(4);
    pace.rest(0, 0, 0);
    await Promise.all(Array.from({ length: 12 }, task));
    expect(Math.max(...most)).toBe(2);
  });
});
