#!/bin/sh
# Stands in for the redis-server binary where only Docker can give one: same arguments, same life. Its container ends with
# this process, also when it is killed: the container's shell reads a pipe that this process holds, and ends Redis with it.
set -eu

pipe=$(mktemp -u)
mkfifo -m 600 "$pipe"
exec 3<>"$pipe"
rm "$pipe"

# The host's network, because the tests choose loopback ports; /tmp and the caller's user id, because they choose data folders.
exec docker run --rm --interactive --network host --user "$(id -u):$(id -g)" --volume /tmp:/tmp --workdir /tmp \
  redis:7-alpine sh -c '
    exec 4<&0
    redis-server "$@" 4<&- &
    server=$!
    trap "kill -TERM $server" TERM INT
    (cat <&4 >/dev/null; kill -KILL $server) &
    wait $server
    status=$?
    [ $status -gt 128 ] && wait $server && status=$?
    kill -KILL $! 2>/dev/null
    exit $status
  ' redis-server "$@" <&3
