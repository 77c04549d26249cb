// Identity of the simulated device: `show system info` and `type=version`.

import { success } from '../xml/replies.ts';
import { escapeText } from '../xml/xml-writer.ts';

export type Identity = {
  readonly hostname: string;
  readonly ipAddress: string;
  readonly serial: string;
  readonly model: string;
  readonly family: string;
  /** With its hotfix suffix, as `10.2.11-h12`. */
  readonly swVersion: string;
};

export const defaultIdentity: Identity = {
  hostname: 'pan-simulator',
  ipAddress: '127.0.0.1',
  serial: '007051000000001',
  model: 'PA-VM',
  family: 'vm',
  swVersion: '10.2.11-h12',
};

/** `3 days, 4:05:06`, as PAN-OS prints it. */
const uptime = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  return `${days} days, ${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
};

/** `Wed Apr 30 15:14:34 2025`, in UTC. */
const time = (now: number): string => {
  const [weekday = '', day = '', month = '', year = '', clock = ''] = new Date(now).toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${Number(day)} ${clock} ${year}`;
};

const elements = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<${name}>${escapeText(value)}</${name}>`)
    .join('');

const virtualMachine = {
  'vm-license': 'VM-SERIES-4',
  'vm-uuid': '564D7E0C-0B56-4F0A-9C3F-000000000001',
  'vm-cpuid': 'ESX:00000F6500000000',
  'vm-cores': '4',
  'vm-mem': '16398496',
  'vm-mode': 'KVM',
};

const contentVersions = {
  'global-protect-client-package-version': '0.0.0',
  'device-dictionary-version': '172-597',
  'app-version': '8971-9419',
  'av-version': '5169-5689',
  'threat-version': '8971-9419',
  'wf-private-version': '0',
  'wildfire-version': '955464-959418',
  'url-filtering-version': '20250430.20332',
};

/** Panoramas call themselves so or M-100, M-600 (facts 7.8, 10.1). */
export const isPanorama = ({ model }: Pick<Identity, 'model'>): boolean => /^(?:Panorama$|M-)/.test(model);

export type DeviceState = { readonly multiVsys: boolean; readonly bootedAt: number; readonly now: number };

/** The fields of the vendor's 10.2 sample that clients read (facts 7.8, 10.1). */
export const systemInfoReply = (identity: Identity, state: DeviceState): string => {
  const [major, minor, patch] = identity.swVersion.split(/[.-]/);
  const system = elements({
    hostname: identity.hostname,
    'ip-address': identity.ipAddress,
    'public-ip-address': 'unknown',
    netmask: '255.255.255.0',
    'default-gateway': '192.0.2.1',
    'is-dhcp': 'no',
    'ipv6-address': 'unknown',
    'mac-address': '02:00:00:00:00:01',
    time: time(state.now),
    uptime: uptime(state.now - state.bootedAt),
    devicename: identity.hostname,
    family: identity.family,
    model: identity.model,
    serial: identity.serial,
    ...(identity.model === 'PA-VM' ? virtualMachine : {}),
    'cloud-mode': 'non-cloud',
    'sw-version': identity.swVersion,
    ...(isPanorama(identity) ? { 'app-version': contentVersions['app-version'] } : contentVersions),
    'logdb-version': [major, minor, patch].join('.'),
    'platform-family': identity.family,
    ...(isPanorama(identity)
      ? { 'system-mode': 'panorama' }
      : { 'vpn-disable-mode': 'off', 'multi-vsys': state.multiVsys ? 'on' : 'off' }),
    'operational-mode': 'normal',
    'advanced-routing': 'off',
    'device-certificate-status': 'Valid',
  });
  return success(`<system>${system}</system>`);
};

/** Facts 1.13. */
export const versionReply = (identity: Identity, multiVsys: boolean): string =>
  success(
    elements({
      'sw-version': identity.swVersion,
      'multi-vsys': multiVsys ? 'on' : 'off',
      model: identity.model,
      serial: identity.serial,
    }),
  );
