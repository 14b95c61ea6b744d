{{/*
{root, name, own, command?, env, port, adminPort, grace, preStop, image, podAnnotations, volumes, mounts, spread}:
one Deployment. `own` is its part of values.yaml.
*/}}
{{- define "ams.deployment" -}}
{{- $root := .root -}}
{{- $own := mergeOverwrite (deepCopy $root.Values.workload) (deepCopy .own) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "ams.metadata" . | nindent 2 }}
spec:
  {{- if not .scaled }}
  replicas: {{ $own.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  # A new process is ready before an old one stops.
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels:
      {{- include "ams.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "ams.labels" . | nindent 8 }}
        {{- with $own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with mergeOverwrite (dict) $root.Values.commonAnnotations $own.podAnnotations (.podAnnotations | default dict) }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "ams.pod" (dict "root" $root "name" .name "own" $own) | nindent 6 }}
      terminationGracePeriodSeconds: {{ .grace }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: {{ .name }}
          image: {{ .image | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          {{- with .command }}
          command: {{ toJson . }}
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            {{- if .addCapabilities }}
            capabilities: { drop: [ALL], add: {{ toJson .addCapabilities }} }
            {{- else }}
            capabilities: { drop: [ALL] }
            {{- end }}
          ports:
            - { name: http, containerPort: {{ .port }}, protocol: TCP }
            {{- if .adminPort }}
            - { name: admin, containerPort: {{ .adminPort }}, protocol: TCP }
            {{- end }}
            {{- with .healthPort }}
            - { name: health, containerPort: {{ . }}, protocol: TCP }
            {{- end }}
          {{- with concat .env $own.extraEnv }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- if .adminPort }}
          # A process that waits for another is not ready, and must not be restarted for it.
          startupProbe:
            httpGet: { path: /livez, port: admin }
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /livez, port: admin }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 2
          {{- else }}
          livenessProbe:
            tcpSocket: { port: http }
            periodSeconds: 10
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /, port: health }
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 2
          {{- end }}
          # Until every node has taken the pod out of its Service.
          lifecycle:
            preStop: { exec: { command: ["sleep", {{ .preStop | toString | quote }}] } }
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          {{- with concat (.mounts | default list) $own.extraVolumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with concat (.volumes | default list) $own.extraVolumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{/* {root, name, own}: what every pod has, however it is made. */}}
{{- define "ams.pod" -}}
serviceAccountName: {{ include "ams.fullname" .root }}-{{ .name }}
automountServiceAccountToken: false
# The environment holds settings alone, not the addresses of every Service.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if (.own.topologySpread | default (dict "enabled" true)).enabled }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ ($.own.topologySpread | default dict).whenUnsatisfiable | default "ScheduleAnyway" }}
    labelSelector:
      matchLabels:
        {{- include "ams.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end -}}

{{/* {root, name, port, adminPort, own}: Service, the internal headless one, ServiceAccount, disruption budget. */}}
{{- define "ams.beside" -}}
{{- $root := .root -}}
{{- include "ams.account" . }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "ams.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  ports:
    - { name: http, port: {{ .port }}, targetPort: http, protocol: TCP }
  selector:
    {{- include "ams.selector" . | nindent 4 }}
---
# For metrics, and for those that need each process by itself. Never for the outside.
apiVersion: v1
kind: Service
metadata:
  {{- include "ams.metadata" (merge (dict "suffix" "-internal") .) | nindent 2 }}
spec:
  type: ClusterIP
  clusterIP: None
  ports:
    - { name: http, port: {{ .port }}, targetPort: http, protocol: TCP }
    - { name: admin, port: {{ .adminPort }}, targetPort: admin, protocol: TCP }
  selector:
    {{- include "ams.selector" . | nindent 4 }}
{{- if (.own.podDisruptionBudget | default dict).enabled }}
---
{{ include "ams.budget" . }}
{{- end }}
{{- end -}}

{{- define "ams.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "ams.metadata" (merge (dict "annotations" .root.Values.serviceAccount.annotations) .) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{- define "ams.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ams.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .own.podDisruptionBudget.maxUnavailable }}
  # A pod that isn't ready may always be evicted: a node with a broken one can be drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "ams.selector" . | nindent 6 }}
{{- end -}}

{{/* Settings as a list of environment variables; the later ones win. */}}
{{- define "ams.env" -}}
{{- $all := dict -}}
{{- range . -}}{{- range $name, $value := . -}}{{- $_ := set $all $name $value -}}{{- end -}}{{- end -}}
{{- $env := list -}}
{{- range $name := keys $all | sortAlpha -}}
{{- $value := index $all $name -}}
{{- if kindIs "map" $value -}}
{{- $env = append $env (dict "name" $name "valueFrom" (dict "secretKeyRef" (dict "name" $value.secret "key" $name))) -}}
{{- else -}}
{{- $text := $value | toString -}}
{{- if kindIs "float64" $value }}{{ $text = $value | int64 | toString }}{{ end -}}
{{- $env = append $env (dict "name" $name "value" $text) -}}
{{- end -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* {root, port, adminPort}: settings of every process of ours. */}}
{{- define "ams.processEnv" -}}
HOST: 0.0.0.0
PORT: {{ .port | quote }}
AMS_ADMIN_HOST: 0.0.0.0
AMS_ADMIN_PORT: {{ .adminPort | quote }}
{{- with .root.Values.publicUrl }}
AMS_PUBLIC_URL: {{ . | quote }}
{{- end }}
{{- with .root.Values.allowedHosts }}
AMS_ALLOWED_HOSTS: {{ join "," . | quote }}
{{- end }}
{{- end -}}

{{/* Settings and secrets that gateways and control have in common, and nobody else has. */}}
{{- define "ams.wireEnv" -}}
AMS_CREDENTIAL_PEPPERS: { secret: {{ include "ams.pepperSecret" . }} }
AMS_LINK_PEPPERS: { secret: {{ include "ams.pepperSecret" . }} }
AMS_REDIS_URL: { secret: {{ include "ams.redisSecret" . }} }
{{- with .Values.redis.prefix }}
AMS_REDIS_PREFIX: {{ . | quote }}
{{- end }}
{{- if .Values.redis.external.caSecret }}
NODE_EXTRA_CA_CERTS: /etc/ams-redis/ca.crt
{{- end }}
{{- end -}}
