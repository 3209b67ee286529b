#include "deploy/apiserver/api_client.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/apiserver/failure.h"
#include "deploy/apiserver/target.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr absl::Duration kLongestRetry = absl::Seconds(10);
constexpr size_t kMaxListed = 200'000;
constexpr int kMaxBegun = 5;  // how often one list is begun
constexpr int kLogBytes = 1 << 20;

constexpr std::string_view kJson = "application/json";

std::string WhatOf(std::string_view verb, std::string_view plural, std::string_view in_namespace,
                   std::string_view name) {
  const std::string who = name.empty() ? "" : Text(" '", name, "'");
  const std::string where = in_namespace.empty() ? "" : Text(" in namespace '", in_namespace, "'");
  return Text(verb, " ", plural, who, where);
}

// What an object says of itself.
struct Place {
  std::string api_version, plural, in_namespace, name;

  ObjectKind kind() const { return {.api_version = api_version, .kind = "", .plural = plural}; }
};

absl::StatusOr<Place> PlaceOf(const Json& object) {
  const std::string kind = StringAt(object, "/kind");
  Place place{.api_version = StringAt(object, "/apiVersion"),
              .plural = PluralOf(kind),
              .in_namespace = NamespaceOf(object),
              .name = NameOf(object)};
  if (kind.empty() || place.api_version.empty() || place.name.empty()) {
    return absl::InvalidArgumentError(
        Text("an object needs apiVersion, kind and metadata.name; this one has '",
             place.api_version, "', '", kind, "' and '", place.name, "'"));
  }
  return place;
}

Task<Json> Refused(absl::Status status) { co_return status; }

// The items of a page, each with what the list says once for all of them.
void AddItems(Json& page, std::vector<Json>& items) {
  std::string kind = StringAt(page, "/kind");
  if (kind.size() > 4 && kind.ends_with("List")) kind.resize(kind.size() - 4);
  const std::string api_version = StringAt(page, "/apiVersion");
  const auto found = page.find("items");
  if (found == page.end() || !found->is_array()) return;
  for (Json& item : *found) {
    if (!item.is_object()) continue;
    if (!item.contains("kind")) item["kind"] = kind;
    if (!item.contains("apiVersion")) item["apiVersion"] = api_version;
    items.push_back(std::move(item));
  }
}

}  // namespace

absl::Duration ApiClient::Jittered(absl::Duration wait) const {
  if (options_.jitter != nullptr) return wait * (0.5 + 0.5 * options_.jitter());
  std::minstd_rand random(std::random_device{}());
  return wait * std::uniform_real_distribution<double>(0.5, 1.0)(random);
}

Task<HttpResponse> ApiClient::Attempt(HttpRequest request, bool repeatable, std::string what) {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  absl::Duration wait = kFirstRetry;
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<HttpResponse> response =
        co_await Outcome(transport_.Send(request, options_.timeout));
    absl::Status failure;
    bool again = repeatable;
    absl::Duration pause = Jittered(wait);
    if (response.ok()) {
      failure = FailureOf(*response, what);
      if (failure.ok()) co_return *std::move(response);
      // What was refused for too many requests has not been done.
      again = (repeatable && IsPassing(response->status) && !absl::IsInvalidArgument(failure)) ||
              response->status == 429;
      pause = RetryAfterOf(*response).value_or(pause);
    } else {
      failure = Lost(response.status(), here.loop().Now() >= here.context().deadline(), what);
      again = repeatable && absl::IsUnavailable(failure);
    }
    const bool in_time = here.loop().Now() + pause < here.context().deadline();
    if (!again || !in_time || attempt >= options_.attempts) co_return failure;
    co_await Sleep(pause);
    wait = std::min(wait * 2, kLongestRetry);
  }
}

// Nothing came back. An attempt's own time that has passed is the server's failure.
absl::Status ApiClient::Lost(const absl::Status& status, bool too_late,
                             std::string_view what) const {
  if (absl::IsDeadlineExceeded(status) && !too_late) {
    return absl::UnavailableError(Text("cannot ", what, ": no answer within ",
                                       absl::FormatDuration(options_.timeout), " (",
                                       MessageOf(status), ")"));
  }
  return absl::Status(status.code(), Text("cannot ", what, ": ", MessageOf(status)));
}

Task<Json> ApiClient::Ask(HttpRequest request, bool repeatable, std::string what) {
  HttpResponse response = co_await Attempt(std::move(request), repeatable, what);
  absl::StatusOr<Json> object = ParseObject(response.body);
  if (!object.ok()) {
    co_return absl::InternalError(
        Text("cannot ", what, ": the server's answer: ", MessageOf(object.status())));
  }
  co_return object;
}

Task<Json> ApiClient::Get(ObjectKind kind, std::string in_namespace, std::string name) {
  const Target target(kind, in_namespace, name);
  HttpRequest request("GET", target.text());
  return Ask(std::move(request), true, WhatOf("get", kind.plural, in_namespace, name));
}

Task<ObjectList> ApiClient::List(ObjectKind kind, std::string in_namespace,
                                 std::string label_selector) {
  const std::string what = WhatOf("list", kind.plural, in_namespace, "");
  ObjectList list;
  std::string next;
  int begun = 1;
  while (true) {
    Target target(kind, in_namespace, "");
    target.Add("labelSelector", label_selector);
    target.Add("limit", Text(options_.page));
    target.Add("continue", next);
    HttpRequest request("GET", target.text());
    absl::StatusOr<Json> page = co_await Outcome(Ask(std::move(request), true, what));
    if (absl::IsOutOfRange(page.status()) && !next.empty() && begun++ < kMaxBegun) {
      list.items.clear();
      next.clear();
      continue;
    }
    if (!page.ok()) co_return page.status();
    AddItems(*page, list.items);
    list.resource_version = ResourceVersionOf(*page);
    next = StringAt(*page, "/metadata/continue");
    if (next.empty()) co_return list;
    if (list.items.size() > kMaxListed) {
      co_return absl::ResourceExhaustedError(
          Text("cannot ", what, ": there are more than ", kMaxListed, "; ask by label"));
    }
  }
}

Task<Json> ApiClient::Apply(Json object, ApplyOptions options) {
  const absl::StatusOr<Place> place = PlaceOf(object);
  if (!place.ok()) return Refused(place.status());
  Target target(place->kind(), place->in_namespace, place->name);
  if (!options.subresource.empty()) target.Enter(options.subresource);
  target.Add("fieldManager", options_.field_manager);
  target.Add("fieldValidation", "Strict");
  if (options.force) target.Add("force", "true");
  if (options.dry_run) target.Add("dryRun", "All");
  HttpRequest request("PATCH", target.text(), ToText(object), "application/apply-patch+yaml");
  return Ask(std::move(request), true,
             WhatOf("apply", place->plural, place->in_namespace, place->name));
}

Task<Json> ApiClient::Create(Json object) {
  const absl::StatusOr<Place> place = PlaceOf(object);
  if (!place.ok()) return Refused(place.status());
  Target target(place->kind(), place->in_namespace, "");
  target.Add("fieldManager", options_.field_manager);
  target.Add("fieldValidation", "Strict");
  HttpRequest request("POST", target.text(), ToText(object), std::string(kJson));
  return Ask(std::move(request), false,
             WhatOf("create", place->plural, place->in_namespace, place->name));
}

Task<Json> ApiClient::Replace(Json object) {
  const absl::StatusOr<Place> place = PlaceOf(object);
  if (!place.ok()) return Refused(place.status());
  Target target(place->kind(), place->in_namespace, place->name);
  target.Add("fieldManager", options_.field_manager);
  target.Add("fieldValidation", "Strict");
  HttpRequest request("PUT", target.text(), ToText(object), std::string(kJson));
  return Ask(std::move(request), !ResourceVersionOf(object).empty(),
             WhatOf("update", place->plural, place->in_namespace, place->name));
}

Task<Json> ApiClient::Merge(ObjectKind kind, std::string in_namespace, std::string name, Json patch,
                            std::string subresource) {
  Target target(kind, in_namespace, name);
  if (!subresource.empty()) target.Enter(subresource);
  target.Add("fieldManager", options_.field_manager);
  target.Add("fieldValidation", "Strict");
  HttpRequest request("PATCH", target.text(), ToText(patch), "application/merge-patch+json");
  return Ask(std::move(request), false, WhatOf("patch", kind.plural, in_namespace, name));
}

Task<void> ApiClient::Delete(ObjectKind kind, std::string in_namespace, std::string name,
                             DeleteOptions options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!options.propagation.empty()) body["propagationPolicy"] = options.propagation;
  if (options.grace_seconds) body["gracePeriodSeconds"] = *options.grace_seconds;
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = options.resource_version;
  }
  const bool repeatable = body.contains("preconditions");
  HttpRequest request("DELETE", Target(kind, in_namespace, name).text(), ToText(body),
                      std::string(kJson));
  return Gone(
      Attempt(std::move(request), repeatable, WhatOf("delete", kind.plural, in_namespace, name)));
}

Task<void> ApiClient::Gone(Task<HttpResponse> deleting) {
  const absl::StatusOr<HttpResponse> response = co_await Outcome(std::move(deleting));
  if (!absl::IsNotFound(response.status())) co_await response.status();
}

Task<std::string> ApiClient::PodLog(std::string in_namespace, std::string pod,
                                    std::string container, int tail_lines, bool previous) {
  Target target(kinds::kPod, in_namespace, pod);
  target.Enter("log");
  target.Add("container", container);
  target.Add("tailLines", Text(std::max(tail_lines, 0)));
  target.Add("limitBytes", Text(kLogBytes));
  if (previous) target.Add("previous", "true");
  HttpRequest request("GET", target.text());
  const std::string what = WhatOf("read the log of pods", "", in_namespace, pod);
  HttpResponse response = co_await Attempt(std::move(request), true, what);
  co_return std::move(response.body);
}

Task<std::string> ApiClient::ServerVersion() {
  HttpRequest request("GET", "/version");
  const Json version = co_await Ask(std::move(request), true, "ask for the server's version");
  co_return StringAt(version, "/gitVersion");
}

}  // namespace chains::deploy
