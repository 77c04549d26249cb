// Reads the status of PanFirewalls and policies as users do, waits for what it shall say, and checks its form.
import assert from 'node:assert/strict';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { Ref } from '../harness/objects.ts';
import { waitFor } from '../harness/wait-for.ts';

export type StatusKind = 'PanFirewall' | 'PanTagPolicy' | 'ClusterPanTagPolicy';

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
};

export type Status = {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  // PanTagPolicy and ClusterPanTagPolicy
  readonly pods?: number;
  readonly addresses?: number;
  readonly skipped?: readonly { readonly reason: string; readonly count: number; readonly example: string }[];
  readonly tags?: readonly string[];
  readonly firewalls?: readonly {
    readonly name: string;
    readonly state: string;
    readonly registered: number;
    readonly pending: number;
    readonly failed: number;
    readonly examples: readonly string[];
    readonly message: string;
  }[];
  // PanFirewall
  readonly device?: { readonly model: string; readonly serial: string; readonly swVersion: string };
  readonly owned?: number;
  readonly pending?: number;
  readonly tables?: readonly {
    readonly serial?: string;
    readonly vsys?: string;
    readonly deviceGroup?: string;
    readonly listedGroup?: string;
    readonly state: string;
    readonly owned: number;
    readonly foreign: number;
    readonly pending: number;
    readonly capacity?: number;
    /** What passed the removal guard within ten minutes: history, not state. */
    readonly guardWindow?: readonly unknown[];
    readonly establishedOn?: string;
    readonly establishedEndpoint?: string;
    readonly plan?: {
      readonly register: number;
      readonly unregister: number;
      readonly examples: readonly string[];
    };
    readonly message?: string;
  }[];
};

export type Statuses = {
  /** Resolves with the status when Ready says this for the object's present generation. */
  readonly says: (kind: StatusKind, ref: Ref, reason: string, timeoutMs?: number) => Promise<Status>;
  /** The same for counts: resolves when check passes. A count may follow the device by 10 s, and then has its turn. */
  readonly counts: (
    kind: StatusKind,
    ref: Ref,
    check: (status: Status) => void,
    timeoutMs?: number,
  ) => Promise<Status>;
  readonly statusOf: (kind: StatusKind, ref: Ref) => Promise<Status>;
};

const countsLimitMs = 30_000;
/** A condition is written at once; that a policy selects Pods, or none any more, follows as counts do. */
const limitOf = (kind: StatusKind, reason: string): number =>
  kind !== 'PanFirewall' && (reason === 'InSync' || reason === 'NoPods') ? countsLimitMs : 10_000;
/** Who is missing from a device group departs at the second look that says so, a period of 30 s later. */
export const departureLimitMs = 90_000;

export function makeStatuses(cluster: Cluster): Statuses {
  const read = (kind: StatusKind, ref: Ref) => cluster.get<KubernetesObject & { status?: Status }>(kind, ref);
  return {
    async says(kind, ref, reason, timeoutMs = limitOf(kind, reason)) {
      const look = async (): Promise<Status> => {
        const { metadata, status = {} } = await read(kind, ref);
        const ready = status.conditions?.find(({ type }) => type === 'Ready');
        const generation = metadata.generation ?? 0;
        const seen = { ready: ready?.status, reason: ready?.reason, generation: ready?.observedGeneration };
        const isReady = reason === 'InSync' || reason === 'NoPods';
        const expected = { ready: isReady ? 'True' : 'False', reason, generation };
        assert.deepEqual(seen, expected, JSON.stringify(status));
        return status;
      };
      return waitFor(look, { what: `${kind} ${ref.name} to say ${reason}`, timeoutMs });
    },
    async counts(kind, ref, check, timeoutMs = countsLimitMs) {
      const look = async (): Promise<Status> => {
        const { status = {} } = await read(kind, ref);
        check(status);
        return status;
      };
      return waitFor(look, { what: `the counts of ${kind} ${ref.name}`, timeoutMs });
    },
    async statusOf(kind, ref) {
      return (await read(kind, ref)).status ?? {};
    },
  };
}
