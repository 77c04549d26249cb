// Opens a TCP connection to whichever of a host's addresses answers first.
//
// Node's own autoSelectFamily ends a try after 250 ms to begin the next one (nodejs/node#54359): a device whose handshake
// takes longer is never reached when its name has two addresses. Here a try goes on beside the next one, as RFC 8305 says.
import { connect, type Socket } from 'node:net';

/** RFC 8305, section 5: Connection Attempt Delay. */
const nextAfterMs = 250;

/** The address cannot be reached from here: says less than another address's refusal. */
const noWay = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL']);

type Destination = {
  /** At least one, in the order to try them. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** How long a connection is silent before TCP asks whether the peer is there, ms. */
  readonly keepAliveMs: number;
};

/** Rejects with the error of the first address that says most when all have failed, and with the signal's reason. */
export function firstConnection(
  { addresses, port, keepAliveMs }: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const trying = new Set<Socket>();
  const failures: Error[] = [];
  const left = [...addresses];
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    for (const socket of trying) socket.destroy();
    trying.clear();
  };
  const giveUp = () => {
    end();
    reject(signal.reason);
  };
  const tryNext = () => {
    clearTimeout(timer);
    const host = left.shift();
    if (host === undefined) return;
    if (left.length > 0) timer = setTimeout(tryNext, nextAfterMs);
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    trying.add(socket);
    socket.once('connect', () => {
      trying.delete(socket);
      end();
      resolve(socket);
    });
    // It stays: whoever takes the connection hears of its end by other events, too.
    socket.on('error', (error) => {
      if (!trying.delete(socket)) return;
      failures.push(error);
      if (left.length > 0) tryNext();
      else if (trying.size === 0) {
        end();
        reject(failures.find((failure) => !noWay.has(codeOf(failure))) ?? failures[0]);
      }
    });
  };
  signal.addEventListener('abort', giveUp, { once: true });
  tryNext();
  return promise;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
