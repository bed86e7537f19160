{{- define "playhead.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "playhead.selector" -}}
app.kubernetes.io/name: playhead
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "playhead.labels" -}}
{{ include "playhead.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
