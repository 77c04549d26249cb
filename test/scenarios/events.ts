// Events of an object, as kubectl describe shows them.
import assert from 'node:assert/strict';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import { waitFor } from '../harness/wait-for.ts';

type Event = KubernetesObject & {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
};

/** The notes of all Events of this reason about a PanFirewall, at least one; waits for it. */
export async function eventNotes(
  cluster: Cluster,
  firewall: string,
  reason: string,
): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> => {
    const events = await cluster.list<Event>('Event', 'default');
    const about = events.filter(
      ({ regarding }) => regarding.kind === 'PanFirewall' && regarding.name === firewall,
    );
    const found = about.filter((event) => event.reason === reason);
    assert.ok(found.length > 0, JSON.stringify(about.map((event) => [event.reason, event.note])));
    return found.map(({ note }) => note);
  };
  return waitFor(look, { what: `an Event ${reason} about ${firewall}` });
}
