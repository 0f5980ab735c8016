import { describe, expect, it } from "vitest";
import {
  isLimiting,
  isWorthAnotherTry,
  LONGEST_WAIT_MS,
  MOST_TRIES,
  restMs,
  retryAfterMs,
  waitBefore,
} from "../../src/api/retry.js";
import { Bug } from "../../src/model/problem.js";

describe("waiting before another try", () => {
  it("grows up to a bound, with full jitter", () => {
    expect([1, 2, 3].map((tries) => waitBefore(tries, undefined, 0.999))).toEqual([249, 499, 999]);
    expect([1, 2, 3].map((tries) => waitBefore(tries, undefined, 0))).toEqual([0, 0, 0]);
  });

  it("ends after a few tries", () => {
    expect(waitBefore(MOST_TRIES, undefined, 0.5)).toBe("give-up");
    expect(waitBefore(MOST_TRIES, 10, 0.5)).toBe("give-up");
  });

  it("is at least what the service asks for, but no day", () => {
    expect(waitBefore(1, 2_000, 0)).toBe(2_000);
    expect(waitBefore(1, 2_000, 0.999)).toBeLessThanOrEqual(2_250);
    expect(waitBefore(1, LONGEST_WAIT_MS, 0)).toBe(LONGEST_WAIT_MS);
    expect(waitBefore(1, LONGEST_WAIT_MS + 1, 0)).toBe("give-up");
    expect(waitBefore(1, 86_400_000, 0)).toBe("give-up");
  });

  it("of a host that asks for fewer requests and does not say how long is some of a second at least, and grows", () => {
    expect([1, 2, 3, 4, 9].map((level) => restMs(level, 0))).toEqual([500, 1_000, 2_000, 4_000, 4_000]);
    expect([1, 2, 3, 4, 9].map((level) => restMs(level, 0.999))).toEqual([999, 1_999, 3_998, 7_996, 7_996]);
  });

  it("is no question before the first try", () => {
    expect(() => waitBefore(0, undefined, 0)).toThrow(new Bug("waiting before a first try"));
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-11-25T10:00:00Z");
  it.each([
    ["120", 120_000],
    [" 1 ", 1_000],
    ["0", 0],
    ["Wed, 25 Nov 2026 10:00:02 GMT", 2_000],
    ["Wed, 25 Nov 2026 09:00:00 GMT", 0],
    [" Wed, 25 Nov 2026 10:00:02 GMT", 2_000],
    ["soon, Wed, 25 Nov 2026 10:00:02 GMT", undefined],
    ["soon", undefined],
    ["1.5", undefined],
    ["-5", undefined],
    ["2026", 2_026_000],
    ["1e3", undefined],
    [undefined, undefined],
  ])("%s", (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it("as a date is meant by the clock of whoever sends it", () => {
    const asked = "Wed, 25 Nov 2026 10:00:05 GMT";
    for (const [date, expected] of [
      ["Wed, 25 Nov 2026 10:00:00 GMT", 5_000],
      ["Wed, 25 Nov 2026 09:58:00 GMT", 125_000],
      ["nonsense", 3_000],
    ] as const)
      expect(retryAfterMs(asked, now + 2_000, date)).toBe(expected);
  });
});

describe("answers worth another try", () => {
  it("are 429, 502, 503 and 504 alone", () => {
    const worth = Array.from({ length: 500 }, (_, index) => 100 + index).filter(isWorthAnotherTry);
    expect(worth).toEqual([429, 502, 503, 504]);
  });
});

describe("answers that ask for fewer requests", () => {
  it("are 429, and 503 that says for how long", () => {
    expect([isLimiting(429, undefined), isLimiting(429, "1"), isLimiting(503, "1")]).toEqual([true, true, true]);
    expect([isLimiting(503, undefined), isLimiting(502, "1"), isLimiting(200, "1")]).toEqual([false, false, false]);
  });
});
