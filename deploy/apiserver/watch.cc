// ApiClient::Watch: what a watch sends, line by line.
#include <optional>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/apiserver/failure.h"
#include "deploy/apiserver/target.h"
#include "deploy/apiserver/watch_line.h"

namespace chains::deploy {
namespace {

// A watch is ended by the server after this long, a little more or less, so that those that began
// together do not begin again together.
constexpr absl::Duration kLongest = absl::Minutes(8);
// A bookmark comes about every minute; when none of two did, nobody is there.
constexpr absl::Duration kQuiet = absl::Seconds(150);

std::optional<WatchEvent::Type> TypeOf(std::string_view name) {
  if (name == "ADDED") return WatchEvent::Type::kAdded;
  if (name == "MODIFIED") return WatchEvent::Type::kModified;
  if (name == "DELETED") return WatchEvent::Type::kDeleted;
  if (name == "BOOKMARK") return WatchEvent::Type::kBookmark;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<WatchEvent> ParseWatchLine(std::string_view line, std::string_view what) {
  absl::StatusOr<Json> parsed = ParseObject(line);
  if (!parsed.ok()) {
    return absl::UnavailableError(
        Text("cannot ", what, ": a line of it is damaged: ", MessageOf(parsed.status())));
  }
  const auto object = parsed->find("object");
  const std::string type = StringAt(*parsed, "/type");
  if (object == parsed->end() || !object->is_object()) {
    return absl::UnavailableError(
        Text("cannot ", what, ": an event of type '", type, "' has no object"));
  }
  if (type == "ERROR") return FailureOf(*object, what);
  const std::optional<WatchEvent::Type> known = TypeOf(type);
  if (!known) {
    return absl::UnavailableError(Text("cannot ", what, ": it has an event of type '", type, "'"));
  }
  WatchEvent event;
  event.type = *known;
  event.object = std::move(*object);
  return event;
}

Stream<WatchEvent> ApiClient::Watch(ObjectKind kind, std::string in_namespace,
                                    std::string label_selector, std::string resource_version) {
  const std::string what =
      Text("watch ", kind.plural, in_namespace.empty() ? "" : " in namespace '", in_namespace,
           in_namespace.empty() ? "" : "'");
  Target target(kind, in_namespace, "");
  target.Add("watch", "true");
  target.Add("allowWatchBookmarks", "true");
  target.Add("labelSelector", label_selector);
  target.Add("resourceVersion", resource_version);
  target.Add("timeoutSeconds", Text(absl::ToInt64Seconds(Jittered(kLongest))));
  HttpRequest request("GET", target.text());
  Stream<HttpResponse> lines = transport_.Follow(std::move(request), kQuiet);
  bool begun = false;
  while (true) {
    absl::StatusOr<std::optional<HttpResponse>> line = co_await Outcome(lines.Next());
    if (!line.ok()) {
      co_await absl::Status(line.status().code(),
                            Text("cannot ", what, ": ", MessageOf(line.status())));
    }
    if (!line->has_value()) co_return;
    if (!std::exchange(begun, true)) {
      co_await FailureOf(**line, what);
      continue;
    }
    if ((*line)->body.empty()) continue;
    absl::StatusOr<WatchEvent> event = ParseWatchLine((*line)->body, what);
    if (!event.ok()) co_await event.status();
    co_yield *std::move(event);
  }
}

}  // namespace chains::deploy
