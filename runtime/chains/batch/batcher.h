// Batcher: coalesces calls that come at the same time into one call of a function that serves many
// for little more than one: a model on a GPU, a query with many keys.
//
//   using Embedder = chains::Batcher<Text, Vector>;
//   chain.Add<Search>(chains::Shared<Embedder>([](const chains::DeploymentContext&) {
//     return Embedder::Create({.name = "embed", .max_batch = 32}, EmbedAll);
//   }));
//   …
//   Vector vector = co_await embedder_.Run(text);                  // in any chainlet, on any
//   reactor const chains::BatchCall how = {.cost = tokens, .priority = 1}; Vector vector = co_await
//   embedder_.Run(text, how);
//
// A batch closes when it is full (max_batch, max_cost), when its oldest member has waited for
// max_wait, when the tightest member's deadline needs it, or, if so told, while nothing runs.
// batch_plan.h has the options and the rules.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/batch/batch_plan.h"
#include "chains/batch/batch_queue.h"
#include "chains/batch/batch_wait.h"
#include "chains/core/blocking.h"
#include "chains/core/task.h"

namespace chains {

struct BatchCall {
  uint64_t cost = 1;  // of the batch's max_cost: tokens, bytes, …
  int priority = 0;   // the highest is served first
};

// Thread-safe. It outlives the calls of Run; Requests and Replies may be moved and destroyed on the
// thread of any loop that uses it.
template <typename Request, typename Reply>
class Batcher {
 public:
  // One for each request, in their order. An error is that member's alone.
  using Replies = std::vector<absl::StatusOr<Reply>>;

  // The function is one of:
  //   Task<Replies>(std::vector<Request>)                       on the loop of the oldest member
  //   R(std::vector<Request>, std::stop_token), R(std::vector<Request>)       on the WorkerPool
  // where R converts to absl::StatusOr<Replies>. Its failure is that of all members, and so is an
  // exception (INTERNAL) and a wrong number of replies (INTERNAL, with both). It is called with at
  // least one request, by max_running threads at a time, under a Context that has the latest of the
  // members' deadlines and nothing else. When all members are gone a coroutine is dropped and a
  // stop is requested; its place among max_running is free when it has returned.
  //
  // INVALID_ARGUMENT names the option that is out of range.
  template <typename F>
  static absl::StatusOr<std::unique_ptr<Batcher>> Create(BatchOptions options, F function);

  // The reply to `request`, computed together with others. Besides what the function answers:
  // RESOURCE_EXHAUSTED at once when max_queued calls wait already, or when the WorkerPool is full;
  // DEADLINE_EXCEEDED when the call's deadline passes before a batch takes it; INVALID_ARGUMENT
  // when it costs more than max_cost, or has no such priority. Who drops the task leaves the queue,
  // and nothing is computed for it unless that has begun.
  Task<Reply> Run(Request request, BatchCall how = {}) {
    return Await(queue_, std::make_shared<Member>(std::move(request), how));
  }

  BatchCounts counts() const { return queue_->counts(); }

 private:
  using Function = absl::AnyInvocable<Task<Replies>(std::vector<Request>)>;
  using BlockingFunction =
      absl::AnyInvocable<absl::StatusOr<Replies>(std::vector<Request>, std::stop_token)>;

  struct Member final : internal::BatchMember {
    Member(Request asked, BatchCall how)
        : BatchMember(how.cost, how.priority), request(std::move(asked)) {}
    void Answer(absl::StatusOr<Reply> given) {
      if (given.ok()) {
        reply.emplace(*std::move(given));
      } else {
        Fail(std::move(given).status());
      }
    }
    Request request;
    std::optional<Reply> reply;
  };

  class Queue final : public internal::BatchQueue {
   public:
    Queue(BatchOptions options, Function function)
        : BatchQueue(std::move(options)), function_(std::move(function)) {}

   private:
    Task<void> Compute(internal::BatchMembers members) override;
    Function function_;
  };

  explicit Batcher(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}

  template <typename F, bool kStoppable>
  static auto AnswerOf() {
    if constexpr (kStoppable) {
      return std::invoke_result<F&, std::vector<Request>, std::stop_token>();
    } else {
      return std::invoke_result<F&, std::vector<Request>>();
    }
  }
  template <typename F>
  static Function Adapt(F function);
  static Task<Replies> OnWorker(std::shared_ptr<BlockingFunction> function,
                                std::vector<Request> requests);
  static Task<Reply> Await(std::shared_ptr<Queue> queue, std::shared_ptr<Member> member);

  const std::shared_ptr<Queue> queue_;
};

// ---- Implementation

template <typename Request, typename Reply>
template <typename F>
absl::StatusOr<std::unique_ptr<Batcher<Request, Reply>>> Batcher<Request, Reply>::Create(
    BatchOptions options, F function) {
  absl::Status checked = CheckBatchOptions(options);
  if (!checked.ok()) return checked;
  auto queue = std::make_shared<Queue>(std::move(options), Adapt(std::move(function)));
  return std::unique_ptr<Batcher>(new Batcher(std::move(queue)));
}

template <typename Request, typename Reply>
template <typename F>
typename Batcher<Request, Reply>::Function Batcher<Request, Reply>::Adapt(F function) {
  constexpr bool kStoppable = std::invocable<F&, std::vector<Request>, std::stop_token>;
  static_assert(kStoppable || std::invocable<F&, std::vector<Request>>,
                "chains: a batch function takes a std::vector of the Batcher's requests, and "
                "perhaps a std::stop_token");
  using Answer = typename decltype(AnswerOf<F, kStoppable>())::type;
  static_assert(
      std::is_same_v<Answer, Task<Replies>> || std::convertible_to<Answer, absl::StatusOr<Replies>>,
      "chains: a batch function answers Replies, a std::vector of one "
      "absl::StatusOr<Reply> for each request, or a StatusOr or Task of that");
  const auto blocking = [](auto work) -> Function {
    return [shared = std::make_shared<BlockingFunction>(std::move(work))](
               std::vector<Request> requests) { return OnWorker(shared, std::move(requests)); };
  };
  if constexpr (kStoppable) {
    return blocking(std::move(function));
  } else if constexpr (std::is_same_v<Answer, Task<Replies>>) {
    return function;
  } else {
    return blocking(
        [function = std::move(function)](std::vector<Request> requests, std::stop_token) mutable {
          return std::invoke(function, std::move(requests));
        });
  }
}

template <typename Request, typename Reply>
Task<typename Batcher<Request, Reply>::Replies> Batcher<Request, Reply>::OnWorker(
    std::shared_ptr<BlockingFunction> function, std::vector<Request> requests) {
  co_return co_await Blocking([&](std::stop_token stop) -> absl::StatusOr<Replies> {
    return (*function)(std::move(requests), std::move(stop));
  });
}

template <typename Request, typename Reply>
Task<void> Batcher<Request, Reply>::Queue::Compute(internal::BatchMembers members) {
  std::vector<Request> requests;
  requests.reserve(members.size());
  for (const auto& member : members) {
    requests.push_back(std::move(static_cast<Member&>(*member).request));
  }
  Replies replies = co_await function_(std::move(requests));
  co_await this->CheckReplies(replies.size(), members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    static_cast<Member&>(*members[i]).Answer(std::move(replies[i]));
  }
}

template <typename Request, typename Reply>
Task<Reply> Batcher<Request, Reply>::Await(std::shared_ptr<Queue> queue,
                                           std::shared_ptr<Member> member) {
  co_await internal::WaitInBatch(*queue, member);
  co_return *std::move(member->reply);
}

}  // namespace chains
