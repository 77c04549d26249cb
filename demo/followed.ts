// Counts the changes that the firewall followed and how long each took, and makes the sentence that one can quote.

import { wholeMs } from './played.ts';

export class Followed {
  readonly #ms: number[] = [];

  /** @param ms from the API server's answer to the change until the firewall's table held it */
  add(ms: number): void {
    this.#ms.push(ms);
  }

  get changes(): number {
    return this.#ms.length;
  }

  /** Such as `5 changes, p50 4 ms, slowest 18 ms`; from 100 changes on with the p99. */
  get figures(): string {
    const sorted = this.#ms.toSorted((a, b) => a - b);
    const at = (share: number) => wholeMs(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    const count = `${sorted.length} ${sorted.length === 1 ? 'change' : 'changes'}`;
    if (sorted.length === 0) return count;
    const p99 = sorted.length < 100 ? '' : `, p99 ${at(0.99)} ms`;
    return `${count}, p50 ${at(0.5)} ms${p99}, slowest ${at(1)} ms`;
  }
}
