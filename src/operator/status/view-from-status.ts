// Completes the view of a PanFirewall from its former status, while its device or spec is unavailable.

import { departed, type FirewallView, type ShownTable } from '../../core/status/firewall-view.ts';
import { tableKey } from '../../core/model/table-ref.ts';
import { wholeSeconds } from '../leadership/wall-clock.ts';
import type { PanFirewallEnding } from '../../kubernetes/resources/pan-firewall.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { PanFirewallStatus } from '../../kubernetes/resources/pan-firewall-status.ts';

/** The view with the device and the counts of the former status where this process does not know better yet. */
export function recalled(view: FirewallView, former: PanFirewallStatus | undefined): FirewallView {
  const tables = former?.tables ?? [];
  const recall = (shown: ShownTable): ShownTable => {
    if (shown.view.known) return shown;
    const { owned = 0, foreign = 0 } = tables.find((one) => tableKey(one) === tableKey(shown.ref)) ?? {};
    return { ...shown, view: { ...shown.view, owned, foreign } };
  };
  const device = view.device ?? former?.device;
  if (view.started === false) return { ...view, device, former: withoutCounts(tables, view) };
  return {
    ...view,
    device,
    tables: view.tables.map(recall),
    ...(view.leaving === undefined ? {} : { leaving: view.leaving.map(recall) }),
  };
}

/** What a purge waits for, and until when; undefined where nothing waits. */
export function farewellOf(meta: ObjectMeta, ending: PanFirewallEnding): FirewallView['farewell'] {
  const { deletionPolicy, mode, purgeTimeoutSeconds } = ending;
  if (meta.deletingSince === undefined || deletionPolicy === 'Retain' || mode === 'Observe') return undefined;
  return { name: meta.name, until: wholeSeconds(meta.deletingSince + purgeTimeoutSeconds * 1000) };
}

/** Of a PanFirewall without a worker, whose spec cannot be read: its tables are as they were. */
function withoutCounts(
  tables: NonNullable<PanFirewallStatus['tables']>,
  { finding }: FirewallView,
): NonNullable<FirewallView['former']> {
  return tables.map(({ capacity: _capacity, held: _held, plan: _plan, message: _message, ...kept }) => ({
    ...kept,
    state: kept.state === departed ? departed : (finding?.reason ?? 'Progressing'),
    pending: 0,
  }));
}
