// PanFirewalls, good and bad, on which zod and the API server must agree.

import { type BadCase, firewall, type GoodCase, numbered } from './manifests.ts';

const endpointSays = 'must be https://<host> or https://<host>:<port>';
const badEndpoints = [
  'http://fw-a.example.net',
  'HTTPS://fw-a.example.net',
  'fw-a.example.net',
  'https://',
  'https://:443',
  'https://fw-a.example.net/',
  'https://fw-a.example.net/api',
  'https://fw-a.example.net?key=1',
  'https://fw-a.example.net#x',
  'https://admin@fw-a.example.net',
  'https://admin:secret@fw-a.example.net',
  'https://fw-a.example.net:',
  'https://fw-a.example.net:0',
  'https://fw-a.example.net:65536',
  'https://fw-a..example.net',
  'https://-fw.example.net',
  'https://fw a',
  'https://fw-a.example.net\n',
  'https://10.0.0.256',
  'https://10.0.0',
  'https://010.0.0.1',
  'https://0x7f.1',
  'https://1.2.3.0x4:443',
  'https://2001:db8::1',
  'https://[2001:db8:::1]',
  'https://[fe80::1%25eth0]',
  'https://[12345::]',
  'https://[1:2:3:4:5:6:7:8:9]',
];
const goodEndpoints = [
  'https://fw-a.example.net',
  'https://fw-a.example.net:8443',
  'https://FW-A',
  'https://9300-fw',
  'https://fw.0a',
  'https://10.0.0.5',
  'https://255.255.255.255:65535',
  'https://[2001:db8::1]',
  'https://[::]:443',
  'https://[1:2:3:4:5:6:7:8]:1',
  'https://[1:2:3:4:5:6::8]',
  'https://[::1:2:3:4:5:6:7]',
];

const prefixSays = 'must be 1 to 4 words of letters, digits, _ and -, each ended by a dot';
const badPrefixes = [
  'k8s',
  '.',
  'k8s..',
  '.k8s.',
  'k8s prod.',
  'a.b.c.d.e.',
  'k8s-prod.x',
  'é.',
  'a/b.',
  'k8s.\n',
];
const reservedSays = 'no word may begin with _ or ns_, which are reserved';
const reservedPrefixes = [
  '_a.',
  'x._owner.',
  'k8s.prod._owner.a.',
  'ns_shop.',
  'k8s.ns_.',
  '_.',
  'a.b.c._d.',
];
const goodPrefixes = ['k.', 'k8s-prod.', 'a_.-b.C.4.', 'ns.nsx.n_s.x_.', `${'x'.repeat(31)}.`];

const networkSays = 'must be a network such as 10.20.0.0/16 or fd00:10::/48';
const badNetworks = [
  '10.20.0.0',
  '10.20.0.0/33',
  '10.20.0.0/-1',
  '10.20.0.0/016',
  '10.20.0.0/',
  '10.20.0/16',
  '010.20.0.0/16',
  '10.20.0.0/255.255.0.0',
  '10.20.0.1-10.20.0.9',
  ' 10.20.0.0/16',
  'fd00::',
  'fd00::/129',
  'fe80::%eth0/64',
  '::ffff:10.20.0.0/112',
  'pods.example.net/16',
  '*',
];
const networksWithHostBits = ['10.20.3.4/16', '10.0.0.1/31', '1.0.0.0/0', 'fd00::1/64', 'fd00::/7'];
const goodNetworks = [
  '10.20.0.0/16',
  '0.0.0.0/0',
  '10.20.3.4/32',
  '::/0',
  'fd00:10::/48',
  'FD00:0:0:0::/64',
  '2001:db8::7/128',
  '64:ff9b::192.0.2.0/120',
  '127.0.0.0/8',
];

export const goodFirewalls: GoodCase[] = [
  { name: 'the smallest PanFirewall', manifest: firewall() },
  {
    name: 'a PanFirewall with every field',
    manifest: firewall({
      tls: { caSecretRef: { name: 'edge-a-ca' }, serverName: 'FW-a.example.net', insecureSkipVerify: false },
      tables: [{ vsys: 'vsys1' }, { vsys: 'vsys2' }],
      namespaceSelector: { matchLabels: { env: 'prod' } },
      resync: { fullIntervalSeconds: 10 },
    }),
  },
  {
    name: 'tables through a Panorama, and its own',
    manifest: firewall({
      tables: [
        { serial: '0070510000001' },
        { serial: '0070510000002', vsys: 'vsys1' },
        { serial: '0070510000002', vsys: 'vsys2' },
        { vsys: 'vsys1' },
        { deviceGroup: 'edge' },
        { deviceGroup: 'edge', vsys: 'vsys2' },
        { deviceGroup: 'Branch offices_2 v1.0-a', vsys: 'vsys1' },
      ],
    }),
  },
  {
    name: '64 tables through a Panorama',
    manifest: firewall({
      tables: numbered(64, (i) => ({ serial: 'x'.repeat(30) + (10 + i), vsys: 'vsys9999' })),
    }),
  },
  { name: '64 tables', manifest: firewall({ tables: numbered(64, (i) => ({ vsys: `vsys${i + 1}` })) }) },
  { name: 'a guard that holds everything', manifest: firewall({ removalGuard: { percent: 0, minimum: 0 } }) },
  { name: 'deletionPolicy Retain', manifest: firewall({ deletionPolicy: 'Retain' }) },
  ...[0, 900, 2_592_000].map((registrationTimeoutSeconds) => ({
    name: `a registration timeout of ${registrationTimeoutSeconds} s`,
    manifest: firewall({ registrationTimeoutSeconds }),
  })),
  { name: 'a purge of a day', manifest: firewall({ purgeTimeoutSeconds: 86400 }) },
  { name: 'mode Observe', manifest: firewall({ mode: 'Observe' }) },
  {
    name: 'method Basic',
    manifest: firewall({ credentials: { secretRef: { name: 'edge-a' }, method: 'Basic' } }),
  },
  { name: 'five calls at once', manifest: firewall({ limits: { maxConcurrentCalls: 5 } }) },
  { name: 'the smallest limits', manifest: firewall({ limits: { maxAddresses: 1, maxTagsPerAddress: 1 } }) },
  {
    name: 'the largest limits',
    manifest: firewall({ limits: { maxAddresses: 1_000_000, maxTagsPerAddress: 64 } }),
  },
  { name: 'a resync of a day', manifest: firewall({ resync: { fullIntervalSeconds: 86400 } }) },
  {
    name: 'a numeric but not only numeric server name',
    manifest: firewall({ tls: { serverName: '9300-fw' } }),
  },
  {
    name: '64 networks',
    manifest: firewall({ addressCIDRs: numbered(64, (i) => `10.${i}.0.0/16`) }),
  },
  ...goodNetworks.map((network) => ({
    name: `addressCIDRs ${network}`,
    manifest: firewall({ addressCIDRs: [network] }),
  })),
  ...goodEndpoints.map((endpoint) => ({ name: `endpoint ${endpoint}`, manifest: firewall({ endpoint }) })),
  ...goodEndpoints
    .slice(1)
    .map((peerEndpoint) => ({ name: `peerEndpoint ${peerEndpoint}`, manifest: firewall({ peerEndpoint }) })),
  ...['http://proxy:3128', 'https://proxy.example.net', 'http://10.0.0.9:8080', 'http://[fd00::9]:3128'].map(
    (proxyUrl) => ({ name: `proxyUrl ${proxyUrl}`, manifest: firewall({ proxyUrl }) }),
  ),
  ...goodPrefixes.map((tagPrefix) => ({ name: `tagPrefix ${tagPrefix}`, manifest: firewall({ tagPrefix }) })),
];

export const badFirewalls: BadCase[] = [
  { name: 'no spec', manifest: { ...firewall(), spec: undefined }, field: 'spec' },
  { name: 'no endpoint', manifest: firewall({ endpoint: undefined }), field: 'spec.endpoint' },
  { name: 'endpoint of another type', manifest: firewall({ endpoint: 7 }), field: 'spec.endpoint' },
  { name: 'empty endpoint', manifest: firewall({ endpoint: '' }), field: 'spec.endpoint' },
  {
    name: 'endless endpoint',
    manifest: firewall({ endpoint: `https://${'a.'.repeat(150)}a` }),
    field: 'spec.endpoint',
  },
  ...badEndpoints.map((endpoint) => ({
    name: `endpoint ${endpoint}`,
    manifest: firewall({ endpoint }),
    field: 'spec.endpoint',
    says: endpointSays,
  })),
  ...badEndpoints.map((peerEndpoint) => ({
    name: `peerEndpoint ${peerEndpoint}`,
    manifest: firewall({ peerEndpoint }),
    field: 'spec.peerEndpoint',
    says: endpointSays,
  })),
  { name: 'empty peerEndpoint', manifest: firewall({ peerEndpoint: '' }), field: 'spec.peerEndpoint' },
  {
    name: 'a peerEndpoint that is the endpoint',
    manifest: firewall({ peerEndpoint: 'https://fw-a.example.net' }),
    field: 'spec',
    says: 'peerEndpoint must differ from endpoint',
  },
  ...[
    'proxy:3128',
    'socks5://proxy:1080',
    'http://user:secret@proxy:3128',
    'http://proxy:3128/',
    'http://proxy:0',
    'http://1.2.3',
  ].map((proxyUrl) => ({
    name: `proxyUrl ${proxyUrl}`,
    manifest: firewall({ proxyUrl }),
    field: 'spec.proxyUrl',
    says: 'must be http://<host>:<port> or https://<host>:<port>',
  })),
  { name: 'no tagPrefix', manifest: firewall({ tagPrefix: undefined }), field: 'spec.tagPrefix' },
  { name: 'empty tagPrefix', manifest: firewall({ tagPrefix: '' }), field: 'spec.tagPrefix' },
  {
    name: 'tagPrefix of 33',
    manifest: firewall({ tagPrefix: `${'x'.repeat(32)}.` }),
    field: 'spec.tagPrefix',
  },
  ...badPrefixes.map((tagPrefix) => ({
    name: `tagPrefix ${tagPrefix}`,
    manifest: firewall({ tagPrefix }),
    field: 'spec.tagPrefix',
    says: prefixSays,
  })),
  ...reservedPrefixes.map((tagPrefix) => ({
    name: `tagPrefix ${tagPrefix}`,
    manifest: firewall({ tagPrefix }),
    field: 'spec.tagPrefix',
    says: reservedSays,
  })),
  { name: 'no credentials', manifest: firewall({ credentials: undefined }), field: 'spec.credentials' },
  { name: 'no secretRef', manifest: firewall({ credentials: {} }), field: 'spec.credentials.secretRef' },
  {
    name: 'secretRef without name',
    manifest: firewall({ credentials: { secretRef: {} } }),
    field: 'spec.credentials.secretRef.name',
  },
  {
    name: 'a Secret name with a slash',
    manifest: firewall({ credentials: { secretRef: { name: 'other/edge-a' } } }),
    field: 'spec.credentials.secretRef.name',
    says: 'must be the name of a Secret',
  },
  {
    name: 'a method that is none',
    manifest: firewall({ credentials: { secretRef: { name: 'edge-a' }, method: 'basic' } }),
    field: 'spec.credentials.method',
  },
  ...[0, 6, 1.5].map((maxConcurrentCalls) => ({
    name: `${maxConcurrentCalls} calls at once`,
    manifest: firewall({ limits: { maxConcurrentCalls } }),
    field: 'spec.limits.maxConcurrentCalls',
  })),
  ...[0, 1_000_001, 2.5, '2500'].map((maxAddresses) => ({
    name: `${maxAddresses} addresses (${typeof maxAddresses})`,
    manifest: firewall({ limits: { maxAddresses } }),
    field: 'spec.limits.maxAddresses',
  })),
  ...[0, 65, 1.5].map((maxTagsPerAddress) => ({
    name: `${maxTagsPerAddress} tags of an address`,
    manifest: firewall({ limits: { maxTagsPerAddress } }),
    field: 'spec.limits.maxTagsPerAddress',
  })),
  { name: 'limits that are none', manifest: firewall({ limits: 2 }), field: 'spec.limits' },
  {
    name: 'a CA Secret name in capitals',
    manifest: firewall({ tls: { caSecretRef: { name: 'CA' } } }),
    field: 'spec.tls.caSecretRef.name',
    says: 'must be the name of a Secret',
  },
  ...['10.0.0.5', '2001:db8::1', 'fw-a.example.net:443', '*.example.net', '1.0x7f'].map((serverName) => ({
    name: `serverName ${serverName}`,
    manifest: firewall({ tls: { serverName } }),
    field: 'spec.tls.serverName',
    says: 'must be a host name such as',
  })),
  {
    name: 'a word for a truth',
    manifest: firewall({ tls: { insecureSkipVerify: 'no' } }),
    field: 'spec.tls.insecureSkipVerify',
  },
  { name: 'no tables in tables', manifest: firewall({ tables: [] }), field: 'spec.tables' },
  {
    name: '65 tables',
    manifest: firewall({ tables: numbered(65, (i) => ({ vsys: `vsys${i + 1}` })) }),
    field: 'spec.tables',
  },
  {
    name: 'a table without a name',
    manifest: firewall({ tables: [{ vsys: 'vsys1' }, {}] }),
    field: 'spec.tables[1]',
    says: 'must name a vsys, a serial or a deviceGroup',
  },
  ...['', '00705-1', '0070510000001 ', 'x'.repeat(33)].map((serial) => ({
    name: `serial ${serial}`,
    manifest: firewall({ tables: [{ serial }] }),
    field: 'spec.tables[0].serial',
  })),
  {
    name: 'a serial and a deviceGroup in one table',
    manifest: firewall({ tables: [{ serial: '0070510000001', deviceGroup: 'edge' }] }),
    field: 'spec.tables[0]',
    says: 'must not name both',
  },
  ...['', ' edge', 'edge/1', "edge' or '1", 'x'.repeat(64)].map((deviceGroup) => ({
    name: `device group ${deviceGroup}`,
    manifest: firewall({ tables: [{ deviceGroup }] }),
    field: 'spec.tables[0].deviceGroup',
  })),
  {
    name: 'a device group twice, once without its vsys',
    manifest: firewall({ tables: [{ deviceGroup: 'edge', vsys: 'vsys1' }, { deviceGroup: 'edge' }] }),
    field: 'spec.tables',
    says: 'must name each table once',
  },
  {
    name: 'the table of a firewall twice, once without its vsys',
    manifest: firewall({ tables: [{ serial: '0070510000001' }, { serial: '0070510000001', vsys: 'vsys1' }] }),
    field: 'spec.tables',
    says: 'must name each table once',
  },
  ...['1', 'vsys', 'vsys0', 'VSYS1', 'vsys01', 'vsys1 '].map((vsys) => ({
    name: `vsys ${vsys}`,
    manifest: firewall({ tables: [{ vsys: 'vsys7' }, { vsys }] }),
    field: 'spec.tables[1].vsys',
    says: 'must be the name of a virtual system',
  })),
  {
    name: 'a table twice',
    manifest: firewall({ tables: [{ vsys: 'vsys1' }, { vsys: 'vsys2' }, { vsys: 'vsys1' }] }),
    field: 'spec.tables',
    says: 'must name each table once',
  },
  {
    name: 'no namespaceSelector',
    manifest: firewall({ namespaceSelector: undefined }),
    field: 'spec.namespaceSelector',
  },
  {
    name: 'no networks in addressCIDRs',
    manifest: firewall({ addressCIDRs: [] }),
    field: 'spec.addressCIDRs',
  },
  {
    name: 'addressCIDRs as one text',
    manifest: firewall({ addressCIDRs: '10.20.0.0/16' }),
    field: 'spec.addressCIDRs',
  },
  {
    name: '65 networks',
    manifest: firewall({ addressCIDRs: numbered(65, (i) => `10.${i}.0.0/16`) }),
    field: 'spec.addressCIDRs',
  },
  {
    name: 'an empty network',
    manifest: firewall({ addressCIDRs: [''] }),
    field: 'spec.addressCIDRs[0]',
  },
  ...badNetworks.map((network) => ({
    name: `addressCIDRs ${network}`,
    manifest: firewall({ addressCIDRs: ['10.0.0.0/8', network] }),
    field: 'spec.addressCIDRs[1]',
    says: networkSays,
  })),
  ...networksWithHostBits.map((network) => ({
    name: `addressCIDRs ${network}`,
    manifest: firewall({ addressCIDRs: [network] }),
    field: 'spec.addressCIDRs[0]',
    says: 'has bits set after its length: write ',
  })),
  ...[-1, 101, 2.5, '30'].map((percent) => ({
    name: `a guard of ${JSON.stringify(percent)} percent`,
    manifest: firewall({ removalGuard: { percent } }),
    field: 'spec.removalGuard.percent',
  })),
  ...[-1, 100_001, '50'].map((minimum) => ({
    name: `a guard of at least ${JSON.stringify(minimum)}`,
    manifest: firewall({ removalGuard: { minimum } }),
    field: 'spec.removalGuard.minimum',
  })),
  {
    name: 'no deletionPolicy',
    manifest: firewall({ deletionPolicy: undefined }),
    field: 'spec.deletionPolicy',
  },
  ...['purge', '', 'Delete', null].map((deletionPolicy) => ({
    name: `deletionPolicy ${JSON.stringify(deletionPolicy)}`,
    manifest: firewall({ deletionPolicy }),
    field: 'spec.deletionPolicy',
  })),
  ...[0, 86401, 2.5, '300'].map((purgeTimeoutSeconds) => ({
    name: `a purge of ${JSON.stringify(purgeTimeoutSeconds)} s`,
    manifest: firewall({ purgeTimeoutSeconds }),
    field: 'spec.purgeTimeoutSeconds',
  })),
  ...[1, 899].map((registrationTimeoutSeconds) => ({
    name: `a registration timeout of ${registrationTimeoutSeconds} s`,
    manifest: firewall({ registrationTimeoutSeconds }),
    field: 'spec.registrationTimeoutSeconds',
    says: 'must be 0, for none, or 900 to 2592000',
  })),
  ...[-1, 2_592_001, 900.5, '900'].map((registrationTimeoutSeconds) => ({
    name: `a registration timeout of ${JSON.stringify(registrationTimeoutSeconds)}`,
    manifest: firewall({ registrationTimeoutSeconds }),
    field: 'spec.registrationTimeoutSeconds',
  })),
  ...['observe', '', 'Off', true].map((mode) => ({
    name: `mode ${JSON.stringify(mode)}`,
    manifest: firewall({ mode }),
    field: 'spec.mode',
  })),
  ...[4, 3601, 30.5, '30'].map((markerIntervalSeconds) => ({
    name: `a marker read every ${JSON.stringify(markerIntervalSeconds)}`,
    manifest: firewall({ resync: { markerIntervalSeconds } }),
    field: 'spec.resync.markerIntervalSeconds',
  })),
  ...[9, 86401, 60.5, '60'].map((fullIntervalSeconds) => ({
    name: `a resync of ${JSON.stringify(fullIntervalSeconds)}`,
    manifest: firewall({ resync: { fullIntervalSeconds } }),
    field: 'spec.resync.fullIntervalSeconds',
  })),
];
