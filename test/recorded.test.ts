import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderWith } from "./support/folder.js";
import { run } from "./support/program.js";
import { expectRecorded } from "./support/recorded.js";
import { sandbox } from "./support/sandbox.js";

const stripe = `name: Stripe production
provider_type: stripe
encrypted_secret_data:
  stripe:
    secret_key: \${STRIPE_SECRET_KEY}
    webhook_secret: \${STRIPE_WEBHOOK_SECRET}
metadata:
  team: billing
sync_config:
  customer: { outbound: true }
  invoice: { outbund: true }
`;

it("README shows a session as it is", async () => {
  const cwd = folderWith({
    "connections/stripe.yaml": stripe,
    "connections/exports.yaml":
      "name: Usage exports\nprovider_type: s3\nsync_config:\n  s3: { bucket: acme-usage, region: eu-central-1, compression: gzip }\n",
  });
  // Somebody has been in the dashboard since.
  const { env: access } = await sandbox([
    {
      id: "conn_01K9ZB4T6M3D7Q8W5X2Y1V0R9S",
      name: "Stripe production",
      provider_type: "stripe",
      encrypted_secret_data: { secret_key: "made-up", webhook_secret: "made-up-hook" },
      metadata: { cost_center: "CC-4711" },
      sync_config: { customer: { inbound: false, outbound: true }, invoice: { inbound: false, outbound: false } },
    },
    {
      id: "conn_01K9ZB5E2N8F4G6H1J3K7L9M0P",
      name: "Usage exports",
      provider_type: "s3",
      sync_config: { s3: { bucket: "acme-usage", region: "eu-central-1", compression: "none" } },
    },
  ]);
  const env = {
    ...access,
    FLEXPRICE_SYNC_FINGERPRINT_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString("base64"),
    STRIPE_SECRET_KEY: "made-up",
    STRIPE_WEBHOOK_SECRET: "made-up-hook",
  };
  const shown: string[] = [];
  const step = async (args: string) => {
    const { stdout, stderr, code } = await run(args.split(" "), { cwd, env });
    const text = `${stderr}${stdout}`.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://127.0.0.1:8080").trimEnd();
    shown.push(`$ flexprice-sync ${args}\n${text}\n`);
    return code;
  };
  expect(await step("validate")).toBe(3);
  const file = join(cwd, "connections/stripe.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("outbund", "outbound"));
  shown.push("$ sed -i s/outbund/outbound/ connections/stripe.yaml\n");
  expect(await step("plan")).toBe(0);
  expect(await step("apply --yes -q")).toBe(0);
  expect(await step("plan --detailed-exitcode -q")).toBe(0);
  expectRecorded(new URL("../README.md", import.meta.url), "session", `\n\`\`\`console\n${shown.join("")}\`\`\`\n\n`);
});
