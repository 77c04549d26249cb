// PanFirewall: the schema of its spec.

import { z } from 'zod';
import { parseNetwork } from '../../core/syntax/network.ts';
import { hostName, httpsEndpoint, objectName, proxyUrl } from './host.ts';
import { labelSelector } from './label-selector.ts';
import {
  matching,
  type CelRule,
  celText,
  forServer,
  list,
  pattern,
  type Rule,
  ruled,
  text,
  twinned,
} from './schema.ts';
import { tables } from './tables.ts';

const prefixWords = pattern('(?:[A-Za-z0-9_-]+\\.){1,4}');

const immutable: CelRule = {
  rule: 'self == oldSelf',
  message: 'is immutable: create another PanFirewall instead',
};

// `_owner.` is what marks of ownership are told by, `ns_` where tags of a namespace begin.
const reservedWord = '(^|\\.)(_|ns_)';

const tagPrefix = ruled(
  ruled(
    text(32),
    matching(
      prefixWords,
      'must be 1 to 4 words of letters, digits, _ and -, each ended by a dot, such as "k8s-prod."',
    ),
  ),
  {
    cel: `!self.matches(${celText(reservedWord)})`,
    message: 'no word may begin with _ or ns_, which are reserved: write it another way, such as "k8s-prod."',
    holds: (prefix) => !new RegExp(reservedWord, 'u').test(prefix),
  },
);

/** The longest is `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128`. */
const maxNetworkLength = 49;
const maxNetworks = 64;

// Since Kubernetes 1.30 the API server reads networks (isCIDR), and takes what parseNetwork takes.
const networkRules: CelRule[] = [
  { rule: 'isCIDR(self)', message: 'must be a network such as 10.20.0.0/16 or fd00:10::/48' },
  {
    rule: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
    message: 'has bits set after its length: write the network itself, such as 10.20.0.0/16 for 10.20.3.4/16',
  },
];

const network = twinned(text(maxNetworkLength), networkRules, (value) => {
  const parsed = parseNetwork(value);
  return parsed.ok ? [] : [{ path: '', message: parsed.problem }];
});

const secretRef = (description: string) =>
  z
    .object({
      name: objectName('Secret').describe("The Secret's name. Its namespace is always the operator's own."),
    })
    .describe(description);

const tls = z.object({
  caSecretRef: secretRef(
    "A Secret whose key ca.crt holds the CA certificates (PEM) that sign the endpoint's certificate. Default: the " +
      "system's roots. Until the certificate is trusted nothing is sent, and the reason is UntrustedCertificate.",
  ).optional(),
  serverName: hostName()
    .optional()
    .describe(
      'The host name to ask for in TLS and to look for in the certificate, where it differs from the host of the ' +
        'endpoint, such as fw-a.example.net. Default: the host of the endpoint.',
    ),
  insecureSkipVerify: z
    .boolean()
    .default(false)
    .describe(
      'Accept any certificate. Default: false. With true, anybody between the operator and the firewall can ' +
        'take the API key: for laboratories only.',
    ),
});

const resync = z.object({
  fullIntervalSeconds: z
    .int()
    .min(10)
    .max(86400)
    .default(900)
    .describe(
      'Seconds between full reads of a table, 10 to 86400. Default: 900. A full read finds and repairs what others ' +
        'changed on the device; a shorter interval repairs sooner and costs the device more.',
    ),
  markerIntervalSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(30)
    .describe(
      "Seconds between looks at the operator's own mark in the table, the tag <tagPrefix>_owner.<id> on 192.0.2.1; 5 " +
        'to 3600. Default: 30. Where it is gone the table was lost: it is read and restored at once.',
    ),
});

const limits = z.object({
  maxAddresses: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      "How many addresses the device's tables may hold in all, 1 to 1000000, over all its virtual systems, those of others " +
        'and the mark of ownership included. When it is reached the reason is CapacityExceeded: tags of ClusterPanTagPolicies ' +
        'go first, by spec.priority, then those that came first. Default: what is certain of the model, else what the ' +
        'device takes until it refuses.',
    ),
  maxTagsPerAddress: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'How many tags one address may carry, 1 to 64, including those of other clients. When more are wanted the ' +
        'reason is TagLimitExceeded, in the same order. Default: what is certain of the model (32 or 64), else what the ' +
        'device takes.',
    ),
  maxConcurrentCalls: z
    .int()
    .min(1)
    .max(5)
    .default(2)
    .describe(
      'How many calls may be in flight to the endpoint at once, 1 to 5. Default: 2. Devices advise at most five, of all ' +
        'their clients together.',
    ),
});

const removalGuard = z.object({
  percent: z
    .int()
    .min(0)
    .max(100)
    .default(30)
    .describe('Of the addresses with our tags at the start of the last ten minutes. Default: 30.'),
  minimum: z
    .int()
    .min(0)
    .max(100000)
    .default(50)
    .describe('So many addresses may always go within ten minutes, whatever the percentage. Default: 50.'),
});

const shortestTimeoutSeconds = 900;

const registrationTimeoutSeconds = ruled(z.int().min(0).max(2_592_000), {
  cel: `self == 0 || self >= ${shortestTimeoutSeconds}`,
  message: `must be 0, for none, or ${shortestTimeoutSeconds} to 2592000`,
  holds: (seconds) => seconds === 0 || seconds >= shortestTimeoutSeconds,
}).default(0);

const mode = z.enum(['Enforce', 'Observe']).default('Enforce');
const deletionPolicy = z.enum(['Purge', 'Retain']);
const purgeTimeoutSeconds = z.int().min(1).max(86400).default(300);

const fields = z
  .object({
    endpoint: httpsEndpoint().describe(
      'The management address that takes the registrations, https only, the port optional: https://fw-a.example.net ' +
        'or https://10.0.0.5:8443. No path, query or user info.',
    ),
    peerEndpoint: httpsEndpoint()
      .optional()
      .describe(
        'The other member of an HA pair of Panoramas, written like endpoint: https://pano-b.example.net. Both are asked ' +
          'which of them is active, and that one is used; each answer counts only when it still is afterwards. ' +
          'It shares credentials, CA, server name and proxy; the Secret may hold another API key for it ' +
          'as peerApiKey. An HA pair of firewalls is two PanFirewalls instead.',
      ),
    tagPrefix: forServer(tagPrefix, immutable).describe(
      'The beginning of every tag of this operator on this firewall: 1 to 4 words of letters, digits, _ and -, each ' +
        'ended by a dot, at most 32 characters, such as "k8s-prod.". A tag that begins with it is the operator\'s to ' +
        'add and remove; all others are never touched. Give each cluster its own. Cannot be changed later.',
    ),
    credentials: z
      .object({
        secretRef: secretRef(
          'The Secret with either the key apiKey, or the keys username and password, from which the operator generates ' +
            'an API key that it keeps in memory only. An optional key endpoint must equal spec.endpoint, so that the ' +
            'credentials cannot be sent elsewhere; the Secret then has to repeat spec.peerEndpoint, tls.serverName, ' +
            'proxyUrl and the CA, where they are set, as its keys peerEndpoint, serverName, proxyUrl and ca.crt, and ' +
            'tls.insecureSkipVerify is refused. A changed Secret is used at once.',
        ),
        method: z
          .enum(['ApiKey', 'Basic'])
          .default('ApiKey')
          .describe(
            'ApiKey: calls carry an API key. Basic: the operator signs in with username and password and keeps the ' +
              'session, for administrators whose password works once (RADIUS, one-time tokens); when the session has ' +
              'ended it signs in again. Default: ApiKey.',
          ),
      })
      .describe('How the operator authenticates at the endpoint.'),
    tls: tls
      .prefault({})
      .describe("How the endpoint's certificate is verified. Default: against the system's roots."),
    proxyUrl: proxyUrl()
      .optional()
      .describe(
        'The HTTP proxy through which the endpoint is reached, such as http://proxy:3128; it is asked for a tunnel ' +
          '(CONNECT), in which TLS with the endpoint is verified as without it. Default: what HTTPS_PROXY and NO_PROXY of ' +
          'the operator say. No user info: a proxy that asks for a password is named in HTTPS_PROXY.',
      ),
    tables: tables
      .optional()
      .describe(
        'The registered-ip tables to keep, 1 to 64, each once, such as [{vsys: vsys1}]; through a Panorama those of the ' +
          'firewalls that it manages, such as [{serial: "0070510000001"}, {deviceGroup: edge}]. Default: the one table of the endpoint; on a ' +
          'device with several virtual systems they must be named.',
      ),
    namespaceSelector: labelSelector(
      'The namespaces whose Pods may be registered here, such as {matchLabels: {env: prod}}; {} = all. A policy of ' +
        'another namespace that names this firewall has the reason NotAdmitted.',
    ),
    addressCIDRs: list(network, maxNetworks)
      .optional()
      .meta({
        description:
          'The networks whose Pod addresses may be registered here, 1 to 64, such as [10.20.0.0/16, "fd00:10::/48"]. ' +
          'Default: any. Addresses outside are left alone and counted as OutsideCIDR in the policies; when the list gets ' +
          'narrower, spec.removalGuard applies. Loopback, link-local, multicast, broadcast and unspecified addresses and ' +
          '192.0.2.0/24 are never registered, whatever is listed.',
        'x-kubernetes-list-type': 'atomic',
      }),
    mode: mode.describe(
      'Enforce: keep the tables equal to the desired tags. Observe: read them, show in status.tables[].plan what ' +
        'would be sent, and write nothing at all. Default: Enforce. Can be changed at any time.',
    ),
    deletionPolicy: deletionPolicy.describe(
      'What happens to the tags when this object is deleted, or a table leaves spec.tables. Purge: they are unregistered ' +
        'first, under the finalizer pantag.io/purge, for at most purgeTimeoutSeconds. Retain: they stay as they are.',
    ),
    purgeTimeoutSeconds: purgeTimeoutSeconds.describe(
      'How long a purge may take, 1 to 86400 seconds. Then the finalizer is removed and the remaining tags stay on the ' +
        'device, which may be gone for good. Default: 300.',
    ),
    removalGuard: removalGuard
      .prefault({})
      .describe(
        'How many addresses of a table may lose tags within ten minutes by guarded removals (a policy or ' +
          'namespace edited or deleted, Pods missing from a list, tags that nobody claims). What goes beyond both limits, ' +
          'or would empty a table of more than 5, is held in status.tables[].held until it is approved with kubectl ' +
          'annotate panfw <name> pantag.io/approve-removals=<plan>. percent 0 and minimum 0 hold all of them. Tags of Pods ' +
          'that were seen to end, to move or to be relabelled always go at once.',
      ),
    limits: limits.prefault({}).describe('The limits of the endpoint and of each of its devices.'),
    resync: resync.prefault({}).describe('How often the device is read, whatever happens in the cluster.'),
    registrationTimeoutSeconds: registrationTimeoutSeconds.describe(
      'After how many seconds the device drops a tag that is not refreshed, 900 to 2592000 (30 days), or 0: never. ' +
        'Default: 0. With a timeout the operator refreshes every tag in time, evenly, and the tables of a device that it ' +
        'cannot reach any more empty themselves. Needs PAN-OS 9.0, and at most a fifth of what the device can do: where ' +
        'that is not so, tags are registered without a timeout and the reason is InvalidSpec. Can be changed at any time.',
    ),
  })
  .describe('Desired state of the firewall, and how to reach it.');

const twoMembers: Rule<z.output<typeof fields>> = {
  cel: '!has(self.peerEndpoint) || self.peerEndpoint != self.endpoint',
  message: 'peerEndpoint must differ from endpoint: it is the other member of an HA pair of Panoramas',
  holds: ({ endpoint, peerEndpoint }) => peerEndpoint !== endpoint,
};

export const panFirewallSpec = ruled(fields, twoMembers);

/** What of a spec decides about the object's end; of a spec that is invalid otherwise, too. */
export const panFirewallEnding = z
  .object({
    deletionPolicy: deletionPolicy.optional().catch(undefined),
    mode: mode.catch('Enforce'),
    purgeTimeoutSeconds: purgeTimeoutSeconds.catch(300),
  })
  .catch({ deletionPolicy: undefined, mode: 'Enforce', purgeTimeoutSeconds: 300 });

export type PanFirewallEnding = z.output<typeof panFirewallEnding>;
export type PanFirewallSpec = z.output<typeof panFirewallSpec>;
