#include "tests/support/kubernetes/refusal.h"

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::deploy::fake {

HttpResponse Answer(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.headers["content-type"] = "application/json";
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Json StatusObject(int code, const std::string& reason, const std::string& message, Json details) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", message}, {"reason", reason},
                 {"code", code}};
  if (!details.is_null()) status["details"] = std::move(details);
  return status;
}

HttpResponse Refusal(int code, const std::string& reason, const std::string& message,
                     Json details) {
  return Answer(code, StatusObject(code, reason, message, std::move(details)));
}

namespace {

Json DetailsOf(const ObjectKey& key) {
  return {{"name", key.name}, {"group", key.resource->group}, {"kind", key.resource->plural}};
}
std::string Named(const ObjectKey& key) {
  return Text(key.resource->qualified(), " \"", key.name, "\"");
}

}  // namespace

HttpResponse NotFound(const ObjectKey& key) {
  return Refusal(404, "NotFound", Named(key) + " not found", DetailsOf(key));
}

HttpResponse AlreadyExists(const ObjectKey& key) {
  return Refusal(409, "AlreadyExists", Named(key) + " already exists", DetailsOf(key));
}

HttpResponse BadRequest(const std::string& message) { return Refusal(400, "BadRequest", message); }

HttpResponse Invalid(const ObjectKey& key, const std::vector<std::string>& problems) {
  const std::string all =
      problems.size() == 1 ? problems.front() : Text("[", absl::StrJoin(problems, ", "), "]");
  return Refusal(422, "Invalid",
                 Text(key.resource->kind, key.resource->group.empty() ? "" : ".",
                      key.resource->group, " \"", key.name, "\" is invalid: ", all),
                 DetailsOf(key));
}

HttpResponse Conflict(const ObjectKey& key, const std::string& why) {
  return Refusal(409, "Conflict", Text("Operation cannot be fulfilled on ", Named(key), ": ", why),
                 DetailsOf(key));
}

}  // namespace chains::deploy::fake
