/** The way to a host. */
export interface Route {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly proxy?: ProxyRoute;
  /** Certificates of authorities in PEM form, in place of those that the platform trusts. */
  readonly authorities?: readonly string[];
}

export interface ProxyRoute {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: string;
}
