// A request to the XML API, whatever way it came.

export type ApiRequest = {
  /** Of query and body together. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The X-PAN-KEY header, which wins over the parameter `key`. */
  readonly headerKey: string | undefined;
  /** Of HTTP Basic authentication. */
  readonly basic: { readonly name: string; readonly password: string } | undefined;
  readonly cookies: ReadonlyMap<string, string>;
};
