{{- define "pan-tag-operator.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- /* The release's name where it holds the chart's, so that a release "pan-tag-operator" is not named twice. Suffixes fit into 63 characters. */}}
{{- define "pan-tag-operator.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- /* Of objects of cluster scope, of which two releases of one name in two namespaces must not share one. */}}
{{- define "pan-tag-operator.clusterName" -}}
{{- $name := include "pan-tag-operator.fullname" . }}
{{- eq $name .Release.Namespace | ternary $name (printf "%s-%s" .Release.Namespace $name) }}
{{- end }}

{{- define "pan-tag-operator.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "pan-tag-operator.fullname" .) }}
{{- end }}

{{- define "pan-tag-operator.simulator" -}}
{{ include "pan-tag-operator.fullname" . }}-simulator
{{- end }}

{{- /* A Deployment's selector can never be changed: these two labels, with these values, are for good (deploy/ has them, too). */}}
{{- define "pan-tag-operator.selector" -}}
app.kubernetes.io/name: {{ include "pan-tag-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pan-tag-operator.simulatorSelector" -}}
app.kubernetes.io/name: pan-os-simulator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pan-tag-operator.uninstallSelector" -}}
app.kubernetes.io/name: {{ include "pan-tag-operator.name" . }}-uninstall
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pan-tag-operator.checkSelector" -}}
app.kubernetes.io/name: {{ include "pan-tag-operator.name" . }}-check
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Takes { root, component, selector, more }. The chart's labels win over the user's: a changed one would end what selects by it. */}}
{{- define "pan-tag-operator.labelsOf" -}}
{{- $release := dict
  "app.kubernetes.io/component" .component
  "app.kubernetes.io/part-of" .root.Chart.Name
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") }}
{{- toYaml (merge (include .selector .root | fromYaml) $release (.more | default dict) .root.Values.commonLabels) }}
{{- end }}

{{- define "pan-tag-operator.labels" -}}
{{ include "pan-tag-operator.labelsOf" (dict "root" . "component" "operator" "selector" "pan-tag-operator.selector") }}
{{- end }}

{{- define "pan-tag-operator.simulatorLabels" -}}
{{ include "pan-tag-operator.labelsOf" (dict "root" . "component" "simulator" "selector" "pan-tag-operator.simulatorSelector") }}
{{- end }}

{{- define "pan-tag-operator.uninstallLabels" -}}
{{ include "pan-tag-operator.labelsOf" (dict "root" . "component" "uninstall" "selector" "pan-tag-operator.uninstallSelector") }}
{{- end }}

{{- define "pan-tag-operator.checkLabels" -}}
{{ include "pan-tag-operator.labelsOf" (dict "root" . "component" "check" "selector" "pan-tag-operator.checkSelector") }}
{{- end }}

{{- /* Takes { image, root }. */}}
{{- define "pan-tag-operator.image" -}}
{{- with .root.Values.global.imageRegistry | default .image.registry }}{{ . }}/{{ end }}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* This release's documents, where the repository is. */}}
{{- define "pan-tag-operator.docs" -}}
{{ .Chart.Home }}/blob/v{{ .Chart.AppVersion }}/docs
{{- end }}

{{- define "pan-tag-operator.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "pan-tag-operator.environment" -}}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
volumeMounts: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
