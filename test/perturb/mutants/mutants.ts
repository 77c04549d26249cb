// Operators that are broken on purpose, each by one edit of its source: a set that does not catch its mutants proves nothing.
import { patched, type Patch } from '../engine/open-source.ts';

export type Mutant = {
  /** What is broken, as its name. */
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Which set catches it, and what it is told to try. */
  readonly set: string;
  readonly only: readonly string[];
  /** A point of the set that is enough: what must come together to catch it is rare among a box's paths. */
  readonly replay?: string | undefined;
};

const core = (file: string, from: string, to: string): Patch => ({ file: `src/core/${file}`, from, to });

/** Caught by the set `small-scope`, in these boxes, or on a path of one. */
const smallScope: readonly (readonly [string, Patch, ...string[]])[] = [
  [
    'the gate is open whatever is known',
    core('removals/removal-gate.ts', 'if (closed !== undefined) return closed;', ''),
    'device+rival',
  ],
  [
    'a Pod that was seen to end is no cause',
    core('desired/succession.ts', "if (origin === 'watch') return 'vacated';", ''),
    'device+rival',
  ],
  [
    'a Pod that a list leaves out was seen to end',
    core('desired/succession.ts', "if (origin === 'watch') return 'vacated';", "return 'vacated';"),
    'view+rival',
  ],
  [
    "the former holder's tags stay beside the new one's",
    core(
      'desired/succession.ts',
      "after !== missing ? 'newHolder' : 'relist'",
      "after !== missing ? 'relist' : 'relist'",
    ),
    'device+rival',
  ],
  [
    'the older of two Pods holds an address',
    core('desired/holders.ts', 'return a.since > b.since;', 'return a.since < b.since;'),
    'device',
  ],
  [
    'the tag of a former label stays',
    core('removals/removal-causes.ts', '      departures.set(tag, departure);\n', ''),
    'device+rival',
  ],
  [
    'a message without an answer is believed',
    core('table/table-message.ts', 'mirror.doubtful(item)', 'mirror.applied(item, [])'),
    'device',
  ],
  [
    'a message without an answer is forgotten once it was sent again',
    core('table/table-message.ts', '      late.add(batch.map(({ address }) => address));\n', ''),
    'late+rival:pod1@1,leader_sees_pod,send,late,send,done,pod1_ends,leader_sees_pod,send,done,late_arrives',
  ],
  [
    'the first read after a message without an answer counts as the second',
    {
      file: 'src/operator/table/read-schedule.ts',
      from: 'return startedAt >= this.#verifyAt;',
      to: 'return true;',
    },
    'late+rival:pod1@1,leader_sees_pod,send,late,send,done,read_begins,read_ends,pod1_ends,leader_sees_pod,send,done,late_arrives',
  ],
  [
    "a former leader's last message is not expected",
    core('table/table.ts', '    this.state.late.everywhere();\n', ''),
    'late-leader+rival:pod1@1,leader_sees_pod,standby_sees_pod,send,leader_dies,read_begins,read_ends,send,done,pod1_ends,leader_sees_pod,send,done,late_arrives',
  ],
  [
    'a change of an address whose message is on its way is lost',
    core('table/table-state.ts', 'return this.assess(address, now);', 'return;'),
    'device',
  ],
  [
    'what is desired is removed, too',
    core(
      'table/address-diff.ts',
      'without(union(present.tags, present.unsure), desired)',
      'union(present.tags, present.unsure)',
    ),
    'device',
  ],
];

/** Caught by the set `device`, at these points. */
const device: typeof smallScope = [
  [
    'the guard never holds',
    core(
      'removals/removal-guard.ts',
      'if (!this.#trips(ready, stakes)) return this.#pass(ready, stakes, now);',
      'return this.#pass(ready, stakes, now);',
    ),
    'guard.undisturbed',
  ],
  [
    'a tag that only begins like ours is ours',
    {
      file: 'src/operator/table/table-reading.ts',
      from: 'tag.startsWith(tagPrefix)',
      to: 'tag.startsWith(tagPrefix.slice(0, -1))',
    },
    'rollout.undisturbed',
  ],
  [
    'a purge is over before late messages are',
    {
      file: 'src/operator/table/table-purge.ts',
      from: '    if (now() < unsureUntil) return this.#outage.pause(unsureUntil - now(), signal);\n',
      to: '',
    },
    'deletion.message-arrives-late',
  ],
];

export const mutants: readonly Mutant[] = [
  ...smallScope.map((one) => [...one, 'small-scope'] as const),
  ...device.map((one) => [...one, 'device'] as const),
].map(([name, patch, ...rest]) => ({
  name,
  patches: [patch],
  set: rest.at(-1) ?? '',
  only: rest.slice(0, -1).filter((one) => !one.includes(':')),
  replay: rest.find((one) => one.includes(':')),
}));

/** None for the operator as it is. @throws RangeError for a name that is none. */
export function patchesOf(name: string | undefined): readonly Patch[] {
  if (name === undefined) return [];
  const mutant = mutants.find((one) => one.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant "${name}"`);
  return mutant.patches;
}

/** @throws Error where an edit does not fit its source any more. */
export function checkFits({ patches }: Mutant, read: (file: string) => string): void {
  for (const { file } of patches) patched(file, read(file), patches);
}
