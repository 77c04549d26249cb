// Chooses the key exchange groups of TLS for each device: all of OpenSSL's, or without the post-quantum ones where something
// on the way resets handshakes that begin with them.
//
// With X25519MLKEM768 (OpenSSL 3.5) a ClientHello has some 1,570 bytes, more than one packet; without it some 350. Firewalls
// and load balancers were seen to reset the longer one (openssl#27601, telegram-bot-api#896).

export type Groups = 'all' | 'classical';

/** made: the device showed its certificate, whatever became of it. cut: reset or closed before. other: no handshake, or refused. */
export type HandshakeOutcome = 'made' | 'cut' | 'other';

export type KeyExchange = {
  /** For the next handshake with the device. */
  next(device: string): Groups;
  ended(device: string, groups: Groups, outcome: HandshakeOutcome): void;
};

/** OpenSSL 3.5's default groups without X25519MLKEM768; Node hands them to SSL_CTX_set1_groups_list. */
export const classicalGroups = 'X25519:P-256:X448:P-384:P-521:ffdhe2048:ffdhe3072';

/** After so many in a row that fail with what is usual for the device, one handshake is tried with the other. */
const failuresInARow = 3;
/** Of the longest memory: whoever edits endpoints does not fill it. */
const mostDevices = 1000;

/**
 * A reboot cuts handshakes, too, and whichever comes after it is made. So classical groups stay only once all three were
 * seen one after another: a classical handshake that is made, one with all groups that is cut, a classical one that is made.
 */
type Stage = 'unknown' | 'passed' | 'cutAgain' | 'found';
/** failures: in a row, counted while the stage is unknown (cuts of all groups) or found (classical handshakes not made). */
type State = { stage: Stage; failures: number };

/**
 * One for the process: what was found out about a device holds until the process ends, or a handshake with all groups is made.
 * @param found told when it turns out that only classical groups lead to a device.
 */
export function createKeyExchange(found: (device: string) => void = () => {}): KeyExchange {
  const states = new Map<string, State>();
  const stateOf = (device: string): State => {
    const state = states.get(device) ?? { stage: 'unknown', failures: 0 };
    states.delete(device);
    states.set(device, state);
    for (const oldest of states.keys()) {
      if (states.size <= mostDevices) break;
      states.delete(oldest);
    }
    return state;
  };
  const endedWithAll = (device: string, outcome: HandshakeOutcome): void => {
    if (outcome === 'made') states.delete(device);
    if (outcome === 'other' && states.get(device)?.stage === 'unknown') states.delete(device);
    if (outcome !== 'cut') return;
    const state = stateOf(device);
    if (state.stage === 'unknown') state.failures += 1;
    if (state.stage === 'passed') state.stage = 'cutAgain';
  };
  const endedClassical = (device: string, outcome: HandshakeOutcome): void => {
    const state = states.get(device);
    if (state === undefined) return;
    if (outcome !== 'made') {
      if (state.stage === 'found') state.failures += 1;
      // The groups are not what is wrong.
      if (state.stage === 'cutAgain') states.delete(device);
      return;
    }
    state.failures = 0;
    if (state.stage === 'unknown') state.stage = 'passed';
    else if (state.stage === 'cutAgain') {
      state.stage = 'found';
      found(device);
    }
  };
  return {
    next(device) {
      const state = states.get(device);
      if (state === undefined) return 'all';
      const isClassical = state.stage === 'cutAgain' || state.stage === 'found';
      const isTry = state.failures >= failuresInARow;
      if (isTry) state.failures = 0;
      return isClassical !== isTry ? 'classical' : 'all';
    },
    ended(device, groups, outcome) {
      if (groups === 'all') endedWithAll(device, outcome);
      else endedClassical(device, outcome);
    },
  };
}
