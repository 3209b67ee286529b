#include "tests/deploy/state/fake_objects.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kNamespace = "/namespaces/chains/";
constexpr size_t kMostData = 1 << 20;

HttpResponse Answer(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.body = ToText(body);
  return response;
}

HttpResponse Refusal(int status, const std::string& reason) {
  return Answer(status, {{"kind", "Status"}, {"reason", reason}, {"message", reason}});
}

bool IsName(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name) {
    if (!absl::ascii_islower(static_cast<unsigned char>(c)) &&
        !absl::ascii_isdigit(static_cast<unsigned char>(c)) && c != '-') {
      return false;
    }
  }
  return name.front() != '-' && name.back() != '-';
}

size_t DataOf(const Json& object) {
  size_t sum = 0;
  for (const auto& [key, text] : StringsAt(object, "/data")) {
    std::string bytes;
    if (!absl::Base64Unescape(text, &bytes)) return kMostData + 1;
    sum += bytes.size();
  }
  return sum;
}

}  // namespace

void FakeObjects::Then(Hook hook, After after) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
  after_ = std::move(after);
  requests_ = 0;
}

int FakeObjects::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeObjects::Arrive() {
  const std::lock_guard lock(mutex_);
  while (!late_.empty()) {
    const HttpRequest request = std::move(late_.front());
    late_.pop_front();
    Do(request);
  }
}

size_t FakeObjects::size() const {
  const std::lock_guard lock(mutex_);
  return objects_.size();
}

std::map<std::string, Json> FakeObjects::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

void FakeObjects::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  objects_.erase(name);
}

void FakeObjects::Put(const std::string& name, const Json& object) {
  const std::lock_guard lock(mutex_);
  objects_[name] = object;
}

Task<HttpResponse> FakeObjects::Send(HttpRequest request, absl::Duration) {
  Hook hook;
  After after;
  int number = 0;
  {
    const std::lock_guard lock(mutex_);
    hook = hook_;
    after = after_;
    number = ++requests_;
  }
  const Trouble trouble = hook ? hook(number) : Trouble::kNone;
  HttpResponse response;
  {
    const std::lock_guard lock(mutex_);
    if (trouble == Trouble::kLate) late_.push_back(request);
    if (trouble == Trouble::kNone || trouble == Trouble::kAnswerLost) response = Do(request);
  }
  if (after) after(number);
  if (trouble != Trouble::kNone) co_return absl::UnavailableError("the connection was lost");
  co_return response;
}

Stream<HttpResponse> FakeObjects::Follow(HttpRequest, absl::Duration) {
  co_await absl::UnimplementedError("nobody watches Secrets here");
  co_yield HttpResponse();
}

HttpResponse FakeObjects::Do(const HttpRequest& request) {
  const size_t end = request.target().find('?');
  const std::string path = request.target().substr(0, end);
  const std::string query = end == std::string::npos ? "" : request.target().substr(end + 1);
  const size_t begin = path.find(kNamespace);
  if (begin == std::string::npos) return Refusal(404, "NotFound");
  const size_t slash = path.find('/', begin + kNamespace.size());
  const std::string name = slash == std::string::npos ? "" : path.substr(slash + 1);
  if (request.method() == "GET") return Get(name, query);
  if (request.method() == "DELETE") {
    return objects_.erase(name) > 0 ? Answer(200, {{"kind", "Status"}}) : Refusal(404, "NotFound");
  }
  absl::StatusOr<Json> object = ParseObject(request.body());
  if (!object.ok()) return Refusal(400, "BadRequest");
  return Write(*std::move(object), request.method());
}

HttpResponse FakeObjects::Get(const std::string& name, const std::string& query) {
  if (!name.empty()) {
    const auto found = objects_.find(name);
    return found == objects_.end() ? Refusal(404, "NotFound") : Answer(200, found->second);
  }
  Json list = {{"kind", "SecretList"}, {"apiVersion", "v1"}, {"items", Json::array()}};
  list["metadata"]["resourceVersion"] = Text(version_);
  for (const auto& [each, object] : objects_) {
    const std::string label = LabelOf(object, "chains.dev/state");
    if (!label.empty() && absl::StrContains(query, label)) list["items"].push_back(object);
  }
  return Answer(200, list);
}

HttpResponse FakeObjects::Write(Json object, const std::string& method) {
  const std::string name = NameOf(object);
  const std::string shown_version = ResourceVersionOf(object);
  if (!IsName(name) || DataOf(object) > kMostData) return Refusal(422, "Invalid");
  const auto found = objects_.find(name);
  if (method == "POST" && found != objects_.end()) return Refusal(409, "AlreadyExists");
  if (method == "PUT" && found == objects_.end()) return Refusal(404, "NotFound");
  object["metadata"].erase("resourceVersion");
  if (found != objects_.end()) {
    Json before = found->second;
    before["metadata"].erase("resourceVersion");
    const bool is_late =
        !shown_version.empty() && shown_version != ResourceVersionOf(found->second);
    if (is_late) return Refusal(409, "Conflict");
    if (before == object) return Answer(200, found->second);
    if (BoolAt(before, "/immutable")) return Refusal(422, "Invalid");
  }
  object["metadata"]["resourceVersion"] = Text(++version_);
  objects_[name] = object;
  return Answer(200, object);
}

}  // namespace chains::deploy
