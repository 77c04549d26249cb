// Time limits of the steps of connecting.

/** ms. */
export type ConnectLimits = {
  /** For looking up a name. */
  readonly nameMs: number;
  /** For TCP and TLS together; through a proxy, for the way through it and for TLS with the host each. */
  readonly connectMs: number;
};
