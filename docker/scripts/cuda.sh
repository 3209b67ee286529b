#!/bin/sh
# cuda.sh TO [FOLDER]: copies into TO the libraries of CUDA that GPU modules need at run time
# (chains_add_gpu_module links them): cuBLAS, and cuDNN with the parts that it loads itself. CUDA's
# runtime is linked into modules; the driver's libraries belong to each machine, never to an image.
#
# FOLDER has them; without it they are where the loader knows them, or in a usual place. In
# TO/VERSIONS is which version each has, where pip's or Debian's records tell.
set -eu
to=$1 folder=${2:-}
if [ -z "$folder" ]; then
  for each in /usr/local/cuda/lib64 /usr/local/cuda/targets/*/lib /usr/lib/*-linux-gnu; do
    [ ! -e "$each/libcublas.so" ] && [ -z "$(ls "$each"/libcublas.so.* 2>/dev/null)" ] || folder=$each
  done
  [ -n "$folder" ] || {
    echo "cuda.sh: libcublas is nowhere; say which folder has it" >&2
    exit 1
  }
fi

mkdir -p "$to"
: >"$to/VERSIONS"
for name in libcublas libcublasLt libcudnn libcudnn_adv libcudnn_cnn libcudnn_engines_precompiled \
  libcudnn_engines_runtime_compiled libcudnn_graph libcudnn_heuristic libcudnn_ops; do
  # The name that is loaded: libcublas.so.13.
  found=
  for each in "$folder/$name".so.[0-9]* "/usr/lib/$(uname -m)-linux-gnu/$name".so.[0-9]*; do
    case ${each##*.so.} in
      *.*) ;;
      *) [ -n "$found" ] || [ ! -e "$each" ] || found=$each ;;
    esac
  done
  [ -n "$found" ] || {
    echo "cuda.sh: $name is not in $folder" >&2
    exit 1
  }
  real=$(readlink -f "$found")
  cp "$real" "$to/$(basename "$found")"
  # pip's records are named by version, the file itself is elsewhere.
  case $name in
    libcublas*) pip=nvidia_cublas ;;
    *) pip=nvidia_cudnn ;;
  esac
  version=$(basename "$real" | sed -n 's/.*\.so\.\([0-9]*\..*\)/\1/p')
  for each in "$folder/../dist-info/$pip"*.dist-info; do
    [ -n "$version" ] || version=$(basename "$each" .dist-info | sed -n 's/.*-\([0-9.]*\)$/\1/p')
  done
  [ -z "$version" ] || echo "$name $version" >>"$to/VERSIONS"
done
