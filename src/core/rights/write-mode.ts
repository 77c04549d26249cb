// Write mode of a PanFirewall, from spec.mode, deletionPolicy and finalizer. Ownership is checked separately (ownership.ts).

export type WriteMode =
  /** As desired, with gate and guard. */
  | 'enforce'
  /** spec.mode Observe: the device is read and the plan is told; nothing at all is written. */
  | 'observe'
  /** deletionPolicy Purge, and the finalizer that would see to it is not on the object (yet): nothing is written. */
  | 'unprotected'
  /** The PanFirewall is being deleted: nothing is registered any more; a purge is another's business. */
  | 'deleting';

type WriteModeInput = {
  readonly mode: 'Enforce' | 'Observe';
  readonly deletionPolicy: 'Purge' | 'Retain';
  /** The finalizer is on the object. */
  readonly finalized: boolean;
  /** The object is being deleted. */
  readonly deleting: boolean;
};

export function writeModeOf({ mode, deletionPolicy, finalized, deleting }: WriteModeInput): WriteMode {
  if (deleting) return 'deleting';
  if (mode === 'Observe') return 'observe';
  return deletionPolicy === 'Purge' && !finalized ? 'unprotected' : 'enforce';
}

/** Why nothing may be purged; undefined when it may. */
export function purgeObstacle({
  mode,
  deletionPolicy,
}: Pick<WriteModeInput, 'mode'> & { readonly deletionPolicy?: 'Purge' | 'Retain' | undefined }):
  | string
  | undefined {
  if (deletionPolicy === 'Retain') return 'spec.deletionPolicy is Retain';
  return mode === 'Observe' ? 'spec.mode is Observe' : undefined;
}

export function writes(writeMode: WriteMode): boolean {
  return writeMode === 'enforce';
}
