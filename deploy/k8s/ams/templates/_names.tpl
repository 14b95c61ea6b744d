{{/* Names, labels and images. */}}
{{- define "ams.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains "ams" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-ams" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* {root, name}: labels of one component's objects. */}}
{{- define "ams.labels" -}}
{{ include "ams.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: ams
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ams.selector" -}}
app.kubernetes.io/name: ams
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* {root, name, annotations, suffix}: metadata of one component's object. */}}
{{- define "ams.metadata" -}}
name: {{ include "ams.fullname" .root }}-{{ .name }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ams.labels" . | nindent 2 }}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* {root, image}: one of our images, with registry and tag. */}}
{{- define "ams.image" -}}
{{- $prefix := .root.Values.image.registry -}}
{{- $tag := .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{- if $prefix }}{{ trimSuffix "/" $prefix }}/{{ end }}{{ .image.repository }}:{{ $tag }}
{{- end -}}

{{/* The edges that are enabled, as YAML: each under its name. */}}
{{- define "ams.edges" -}}
{{- $edges := dict -}}
{{- range $name, $edge := .Values.edges -}}
{{- if $edge.enabled }}{{ $_ := set $edges $name $edge }}{{ end -}}
{{- end -}}
{{- toYaml $edges -}}
{{- end -}}

{{/* The names of the enabled edges that keep something, with commas. */}}
{{- define "ams.durableEdges" -}}
{{- $names := list -}}
{{- range $name, $edge := include "ams.edges" . | fromYaml -}}
{{- if $edge.durable }}{{ $names = append $names $name }}{{ end -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}

{{/* "yes" where the wire's Redis is one that somebody else operates. */}}
{{- define "ams.redisIsExternal" -}}
{{- with .Values.redis.external -}}
{{- if or .url .sentinel.nodes .cluster.nodes .existingSecret }}yes{{ end -}}
{{- end -}}
{{- end -}}

{{- define "ams.redisSecret" -}}
{{- if include "ams.redisIsExternal" . -}}
{{- .Values.redis.external.existingSecret | default (printf "%s-redis-external" (include "ams.fullname" .)) -}}
{{- else -}}
{{- .Values.redis.bundled.existingSecret | default (printf "%s-redis" (include "ams.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{/* "yes" where the bundled redis-durable runs. */}}
{{- define "ams.hasDurable" -}}
{{- if and (include "ams.durableEdges" .) (not .Values.redisDurable.external.enabled) }}yes{{ end -}}
{{- end -}}

{{- define "ams.pepperSecret" -}}
{{- .Values.peppers.existingSecret | default (printf "%s-peppers" (include "ams.fullname" .)) -}}
{{- end -}}

{{/* {root, name}: the Secret of one edge. */}}
{{- define "ams.edgeSecret" -}}
{{- $edge := index .root.Values.edges .name -}}
{{- $edge.existingSecret | default (printf "%s-%s" (include "ams.fullname" .root) .name) -}}
{{- end -}}

{{/* Where edges reach the deployment. */}}
{{- define "ams.internalUrl" -}}
{{- .Values.internalUrl | default (printf "http://%s-entry:%v" (include "ams.fullname" .) .Values.entry.service.port) -}}
{{- end -}}
