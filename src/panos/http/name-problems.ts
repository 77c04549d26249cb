// Explains failed name resolution of a device or of its proxy.
import { DeviceError } from '../../core/model/device-error.ts';
import type { NameError } from '../../net/names.ts';

/** @param applied of an earlier attempt of the same call: nothing is sent to a host without an address. */
export function nameProblem(cause: NameError, applied: DeviceError['applied']): DeviceError {
  const what = cause.code === 'ENOTFOUND' ? "the endpoint, and the cluster's DNS" : "the cluster's DNS";
  return unresolved(cause, `${cause.message}. Check ${what}`, applied);
}

export function proxyNameProblem(cause: NameError): DeviceError {
  const what = "spec.proxyUrl or HTTPS_PROXY of the operator, and the cluster's DNS";
  return unresolved(cause, `the proxy is not found: ${cause.message}. Check ${what}`, 'no');
}

function unresolved(cause: NameError, problem: string, applied: DeviceError['applied']): DeviceError {
  const { code } = cause;
  const message = `${problem} (${code})`;
  return new DeviceError('DeviceUnavailable', message, { retry: 'backoff', applied, code, cause });
}
