import { tool } from "../generated/tool.js";
import { isLoopback } from "../setup/target.js";

/*
 * The texts that a repository begins with. What they say of the program is held against it by a test.
 */

/** What is known of the target. */
export interface Started {
  /** Where the definitions are. */
  readonly folder: string;
  readonly baseUrl?: string;
  readonly environmentId?: string;
  readonly owner?: string;
  /** Variables of our own that are needed. */
  readonly variables: readonly string[];
}

export const WORKFLOW_FILE = ".github/workflows/flexprice-sync.yml";

/** What git should never have: values of variables, and what a replace leaves while it is under way. */
export const IGNORED: readonly string[] = [".env", "plan.json", "flexprice-sync-recovery-*.json"];

/** A text as a value in YAML that nothing reads as something else. */
function quoted(text: string): string {
  return /^[A-Za-z_][\w./:-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** The settings of one environment, under the name that it has without settings. */
export function settingsText({ folder, baseUrl, environmentId, owner }: Started): string {
  const isId = environmentId !== undefined && /^(?![sp]k_)[!-~]{1,200}$/.test(environmentId);
  return `# yaml-language-server: $schema=.flexprice-sync/settings.schema.json
${owner === undefined ? "# owner: acme-billing   # whose connections these are; prune goes by it" : `owner: ${quoted(owner)}`}
environments:
  default:   # any name: outputs and --env have it
${addressLine(baseUrl)}
    api_key: \${FLEXPRICE_API_KEY}   # the variable's name, never the key
    ${isId ? `environment_id: ${quoted(environmentId)}` : "# environment_id: env_…   # strongly advised"}   # connections of any other environment stop the run
    connections: [${quoted(folder)}]
    # vars: { BUCKET: acme-exports }   # a definition takes it with \${var.BUCKET}
`;
}

/** Whether an address may stand in the settings: that of a host of your own has to be allowed first, outside of them. */
function mayStand(baseUrl: string): boolean {
  const isUsable = URL.canParse(baseUrl) && /^https?:\/\/[^@\s]+$/.test(baseUrl) && !/[?#]/.test(baseUrl);
  if (!isUsable) return false;
  const { hostname } = new URL(baseUrl);
  return hostname === "flexprice.io" || hostname.endsWith(".flexprice.io") || isLoopback(hostname);
}

function addressLine(baseUrl: string | undefined): string {
  if (baseUrl === undefined)
    return "    base_url: https://us.api.flexprice.io/v1   # or https://api.cloud.flexprice.io/v1, or your own";
  if (mayStand(baseUrl)) return `    base_url: ${quoted(baseUrl)}`;
  return "    # base_url comes from FLEXPRICE_BASE_URL. A host of your own stands here once FLEXPRICE_ALLOWED_HOSTS lists it.";
}

/** What stands in the folder before there is a definition. */
export function folderText(): string {
  return `# Connections

One connection per file (or per YAML document), with the fields of the API. Secrets are references: the variable's name stands
here and its value where the program runs.

\`\`\`yaml
# yaml-language-server: $schema=../.flexprice-sync/connection.schema.json
name: Stripe production
provider_type: stripe
encrypted_secret_data:
  stripe:
    secret_key: \${STRIPE_SECRET_KEY}
    webhook_secret: \${STRIPE_WEBHOOK_SECRET}
sync_config:
  invoice: { outbound: true }
\`\`\`

\`flexprice-sync pull\` writes such files for what the service has; \`flexprice-sync validate\` checks them without a network.
`;
}

/** A workflow for GitHub: checks on pull requests, a plan where secrets may be used, and one apply at a time on the main branch. */
export function workflowText(variables: readonly string[], { baseUrl }: Started): string {
  const secret = (name: string) => `          ${name}: \${{ secrets.${name} }}`;
  const installed = `      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 22 }
      - run: npm install --global flexprice-sync@${tool.version}`;
  const isOwnHost = baseUrl !== undefined && !mayStand(baseUrl);
  const address = isOwnHost ? "\n          FLEXPRICE_BASE_URL: ${{ vars.FLEXPRICE_BASE_URL }}" : "";
  const set = [...new Set(variables)].sort();
  const named =
    set.length === 0
      ? "          # Every variable that the definitions take, such as STRIPE_SECRET_KEY: ${{ secrets.STRIPE_SECRET_KEY }}"
      : set.map(secret).join("\n");
  return `name: flexprice-sync

on:
  pull_request:
  push:
    branches: [main]
  # After a secret was rotated, say: no file changes then.
  workflow_dispatch:

permissions:
  contents: read

jobs:
  # Needs no secret, so it runs for forks, too.
  validate:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
${installed}
      - run: flexprice-sync validate

  # Not for forks: what a fork's branch says would run with the key.
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    needs: validate
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
${installed}
      - run: flexprice-sync plan --env '*'
        env:
${secret("FLEXPRICE_API_KEY")}${address}

  # Nothing locks the service, so no two of these run at once; one that is under way is never broken off.
  apply:
    if: github.event_name != 'pull_request' && github.ref == 'refs/heads/main'
    needs: validate
    runs-on: ubuntu-latest
    timeout-minutes: 30
    concurrency: { group: flexprice-sync-apply, cancel-in-progress: false }
    steps:
${installed}
      - run: flexprice-sync apply --env '*' --yes
        env:
${secret("FLEXPRICE_API_KEY")}${address}
${secret("FLEXPRICE_SYNC_FINGERPRINT_KEY")}
${named}
`;
}
