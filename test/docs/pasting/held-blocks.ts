// The blocks that need what no test on loopback has, and what runs them instead, or why nothing can.

import type { Block } from './blocks.ts';

export type HeldBlock = {
  readonly page: string;
  /** How its text begins. */
  readonly begins: string;
  /** The file that runs it, or what it is made of, from the repository's root. */
  readonly by: string;
  /** What stands in that file. */
  readonly saying: readonly string[];
  readonly why: string;
};

export const heldBlocks: readonly HeldBlock[] = [
  {
    page: 'README.md',
    begins: 'npm ci && npm run demo',
    by: '.ci/run',
    saying: ['npm ci\n', 'npm run demo -- --once\n'],
    why: 'CI installs and plays the demo in a clean clone',
  },
  {
    page: 'README.md',
    begins: 'npm run image\n',
    by: 'test/image/built-images.ts',
    saying: ['await buildImages({'],
    why: 'it takes minutes: the tests of the images build them once',
  },
  {
    page: 'README.md',
    begins: 'skopeo copy',
    by: 'docs/security.md',
    saying: ['The archives were read by skopeo', 'nothing has been pushed or pulled'],
    why: 'there is no registry to push to: nothing runs it, and the page says so',
  },
  {
    page: 'README.md',
    begins: 'helm install pan-tag-operator helm/pan-tag-operator',
    by: 'test/node/scenarios/stranger.test.ts',
    saying: ["'../../../README.md'", '/^helm install '],
    why: 'Pods need a kubelet: pasted word for word on a node',
  },
  {
    page: 'docs/getting-started.md',
    begins: 'npm ci\n',
    by: '.ci/run',
    saying: ['npm ci\n'],
    why: 'CI begins with it, in a clean clone',
  },
];

export function isHeld(block: Block): boolean {
  return heldBlocks.some(({ page, begins }) => page === block.page && block.text.startsWith(begins));
}
