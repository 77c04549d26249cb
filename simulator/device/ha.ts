// High availability: what a member says of itself and its peer, and what it does with messages while it is passive.

import * as z from 'zod';
import { success } from '../xml/replies.ts';
import { escapeText } from '../xml/xml-writer.ts';

export const haSchema = z.strictObject({
  state: z
    .string()
    .min(1)
    .describe(
      'active, passive, initial, suspended, non-functional; primary-active, secondary-passive of Panorama',
    ),
  peerState: z.string().min(1).default('unknown'),
  peerSerial: z.string().default(''),
  peerAddress: z.string().default('192.0.2.2'),
  peerConnected: z.boolean().default(true),
});

export type HaSpec = z.input<typeof haSchema>;
export type Ha = z.output<typeof haSchema>;

export const isPassive = (ha: Ha | undefined): boolean => ha !== undefined && /passive/.test(ha.state);

const field = (name: string, value: string): string => `<${name}>${escapeText(value)}</${name}>`;

/** `show high-availability state`; Panorama has no level `group` (facts 7.6). */
export const haStateReply = (ha: Ha | undefined, isPanorama: boolean): string => {
  if (!ha) return success(field('enabled', 'no'));
  const peer =
    field('state', ha.peerState) +
    field('mgmt-ip', `${ha.peerAddress}/24`) +
    field('conn-status', ha.peerConnected ? 'up' : 'down');
  const state =
    `<local-info>${field('state', ha.state)}</local-info><peer-info>${peer}</peer-info>` +
    field('running-sync', 'synchronized') +
    field('running-sync-enabled', 'yes');
  if (isPanorama) return success(field('enabled', 'yes') + state);
  return success(`${field('enabled', 'yes')}<group>${field('mode', 'Active-Passive')}${state}</group>`);
};
