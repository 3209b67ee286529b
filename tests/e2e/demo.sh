#!/usr/bin/env bash
# demo.sh BUILD [--once]: a platform on this machine, four chains pushed to it and asked with real
# input. On a terminal everything stays up until Ctrl-C; with --once, or without one, it stops.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/processes.sh
source "$here/processes.sh"
build=$(cd "$1" && pwd) bin=$build/bin
chains=$(cd "$here/../../chainlets" && pwd)
shift
once=false
[[ ${1:-} == --once || ! -t 0 || ! -t 1 ]] && once=true

logs=$(mktemp -d)
export CHAINS_HOME=$logs/home
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
run() { # run COMMAND...: shows it, then runs it
  echo "\$ $*"
  "$bin/$1" "${@:2}"
}

say "chains up: platform, gateway and replicas on this machine"
start_server chains-up 'HTTP +http://([0-9.]+:[0-9]+)$' "$bin/chains" up --listen 127.0.0.1:0 --grpc-listen 127.0.0.1:0
gateway=$address
key=$(sed -n 's/.*"key": *"\([^"]*\)".*/\1/p' "$CHAINS_HOME/remotes.json")
echo "gateway: http://$gateway"

ask() { # ask CHAIN BODY|@FILE [OPTION...]
  curl -s --max-time 300 -X POST "http://$gateway/chains/$1/production/run_remote" \
    -H "Authorization: Api-Key $key" -d "$2" "${@:3}"
}

say "hello: HelloAll calls SayHello for every name at once"
run chains push "$chains/hello"
names='{"names": ["Marius","Sid","Bola"]}'
echo "\$ curl -X POST http://$gateway/chains/hello/production/run_remote -H 'Authorization: Api-Key …' -d '$names'"
answer=$(ask hello "$names")
echo "$answer"
[[ $answer == '"Hello, Marius\nHello, Sid\nHello, Bola"' ]] || fail "that is not the answer"

say "Who answered: every chainlet is a process of its own, SayHello is two"
run chains status hello | tee "$logs/hello.status"
[[ $(grep -cE '^ *SayHello-[a-z0-9]+ .* ready ' "$logs/hello.status") == 2 ]] || fail "there are not two of SayHello"
[[ $(grep -cE '^ *HelloAll-[a-z0-9]+ .* ready ' "$logs/hello.status") == 1 ]] || fail "there is not one of HelloAll"

say "transcribe: a minute of recorded speech, cut where it is quiet, recognized in two processes"
run chains push "$chains/transcribe"
"$bin/transcribe_score" join "$logs"
{
  printf '{"media": "'
  base64 -w0 "$logs/recordings.wav"
  printf '"}'
} >"$logs/request.json"
ask transcribe "@$logs/request.json" >"$logs/response.json"
"$bin/transcribe_score" score "$logs" "$logs/response.json"

say "streaming: Consumer hands on what Generator makes, part by part, as it is made"
run chains push "$chains/streaming"
echo "\$ curl -N http://$gateway/chains/streaming/production/run_remote -H 'Authorization: Api-Key …' -d '{\"interval_ms\": 300}'"
ask streaming '{"interval_ms": 300}' -N | tee "$logs/parts"
[[ $(tail -n 1 "$logs/parts") == '{"footer":{"message":"Done.","items":4}}' ]] || fail "the last part is not there"

say "What is deployed"
run chains list | tee "$logs/list"
grep -qE '^hello .*production' "$logs/list" || fail "hello is not in production"
grep -qE '^transcribe .*production' "$logs/list" || fail "transcribe is not in production"

say "poems: PoemGenerator asks PhiLlm, a language model, for every word at once"
echo "(a tiny model, made for this; on a GPU where there is one, else on these processors)"
run chains push "$chains/poems"
words='{"words": ["bird","plane","superman"]}'
echo "\$ curl -X POST http://$gateway/chains/poems/production/run_remote -H 'Authorization: Api-Key …' -d '$words'"
poems=$(ask poems "$words")
[[ $poems == '["'*'","'*'","'*'"]' ]] || fail "those are no three poems: $poems"
sed 's/^\["//; s/"\]$//; s/","/\n\n/g; s/\\n/\n/g; s/\\"/"/g' <<<"$poems"

say "One more, token by token as it is written, over gRPC"
run chains call poems '{"word": "river"}' --method write_poem --stream | tee "$logs/tokens"
[[ $(wc -l <"$logs/tokens") -gt 3 ]] || fail "that is no stream of tokens"

# The page, and that the key signs in there: what is said of it at the end is true.
page=http://$gateway/
curl -sL --max-time 30 -H 'Accept: text/html' "$page" >"$logs/page.html"
grep -q '<title>[Cc]hains</title>' "$logs/page.html" || fail "there is no page at $page, but $(head -c 200 "$logs/page.html")"
signed_in=$(curl -s --max-time 30 -o /dev/null -w '%{http_code}' -X POST "${page}ui/login" -H 'Chains-UI: 1' \
  -H "Origin: http://$gateway" -H 'Content-Type: application/json' -d "{\"key\": \"$key\"}")
[[ $signed_in == 204 ]] || fail "the key does not sign in at the page: HTTP $signed_in"
say_page() {
  say "To see all of this in a browser: graphs, calls, traces, logs"
  grep -q 'assets/' "$logs/page.html" || echo "  (this build is without the page, but says there how to get it)"
  echo "  page:             $page"
  echo "  to sign in there: $key"
}

if $once; then
  say_page
  exit 0
fi
say "Everything stays up until Ctrl-C. Things to try, in another terminal:"
cat <<TXT
  export CHAINS_HOME=$CHAINS_HOME PATH=$bin:\$PATH
  chains call hello '{"names": ["you"]}'
  chains call poems '{"word": "you"}' --method write_poem --stream
  chains watch $chains/hello --run '{"names": ["you"]}'   # and edit say_hello.cc
  chains logs hello -f
  chains graph hello
TXT
say_page
wait
