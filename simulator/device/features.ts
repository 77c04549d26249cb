// Differences between PAN-OS releases that an XML API client meets.

export type Features = {
  /** `limit` and `start-point` of reads; before, more than 500 entries come as a file name (facts 5.1, 5.4). */
  readonly paging: boolean;
  /** The X-PAN-KEY header (facts 2.3). */
  readonly keyHeader: boolean;
  /** `timeout` on a member (facts 4.7). */
  readonly memberTimeout: boolean;
  /** register-user and unregister-user (facts 6.1). */
  readonly userTags: boolean;
  /** IPv4 ranges and networks (facts 4.10). */
  readonly addressSets: boolean;
  /** type=version (facts 1.13). */
  readonly versionType: boolean;
};

/** Of a version as `10.2.11-h12`. */
export const featuresOf = (swVersion: string): Features => {
  const [major = 0, minor = 0] = swVersion.split('.').map((part) => Number.parseInt(part, 10));
  const since = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    paging: since(8, 0),
    keyHeader: since(9, 0),
    memberTimeout: since(9, 0),
    userTags: since(9, 1),
    addressSets: since(10, 0),
    versionType: since(7, 1),
  };
};
