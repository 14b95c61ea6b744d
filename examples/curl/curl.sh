#!/usr/bin/env bash
# Everything of AMS that is HTTP, with nothing but curl. Joining a conversation takes a WebSocket; all around it doesn't.
set -euo pipefail

url=${AMS_URL:-http://127.0.0.1:8080}
credential=

# ask <method> <path> [body]: prints the answer; of a refusal, its sentence on stderr.
# Links and credentials go to curl by its stdin (-K -): command lines can be read by every user of a machine.
ask() {
  local answer status
  answer=$({
    printf 'url = "%s"\n' "$url$2"
    [[ -z $credential ]] || printf 'header = "Authorization: Bearer %s"\n' "$credential"
  } | curl -sS -K - -X "$1" -w '\n%{http_code}' ${3:+-d "$3"})
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  [[ $status == 204 ]] && return
  [[ $status == 2* && $answer == {* ]] && printf '%s\n' "$answer" && return
  answer=$(member message <<<"$answer")
  echo "$1 ${2%%\?*} is answered $status: ${answer:-this is not AMS.}" >&2
  return 1
}

# member <name>: the text of one member of the answer on stdin. Where there is jq: jq -r .name
member() { sed -nE "s/.*\"$1\":\"([^\"]*)\".*/\1/p"; }

step() { printf '\n## %s\n' "$1"; }

step "Is it up, what does it offer, and which requests are there?"
ask GET /healthz
ask GET /v1
ask GET /openapi.json | grep -oE '"/(v1|healthz)[^"]*":' | sort -u

step "An account: a namespace, and a credential that is shown only now"
namespace=curl-$RANDOM$RANDOM
credential=$(ask POST /v1/accounts "{\"namespace\":\"$namespace\"}" | member credential)
ask GET /v1/account

step "A conversation, and the magic link that admits whoever holds it"
link=$(ask POST "/v1/$namespace/conversations" '{"alias":"demo","metadata":{"purpose":"curl"}}' | member magic_link)
echo "$link"
demo=/v1/$namespace/conversations/demo

step "Who is in it? The owner may ask, and whoever has the link, without a credential"
ask GET "$demo"
credential='' ask GET "$demo?${link#*\?}"

step "All conversations of the namespace, a page at a time"
ask GET "/v1/$namespace/conversations?limit=10"

step "A new link; the old one is dead at once"
ask POST "$demo/link" '{"keep_connected":true}' | member magic_link
credential='' ask GET "$demo?${link#*\?}" || true

step "A new credential; the old one works for a minute yet"
credential=$(ask POST /v1/account/credential '{"grace_s":60}' | member credential)
ask GET /v1/account

step "The end: of the conversation, which closes every connection in it, and of the account"
ask DELETE "$demo"
ask DELETE /v1/account
ask GET /v1/account || true
