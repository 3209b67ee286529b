#include "chains/grpc/lane.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/core/pool.h"
#include "chains/grpc/served_carrier.h"
#include "chains/grpc/server_call.h"

namespace chains::internal {
namespace {

// Calls that a reactor waits for at a time; more that come at once wait in gRPC meanwhile. A call
// that is waited for takes about 3 KiB, so known methods share these, down to a few each.
constexpr size_t kCallsToAccept = 64;
constexpr size_t kCallsOfAMethod = 16;

// Each caller opens one, once.
constexpr size_t kCarriersToAccept = 2;

}  // namespace

Lane::Lane(WorkerPool& workers, std::unique_ptr<grpc::ServerCompletionQueue> queue,
           KnownMethods& known, grpc::AsyncGenericService& others, Options options)
    : options_(std::move(options)),
      queue_(*queue),
      known_(known),
      others_(others),
      reactor_(workers, std::move(queue)),
      callers_(options_.authorization == nullptr
                   ? nullptr
                   : std::make_unique<Callers>(options_.authorization)) {
  service_.Merge(health_.MakeService());
}

Lane::~Lane() { reactor_.Stop(); }

void Lane::Accept() {
  const size_t of_each =
      std::max(kCallsToAccept / std::max<size_t>(known_.size(), 1), kCallsOfAMethod);
  for (size_t known = 0; known < known_.size(); ++known) {
    handlers_.push_back(service_.Find(known_.method(known).path));
    for (size_t i = 0; i < of_each; ++i) AcceptOne(known);
  }
  const size_t others = known_.size() == 0 ? kCallsToAccept : kCallsOfAMethod;
  for (size_t i = 0; i < others; ++i) AcceptOne(kOther);
  for (size_t i = 0; known_.has_carriers() && i < kCarriersToAccept; ++i) AcceptCarrier();
}

void Lane::AcceptCarrier() { Held<ServedCarrier>(new ServedCarrier(*this))->Accept(); }

void Lane::AcceptOneLater(size_t known) {
  to_accept_.push_back(known);
  reactor_.Ready(accepting_);
}

void Lane::Accepting::Run() {
  for (const size_t known : lane_.to_accept_) lane_.AcceptOne(known);
  lane_.to_accept_.clear();
}

void Lane::AcceptOne(size_t known) { Held<ServerCall>(new ServerCall(*this, known))->Accept(); }

const Service::Handler* Lane::Find(std::string_view path) const {
  return fallback_ != nullptr && IsHousekeeping(path) ? nullptr : service_.Find(path);
}

void Lane::Leave() {
  health_.Leave();
  carriers_.ForEach([](ServedCarrier& carrier) { carrier.Leave(); });
  running_.ForEach([this](ServerCall& call) {
    const bool endless =
        fallback_ != nullptr ? IsHousekeeping(call.path()) : IsReflection(call.path());
    if (endless) call.End(absl::UnavailableError("this replica leaves"));
  });
}

void Lane::EndAt(absl::Time deadline) { reactor_.Arm(end_, deadline); }

void Lane::End::Fire() {
  const absl::Status leaving = absl::UnavailableError(absl::StrCat(
      "cancelled: the replica ", lane_.options_.replica, " left before the call was answered"));
  lane_.running_.ForEach([&leaving](ServerCall& call) { call.End(leaving); });
  lane_.carriers_.ForEach([&leaving](ServedCarrier& carrier) { carrier.End(leaving); });
}

std::string Lane::Contracts() const {
  std::set<std::string_view> contracts;
  for (const auto& [path, handler] : service_.handlers()) {
    if (!IsHousekeeping(path)) contracts.insert(handler.method->chainlet);
  }
  return absl::StrJoin(contracts, ", ",
                       [](std::string* out, std::string_view name) { out->append(name); });
}

}  // namespace chains::internal
