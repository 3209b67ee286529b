#include "chains/grpc/lane.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/core/pool.h"
#include "chains/grpc/server_call.h"

namespace chains::internal {

Lane::Lane(WorkerPool& workers, std::unique_ptr<grpc::ServerCompletionQueue> queue,
           grpc::AsyncGenericService& calls, Options options)
    : options_(std::move(options)),
      queue_(*queue),
      calls_(calls),
      reactor_(workers, std::move(queue)) {
  service_.Merge(health_.MakeService());
}

Lane::~Lane() { reactor_.Stop(); }

void Lane::AcceptOne() { Held<ServerCall>(new ServerCall(*this))->Accept(); }

void Lane::Leave() {
  health_.Leave();
  running_.ForEach([](ServerCall& call) {
    if (IsReflection(call.path())) call.End(absl::UnavailableError("this replica leaves"));
  });
}

void Lane::EndAt(absl::Time deadline) { reactor_.Arm(end_, deadline); }

void Lane::End::Fire() {
  const absl::Status leaving = absl::UnavailableError(absl::StrCat(
      "cancelled: the replica ", lane_.options_.replica, " left before the call was answered"));
  lane_.running_.ForEach([&leaving](ServerCall& call) { call.End(leaving); });
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
