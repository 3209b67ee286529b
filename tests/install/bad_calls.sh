#!/usr/bin/env bash
# bad_calls.sh MODULE SCRATCH: wrong calls of chains_add_chain() say what is wrong.
set -uo pipefail
module=$1 scratch=$2
failed=0

# says MESSAGE CALL
says() {
  rm -rf "$scratch"
  mkdir -p "$scratch/contracts"
  touch "$scratch"/{main.cc,hello_chain.cc,hello.proto}
  cat >"$scratch/CMakeLists.txt" <<TXT
cmake_minimum_required(VERSION 3.25)
project(bad LANGUAGES NONE)
include($module)
$2
TXT
  local output
  output=$(cmake -S "$scratch" -B "$scratch/build" 2>&1 | tr -s ' \n' ' ')
  [[ $output == *"$1"* ]] || {
    printf '%s\nshould say: %s\nsays: %s\n\n' "$2" "$1" "$output"
    failed=1
  }
}

rest='SOURCES hello_chain.cc MAIN main.cc'
says "chains_add_chain(hello): PROTOS is missing" "chains_add_chain(hello $rest)"
says "chains_add_chain(hello): MAIN is missing" "chains_add_chain(hello PROTOS hello.proto SOURCES hello_chain.cc)"
says "what is 'SORCES a.cc'?" "chains_add_chain(hello SORCES a.cc PROTOS hello.proto $rest)"
says "LIBRARIES is followed by nothing" "chains_add_chain(hello PROTOS hello.proto $rest LIBRARIES)"
says "there is no file $scratch/other.proto" "chains_add_chain(hello PROTOS other.proto $rest)"
says "there is no file $scratch/contracts/hello.proto" \
  "chains_add_chain(hello PROTO_ROOT contracts PROTOS hello.proto $rest)"
says "PROTOS names hello.txt" "chains_add_chain(hello PROTOS hello.txt $rest)"
says "there is no file $scratch/other.cc" "chains_add_chain(hello PROTOS hello.proto SOURCES other.cc MAIN main.cc)"
says "FRONTEND is 'apache'; it can be gateway or none" "chains_add_chain(hello PROTOS hello.proto $rest FRONTEND apache)"
says "HTTP_CLIENT is 'wget'; it can be curl or none" \
  "chains_add_chain(hello PROTOS hello.proto $rest HTTP_CLIENT wget)"
says "HTTP_CLIENT curl needs libcurl; install libcurl4-openssl-dev" \
  "chains_add_chain(hello PROTOS hello.proto $rest HTTP_CLIENT curl)"
says "IMPORTS names words, which is no target yet" "chains_add_chain(hello PROTOS hello.proto $rest IMPORTS words)"
says "a chain's name consists of letters" "chains_add_chain(he/llo PROTOS hello.proto $rest)"
says "CHAINS_ALLOCATOR is 'jemalloc'; it can be mimalloc or system" \
  "set(CHAINS_ALLOCATOR jemalloc)
   add_custom_target(hello)
   chains_use_allocator(hello)"
says "Install libmimalloc-dev, or let chains allocate with the C library: -DCHAINS_ALLOCATOR=system" \
  "set(CMAKE_DISABLE_FIND_PACKAGE_mimalloc ON)
   add_custom_target(hello)
   chains_use_allocator(hello)"

module=${module/ChainsAddChain/ChainsAddGpuModule}
says "chains_add_gpu_module(hello_cuda): SOURCES is missing" "chains_add_gpu_module(hello_cuda)"
says "what is 'FORR hello'?" "chains_add_gpu_module(hello_cuda FORR hello SOURCES main.cc)"
says "FOR names hello, which is no target yet" "chains_add_gpu_module(hello_cuda SOURCES main.cc FOR hello)"
says "a module's name consists of letters" "chains_add_gpu_module(hello/cuda SOURCES main.cc)"
says "GPU module hello_cuda: SKIPPED" "chains_add_gpu_module(hello_cuda SOURCES main.cc)"
exit $failed
