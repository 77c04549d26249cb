// A firewall behind a Panorama, as the Panorama lists it.

export type ManagedDevice = {
  readonly serial: string;
  readonly connected: boolean;
  /** Its virtual systems by id: vsys1, vsys2 ...; empty where the Panorama does not tell. */
  readonly vsys: readonly string[];
};
