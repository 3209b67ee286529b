#!/usr/bin/env bash
# images.sh BUILD [--quick] [--save FOLDER] [--push] [--no-checks] [IMAGE...]: builds container images
# of what BUILD has built, prints their sizes, checks them, runs compose.yaml with them and calls its
# chains, and ends what it started. `./dev images` calls it.
#
# All images without a name; replica-gpu where CUDA's libraries are; --quick: those that compose.yaml
# and a cluster's CPU pods need. --save: a tar file of each; --push: to REGISTRY. Exits with 77 and
# says SKIPPED where no engine can run.
#
# An engine that answers is used as it is. Where none does, root starts one, with its state below
# BUILD/images: without a bridge and iptables of its own, so that the machine's network stays as it is.
# Environment: APT_MIRROR, APT_SECURITY_MIRROR, http_proxy, https_proxy, no_proxy, BASE (an image),
# PACKAGES_FOLDER (with packages that are there already), CUDA_LIBRARIES (a folder), REGISTRY and TAG
# (chains and latest).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=$(cd "$1" && pwd)
shift
all=(gateway platform replica-cpu examples dev replica-gpu)
quick=(gateway platform replica-cpu examples)
pinned=$(sed -n 's/^ARG BASE=//p' "$here/Dockerfile")
state=$build/images
scratch=$(mktemp -d /tmp/chains-images.XXXXXX)
export DOCKER_BUILDKIT=1 REGISTRY=${REGISTRY:-chains} TAG=${TAG:-latest}
engine_pid='' docker='' save='' push=false checks=true

skip() {
  echo "SKIPPED: images: $1"
  exit 77
}

clean_up() {
  if [[ -n $engine_pid ]]; then
    # What images were, and most of what they were built of, goes; what a next run needs stays.
    "$docker" image prune --force >/dev/null 2>&1 || true
    "$docker" builder prune --force --keep-storage 4GB >/dev/null 2>&1 || true
    kill "$engine_pid" 2>/dev/null || true
    while kill -0 "$engine_pid" 2>/dev/null; do sleep 0.2; done
  fi
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- an engine

# Since 23.0 a client builds with BuildKit only where its plugin buildx is installed.
builds() { # builds CLIENT
  local version
  version=$("$1" --version 2>/dev/null | sed -n 's/^Docker version \([0-9]*\).*/\1/p')
  [[ -n $version ]] && { ((version < 23)) || "$1" buildx version >/dev/null 2>&1; }
}

find_client() {
  local each
  for each in docker /usr/bin/docker; do
    if command -v "$each" >/dev/null && builds "$each"; then
      docker=$each
      return
    fi
  done
  skip "no docker client that builds with BuildKit is installed (./dev setup images)"
}

answers() { "$docker" version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_engine() {
  [[ $(id -u) == 0 ]] || skip "no engine answers, and only root can start one"
  command -v dockerd >/dev/null || skip "no engine answers, and dockerd is not installed (./dev setup images)"
  mkdir -p "$state/engine"
  export DOCKER_HOST=unix://$scratch/docker.sock
  # No longer reached by the signals of this terminal: clean_up ends it.
  setsid dockerd --data-root "$state/engine" --exec-root "$scratch/exec" --pidfile "$scratch/pid" \
    --host "$DOCKER_HOST" --iptables=false --ip6tables=false --bridge=none --ip-forward=false \
    >"$scratch/engine.log" 2>&1 &
  engine_pid=$!
  local waited
  for ((waited = 0; waited < 100; ++waited)); do
    if answers; then
      echo "started an engine, whose state is in $state/engine"
      return
    fi
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.2
  done
  skip "no engine answers, and dockerd does not start: $(grep -v level=info "$scratch/engine.log" | tail -n 1)"
}

# ---- the base

has_image() { "$docker" image inspect "$1" >/dev/null 2>&1; }

# Sets `base`: the pinned image where a registry has it, else a Debian that is made here.
find_base() {
  base=${BASE:-$pinned}
  has_image "$base" && return
  echo "== base: $base"
  timeout 120 "$docker" pull --quiet "$base" 2>"$scratch/pull.log" && return
  echo "no registry has it: $(tail -n 1 "$scratch/pull.log")"
  base=debian:bookworm-slim
  has_image "$base" && return
  [[ $(id -u) == 0 ]] || skip "there is no image $base, and only root can make one"
  command -v debootstrap >/dev/null || skip "there is no image $base, and debootstrap is not installed (./dev setup images)"
  "$here/scripts/base.sh" "$scratch/tree" "${APT_MIRROR:-http://deb.debian.org/debian}" >"$scratch/base.log" 2>&1 ||
    skip "there is no image $base, and debootstrap failed: $(tail -n 1 "$scratch/base.log")"
  tar -C "$scratch/tree" -c . | "$docker" import --message "debootstrap, minbase" - "$base" >/dev/null
  rm -rf "$scratch/tree"
  echo "made $base with debootstrap"
}

check_that_containers_run() {
  local said
  said=$("$docker" run --rm --network none --entrypoint /bin/true "$base" 2>&1) ||
    skip "the engine runs no containers: $(tail -n 1 <<<"$said")"
}

# ---- what to build, and of what

# Where CUDA's libraries are; nothing: nowhere.
cuda_libraries() {
  local of_build
  of_build=$(sed -n 's/^CUDA_cublas_LIBRARY:[^=]*=\(\/.*\)\/[^/]*$/\1/p' "$build/CMakeCache.txt")
  local folder=${CUDA_LIBRARIES:-$of_build}
  [[ -z $folder || ! -e $folder/libcublas.so ]] || echo "$folder"
}

is_image() { [[ " ${all[*]} " == *" $1 "* ]]; }

parse() { # parse ARGUMENT...: sets `images` and what is done with them
  images=()
  while [[ $# != 0 ]]; do
    case $1 in
      --quick) images+=("${quick[@]}") ;;
      --save) save=$(mkdir -p "$2" && cd "$2" && pwd) && shift ;;
      --push) push=true ;;
      --no-checks) checks=false ;;
      *)
        is_image "$1" || {
          echo "images: there is no image '$1'; there are ${all[*]}." >&2
          exit 2
        }
        images+=("$1")
        ;;
    esac
    shift
  done
  [[ ${#images[@]} != 0 ]] || images=("${all[@]}")
}

leave_out_gpu_without_cuda() {
  wants replica-gpu && [[ -z $(cuda_libraries) ]] || return 0
  echo "SKIPPED: image replica-gpu: CUDA's libraries are not installed"
  local kept=() each
  for each in "${images[@]}"; do [[ $each == replica-gpu ]] || kept+=("$each"); done
  images=("${kept[@]}")
}

wants() { [[ " ${images[*]} " == *" $1 "* ]]; }

# The build context: packages, and what the Dockerfile reads beside them.
make_context() {
  echo "== packages of $build"
  local components=()
  wants gateway && components+=(gateway)
  { wants platform || wants examples || wants dev; } && components+=(cli)
  wants platform && components+=(platform)
  { wants replica-cpu || wants replica-gpu; } && components+=(agent)
  wants examples && components+=(examples)
  wants dev && components+=(dev)
  context=$scratch/context
  mkdir -p "$context/docker"
  cp -r "$here/scripts" "$here/Dockerfile" "$context/docker/"
  cp "$root/dev" "$context/"
  if [[ -n ${PACKAGES_FOLDER:-} ]]; then
    cp -r "$PACKAGES_FOLDER" "$context/packages"
  else
    "$here/scripts/pack.sh" "$build" "$context/packages" "${components[@]}"
  fi
  ls -1sh "$context/packages"
  wants replica-gpu || return 0
  "$here/scripts/cuda.sh" "$context/cuda" "$(cuda_libraries)"
}

build_image() { # build_image IMAGE
  local arguments=(--file "$context/docker/Dockerfile" --target "$1" --tag "$REGISTRY/$1:$TAG"
    --build-arg "BASE=$base" --build-arg PACKAGES=prebuilt --build-arg CUDA=context
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision") name
  for name in APT_MIRROR APT_SECURITY_MIRROR http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || arguments+=(--build-arg "$name=${!name}")
  done
  local begin=$SECONDS
  # The machine's own network: an engine of ours has no other, and others need no better.
  "$docker" build --network host "${arguments[@]}" "$context" >"$scratch/build.log" 2>&1 || {
    local unreachable
    unreachable=$(grep -oEm 1 'E: (Failed to fetch|Unable to locate|Some index files).*' "$scratch/build.log") &&
      skip "no packages of Debian come from the mirror: $unreachable"
    tail -n 30 "$scratch/build.log" >&2
    echo "images: $1 was not built" >&2
    return 1
  }
  echo "built $REGISTRY/$1:$TAG in $((SECONDS - begin)) s"
}

print_sizes() {
  local each bytes
  echo "== sizes"
  for each in "${images[@]}"; do
    bytes=$("$docker" image inspect --format '{{.Size}}' "$REGISTRY/$each:$TAG")
    printf '%8.1f MB  %s\n' "$((bytes / 100000))e-1" "$REGISTRY/$each:$TAG"
  done
}

# ---- all of it

# shellcheck source=/dev/null
[[ $(. /etc/os-release && echo "${VERSION_CODENAME:-}") == bookworm ]] ||
  skip "what is built here is not for Debian 12; README.md says how to build from sources"
parse "$@"
leave_out_gpu_without_cuda
[[ ${#images[@]} != 0 ]] || skip "there is nothing to build"
find_client
answers || start_engine
find_base
check_that_containers_run
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:[^=]*=//p' "$build/CMakeCache.txt")
revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
make_context
echo "== images"
for image in "${images[@]}"; do build_image "$image"; done
print_sizes
for image in "${images[@]}"; do
  [[ -z $save ]] || "$docker" save --output "$save/$image.tar" "$REGISTRY/$image:$TAG"
  [[ $push == false ]] || "$docker" push "$REGISTRY/$image:$TAG"
done
[[ $checks == true ]] || exit 0
echo "== checks"
DOCKER=$docker IMAGES="${images[*]}" VERSION=$version python3 "$root/tests/images/images_test.py" -v
