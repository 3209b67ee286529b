#!/usr/bin/env bash
# demo.sh BUILD [--once]: hello and transcribe as separate processes behind the gateway, asked with
# real input. On a terminal everything stays up until Ctrl-C; with --once, or without one, it stops.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/processes.sh
source "$here/processes.sh"
build=$(cd "$1" && pwd) bin=$build/bin
shift
once=false
[[ ${1:-} == --once || ! -t 0 || ! -t 1 ]] && once=true

logs=$(mktemp -d)
finish() {
  stop_servers
  rm -rf "$logs"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
  echo "demo: $*" >&2
  exit 1
}

ready='^serving .* at ([^ ,]+)'
serve() { # serve NAME PROGRAM CHAINLET [OPTION...]
  start_server "$1" "$ready" "$bin/$2" serve --chainlets "$3" --listen 127.0.0.1:0 --replica "$1" "${@:4}"
}

say "Starting: every chainlet is a process of its own, Recognizer is two"
serve say-hello hello SayHello
say_hello=$address
serve hello-all hello HelloAll --endpoints "SayHello=$say_hello"
hello_all=$address
serve recognizer-0 transcribe Recognizer
recognizer_0=$address
serve recognizer-1 transcribe Recognizer
recognizer_1=$address
serve transcribe transcribe Transcribe \
  --endpoints "Recognizer=$recognizer_0,Recognizer=$recognizer_1"
transcribe=$address

key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$key" | sha256sum | cut -d' ' -f1 >"$logs/keys"
start_server gateway '([0-9.]+:[0-9]+)$' "$bin/chains-gateway" --listen 127.0.0.1:0 \
  --api-keys "$logs/keys" \
  --route "hello/production=$hello_all" --route "transcribe/production=$transcribe"
gateway=$address
echo "gateway: http://$gateway"

ask() { # ask CHAIN BODY|@FILE
  curl -s --max-time 300 -X POST "http://$gateway/chains/$1/production/run_remote" \
    -H "Authorization: Api-Key $key" -d "$2"
}

say "hello: HelloAll calls SayHello for every name at once"
names='{"names": ["Marius","Sid","Bola"]}'
echo "curl -s -X POST $gateway/chains/hello/production/run_remote -H 'Authorization: Api-Key $key' -d '$names'"
answer=$(ask hello "$names")
echo "$answer"
[[ $answer == '"Hello, Marius\nHello, Sid\nHello, Bola"' ]] || fail "that is not the answer"

say "gRPC calls that this made, per replica"
"$bin/replica_stats" "$hello_all" "$say_hello" | tee "$logs/hello.stats"
grep -qE 'HelloAll.*: [1-9][0-9]* calls' "$logs/hello.stats" || fail "HelloAll was not called"
grep -qE 'SayHello.*: [1-9][0-9]* calls' "$logs/hello.stats" || fail "SayHello was not called"

say "poems: the real PoemGenerator, with a fake where the GPU would be"
"$bin/poems_local"

say "transcribe: a minute of recorded speech, cut where it is quiet, recognized in two processes"
"$bin/transcribe_score" join "$logs"
{
  printf '{"media": "'
  base64 -w0 "$logs/recordings.wav"
  printf '"}'
} >"$logs/request.json"
ask transcribe "@$logs/request.json" >"$logs/response.json"
"$bin/transcribe_score" score "$logs" "$logs/response.json"
"$bin/replica_stats" "$transcribe" "$recognizer_0" "$recognizer_1" | tee "$logs/transcribe.stats"
[[ $(grep -cE 'Recognizer.*: [1-9][0-9]* calls' "$logs/transcribe.stats") == 2 ]] ||
  fail "not both recognizers were used"
grep -E 'Recognizer' "$logs/transcribe.stats" | grep -qE 'at most ([2-9]|[1-9][0-9]+) at once' ||
  fail "no two chunks were in flight at once"

$once && exit 0
say "Everything stays up until Ctrl-C. Three things to try:"
cat <<TXT
  curl -s -X POST $gateway/chains/hello/production/run_remote -H 'Authorization: Api-Key $key' -d '{"names": ["you"]}'
  curl -s $gateway/openapi.json
  $bin/hello            # the graph, and what else the program can do
TXT
wait
