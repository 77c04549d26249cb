// The nouns that every room shares. Shapes only: no behaviour, no imports.

/** A label set. The decoder makes equal sets one instance, unless they are very large: identity is a first comparison. */
export type Labels = ReadonlyMap<string, string>;

export type NamespaceRecord = {
  readonly name: string;
  readonly labels: Labels;
};

export type Requirement = {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Empty for Exists and DoesNotExist. */
  readonly values: ReadonlySet<string>;
};

/** A parsed metav1.LabelSelector: all requirements must hold; none at all selects everything. */
export type Selector = readonly Requirement[];

/** One piece of a parsed template: literal text, or a placeholder whose value comes from the Pod. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly field: 'namespace' | 'pod' | 'node' | 'serviceAccount' }
  | { readonly kind: 'label'; readonly key: string }
  | { readonly kind: 'namespaceLabel'; readonly key: string };

export type Template = readonly TemplatePart[];

export type TagSource =
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'labelKeys'; readonly keys: readonly string[] };

/** `<namespace>/<name>` of a PanTagPolicy, `/<name>` of a ClusterPanTagPolicy. */
export type PolicyId = string;

/** A PanTagPolicy or ClusterPanTagPolicy whose spec is valid. */
export type Policy = {
  readonly id: PolicyId;
  readonly name: string;
  /** undefined for a ClusterPanTagPolicy. */
  readonly namespace: string | undefined;
  readonly firewalls: { readonly names: readonly string[] } | { readonly selector: Selector };
  /** Only a ClusterPanTagPolicy has one. */
  readonly namespaceSelector: Selector | undefined;
  readonly podSelector: Selector;
  /** Only a ClusterPanTagPolicy has one: at a limit the higher goes first. Absent: 0. */
  readonly priority?: number | undefined;
  readonly tags: readonly TagSource[];
};

/**
 * Both families in one space of 128 bits: an IPv4 network is that of its IPv4-mapped addresses (`::ffff:0:0/96`), so
 * a mapped address is judged as the IPv4 address that it holds. Plain data, so that two specs compare by value.
 */
export type Network = {
  /** Eight 16-bit groups; zero after `length` bits. */
  readonly groups: readonly number[];
  /** 0 to 128 bits that all its addresses share. */
  readonly length: number;
};

/** What of a PanFirewall decides tags. How to reach it is the operator's knowledge, not the core's. */
export type Firewall = {
  readonly name: string;
  readonly labels: Labels;
  readonly tagPrefix: string;
  readonly namespaceSelector: Selector;
  /** The networks whose addresses may be registered; undefined = any. */
  readonly addressCIDRs: readonly Network[] | undefined;
};

/** Why a selected Pod got no tag, or fewer than its policy names. A closed list; see docs/reasons.md. */
export const skipReasons = [
  'HostNetwork',
  'NoAddress',
  'AddressTaken',
  'OutsideCIDR',
  'MissingValue',
  'IllegalTag',
  'TagLimit',
  'Capacity',
] as const;

export type SkipReason = (typeof skipReasons)[number];

/** Condition reasons, the most urgent first: the first that applies is the one shown. A closed list. */
export const conditionReasons = [
  'InvalidSpec',
  'FirewallMissing',
  'NotAdmitted',
  'SecretMissing',
  'OwnershipConflict',
  'UntrustedCertificate',
  'AuthenticationFailed',
  'RoleNotAuthorized',
  'UnsupportedVersion',
  'DeviceUnavailable',
  'InvalidResponse',
  'RemovalsHeld',
  'CapacityExceeded',
  'TagLimitExceeded',
  'RegistrationRejected',
  'PassivePeer',
  'Purging',
  'Observing',
  'Progressing',
  'NoPods',
  'InSync',
] as const;

export type ConditionReason = (typeof conditionReasons)[number];

/** What ends a PanFirewall's Ready as an outage: condition reasons that are Event reasons, too. */
export const outageReasons = [
  'SecretMissing',
  'UntrustedCertificate',
  'AuthenticationFailed',
  'RoleNotAuthorized',
  'UnsupportedVersion',
  'DeviceUnavailable',
  'InvalidResponse',
] as const satisfies readonly ConditionReason[];

export type OutageReason = (typeof outageReasons)[number];

/** Reasons of Events. Ready, NotReady and NoPods are about policies, the others about PanFirewalls. A closed list. */
export const eventReasons = [
  'Ready',
  'NotReady',
  'NoPods',
  'OwnershipConflict',
  ...outageReasons,
  'Recovered',
  'TableLost',
  'RemovalsHeld',
  'RemovalsReleased',
  'CredentialsReloaded',
  'Purged',
  'PurgeAbandoned',
  'InvalidAnnotation',
] as const;

export type EventReason = (typeof eventReasons)[number];

/** Why a tag should leave an address. The first four go at once: they rest on what a live Pod was seen to do, or on a higher rank at a limit. */
export type RemovalCause =
  | 'vacated'
  | 'relabelled'
  | 'newHolder'
  | 'displaced'
  | 'limit'
  | 'policy'
  | 'namespace'
  | 'relist'
  | 'unclaimed';
