#!/usr/bin/env bash
# kubernetes.sh KUBECONFIG [OPTION...]: the whole story of Chains on a real cluster; --help lists options.
# Without an argument it takes the environment's CHAINS_KUBECONFIG, and says SKIPPED where a test has
# none (--or-skip); by hand that is a mistake.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skipped() {
  echo "SKIPPED: $*"
  exit 0
}
if [[ ${1:-} == --or-skip ]]; then
  [[ -n ${CHAINS_KUBECONFIG:-} ]] || skipped "no cluster: set CHAINS_KUBECONFIG to the kubeconfig of one that you may use"
  command -v kubectl >/dev/null || skipped "kubectl is not installed"
  set -- "$CHAINS_KUBECONFIG" "${@:2}"
fi
if [[ $# == 0 || ($1 != -* && ! -r $1) ]]; then
  echo "usage: kubernetes.sh KUBECONFIG [OPTION...], the file for a cluster that you may use; --help lists options" >&2
  exit 2
fi
command -v kubectl >/dev/null || {
  echo "kubernetes.sh: kubectl is not installed" >&2
  exit 2
}
exec python3 "$here/kubernetes_test.py" "$@"
