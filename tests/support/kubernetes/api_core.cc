#include "tests/support/kubernetes/api_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/refusal.h"

namespace chains::deploy::fake {
namespace {

const Json kVersion = {{"major", "1"}, {"minor", "36"}, {"gitVersion", "v1.36.2"}};

bool Contains(const Json& list, const std::string& word) {
  return std::any_of(list.begin(), list.end(),
                     [&word](const Json& each) { return each == word || each == "*"; });
}

// Lists of built-in kinds do not repeat what they are a list of.
Json AsItem(const Resource& resource, Json object) {
  if (resource.group.find("keda") == std::string::npos) {
    object.erase("kind");
    object.erase("apiVersion");
  }
  return object;
}

absl::StatusOr<Selector> SelectorOf(const ApiRequest& request) {
  return Selector::Parse(request.Query("labelSelector"), request.Query("fieldSelector"));
}

}  // namespace

ApiCore::ApiCore() {
  MakeNamespace("default");
  MakeNamespace("kube-system");
}

void ApiCore::MakeNamespace(const std::string& name, absl::Time now) {
  const ObjectKey key{FindKind("v1", "Namespace"), "", name};
  if (store_.Find(key) != nullptr) return;
  Json space = {{"apiVersion", "v1"},
                {"kind", "Namespace"},
                {"metadata", {{"name", name}}},
                {"status", {{"phase", "Active"}}}};
  store_.Put(key, {.object = std::move(space)}, now);
}

HttpResponse ApiCore::Handle(const HttpRequest& http, absl::Time now) {
  if (http.target() == "/version") return Answer(200, kVersion);
  if (http.target() == "/readyz" || http.target() == "/healthz" || http.target() == "/livez") {
    HttpResponse ok;
    ok.status = 200;
    ok.body = "ok";
    return ok;
  }
  const std::optional<ApiRequest> request = ParseRequest(http.method(), http.target());
  if (!request) {
    return Refusal(404, "NotFound", "the server could not find the requested resource");
  }
  if (std::optional<HttpResponse> denied = Denied(*request)) return *std::move(denied);
  return HandleObject(*request, http, now);
}

std::optional<HttpResponse> ApiCore::Denied(const ApiRequest& request) const {
  if (!rules) return std::nullopt;
  const std::string plural = request.subresource.empty()
                                 ? request.resource->plural
                                 : request.resource->plural + "/" + request.subresource;
  for (const Json& rule : *rules) {
    const Json& names = At(rule, "/resourceNames");
    if (Contains(At(rule, "/apiGroups"), request.resource->group) &&
        Contains(At(rule, "/resources"), plural) && Contains(At(rule, "/verbs"), request.Verb()) &&
        (names.empty() || Contains(names, request.name))) {
      return std::nullopt;
    }
  }
  return Refusal(
      403, "Forbidden",
      Text(request.resource->qualified(), " \"", request.name,
           "\" is forbidden: User \"system:serviceaccount:chains:chains-platform\" "
           "cannot ",
           request.Verb(), " resource \"", plural, "\" in API group \"", request.resource->group,
           "\" in the namespace \"", request.in_namespace, "\""));
}

HttpResponse ApiCore::HandleObject(const ApiRequest& request, const HttpRequest& http,
                                   absl::Time now) {
  if (request.method == "GET") return request.name.empty() ? List(request) : Get(request);
  Json body = http.body().empty() ? Json::object() : Json::parse(http.body(), nullptr, false);
  if (!body.is_object()) return BadRequest("the body of the request is no JSON object");
  if (request.method == "DELETE") {
    if (request.name.empty()) return DeleteAll(request, body, now);
    return Writer(store_, now)
        .Delete({request.resource, request.in_namespace, request.name}, body,
                request.QueryIs("dryRun", "All"));
  }
  if (request.subresource == "scale") return HandleScale(request, body, now);
  return Write(request, http, std::move(body), now);
}

HttpResponse ApiCore::Write(const ApiRequest& request, const HttpRequest& http, Json body,
                            absl::Time now) {
  Writer writer(store_, now);
  if (request.method == "POST" && request.name.empty()) {
    return writer.Create(request, std::move(body));
  }
  if (request.method == "POST" && request.subresource == "eviction") {
    return writer.Delete({request.resource, request.in_namespace, request.name},
                         At(body, "/deleteOptions"), false);
  }
  if (request.method == "PUT") return writer.Replace(request, std::move(body));
  if (request.method == "PATCH") {
    if (http.content_type() == "application/apply-patch+yaml") {
      return writer.Apply(request, std::move(body));
    }
    if (http.content_type() == "application/merge-patch+json") return writer.Merge(request, body);
    return Refusal(
        415, "UnsupportedMediaType",
        Text("the body of the request was in an unknown format - accepted media types "
             "include: application/merge-patch+json, application/apply-patch+yaml; not '",
             http.content_type(), "'"));
  }
  return Refusal(405, "MethodNotAllowed", "the server does not allow this method here");
}

HttpResponse ApiCore::HandleScale(const ApiRequest& request, const Json& body, absl::Time now) {
  const ObjectKey key{request.resource, request.in_namespace, request.name};
  const Stored* const workload = store_.Find(key);
  if (workload == nullptr) return NotFound(key);
  Json patch = {{"spec", {{"replicas", At(body, "/spec/replicas")}}}};
  for (const char* const field : {"resourceVersion", "uid"}) {
    const std::string value = StringAt(body, Text("/metadata/", field));
    if (!value.empty()) patch["metadata"][field] = value;
  }
  if (!patch["spec"]["replicas"].is_number_integer()) {
    return BadRequest("spec.replicas is required and an integer");
  }
  const HttpResponse done = Writer(store_, now).Merge(request, patch);
  if (done.status != 200) return done;
  return Answer(200, ScaleOf(store_.Find(key)->object));
}

HttpResponse ApiCore::Get(const ApiRequest& request) {
  const ObjectKey key{request.resource, request.in_namespace, request.name};
  const Stored* const found = store_.Find(key);
  if (found == nullptr) return NotFound(key);
  if (request.subresource == "scale") return Answer(200, ScaleOf(found->object));
  if (request.subresource == "log") {
    HttpResponse log;
    log.status = 200;
    log.body = pod_logs[request.name];
    return log;
  }
  return Answer(200, found->object);
}

std::vector<Json> ApiCore::Matching(const ApiRequest& request, const Selector& selector) const {
  std::vector<Json> items;
  const auto begin = store_.all().lower_bound({request.resource, request.in_namespace, ""});
  for (auto each = begin; each != store_.all().end(); ++each) {
    if (each->first.resource != request.resource) break;
    const bool here =
        request.in_namespace.empty() || each->first.in_namespace == request.in_namespace;
    if (here && selector.Matches(each->second.object)) items.push_back(each->second.object);
  }
  return items;
}

HttpResponse ApiCore::List(const ApiRequest& request) {
  const absl::StatusOr<Selector> selector = SelectorOf(request);
  if (!selector.ok()) return BadRequest(std::string(selector.status().message()));
  const std::string token = request.Query("continue");
  if (token.empty()) return PageOf(request, Matching(request, *selector), store_.version());
  const auto rest = pages_.find(token);
  if (rest == pages_.end() || rest->second.version < store_.oldest()) {
    return Refusal(410, "Expired",
                   "The provided continue parameter is too old to display a consistent list "
                   "result. You must start a new list without the continue parameter.");
  }
  Rest found = std::move(rest->second);
  pages_.erase(rest);
  return PageOf(request, std::move(found.items), found.version);
}

HttpResponse ApiCore::PageOf(const ApiRequest& request, std::vector<Json> items, uint64_t version) {
  size_t limit = 0;
  if (!absl::SimpleAtoi(request.Query("limit"), &limit) || limit == 0) limit = items.size();
  const size_t count = std::min(limit, items.size());
  Json page = Json::array();
  for (size_t i = 0; i < count; ++i) {
    page.push_back(AsItem(*request.resource, std::move(items[i])));
  }
  Json meta = {{"resourceVersion", Text(version)}};
  if (count < items.size()) {
    const std::string token = Text("page-", ++tokens_);
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count));
    meta["continue"] = token;
    meta["remainingItemCount"] = items.size();
    pages_[token] = {std::move(items), version};
  }
  return Answer(200, {{"kind", request.resource->kind + "List"},
                      {"apiVersion", request.resource->api_version()},
                      {"metadata", std::move(meta)},
                      {"items", std::move(page)}});
}

HttpResponse ApiCore::DeleteAll(const ApiRequest& request, const Json& options, absl::Time now) {
  const absl::StatusOr<Selector> selector = SelectorOf(request);
  if (!selector.ok()) return BadRequest(std::string(selector.status().message()));
  for (const Json& object : Matching(request, *selector)) {
    Writer(store_, now)
        .Delete({request.resource, NamespaceOf(object), NameOf(object)}, options, false);
  }
  return Answer(200, {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}});
}

}  // namespace chains::deploy::fake
