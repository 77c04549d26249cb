// Explains connection errors to an administrator: sockets, TLS, time limits, and what is not known.
import { HandshakeCut } from '../../net/secure.ts';
import { quoted } from '../errors/device-words.ts';
import { codeOf, timeLimitCode } from '../errors/error-codes.ts';

const noRoute =
  'the device cannot be reached: there is no route to it. Check the endpoint, and the routes of the node';
const forbiddenHere =
  'the operator is not allowed to open this connection. Check its NetworkPolicy, and the packet filter of the node';

const onTheWay =
  "Check routes and firewalls on the way, and that the device's permitted IP addresses have those of the nodes";

const cut =
  'the connection was cut. Retrying; if this persists, check the device, and the firewalls and proxies on the way';
const handshakeCut =
  'the connection was cut during the TLS handshake. Check the device, and the firewalls and load balancers on the way: some reset a ClientHello of more than one packet, as key exchange with X25519MLKEM768 sends. After three cuts in a row one handshake is tried without it';

const problems: ReadonlyMap<string, string> = new Map([
  [
    'ECONNREFUSED',
    'the device refuses connections. Check the endpoint and its port, and that HTTPS is enabled',
  ],
  ['UND_ERR_CONNECT_TIMEOUT', `the device does not accept a connection in time. ${onTheWay}`],
  ['EHOSTUNREACH', noRoute],
  ['ENETUNREACH', noRoute],
  ['EHOSTDOWN', noRoute],
  ['ETIMEDOUT', `the device does not accept a connection in time, or is silent. ${onTheWay}`],
  ['EACCES', forbiddenHere],
  ['EPERM', forbiddenHere],
  [
    'EADDRNOTAVAIL',
    'no local address or port to connect from. Check that the Pod network has the IP family of the endpoint, and how many connections the node has open',
  ],
  ['EMFILE', 'the operator has too many files and connections open. Raise its limit of open files'],
  ['ENFILE', 'the node has too many files and connections open. Raise its limit of open files'],
  ['ECONNABORTED', cut],
  ['ECONNRESET', cut],
  ['EPIPE', cut],
  ['UND_ERR_SOCKET', cut],
  [timeLimitCode, 'the device did not answer in time. Check its load (management plane CPU)'],
]);

/** What is wrong, and the next step; without the code. */
export function connectionProblem(error: unknown): string {
  if (error instanceof HandshakeCut) return handshakeCut;
  return problems.get(codeOf(error)) ?? tlsProblem(error) ?? unknownProblem(error);
}

/** OpenSSL's as Node names them, and Node's own, such as ERR_TLS_DH_PARAM_SIZE. */
const tlsCodes = ['ERR_SSL_', 'ERR_OSSL_', 'ERR_TLS_'];

/** Of the handshake, and of what a peer says of it later; OpenSSL's own words are quoted. */
function tlsProblem(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code !== 'EPROTO' && !tlsCodes.some((beginning) => code.startsWith(beginning))) return undefined;
  const words = wordsOf(error);
  return `the TLS handshake failed. ${tlsAdvice(words)}. OpenSSL says: ${words}`;
}

/** The words choose the advice alone. */
function tlsAdvice(words: string): string {
  if (/wrong version number|packet length too long|http request|not ssl|record too small/i.test(words))
    return 'What answers does not speak TLS: check that the endpoint is an HTTPS port';
  if (/protocol version|unsupported protocol/i.test(words))
    return 'The device has no TLS version in common with this operator: allow TLS 1.2 on it';
  if (/alert.*certificate required|alert.*bad certificate/i.test(words))
    return 'The device asks for a client certificate, and this operator has none: take the certificate profile off its management interface';
  return 'Check that the endpoint is an HTTPS port, and the TLS versions and ciphers of the device';
}

/** What is not known is said to be, and quoted: nobody is sent to look for what it may not be. */
function unknownProblem(error: unknown): string {
  return `the call failed for a reason that this operator does not know. Check the device, and the network between. The system says: ${wordsOf(error)}`;
}

function wordsOf(error: unknown): string {
  const own = error instanceof Error ? ('reason' in error ? String(error.reason) : error.message) : undefined;
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  const words = quoted(own || inner || '');
  return words === '' ? 'nothing' : words;
}
