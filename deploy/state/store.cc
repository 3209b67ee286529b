#include "deploy/state/store.h"

namespace chains::deploy {

bool Store::Change::empty() const {
  return put_deployments.empty() && delete_deployments.empty() && put_environments.empty() &&
         delete_environments.empty() && put_keys.empty() && delete_keys.empty() &&
         put_secrets.empty() && delete_secrets.empty();
}

}  // namespace chains::deploy
