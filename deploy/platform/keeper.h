// Keeper: changes what the platform must not forget: on the disk first, then in the model.
//
//   const Permit changing = co_await keeper.Begin();      // one change at a time, in order
//   …look at the model, decide…
//   co_await keeper.Keep(std::move(change), std::move(then));   // fails: nothing has changed
//
// A change that is being written is made whole, in the model as well, though who asked for it may
// have left meanwhile: disk and model never differ. `then` is what follows from it in the model.
//
// On the platform's loop.
#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "chains/core/gate.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "deploy/platform/model.h"
#include "deploy/state/store.h"

namespace chains::deploy {

class Keeper {
 public:
  using Then = absl::AnyInvocable<void()>;

  // Both outlive it.
  Keeper(Model& model, Store& store) : model_(model), store_(store) {}
  Keeper(const Keeper&) = delete;

  // UNAVAILABLE: it is closed. RESOURCE_EXHAUSTED: too many wait.
  Task<Permit> Begin();
  // Who calls it has begun. The model shows the change, and `then` has run, when it returns.
  Task<void> Keep(Store::Change&& change, Then then = nullptr) {
    return KeepIt(std::make_unique<const Store::Change>(std::move(change)), std::move(then));
  }
  // Begins nothing any more. Before the loop ends: it drops what it runs there, so a change that is
  // being written may be on the disk alone, as if the platform had been killed.
  void Close();

 private:
  Task<void> KeepIt(std::unique_ptr<const Store::Change> change, Then then);
  Task<void> Write(std::unique_ptr<const Store::Change> change, Then then);
  void Apply(const Store::Change& change);
  absl::Status Open() const;

  Model& model_;
  Store& store_;
  Gate changing_{{.what = "changes of deployments", .limit = 1, .max_waiting = 1000}};
  bool closed_ = false;
  std::unique_ptr<chains::internal::Root<void>> writing_;  // null: nothing is being written
  Notice written_;
};

}  // namespace chains::deploy
