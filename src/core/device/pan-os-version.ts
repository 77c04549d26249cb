// Parses a PAN-OS version, and says which features the release has.

/** What differs between releases, as far as registrations depend on it. */
type Features = {
  /** Tables of more than 500 entries can be read: pages, since 8.0. */
  readonly paging: boolean;
  /** A registration may carry a `timeout`, since 9.0; before, it must not be sent. */
  readonly timeouts: boolean;
};

/** @param swVersion as the device writes it, such as `10.2.11-h12`. One that cannot be read has no feature at all. */
export function featuresOf(swVersion: string): Features {
  const release = releaseOf(swVersion);
  return { paging: isSince(release, 8), timeouts: isSince(release, 9) };
}

/** Why a device of this version is not worked with, in a sentence with the next step in it; undefined: it is. */
export function whyUnsupported(swVersion: string): string | undefined {
  if (featuresOf(swVersion).paging) return undefined;
  const shown = JSON.stringify(swVersion.slice(0, 40));
  return releaseOf(swVersion) === undefined
    ? `the device's version ${shown} cannot be read as one of PAN-OS (such as 10.2.11-h12), so nothing is written to it; check that the endpoint is a PAN-OS management interface`
    : `the device has PAN-OS ${shown}, which cannot read its table page by page, so nothing is written to it; upgrade it to 8.0 or newer`;
}

/** [major, minor]; what follows (maintenance number, hotfix) changes nothing. undefined when it cannot be read. */
function releaseOf(swVersion: string): readonly [number, number] | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(swVersion) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function isSince(release: readonly [number, number] | undefined, major: number): boolean {
  return release !== undefined && release[0] >= major;
}
