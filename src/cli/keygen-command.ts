import { randomBytes } from "node:crypto";
import { FingerprintKey, KEY_BYTES } from "../model/fingerprint.js";
import type { ExitCode } from "../report/exit-code.js";
import type { KeygenOptions } from "./options.js";
import type { Output } from "./output.js";

/** `keygen`: a new key for fingerprints on stdout, and how it is used on stderr. */
export function keygenCommand(options: KeygenOptions, output: Output): ExitCode {
  const { text, key } = drawn();
  output.result("keygen", `${text}\n`, { keygen: { fingerprint_key: text, key_id: key.id } });
  if (!options.quiet)
    output.note(
      "Keep it with your other secrets and give it to every run as FLEXPRICE_SYNC_FINGERPRINT_KEY. With it a run tells which\n" +
        "credentials have changed since they were written; without it, or with another one, they are unknown.\n",
    );
  return 0;
}

/** Draws until a key is taken: one in very many has too few distinct bytes. */
function drawn(): { readonly text: string; readonly key: FingerprintKey } {
  for (;;) {
    const text = randomBytes(KEY_BYTES).toString("base64");
    const key = FingerprintKey.read(text);
    if (typeof key === "object") return { text, key };
  }
}
