import type { Catalogue } from "../model/catalogue.js";
import { ownValue } from "../model/json.js";
import type { StartFaults } from "./faults.js";
import { seededRow } from "./seed.js";
import type { StoredConnection } from "./stored.js";
import { ulid } from "./ulid.js";

type Scope = Pick<StoredConnection, "environmentId" | "tenantId">;

/**
 * Rows that the service's rules would not let in today: second connections of a provider, and those of a consent in a browser
 * that was begun and abandoned.
 *
 * @param present - what the environment has already
 */
export function oddRows(
  { twins, pending }: StartFaults,
  present: readonly StoredConnection[],
  scope: Scope,
  { catalogue, nowMs }: { readonly catalogue: Catalogue; readonly nowMs: () => number },
): readonly StoredConnection[] {
  const madeUp = (provider: string): StoredConnection => {
    const name = ownValue(catalogue.providers, provider)?.title ?? provider;
    return seededRow({ name, provider_type: provider }, scope, nowMs());
  };
  const twin = (row: StoredConnection) => ({ ...row, id: `conn_${ulid(nowMs())}`, name: `${row.name} (2)` });
  return [
    ...twins.flatMap((provider) => {
      const first = present.find(({ providerType }) => providerType === provider);
      if (first !== undefined) return [twin(first)];
      const row = madeUp(provider);
      return [row, twin(row)];
    }),
    ...pending.map((provider) => ({
      ...madeUp(provider),
      createdBy: scope.tenantId,
      updatedBy: scope.tenantId,
    })),
  ];
}
