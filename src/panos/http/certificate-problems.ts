// Explains certificate errors of the TLS library to an administrator: cause and next step.
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { CertificateError } from '../../net/certificate-error.ts';
import { quoted } from '../errors/device-words.ts';

/** Signed by nobody who is trusted. */
const signerCodes = new Set([
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whoever answers where a name leads to a wrong address has a certificate that nobody trusts, too. */
const compare =
  "Another host may answer: compare the certificate, and the address of the endpoint's name, with the device's own. If both are the device's";

/** What is wrong with the device's certificate, and the next step. OpenSSL's own words are quoted. */
export function certificateProblem({ code, cause }: CertificateError): string {
  if (code.startsWith('ERR_TLS_CERT_ALTNAME_')) return `${nameProblem(cause)} (${code})`;
  return `${adviceFor(code, wordsOf(cause))}. ${opensslSays({ cause })}${code === '' ? '' : ` (${code})`}`;
}

/** A sentence that quotes. */
export function opensslSays({ cause }: Pick<CertificateError, 'cause'>): string {
  return `OpenSSL says: ${wordsOf(cause)}`;
}

function adviceFor(code: string, words: string): string {
  if (code === 'CERT_HAS_EXPIRED')
    return "the device's certificate, or a certificate in its chain, has expired. Renew it on the device, or in ca.crt";
  if (code === 'CERT_NOT_YET_VALID')
    return "the device's certificate is not valid yet. Check the clocks of the device and of the node";
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT')
    return `the device's certificate is self-signed. ${compare}, put it into the Secret that tls.caSecretRef names, as ca.crt, or give the device one of your CA`;
  if (signerCodes.has(code))
    return `the device's certificate is not trusted. ${compare}, name the CA that signed it in tls.caSecretRef`;
  // The words choose the advice alone; what it is has been decided.
  if (/key too (weak|small)/i.test(words))
    return "the device's certificate, or a certificate in its chain, has a key that is too short. Reissue it with RSA of 2,048 bits or more, or with ECDSA";
  if (/(digest|md|signature algorithm).*too weak/i.test(words))
    return "the device's certificate, or a certificate in its chain, is signed with a weak digest such as SHA-1. Reissue it with SHA-256 or better";
  return "the device's certificate is not accepted. Reissue it, and name the CA that signed it in tls.caSecretRef";
}

/** Without the hint that Node adds to some, which does not apply here: the system's roots are read anyway. */
function wordsOf(cause: Error): string {
  const own = 'reason' in cause && typeof cause.reason === 'string' ? cause.reason : cause.message;
  const words = quoted(own.replace(/; if the root CA is installed locally.*$/s, ''));
  return words === '' ? 'nothing' : words;
}

const mostNames = 3;

/** Of a certificate whose signer is trusted, and that is for somebody else. */
function nameProblem(error: Error): string {
  const host = 'host' in error && typeof error.host === 'string' ? quoted(error.host) : 'this name';
  const problem = `the device's certificate is not for ${host}`;
  const reissue = `reissue the certificate with ${host} in its alternative names`;
  const certificate = certificateOf(error);
  if ('code' in error && error.code === 'ERR_TLS_CERT_ALTNAME_FORMAT')
    return `the device's certificate has alternative names that cannot be read. R${reissue.slice(1)}`;
  if (certificate === undefined)
    return `${problem}. If it has another name of the device, set tls.serverName to that; else ${reissue}`;
  const names = alternativeNames(certificate);
  const addresses = names.length > 0 ? [] : alternativeAddresses(certificate);
  if (addresses.length > 0)
    return `${problem} but for ${listed(addresses)}. If that is the device, name it in the endpoint; else ${reissue}`;
  const helpful = names.length > 0 ? names : commonNames(certificate);
  if (helpful.length > 0)
    return `${problem} but for ${listed(helpful)}. If that is the device, set tls.serverName to it; else ${reissue}`;
  return `${problem}, and has no name that could be checked instead. R${reissue.slice(1)}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function certificateOf(error: Error): PeerCertificate | undefined {
  return 'cert' in error && typeof error.cert === 'object' && error.cert !== null
    ? (error.cert as PeerCertificate)
    : undefined;
}

function alternativeNames(certificate: PeerCertificate): readonly string[] {
  return alternatives(certificate, /^DNS:(.*)$/).filter((name) => couldBeAskedFor(name, certificate));
}

function alternativeAddresses(certificate: PeerCertificate): readonly string[] {
  return alternatives(certificate, /^IP Address:([0-9a-f.:]{2,45})$/i).filter(
    (address) => checkServerIdentity(address, certificate) === undefined,
  );
}

/** They count where there is no alternative name. */
function commonNames(certificate: PeerCertificate): readonly string[] {
  return [certificate.subject?.CN ?? []].flat().filter((name) => couldBeAskedFor(name, certificate));
}

/** Whether the check passes once tls.serverName is set to it, which takes no address. */
function couldBeAskedFor(name: string, certificate: PeerCertificate): boolean {
  return (
    /^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(name) &&
    name.length <= 253 &&
    isIP(name) === 0 &&
    checkServerIdentity(name.replace('*', 'x'), certificate) === undefined
  );
}

/** Node writes all alternative names in one line, those with odd characters in quotes. */
function alternatives({ subjectaltname = '' }: PeerCertificate, kind: RegExp): string[] {
  const found = subjectaltname.split(', ').flatMap((entry) => kind.exec(entry)?.[1] ?? []);
  return [...new Set(found)];
}
