{{/* Values that contradict each other and that a schema can't see: refused before anything is made. */}}
{{- define "ams.checks" -}}
{{- $redis := .Values.redis.external -}}
{{- $forms := list -}}
{{- if $redis.url }}{{ $forms = append $forms "url" }}{{ end -}}
{{- if $redis.sentinel.nodes }}{{ $forms = append $forms "sentinel" }}{{ end -}}
{{- if $redis.cluster.nodes }}{{ $forms = append $forms "cluster" }}{{ end -}}
{{- if $redis.existingSecret }}{{ $forms = append $forms "existingSecret" }}{{ end -}}
{{- if gt (len $forms) 1 -}}
{{- fail (printf "redis.external has %s: give exactly one of them." (join " and " $forms)) -}}
{{- end -}}
{{- if and $forms .Values.redis.bundled.existingSecret -}}
{{- fail "redis.bundled.existingSecret and redis.external are two Redis: give one." -}}
{{- end -}}
{{- if and $redis.sentinel.nodes (not $redis.sentinel.master) -}}
{{- fail "redis.external.sentinel.nodes need redis.external.sentinel.master, the name of their master." -}}
{{- end -}}
{{- if and (or $redis.username $redis.password) (not (or $redis.sentinel.nodes $redis.cluster.nodes)) -}}
{{- fail "redis.external.username and password belong to sentinel or cluster: with url they are in it, with existingSecret in its URL." -}}
{{- end -}}
{{- range $name, $scaled := dict "gateway" .Values.gateway "control" .Values.control -}}
{{- if gt (int $scaled.autoscaling.minReplicas) (int $scaled.autoscaling.maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is more than its maxReplicas." $name) -}}
{{- end -}}
{{- end -}}
{{- with .Values.gateway -}}
{{- if and .autoscaling.enabled .keda.enabled -}}
{{- fail "gateway.autoscaling and gateway.keda would both set the number of gateways: enable one." -}}
{{- end -}}
{{- if and .autoscaling.enabled (not (or .autoscaling.cpuPercent .autoscaling.connections .autoscaling.egressBytesPerSecond)) -}}
{{- fail "gateway.autoscaling needs a target: cpuPercent, connections or egressBytesPerSecond." -}}
{{- end -}}
{{- if and .keda.enabled (not .keda.prometheusAddress) -}}
{{- fail "gateway.keda needs prometheusAddress." -}}
{{- end -}}
{{- if and .keda.enabled (not (or .autoscaling.connections .autoscaling.egressBytesPerSecond)) -}}
{{- fail "gateway.keda needs a target: gateway.autoscaling.connections or egressBytesPerSecond." -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.control.signup "invite") (not .Values.control.inviteCodesSecret) -}}
{{- fail "control.signup is invite: control.inviteCodesSecret needs the name of a Secret with the key AMS_INVITE_CODES." -}}
{{- end -}}
{{- if not .Values.entry.enabled -}}
{{- if and (include "ams.edges" . | fromYaml) (not .Values.internalUrl) -}}
{{- fail "entry.enabled is false: internalUrl needs the URL at which edges reach the deployment." -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- fail "ingress sends everything to the entry: it needs entry.enabled." -}}
{{- end -}}
{{- if .Values.httpRoute.enabled -}}
{{- fail "httpRoute sends what needs more than a path to the entry: it needs entry.enabled." -}}
{{- end -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- if not .Values.ingress.hosts -}}
{{- fail "ingress.enabled needs ingress.hosts." -}}
{{- end -}}
{{- range .Values.ingress.hosts -}}
{{- if and (not .tlsSecret) (not $.Values.ingress.insecure) -}}
{{- fail (printf "ingress host %s has no tlsSecret: links are keys and must not travel in the clear. For a test set ingress.insecure." .host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs." -}}
{{- end -}}
{{- $ports := dict -}}
{{- range $name, $edge := include "ams.edges" . | fromYaml -}}
{{- if has $name (list "gateway" "control" "entry" "redis" "redis-durable" "test") -}}
{{- fail (printf "edges.%s: the name is taken by another part of the chart." $name) -}}
{{- end -}}
{{- if not $edge.image.repository -}}
{{- fail (printf "edges.%s.image.repository is needed." $name) -}}
{{- end -}}
{{- if and $edge.durable (not $edge.existingSecret) (or $.Values.redisDurable.external.enabled $.Values.redisDurable.bundled.existingSecret) -}}
{{- fail (printf "edges.%s keeps data in a Redis whose users the chart doesn't make: edges.%s.existingSecret needs a Secret with the key %s." $name $name $edge.durable.urlSetting) -}}
{{- end -}}
{{- end -}}
{{- end -}}
