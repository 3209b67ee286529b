// Soft<T>: a dependency that its caller can do without. Its failures come as values.
//
//   class Greeter final : public HelloAll {
//    public:
//     explicit Greeter(chains::Soft<Weather>& weather) : weather_(weather) {}
//     chains::Task<HelloAllResponse> RunRemote(HelloAllRequest request) override {
//       absl::StatusOr<Forecast> forecast =
//           co_await weather_.Call(&Weather::RunRemote, Place(request));
//       …                                // an answer without it, where it is not OK
//   …
//   chain.Add<Greeter>(chains::Softly(chains::Needs<Weather>{.timeout = absl::Seconds(1)}));
//
// That it is down, full, refused by its circuit or not deployed at all neither keeps a replica from
// being ready nor fails a request. Give it a timeout: a callee that is slow is waited for.
// Needs<T>{.soft = true} is the same for a constructor that takes a T&: whoever calls it then says
// Outcome(…).
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "absl/utility/utility.h"
#include "chains/chain/declaration.h"
#include "chains/core/task.h"

namespace chains {

// For the loop's coroutines, as T is. It lives as long as the chainlet that it was made for.
template <typename T>
class Soft {
 public:
  explicit Soft(T& target) : target_(target) {}
  Soft(const Soft&) = delete;

  // `co_await soft.Call(&T::Method, request)`: the reply, or why there is none. It never fails the
  // coroutine that awaits it; as a task it may stand in All() beside others. The request's own end
  // (its deadline, a client that has left) still ends it.
  template <typename Request, typename Reply>
  Task<absl::StatusOr<Reply>> Call(Task<Reply> (T::*method)(Request), Request request) {
    return AsValue((target_.*method)(std::move(request)));
  }
  // The same for what is no unary method: streams say how they end themselves.
  T& target() { return target_; }

 private:
  template <typename Reply>
  static Task<absl::StatusOr<Reply>> AsValue(Task<Reply> call) {
    absl::StatusOr<Reply> outcome = co_await Outcome(std::move(call));
    co_return absl::StatusOr<absl::StatusOr<Reply>>(absl::in_place, std::move(outcome));
  }

  T& target_;
};

// A dependency whose constructor argument is a Soft<T>&.
template <typename T>
struct SoftNeeds {
  Needs<T> needs;
};
template <typename T>
SoftNeeds<T> Softly(Needs<T> needs) {
  needs.soft = true;
  return {std::move(needs)};
}

}  // namespace chains
