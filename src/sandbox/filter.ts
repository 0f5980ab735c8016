import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { badFilter, invalid, Refusal } from "./answers.js";
import { firstValue, isInteger, isTime, onlyValue, type Shape, textAt, UnreadableBody } from "./go-json.js";
import type { StoredConnection } from "./stored.js";

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

const SORT: Shape = { fields: { field: "text", direction: "text" } };
const CONDITION: Shape = {
  fields: {
    field: "text",
    operator: "text",
    data_type: "text",
    value: { fields: { string: "text", number: "number", boolean: "boolean", date: "time", array: { list: "text" } } },
  },
};

/** The parameters of `GET /connections`. Limit and offset are echoed and otherwise ignored; so are most others. */
export function filterOfQuery(query: URLSearchParams): Filter {
  for (const name of ["start_time", "end_time"]) {
    const time = query.get(name) ?? "";
    if (time !== "" && !isTime(time)) throw badFilter();
  }
  const list = (name: string, shape: Shape): readonly JsonObject[] =>
    query.getAll(name).map((text) => asObject(filterable(() => onlyValue(text, shape))));
  return {
    limit: integer(query.get("limit")) || DEFAULT_LIMIT,
    offset: integer(query.get("offset")),
    providerType: query.get("provider_type") ?? "",
    ids: query.getAll("connection_ids"),
    sort: list("sort", SORT),
    conditions: list("filters", CONDITION),
  };
}

function integer(parameter: string | null): number {
  const value = integerOf(parameter);
  if (value === undefined) throw badFilter();
  return value;
}

/** A whole number in a query; 0 for an empty one, `undefined` for anything else. */
export function integerOf(parameter: string | null): number | undefined {
  const text = (parameter ?? "").trim().replace(/^\+/, "");
  if (text === "") return 0;
  return isInteger(text) ? Number(text) : undefined;
}

/** The body of `POST /connections/search`. */
export function filterOfBody(body: string): Filter {
  const fields = {
    limit: "integer",
    offset: "integer",
    provider_type: "text",
    connection_ids: { list: "text" },
    sort: { list: SORT, ofPointers: true },
    filters: { list: CONDITION, ofPointers: true },
    // Read, and of no effect.
    status: "text",
    order: "text",
    expand: "text",
    start_time: "time",
    end_time: "time",
  } as const;
  const read = asObject(filterable(() => firstValue(body, { fields })));
  const list = (key: string): readonly Json[] => {
    const value = ownValue(read, key);
    return Array.isArray(value) ? value : [];
  };
  return {
    limit: Number(ownValue(read, "limit") ?? 0) || DEFAULT_LIMIT,
    offset: Number(ownValue(read, "offset") ?? 0),
    providerType: textAt(read, "provider_type"),
    ids: list("connection_ids").map(String),
    // A null in these lists is passed over.
    sort: list("sort").filter(isObject),
    conditions: list("filters").filter(isObject),
  };
}

function filterable(read: () => Json): Json {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UnreadableBody) throw badFilter();
    throw cause;
  }
}

function asObject(value: Json): JsonObject {
  return isObject(value) ? value : {};
}

/** The columns of a connection that can be compared and sorted by, as texts. */
const COLUMNS: Readonly<Record<string, (row: StoredConnection) => string>> = {
  id: (row) => row.id,
  name: (row) => row.name,
  provider_type: (row) => row.providerType,
  environment_id: (row) => row.environmentId,
  tenant_id: (row) => row.tenantId,
  status: (row) => row.status,
  created_at: (row) => row.createdAt,
  updated_at: (row) => row.updatedAt,
  created_by: (row) => row.createdBy,
  updated_by: (row) => row.updatedBy,
  metadata: (row) => JSON.stringify(row.metadata),
  sync_config: (row) => JSON.stringify(row.syncConfig),
  encrypted_secret_data: () => "",
};

/** All rows that the filter lets through, whatever its limit; in the order it asks for, else in none. */
export function filtered(
  rows: readonly StoredConnection[],
  filter: Filter,
  random: () => number,
): readonly StoredConnection[] {
  const { providerType, ids, conditions, sort } = filter;
  const tests = conditions.map(testOf);
  const keys = sort.map((one) => ({
    column: columnOf(one),
    sign: textAt(one, "direction") === "desc" ? -1 : 1,
  }));
  const kept = rows
    .filter((row) => providerType === "" || row.providerType === providerType)
    .filter((row) => ids.length === 0 || ids.includes(row.id))
    .filter((row) => tests.every((test) => test(row)));
  return keys.length === 0 ? shuffled(kept, random) : sorted(kept, keys);
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

interface SortKey {
  readonly column: (row: StoredConnection) => string;
  readonly sign: number;
}

function sorted(rows: readonly StoredConnection[], keys: readonly SortKey[]): readonly StoredConnection[] {
  return [...rows].sort((left, right) => {
    for (const { column, sign } of keys) {
      const order = column(left) < column(right) ? -1 : Number(column(left) > column(right));
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

const OPERATORS = ["eq", "contains", "not_contains", "gt", "lt", "in", "not_in", "before", "after"];

/** A condition as a test of rows. An unknown operator, or one without a value of its kind, is dropped without a word. */
function testOf(condition: JsonObject): (row: StoredConnection) => boolean {
  const column = columnOf(condition);
  const operator = textAt(condition, "operator");
  if (!OPERATORS.includes(operator)) return () => true;
  const value = ownValue(condition, "value");
  // The service reaches into a value that is not there, and its panic is answered without a body.
  if (!isObject(value)) throw new Refusal({ status: 500 });
  const kind = KINDS[operator] ?? "";
  const operand = operator === "eq" ? firstOf(value) : ownValue(value, kind);
  if (operand === undefined || (Array.isArray(operand) && operand.length === 0)) return () => operator !== "eq";
  return (row) => holds(operator, column(row), operand);
}

/** Which member of a value an operator looks at. */
const KINDS: Readonly<Record<string, string>> = {
  contains: "string",
  not_contains: "string",
  gt: "number",
  lt: "number",
  in: "array",
  not_in: "array",
  before: "date",
  after: "date",
};

function firstOf(value: JsonObject): Json | undefined {
  return ["string", "number", "boolean", "date"].map((kind) => ownValue(value, kind)).find((one) => one !== undefined);
}

function holds(operator: string, actual: string, operand: Json): boolean {
  const text = String(operand);
  const list = Array.isArray(operand) ? operand : [];
  switch (operator) {
    case "contains":
      return actual.toLowerCase().includes(text.toLowerCase());
    case "not_contains":
      return !actual.toLowerCase().includes(text.toLowerCase());
    case "gt":
      return actual > text;
    case "lt":
      return actual < text;
    case "before":
      return Date.parse(actual) < Date.parse(text);
    case "after":
      return Date.parse(actual) > Date.parse(text);
    case "in":
      return list.includes(actual);
    case "not_in":
      return !list.includes(actual);
    default:
      return actual === text;
  }
}
