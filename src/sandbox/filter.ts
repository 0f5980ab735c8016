import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { badFilter, invalid, Refusal } from "./answers.js";
import { decoded, firstValue, UnreadableBody } from "./go-json.js";
import type { StoredConnection } from "./store.js";

/** What of a list request has an effect, or is echoed. */
export interface Filter {
  readonly limit: number;
  readonly offset: number;
  readonly providerType: string;
  readonly ids: readonly string[];
  readonly sort: readonly JsonObject[];
  readonly conditions: readonly JsonObject[];
}

const DEFAULT_LIMIT = 50;

/** The parameters of `GET /connections`. Limit and offset are echoed and otherwise ignored; so are most others. */
export function filterOfQuery(query: URLSearchParams): Filter {
  if (query.has("sort") || query.has("filters")) throw badFilter();
  for (const name of ["start_time", "end_time"]) {
    const time = query.get(name);
    if (time !== null && time !== "" && !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[-+]\d\d:\d\d)$/.test(time)) throw badFilter();
  }
  return {
    limit: integer(query.get("limit")) || DEFAULT_LIMIT,
    offset: integer(query.get("offset")),
    providerType: query.get("provider_type") ?? "",
    ids: query.getAll("connection_ids"),
    sort: [],
    conditions: [],
  };
}

function integer(text: string | null): number {
  if (text === null || text === "") return 0;
  if (!/^[-+]?\d+$/.test(text)) throw badFilter();
  return Number(text);
}

/** The body of `POST /connections/search`. */
export function filterOfBody(body: string): Filter {
  let fields: Json;
  try {
    const map = { list: "map" } as const;
    fields = decoded(firstValue(body), {
      fields: {
        limit: "any",
        offset: "any",
        provider_type: "text",
        connection_ids: { list: "text" },
        sort: map,
        filters: map,
      },
    });
  } catch (cause) {
    if (cause instanceof UnreadableBody) throw badFilter();
    throw cause;
  }
  const read = isObject(fields) ? fields : {};
  const whole = (key: string): number => {
    const value = ownValue(read, key) ?? 0;
    if (typeof value !== "number" || !Number.isInteger(value)) throw badFilter();
    return value;
  };
  const list = (key: string): readonly Json[] => {
    const value = ownValue(read, key);
    return Array.isArray(value) ? value : [];
  };
  const provider = ownValue(read, "provider_type");
  return {
    limit: whole("limit") || DEFAULT_LIMIT,
    offset: whole("offset"),
    providerType: typeof provider === "string" ? provider : "",
    ids: list("connection_ids").filter((id) => typeof id === "string"),
    sort: list("sort").filter(isObject),
    conditions: list("filters").filter(isObject),
  };
}

/** The columns of a connection, by the service's names. */
const COLUMNS: Readonly<Record<string, (row: StoredConnection) => string>> = {
  id: (row) => row.id,
  name: (row) => row.name,
  provider_type: (row) => row.providerType,
  status: (row) => row.status,
  created_at: (row) => row.createdAt,
  updated_at: (row) => row.updatedAt,
  created_by: (row) => row.createdBy,
  updated_by: (row) => row.updatedBy,
};

/** All rows that the filter lets through, whatever its limit; in the order it asks for, else in none. */
export function filtered(
  rows: readonly StoredConnection[],
  filter: Filter,
  random: () => number,
): readonly StoredConnection[] {
  const { providerType, ids, conditions, sort } = filter;
  const kept = rows
    .filter((row) => providerType === "" || row.providerType === providerType)
    .filter((row) => ids.length === 0 || ids.includes(row.id))
    .filter((row) => conditions.every((condition) => holds(row, condition)));
  return sort.length === 0 ? shuffled(kept, random) : sorted(kept, sort);
}

/** No order is promised, so none is kept: whoever relies on one finds out here. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

function columnOf(condition: JsonObject): (row: StoredConnection) => string {
  const column = ownValue(COLUMNS, textAt(condition, "field"));
  if (column === undefined) throw invalid();
  return column;
}

function sorted(rows: readonly StoredConnection[], sort: readonly JsonObject[]): readonly StoredConnection[] {
  const keys = sort.map((one) => ({ column: columnOf(one), sign: textAt(one, "direction") === "desc" ? -1 : 1 }));
  return [...rows].sort((left, right) => {
    for (const { column, sign } of keys) {
      const order = column(left) < column(right) ? -1 : Number(column(left) > column(right));
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

function holds(row: StoredConnection, condition: JsonObject): boolean {
  const operator = textAt(condition, "operator");
  const known = ["eq", "contains", "not_contains", "gt", "lt", "in", "not_in", "before", "after"];
  // An operator that the service does not know is dropped without a word.
  if (!known.includes(operator)) return true;
  const actual = columnOf(condition)(row);
  const value = ownValue(condition, "value");
  if (!isObject(value)) {
    if (operator === "eq") throw new Refusal({ status: 500 });
    return true;
  }
  const text = textAt(value, "string") || textAt(value, "date");
  const listed = ownValue(value, "array");
  const list = Array.isArray(listed) ? listed : [];
  switch (operator) {
    case "eq":
      return actual === text;
    case "contains":
      return actual.toLowerCase().includes(text.toLowerCase());
    case "not_contains":
      return !actual.toLowerCase().includes(text.toLowerCase());
    case "gt":
    case "after":
      return actual > text;
    case "lt":
    case "before":
      return actual < text;
    case "in":
      return list.includes(actual);
    default:
      return !list.includes(actual);
  }
}

function textAt(object: JsonObject, key: string): string {
  const value = ownValue(object, key);
  return typeof value === "string" ? value : "";
}
