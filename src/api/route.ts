import type { Secret } from "../model/secret.js";

/** The way to a host. */
export interface Route {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly proxy?: ProxyRoute;
  /** Certificates of authorities in PEM form, in place of those that the platform trusts. */
  readonly authorities?: readonly string[];
}

/** A proxy on the way. */
export interface ProxyRoute {
  /** Scheme, host and port. */
  readonly origin: string;
  /** User and password, with a colon between them. */
  readonly credentials?: Secret;
}
