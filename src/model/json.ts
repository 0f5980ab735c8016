/** What JSON can carry. Everything that comes from a file or from the service is this, and nothing is changed in place. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a value is a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of an object's own key, so that a key such as `toString` never finds an inherited one; `undefined` if absent. */
export function ownValue<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The value at the end of a way through maps and lists; `undefined` where the way leads nowhere. */
export function valueAt(value: Json | undefined, steps: readonly (string | number)[]): Json | undefined {
  return steps.reduce<Json | undefined>((at, step) => {
    if (Array.isArray(at)) return typeof step === "number" ? (at as readonly Json[])[step] : undefined;
    return isObject(at) ? ownValue(at, String(step)) : undefined;
  }, value);
}

/** A text that is equal for equal JSON values, whatever the order of their keys. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (isObject(value)) {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Whether two JSON values are the same; the order of keys does not matter, the order of a list does. */
export function sameJson(left: Json, right: Json): boolean {
  return canonical(left) === canonical(right);
}

/** Whether a value is nested deeper than this. Without recursion, for it guards the recursion of others. */
export function isDeeperThan(value: Json, most: number): boolean {
  const stack: { value: Json; depth: number }[] = [{ value, depth: 0 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.depth > most) return true;
    if (typeof top.value !== "object" || top.value === null) continue;
    for (const inner of Object.values(top.value) as Json[]) stack.push({ value: inner, depth: top.depth + 1 });
  }
  return false;
}

/** An order for texts that does not depend on the machine's language: by UTF-16 code units. */
export function byText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
