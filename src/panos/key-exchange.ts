// With which key exchange groups TLS is made with each device: with all of OpenSSL's, or without those for quantum computers
// where something on the way resets handshakes that begin with them.
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

/** After so many cuts in a row one handshake is tried with classical groups alone. */
const cutsInARow = 3;
/** Of the longest memory: whoever edits endpoints does not fill it. */
const mostDevices = 1000;

type State = { cuts: number; isClassical: boolean };

/**
 * One for the process: what was found out about a device holds until the process ends.
 * @param found told once for each device that only classical groups lead to.
 */
export function createKeyExchange(found: (device: string) => void = () => {}): KeyExchange {
  const states = new Map<string, State>();
  const stateOf = (device: string): State => {
    const state = states.get(device) ?? { cuts: 0, isClassical: false };
    states.delete(device);
    states.set(device, state);
    for (const oldest of states.keys()) {
      if (states.size <= mostDevices) break;
      states.delete(oldest);
    }
    return state;
  };
  return {
    next(device) {
      const state = states.get(device);
      if (state === undefined) return 'all';
      if (state.isClassical) return 'classical';
      if (state.cuts < cutsInARow) return 'all';
      // One try: if that is cut, too, the groups are not what is wrong.
      state.cuts = 0;
      return 'classical';
    },
    ended(device, groups, outcome) {
      if (groups === 'all' && outcome === 'cut') {
        stateOf(device).cuts += 1;
        return;
      }
      const state = states.get(device);
      if (groups === 'classical' && outcome === 'made') {
        if (state?.isClassical === true) return;
        stateOf(device).isClassical = true;
        found(device);
      } else if (state !== undefined && !state.isClassical) {
        states.delete(device);
      }
    },
  };
}
