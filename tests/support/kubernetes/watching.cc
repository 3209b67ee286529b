// Watches: ApiCore::BeginWatch() and what comes after it.
#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/api_core.h"
#include "tests/support/kubernetes/refusal.h"

namespace chains::deploy::fake {
namespace {

constexpr int kLongestSeconds = 600;

std::string Line(const std::string& type, const Json& object) {
  const Json line = {{"type", type}, {"object", object}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Stamped(Json object, uint64_t version) {
  object["metadata"]["resourceVersion"] = Text(version);
  return object;
}

// What a change is to who sees only what matches; empty: nothing.
std::string LineOf(const WatchCursor& cursor, const Change& change) {
  const bool here = change.key.resource == cursor.resource &&
                    (cursor.in_namespace.empty() || change.key.in_namespace == cursor.in_namespace);
  if (!here) return "";
  const bool had = !change.before.is_null() && cursor.selector.Matches(change.before);
  const bool has = !change.after.is_null() && cursor.selector.Matches(change.after);
  if (has) return Line(had ? "MODIFIED" : "ADDED", change.after);
  if (!had) return "";
  return Line("DELETED",
              Stamped(change.after.is_null() ? change.before : change.after, change.version));
}

}  // namespace

std::optional<HttpResponse> ApiCore::BeginWatch(const HttpRequest& http, absl::Time now,
                                                WatchCursor& cursor) {
  const std::optional<ApiRequest> request = ParseRequest(http.method(), http.target());
  if (!request || request->Verb() != "watch") {
    return Refusal(404, "NotFound", "the server could not find the requested resource");
  }
  if (std::optional<HttpResponse> denied = Denied(*request)) return denied;
  absl::StatusOr<Selector> selector =
      Selector::Parse(request->Query("labelSelector"), request->Query("fieldSelector"));
  if (!selector.ok()) return BadRequest(std::string(selector.status().message()));
  cursor.resource = request->resource;
  cursor.in_namespace = request->in_namespace;
  cursor.selector = *selector;
  cursor.bookmarks = request->QueryIs("allowWatchBookmarks", "true");
  int seconds = 0;
  if (!absl::SimpleAtoi(request->Query("timeoutSeconds"), &seconds)) seconds = kLongestSeconds;
  seconds = std::clamp(seconds, 1, kLongestSeconds);
  cursor.ends = now + absl::Seconds(seconds);
  const std::string from = request->Query("resourceVersion");
  if (from.empty() || from == "0") {
    cursor.seen = store_.version();
    for (const Json& object : Matching(*request, *selector)) {
      cursor.first.push_back(Line("ADDED", object));
    }
    return std::nullopt;
  }
  if (!absl::SimpleAtoi(from, &cursor.seen)) {
    return BadRequest(Text("invalid resource version: ", from));
  }
  if (cursor.seen > store_.version()) {
    return Refusal(504, "Timeout",
                   Text("Too large resource version: ", from, ", current: ", store_.version()));
  }
  return std::nullopt;
}

std::vector<std::string> ApiCore::NextLines(WatchCursor& cursor) {
  std::vector<std::string> lines = std::exchange(cursor.first, {});
  if (cursor.seen < store_.oldest()) {
    lines.push_back(Line("ERROR", StatusObject(410, "Expired",
                                               Text("too old resource version: ", cursor.seen, " (",
                                                    store_.oldest(), ")"))));
    cursor.ends = absl::InfinitePast();
    return lines;
  }
  const auto& changes = store_.changes();
  const auto next =
      std::upper_bound(changes.begin(), changes.end(), cursor.seen,
                       [](uint64_t seen, const Change& change) { return seen < change.version; });
  for (auto change = next; change != changes.end(); ++change) {
    std::string line = LineOf(cursor, *change);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  cursor.seen = store_.version();
  return lines;
}

std::string ApiCore::BookmarkLine(const WatchCursor& cursor) const {
  return Line("BOOKMARK", {{"kind", cursor.resource->kind},
                           {"apiVersion", cursor.resource->api_version()},
                           {"metadata", {{"resourceVersion", Text(cursor.seen)}}}});
}

}  // namespace chains::deploy::fake
