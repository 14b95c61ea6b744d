{{/* The port at which the entry answers probes. */}}
{{- define "ams.entryHealthPort" -}}9080{{- end -}}

{{/* The entry's configuration: files/routes.json, from the route table, with this release's Services. */}}
{{- define "ams.caddyfile" -}}
{{- $full := include "ams.fullname" . -}}
{{- $edges := include "ams.edges" . | fromYaml -}}
# It writes no access log, and names no request in any other, because the links in it are keys.
{
	admin off
	auto_https off
	grace_period 5s
	log {
		format filter {
			wrap json
			fields {
				request delete
			}
		}
	}
}

# For probes: the pod's own address answers once this configuration is in force.
:{{ include "ams.entryHealthPort" . }} {
	respond 200
}

(gateway) {
	reverse_proxy {{ $full }}-gateway:8080 {
		lb_try_duration 5s
		lb_try_interval 100ms
		{{- include "ams.trustedProxies" . }}
		# Each socket asks the Service anew: it knows which gateways take connections.
		transport http {
			keepalive off
			dial_timeout 1s
		}
	}
}

(control) {
	reverse_proxy {{ $full }}-control:8081 {
		lb_try_duration 5s
		lb_try_interval 100ms
		{{- include "ams.trustedProxies" . }}
	}
}
{{- range $name, $edge := $edges }}

({{ $name }}) {
{{- if eq ($edge.affinityBy | default "none") "link" }}
	route {
		request_header X-Ams-Affinity {http.request.header.Authorization}
		@link path_regexp ^/[^/]+/conversations/
		request_header @link X-Ams-Affinity {http.request.uri.path}
		reverse_proxy {
			dynamic a {{ $full }}-{{ $name }}-internal.{{ $.Release.Namespace }}.svc.{{ $.Values.clusterDomain }} {{ $edge.port }} {
				refresh 2s
			}
			lb_policy header X-Ams-Affinity
			lb_try_duration 5s
			lb_try_interval 100ms
			header_up -X-Ams-Affinity
			{{- include "ams.trustedProxies" $ | replace "\t\t" "\t\t\t" }}
			transport http {
				dial_timeout 1s
			}
		}
	}
{{- else }}
	reverse_proxy {{ $full }}-{{ $name }}:{{ $edge.port }} {
		lb_try_duration 5s
		lb_try_interval 100ms
		{{- include "ams.trustedProxies" $ }}
	}
{{- end }}
}
{{- end }}

:8080 {
{{- /* Numbered by what is here: an edge that isn't enabled changes nothing. */}}
{{- $index := 0 }}
{{- range $route := .Files.Get "files/routes.json" | fromJsonArray }}
{{- if or (has $route.service (list "gateway" "control")) (hasKey $edges $route.service) }}
{{- $index = add1 $index }}
{{- if $route.conditions }}
	@route-{{ $index }} {
		{{- range $route.conditions }}
		{{ . }}
		{{- end }}
	}
	handle @route-{{ $index }} {
		import {{ $route.service }}
	}
{{- else }}
	handle {
		import {{ $route.service }}
	}
{{- end }}
{{- end }}
{{- end }}
}
{{- end -}}

{{- define "ams.trustedProxies" -}}
{{- with .Values.entry.trustedProxies }}
		trusted_proxies {{ join " " . }}
{{- end -}}
{{- end -}}
