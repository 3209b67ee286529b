# Sourced by demo.sh and the e2e tests: starts servers of ours, learns their addresses from the line
# that each prints when it is ready, and ends all of them.
# Who sources it sets $logs and reads $address.
# shellcheck shell=bash disable=SC2154,SC2034

server_pids=()
READY_SECONDS=${READY_SECONDS:-60} # how long a server may take to be ready

# start_server NAME PATTERN COMMAND...: runs it with its output in $logs/NAME.log. Sets $address to
# what the first line that matches the extended regular expression PATTERN has in its first group.
start_server() {
  local name=$1 pattern=$2 line
  shift 2
  local log=$logs/$name.log
  mkfifo "$logs/$name.out"
  "$@" >"$logs/$name.out" 2>"$log" &
  server_pids+=($!)
  exec {output}<"$logs/$name.out"
  while IFS= read -r -t "$READY_SECONDS" -u "$output" line; do
    echo "$line" >>"$log"
    if [[ $line =~ $pattern ]]; then
      address=${BASH_REMATCH[1]}
      cat <&"$output" >>"$log" &
      exec {output}<&-
      return
    fi
  done
  echo "$name was not ready within $READY_SECONDS s; its output:" >&2
  cat "$log" >&2
  return 1
}

# Asks every server to leave, last started first, and waits for it.
stop_servers() {
  local i
  for ((i = ${#server_pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${server_pids[i]}" 2>/dev/null || true
  done
  for ((i = ${#server_pids[@]} - 1; i >= 0; i--)); do
    wait "${server_pids[i]}" 2>/dev/null || true
  done
  server_pids=()
}
