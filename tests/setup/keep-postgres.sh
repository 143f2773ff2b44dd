#!/bin/sh
# Runs a PostgreSQL server in $2 with the binaries in $1 and the settings in $3 until standard input ends. The system
# ends it for us when the process at the other end is gone, even killed, so no server is ever left behind.

binaries=$1
folder=$2
settings=$3
trap 'rm -rf "$folder"' EXIT

start() {
  "$binaries/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync &&
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$folder'" "$settings" >>"$folder/data/postgresql.conf" &&
    "$binaries/pg_ctl" start --pgdata="$folder/data" --wait --log="$folder/log"
}

if ! start >"$folder/start" 2>&1 </dev/null; then
  cat "$folder/start" "$folder/log" >&2
  exit 1
fi
echo ready
cat >/dev/null
"$binaries/pg_ctl" stop --pgdata="$folder/data" --wait --mode=immediate >/dev/null 2>&1
