// What would change of an object, as a unified difference of its YAML. Pure.
//
//   std::string text = ObjectDiff(live, planned);
//   // --- Deployment/chains/hello-k3f9x2ab-SayHello-1f2e
//   // +++ …
//   // @@ -12,7 +12,7 @@
//   // -  replicas: 1
//   // +  replicas: 2
#pragma once

#include <string>

#include "deploy/apiserver/object.h"

namespace chains::deploy::cli {

// Empty: nothing changes. A null object is one that is not there. What a server keeps for itself
// (status, managedFields, versions, times) is left out; what Secrets hold is never shown, only that
// it differs.
std::string ObjectDiff(const Json& before, const Json& after);

// The same object, without what the server keeps, and with secrets replaced.
Json Redacted(Json object);

}  // namespace chains::deploy::cli
