#include "deploy/apiserver/pod_picker.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/core/worker_pool.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(15);

bool IsReady(const Json& pod) {
  if (IsBeingDeleted(pod) || StringAt(pod, "/status/phase") != "Running") return false;
  const Json& conditions = At(pod, "/status/conditions");
  if (!conditions.is_array()) return false;
  for (const Json& condition : conditions) {
    if (StringAt(condition, "/type") == "Ready") return StringAt(condition, "/status") == "True";
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> ReadyPodOf(const ObjectList& pods, const std::string& but) {
  std::string states;
  bool but_is_ready = false;
  for (const Json& pod : pods.items) {
    const std::string name = NameOf(pod);
    const bool ready = IsReady(pod);
    if (ready && name != but) return name;
    but_is_ready = but_is_ready || ready;
    states += Text(states.empty() ? "" : ", ", name, ": ",
                   IsBeingDeleted(pod) ? "leaves" : StringAt(pod, "/status/phase"), ", not ready");
  }
  if (but_is_ready) return but;
  return absl::NotFoundError(states.empty() ? "there is no such pod"
                                            : Text("no such pod is ready: ", states));
}

PodPicker::PodPicker(Transport& transport, std::string in_namespace, std::string label_selector)
    : api_(transport, {.attempts = 3, .timeout = absl::Seconds(5)}),
      in_namespace_(std::move(in_namespace)),
      label_selector_(std::move(label_selector)) {
  std::promise<LocalLoop*> started;
  std::future<LocalLoop*> loop = started.get_future();
  thread_ =
      std::thread([this, promise = std::move(started)]() mutable { Run(std::move(promise)); });
  loop_ = loop.get();
}

PodPicker::~PodPicker() {
  loop_->Post([this] { stopping_ = true; });
  thread_.join();
}

void PodPicker::Run(std::promise<LocalLoop*> started) {
  WorkerPool workers;
  LocalLoop loop(workers);
  started.set_value(&loop);
  loop.RunUntil([this] { return stopping_; });
  searches_.clear();
}

void PodPicker::Pick(std::string but, Done done) {
  loop_->Post([this, but = std::move(but), done = std::move(done)]() mutable {
    Begin(std::move(but), std::move(done));
  });
}

void PodPicker::Begin(std::string but, Done done) {
  const auto search = searches_.insert(searches_.end(), {std::move(done), nullptr});
  search->root = std::make_unique<chains::internal::Root<std::string>>(
      *loop_, Context(), WithTimeout(Find(std::move(but)), kPatience),
      [this, search](absl::StatusOr<std::string> pod) {
        Search ended = std::move(*search);
        searches_.erase(search);
        ended.done(std::move(pod));
      });
  search->root->Start();
}

Task<std::string> PodPicker::Find(std::string but) {
  const ObjectList pods = co_await api_.List(kinds::kPod, in_namespace_, label_selector_);
  const absl::StatusOr<std::string> pod = ReadyPodOf(pods, but);
  if (!pod.ok()) {
    co_return absl::Status(pod.status().code(),
                           Text("pods with ", label_selector_, " in namespace '", in_namespace_,
                                "': ", MessageOf(pod.status())));
  }
  co_return pod;
}

}  // namespace chains::deploy
