// Reads the reply to <show><high-availability><state/></high-availability></show>.
import type { HaState } from '../../core/device/ha-state.ts';
import { child, type Element, readResult, textOf } from './envelope.ts';
import { invalidResponse } from '../errors/errors.ts';

/**
 * Of a firewall, whose states are within <group>, or of a Panorama, which has no such level. Throws DeviceError for a
 * refusal, and for a reply that does not say in which state the device is.
 */
export function readHaState(text: string): HaState {
  const result = readResult(text);
  const enabled = textOf(result['enabled']);
  if (enabled === 'no') return { enabled: false };
  if (enabled !== 'yes') throw invalidResponse('<enabled> is neither yes nor no', 'read');
  const place = child(result, 'group') ?? result;
  const state = stateIn(place, 'local-info');
  if (state === '') throw invalidResponse('it tells no HA state', 'read');
  return { enabled: true, state, peerState: stateIn(place, 'peer-info') };
}

function stateIn(place: Element, part: 'local-info' | 'peer-info'): string {
  return textOf(child(place, part)?.['state']);
}
