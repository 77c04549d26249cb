{{- define "pan-tag-operator.name" -}}
{{ .Values.nameOverride | default .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- /* Of objects of cluster scope, of which two releases of one name must not share one. */}}
{{- define "pan-tag-operator.clusterName" -}}
{{ .Release.Namespace }}-{{ include "pan-tag-operator.name" . }}
{{- end }}

{{- define "pan-tag-operator.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "pan-tag-operator.name" .) }}
{{- end }}

{{- define "pan-tag-operator.common" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pan-tag-operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pan-tag-operator.labels" -}}
{{ include "pan-tag-operator.selector" . }}
{{ include "pan-tag-operator.common" . }}
{{- end }}

{{- /* Takes { image, chart }. */}}
{{- define "pan-tag-operator.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* What Pod Security "restricted" asks of a Pod, and of a container. */}}
{{- define "pan-tag-operator.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "pan-tag-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
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
