// Schema of the chart's values: the source of values.schema.json and of the table in the chart's README.

import { z } from 'zod';

/** Passed on to Kubernetes as it is; the API server checks it. */
const kubernetes = (description: string) => z.record(z.string(), z.unknown()).describe(description);
const kubernetesList = (description: string) =>
  z.array(z.record(z.string(), z.unknown())).describe(description);
const texts = (description: string) => z.record(z.string(), z.string()).describe(description);
const port = z.int().min(1).max(65_535);
const cidrs = (description: string) =>
  z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)).describe(description);
const percentOrCount = z.union([z.int().min(0), z.string().regex(/^[0-9]+%$/)]);

const image = (what: string) =>
  z.strictObject({
    repository: z.string().min(1).describe(`Where ${what} image is; build it with the Dockerfile.`),
    tag: z.string().describe("Default: the chart's appVersion."),
    digest: z
      .string()
      .regex(/^(sha256:[0-9a-f]{64})?$/)
      .describe('sha256:...; pins the image, whatever the tag says.'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).describe('When the kubelet pulls.'),
  });

const scheduling = {
  nodeSelector: texts('Labels of the nodes that may run it.'),
  tolerations: kubernetesList('Taints of nodes that it may run on all the same.'),
  affinity: kubernetes('Affinities beside the topology spread.'),
  topologySpreadConstraints: kubernetesList(
    "Default (empty): the replicas keep off each other's node and zone where that is possible.",
  ),
  priorityClassName: z
    .string()
    .describe('A firewall that lags is an outage: consider system-cluster-critical.'),
};

const networkPolicy = z
  .strictObject({
    enabled: z.boolean().describe('Allow no traffic but what follows.'),
    deviceCIDRs: cidrs("The firewalls' management addresses, or the proxy's; empty: any address."),
    devicePorts: z.array(port).min(1).describe("The firewalls' management ports, or the proxy's."),
    apiServerCIDRs: cidrs('The API server; empty: any address.'),
    apiServerPorts: z
      .array(port)
      .min(1)
      .describe('The ports of the API server itself, behind its Service; often 6443 or 443.'),
    metricsFrom: kubernetesList('Peers that may read /metrics (NetworkPolicyPeer); empty: any.'),
  })
  .describe('Where traffic may go; off unless your network plugin enforces policies.');

const monitoring = {
  serviceMonitor: z.strictObject({
    enabled: z.boolean().describe('Needs the CRDs of prometheus-operator.'),
    interval: z
      .string()
      .regex(/^\d+(ms|s|m)$/)
      .describe('How often Prometheus asks.'),
    labels: texts("What your Prometheus's serviceMonitorSelector wants."),
  }),
  prometheusRule: z.strictObject({
    enabled: z.boolean().describe('Alerts; needs the CRDs of prometheus-operator.'),
    labels: texts("What your Prometheus's ruleSelector wants."),
    documentationUrl: z
      .string()
      .regex(/^(https?:\/\/.*[^/])?$/)
      .describe("Where you keep this repository's docs/; each alert's runbook_url begins with it."),
  }),
  dashboard: z.strictObject({
    enabled: z.boolean().describe("A ConfigMap for Grafana's sidecar."),
    labels: texts("What Grafana's sidecar looks for."),
  }),
};

export const chartValues = z.strictObject({
  nameOverride: z.string().max(53).describe('In place of the release name in the names of objects.'),
  replicaCount: z.int().min(0).max(5).describe('One leads and writes, the others keep their caches warm.'),
  image: image("the operator's"),
  imagePullSecrets: kubernetesList('Secrets for the registry: [{ name: ... }].'),
  crds: z.strictObject({
    enabled: z
      .boolean()
      .describe('Install and upgrade the CRDs with the chart; they are kept on uninstall in any case.'),
  }),
  rbac: z.strictObject({
    create: z.boolean().describe('Make roles and bindings; the least that the operator works with.'),
    aggregate: z
      .boolean()
      .describe(
        'Let view read policies, and edit and admin write PanTagPolicies. Nobody may write PanFirewalls.',
      ),
  }),
  serviceAccount: z.strictObject({
    create: z.boolean().describe('Make one.'),
    name: z.string().describe('Default: the name of the release.'),
    annotations: texts('Annotations for it.'),
  }),
  log: z.strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .describe('From where on lines are written.'),
    format: z.enum(['json', 'pretty']).describe('json for machines, pretty for eyes.'),
  }),
  env: kubernetesList(
    'HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS and the like: [{ name: ..., value: ... }].',
  ),
  extraVolumes: kubernetesList(
    'More volumes for the Pods, such as a ConfigMap with the CA of an HTTPS proxy.',
  ),
  extraVolumeMounts: kubernetesList(
    'Where the container finds them; NODE_EXTRA_CA_CERTS in env names a file there.',
  ),
  resources: kubernetes('Of the container. The heap takes at most 60 % of the memory limit.'),
  podAnnotations: texts('Annotations for the Pods.'),
  podLabels: texts('More labels for the Pods.'),
  ...scheduling,
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean().describe('Keep one replica through drains; made with two replicas or more.'),
    maxUnavailable: percentOrCount.describe('How many may be away at once.'),
  }),
  service: z.strictObject({ port: port.describe('Of the Service for /metrics.') }),
  networkPolicy,
  ...monitoring,
  simulator: z
    .strictObject({
      enabled: z.boolean().describe('Run a simulated firewall beside the operator, to try things out.'),
      image: image("the simulator's"),
    })
    .describe('Never where a firewall matters.'),
  uninstall: z.strictObject({
    purge: z
      .boolean()
      .describe(
        'Before uninstall, stop the operator and unregister what is its own on every PanFirewall with Purge and Enforce.',
      ),
    timeoutSeconds: z
      .int()
      .min(90)
      .max(86_400)
      .describe(
        "For how long that may take in all; each firewall has 60 s less. More than 240 needs helm uninstall --timeout of more than it, as Helm's own is 5m.",
      ),
  }),
  global: z.record(z.string(), z.unknown()).describe("A parent chart's; not read.").optional(),
});
