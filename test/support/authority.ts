import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIPv4 } from "node:net";
import { BitString, Integer, OctetString, Utf8String } from "asn1js";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
} from "pkijs";

/** What a server needs to speak TLS; both in PEM. */
export interface Identity {
  readonly key: string;
  readonly certificate: string;
}

export interface Authority {
  /** In PEM, for those who shall trust it. */
  readonly certificate: string;
  readonly issue: (options?: IssueOptions) => Identity;
}

export interface IssueOptions {
  /** Names and IPv4 addresses that the certificate holds for. */
  readonly hosts?: readonly string[];
  readonly notAfter?: Date;
}

const COMMON_NAME = "2.5.4.3";
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";

/** Of general names, in RFC 5280 §4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A time in the past that also an expired certificate has been valid from. */
const NOT_BEFORE = new Date("2020-01-01T00:00:00Z");

/** A certificate authority of its own, which no machine trusts, and server certificates that it signs. */
export function authority(): Authority {
  const name = `Authority ${randomBytes(4).toString("hex")} of a test`;
  const { privateKey: issuerKey } = newKeys();
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000);
  const isAuthority = extension(BASIC_CONSTRAINTS, new BasicConstraints({ cA: true }), true);
  return {
    certificate: signed({ name, key: issuerKey, issuer: name, issuerKey, notAfter: tomorrow, extension: isAuthority }),
    issue: ({ hosts = ["localhost", "127.0.0.1"], notAfter = tomorrow } = {}) => {
      const { privateKey: key } = newKeys();
      const holdsFor = extension(SUBJECT_ALTERNATIVE_NAME, new GeneralNames({ names: hosts.map(generalName) }), false);
      return {
        key: key.export({ type: "pkcs8", format: "pem" }).toString(),
        certificate: signed({
          name: "Server of a test",
          key,
          issuer: name,
          issuerKey,
          notAfter,
          extension: holdsFor,
        }),
      };
    },
  };
}

/** Elliptic curves: keys of RSA take a tenth of a second each, these a thousandth. */
function newKeys(): { readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

interface Statement {
  readonly name: string;
  readonly key: KeyObject;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly notAfter: Date;
  readonly extension: Extension;
}

/** A certificate in PEM. It is signed by node:crypto, which does so at once; the library would have us wait. */
function signed({ name, key, issuer, issuerKey, notAfter, extension }: Statement): string {
  const algorithm = new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  const certificate = new Certificate({
    version: 2,
    // The first bit stays clear: a serial number is positive.
    serialNumber: new Integer({ valueHex: Buffer.concat([Buffer.of(1), randomBytes(8)]) }),
    signature: algorithm,
    signatureAlgorithm: algorithm,
    issuer: named(issuer),
    subject: named(name),
    notBefore: new Time({ value: NOT_BEFORE }),
    notAfter: new Time({ value: notAfter }),
    subjectPublicKeyInfo: PublicKeyInfo.fromBER(createPublicKey(key).export({ type: "spki", format: "der" })),
    extensions: [extension],
  });
  const statement = Buffer.from(certificate.encodeTBS().toBER());
  certificate.tbsView = statement;
  certificate.signatureValue = new BitString({ valueHex: sign("sha256", statement, issuerKey) });
  return new X509Certificate(Buffer.from(certificate.toSchema(true).toBER())).toString();
}

function named(name: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: name });
  return new RelativeDistinguishedNames({ typesAndValues: [new AttributeTypeAndValue({ type: COMMON_NAME, value })] });
}

function extension(extnID: string, meaning: BasicConstraints | GeneralNames, critical: boolean): Extension {
  return new Extension({ extnID, critical, extnValue: meaning.toSchema().toBER() });
}

function generalName(host: string): GeneralName {
  if (!isIPv4(host)) return new GeneralName({ type: DNS_NAME, value: host });
  const bytes = Buffer.from(host.split(".").map(Number));
  return new GeneralName({ type: IP_ADDRESS, value: new OctetString({ valueHex: bytes }) });
}
