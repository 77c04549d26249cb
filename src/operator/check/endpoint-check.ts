// Checks one endpoint of a PanFirewall: the connection, the certificate, the login and the device behind it.

import type { X509Certificate } from 'node:crypto';
import { DeviceError } from '../../core/model/device-error.ts';
import type { ConditionReason } from '../../core/model/model.ts';
import { quoted } from '../../core/syntax/wording.ts';
import type { ConnectionSettings } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import type { CheckList } from './checks.ts';

const steps = ['connection', 'certificate', 'login', 'device'] as const;
type Step = (typeof steps)[number];

/** @param suffix tells the endpoints of a pair apart; '' for a single one. */
export function endpointCheckNames(suffix: string): readonly string[] {
  return steps.map((step) => step + suffix);
}

export type CheckedEndpoint = {
  readonly settings: ConnectionSettings;
  readonly connection: Connection;
  /** The certificate that the device has presented last; undefined: TLS has not stood yet. */
  readonly certificate: () => X509Certificate | undefined;
  readonly suffix: string;
};

/** The step that a failure belongs to; for other reasons it is the device's answer. */
const stepOf: Partial<Readonly<Record<ConditionReason, Step>>> = {
  UntrustedCertificate: 'certificate',
  AuthenticationFailed: 'login',
};

/** Whether the device can be used. Rejects with the signal's reason. */
export async function checkEndpoint(
  list: CheckList,
  { settings, connection, certificate, suffix }: CheckedEndpoint,
  signal: AbortSignal,
): Promise<boolean> {
  const passed = (step: Step, message: string) => list.ok(step + suffix, message);
  const tellConnected = () => {
    passed('connection', settings.endpoint);
    const presented = certificate();
    if (presented === undefined) return;
    const said = certificateWords(presented);
    if (settings.tls.insecureSkipVerify)
      list.warn(`certificate${suffix}`, `not verified (spec.tls.insecureSkipVerify): ${said}`);
    else passed('certificate', said);
  };
  try {
    const { model, serial, swVersion } = await connection.call({ ask: 'info', serial: undefined }, signal);
    tellConnected();
    passed('login', loginWords(settings));
    passed('device', `${model} ${serial}, PAN-OS ${swVersion}`);
    return true;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const connected = certificate() !== undefined;
    const step = stepOf[error.reason] ?? (connected ? 'device' : 'connection');
    if (step === 'certificate') passed('connection', settings.endpoint);
    else if (step !== 'connection') tellConnected();
    if (step === 'device') passed('login', loginWords(settings));
    list.fail(step + suffix, error.message);
    return false;
  }
}

function loginWords({ login }: ConnectionSettings): string {
  if ('apiKey' in login) return 'API key of the Secret';
  return login.method === 'Basic' ? 'user name and password' : 'API key for user name and password';
}

/** The words of the certificate are the device's: shortened and escaped. */
function certificateWords({ subject, issuer, validTo }: X509Certificate): string {
  return `${nameWords(subject)}, issued by ${nameWords(issuer)}, until ${dayOf(validTo)}`;
}

/** OpenSSL's words for a time, as a date; as they are where they are none. */
function dayOf(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? nameWords(time) : at.toISOString().slice(0, 10);
}

function nameWords(name: string | undefined): string {
  return quoted((name ?? '').split('\n').join(', ')).slice(1, -1);
}
