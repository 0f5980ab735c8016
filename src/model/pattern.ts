/** Stars in one pattern: more of them can keep a matcher busy for very long. */
const MOST_STARS = 4;

/** What a pattern has to be in place of one that is none; nothing where it is one. */
export function patternFault(pattern: string): string | undefined {
  if (pattern === "") return "a text that is not empty";
  if (pattern.length > 1_024) return "at most 1024 characters";
  if (pattern.startsWith("!")) return "what to choose; leaving out with ! is not possible";
  const stars = pattern.replaceAll(/\*+/g, "*").split("*").length - 1;
  return stars > MOST_STARS ? `at most ${MOST_STARS} stars` : undefined;
}
