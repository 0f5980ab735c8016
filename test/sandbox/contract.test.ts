import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { startSandbox } from "../../src/sandbox/server.js";
import { Service } from "../contract/service.js";
import { chaptersOf } from "../contract/suite.js";

/*
 * The contract of the service, line by line, asked of the sandbox from outside. `npm run contract` asks the same of any
 * other service.
 */

describe.each(chaptersOf(new URL("../fixtures/service/", import.meta.url)))("the sandbox, $title:", ({ rules }) => {
  it.each(rules)("$name", async ({ holds }) => {
    const key = "sk_contract";
    const sandbox = await startSandbox({ catalogue, port: 0, apiKey: key, environmentId: "env_contract", seed: {} });
    onTestFinished(sandbox.close);
    const service = new Service(sandbox.baseUrl, key);
    // Otherwise a rule would pass over what it asks of the stored secrets.
    expect(await service.showsStored()).toBe(true);
    await holds(service);
    expect(await service.cleanUp()).toEqual([]);
    expect(sandbox.store.live()).toEqual([]);
  });
});
