// Refusals of an API server: Status objects, with the words that Kubernetes has for them.
//
//   return NotFound(key);            // 404: pods "hello" not found
#pragma once

#include <string>
#include <vector>

#include "deploy/apiserver/transport.h"
#include "tests/support/kubernetes/object_store.h"

namespace chains::deploy::fake {

HttpResponse Answer(int status, const Json& body);
HttpResponse Refusal(int code, const std::string& reason, const std::string& message,
                     Json details = Json());
Json StatusObject(int code, const std::string& reason, const std::string& message,
                  Json details = Json());

HttpResponse NotFound(const ObjectKey& key);
HttpResponse AlreadyExists(const ObjectKey& key);
HttpResponse BadRequest(const std::string& message);
// 422, with all that is wrong.
HttpResponse Invalid(const ObjectKey& key, const std::vector<std::string>& problems);
// 409: it was changed since; or is another one by now.
HttpResponse Conflict(const ObjectKey& key, const std::string& why);
inline constexpr char kModified[] =
    "the object has been modified; please apply your changes to the latest version and try again";

}  // namespace chains::deploy::fake
