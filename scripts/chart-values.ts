// Schema of the chart's values: the source of values.schema.json and of the table in the chart's README.

import { z } from 'zod';

/** Passed on to Kubernetes as it is; the API server checks it. */
const kubernetes = (description: string) => z.record(z.string(), z.unknown()).describe(description);
const kubernetesList = (description: string) =>
  z.array(z.record(z.string(), z.unknown())).describe(description);
/** Room is left for the longest suffix of a name: a Pod's labels hold 63 characters. */
const name = (description: string) => z.string().max(52).describe(description);
const texts = (description: string) => z.record(z.string(), z.string()).describe(description);
const port = z.int().min(1).max(65_535);
const cidrs = (description: string) =>
  z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)).describe(description);
const percentOrCount = z.union([z.int().min(0), z.string().regex(/^[0-9]+%$/)]);

const image = (what: string) =>
  z.strictObject({
    registry: z.string().describe('In front of the repository, which may also name it itself.'),
    repository: z
      .string()
      .min(1)
      .describe(`Where ${what} image is; build it with npm run image or the Dockerfile.`),
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
    scrapeTimeout: z
      .string()
      .regex(/^(\d+(ms|s|m))?$/)
      .describe("How long it waits for an answer; default: Prometheus's own."),
    labels: texts("What your Prometheus's serviceMonitorSelector wants."),
    relabelings: kubernetesList('Changes of the labels of the target, before it is asked (RelabelConfig).'),
    metricRelabelings: kubernetesList('Changes of the metrics, before they are kept (RelabelConfig).'),
  }),
  prometheusRule: z.strictObject({
    enabled: z.boolean().describe('Alerts; needs the CRDs of prometheus-operator.'),
    labels: texts("What your Prometheus's ruleSelector wants."),
    documentationUrl: z
      .string()
      .regex(/^(https?:\/\/.*[^/])?$/)
      .describe(
        "Where you keep this repository's docs/; each alert's runbook_url begins with it. Default: the release's, where the repository is.",
      ),
  }),
  dashboard: z.strictObject({
    enabled: z.boolean().describe("A ConfigMap for Grafana's sidecar."),
    labels: texts("What Grafana's sidecar looks for."),
  }),
};

export const chartValues = z.strictObject({
  global: z
    .looseObject({
      imageRegistry: z.string().describe('In place of image.registry and simulator.image.registry.'),
    })
    .describe("Of a parent chart and all its charts; what else is there is not this chart's, and not read."),
  nameOverride: name("In place of the chart's name in the names of objects and in app.kubernetes.io/name."),
  fullnameOverride: name(
    "The whole name of the objects. Default: the release name, with the chart's name where that is not in it.",
  ),
  commonLabels: texts(
    "Labels for all objects but the CRDs, and for the Pods; the chart's own win over them.",
  ),
  replicaCount: z.int().min(0).max(5).describe('One leads and writes, the others keep their caches warm.'),
  revisionHistoryLimit: z.int().min(0).describe('How many former ReplicaSets are kept to go back to.'),
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
        'Let view read policies and PanFirewalls, and edit and admin write PanTagPolicies. Nobody may write PanFirewalls.',
      ),
  }),
  serviceAccount: z.strictObject({
    create: z.boolean().describe('Make one.'),
    name: z.string().describe('Default: the name of the other objects.'),
    annotations: texts('Annotations for it.'),
  }),
  log: z.strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .describe('From where on lines are written.'),
    format: z.enum(['json', 'pretty']).describe('json for machines, pretty for eyes.'),
    audit: z.boolean().describe('A JSON line for each pair that a device changed (docs/audit.md).'),
  }),
  extraArgs: z
    .array(z.string())
    .describe('More flags of "run", such as [--http-address=:8081]: docs/reference/command-line.md.'),
  extraEnv: kubernetesList(
    'HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS and the like: [{ name: ..., value: ... }].',
  ),
  extraEnvFrom: kubernetesList(
    'ConfigMaps and Secrets with such variables: [{ configMapRef: { name: ... } }].',
  ),
  extraVolumes: kubernetesList(
    'More volumes for the Pods, such as a ConfigMap with the CA of an HTTPS proxy.',
  ),
  extraVolumeMounts: kubernetesList(
    'Where the container finds them; NODE_EXTRA_CA_CERTS in extraEnv names a file there.',
  ),
  resources: kubernetes('Of the container. The heap takes at most 60 % of the memory limit.'),
  podSecurityContext: kubernetes(
    'Of the Pods; null takes a field away, which OpenShift needs for runAsUser and runAsGroup.',
  ),
  securityContext: kubernetes('Of the containers.'),
  deploymentAnnotations: texts('Annotations for the Deployment.'),
  podAnnotations: texts('Annotations for the Pods.'),
  podLabels: texts('More labels for the Pods.'),
  ...scheduling,
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean().describe('Keep one replica through drains; made with two replicas or more.'),
    maxUnavailable: percentOrCount.describe('How many may be away at once.'),
  }),
  service: z.strictObject({
    port: port.describe('Of the Service for /metrics.'),
    annotations: texts('Annotations for it.'),
  }),
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
});
