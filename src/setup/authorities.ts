import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { Files } from "../load/files.js";
import { error, messageOf, type Problem } from "../model/problem.js";

export interface Authorities {
  /** Certificates in PEM form, all that are trusted; absent where those of the platform are. */
  readonly certificates?: readonly string[];
  readonly problems: readonly Problem[];
}

/** Bytes of a file with certificates: the whole list of a browser has a quarter of that. */
const LARGEST_FILE = 1024 * 1024;

/**
 * The authorities of a file beside those that the platform trusts, `NODE_EXTRA_CA_CERTS` included: that one the platform reads
 * itself as long as nobody names authorities.
 *
 * @param path - of a file with certificates in PEM form
 */
export function authoritiesOf(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  files: Files,
): Authorities {
  if (path === undefined) return { problems: [] };
  const named = read(path, files);
  if (typeof named === "string") {
    const hint = "name a file with certificates in PEM form (-----BEGIN CERTIFICATE-----), as for curl --cacert.";
    return { problems: [error("SETTINGS.BAD_CA_FILE", `${files.shown(path)} ${named}.`, { hint })] };
  }
  return { certificates: [...trustedAnyway(environment, files), ...named], problems: [] };
}

function trustedAnyway(
  { NODE_EXTRA_CA_CERTS: extra = "" }: Readonly<Record<string, string | undefined>>,
  files: Files,
): readonly string[] {
  // Newer platforms tell what they trust, with what was added to it.
  if ("getCACertificates" in tls && typeof tls.getCACertificates === "function")
    return tls.getCACertificates("default") as readonly string[];
  const added = extra === "" ? [] : read(extra, files);
  // The platform has warned of a file that it could not read.
  return [...tls.rootCertificates, ...(typeof added === "string" ? [] : added)];
}

/** The certificates of a file, or why there are none. */
function read(path: string, files: Files): readonly string[] | string {
  let text: string;
  try {
    text = new TextDecoder().decode(files.read(path, LARGEST_FILE));
  } catch (cause) {
    return `cannot be read: ${messageOf(cause)}`;
  }
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [\w ]+-----/g) ?? [];
  if (blocks.length === 0) return "holds no certificate in PEM form";
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch {
    return "holds a certificate that cannot be read";
  }
}
