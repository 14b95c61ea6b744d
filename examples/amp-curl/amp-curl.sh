#!/usr/bin/env bash
# Mail for agents (AMP) by openssl and curl only: two agents register, one sends a signed message,
# the other polls, verifies, replies in the thread, and acknowledges. AMS_MAIL_URL says where.
set -euo pipefail

url=${AMS_MAIL_URL:-http://127.0.0.1:8084}
base=$url/v1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tenant=curl-$RANDOM$RANDOM

# An answer's member; the answers here have no nested member of that name before it.
member() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }

call() { # method, path, agent's name or -, body
  local header=()
  [ "$3" = - ] || header=(-H @"$folder/$3.header")
  curl -sS --fail-with-body -X "$1" "$base$2" "${header[@]}" \
    -H 'Content-Type: application/json' ${4:+-d "$4"}
}

# A key pair, an address, and an API key: shown once, and kept in a file, not in an argument.
register() { # name
  openssl genpkey -algorithm ed25519 -out "$folder/$1.pem" 2>/dev/null
  local key
  key=$(openssl pkey -in "$folder/$1.pem" -pubout | awk '{printf "%s\\n", $0}')
  local answer
  answer=$(call POST /register - \
    "{\"name\":\"$1\",\"tenant\":\"$tenant\",\"public_key\":\"$key\",\"key_algorithm\":\"Ed25519\"}")
  (umask 077; echo "Authorization: Bearer $(member api_key <<<"$answer")" >"$folder/$1.header")
  member address <<<"$answer"
}

# What is signed: from|to|subject|priority|in_reply_to|payload_hash, the hash over the payload with
# its keys in order and without white space.
sign() { # name, from, to, subject, parent, payload
  local hash
  hash=$(printf %s "$6" | openssl dgst -sha256 -binary | openssl base64 -A)
  printf %s "$2|$3|$4|normal|$5|$hash" >"$folder/text"
  openssl pkeyutl -sign -inkey "$folder/$1.pem" -rawin -in "$folder/text" | openssl base64 -A
}

send() { # name, from, to, subject, parent or empty, payload
  local signature parent=${5:+\"$5\"}
  signature=$(sign "$@")
  call POST /route "$1" "{\"to\":\"$3\",\"subject\":\"$4\",\"in_reply_to\":${parent:-null},
    \"signature\":\"$signature\",\"payload\":$6}"
}

echo "## register"
alice=$(register alice)
bob=$(register bob)
echo "$alice"
echo "$bob"

echo "## send, signed"
sent=$(send alice "$alice" "$bob" "Hello" "" '{"message":"How are you?","type":"request"}')
echo "$sent"
id=$(member id <<<"$sent")

echo "## poll"
call GET "/messages/pending?limit=10" bob
echo

echo "## verify the sender's signature"
call GET "/agents/resolve/$alice" bob | member public_key | sed 's/\\n/\n/g' >"$folder/alice.pub"
sign alice "$alice" "$bob" "Hello" "" '{"message":"How are you?","type":"request"}' |
  openssl base64 -d -A >"$folder/signature"
openssl pkeyutl -verify -pubin -inkey "$folder/alice.pub" -rawin -in "$folder/text" \
  -sigfile "$folder/signature"

echo "## reply in the thread"
reply=$(send bob "$bob" "$alice" "Re: Hello" "$id" '{"message":"Well, thanks.","type":"response"}')
echo "$reply"
call GET "/messages/pending" alice | member thread_id
echo

echo "## acknowledge"
call DELETE "/messages/pending/$id" bob
echo
call GET "/messages/pending/count" bob
echo

echo "## what goes wrong is said"
curl -sS -o /dev/null -w '%{http_code}\n' "$base/messages/pending"
curl -sS -X POST "$base/route" -H @"$folder/alice.header" \
  -d "{\"to\":\"$bob\",\"subject\":\"Hello\",\"signature\":\"AAAA\",\"payload\":{\"type\":\"a\",\"message\":\"\"}}" |
  member error
echo

echo "## a WebSocket opens where curl can speak to it"
curl -sS -o /dev/null -w '%{http_code}\n' --http1.1 --max-time 2 \
  -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$base/ws" 2>/dev/null || true
