// Keeper: changes what the platform must not forget: on the disk first, then in the model.
//
//   Permit changing = co_await keeper.Begin();     // one change at a time, in order
//   …look at the model, decide…
//   co_await keeper.Keep(std::move(change));       // fails: nothing has changed
//
// On the platform's loop.
#pragma once

#include <memory>
#include <utility>

#include "chains/core/gate.h"
#include "chains/core/task.h"
#include "deploy/platform/model.h"
#include "deploy/state/store.h"

namespace chains::deploy {

class Keeper {
 public:
  // Both outlive it.
  Keeper(Model& model, Store& store) : model_(model), store_(store) {}

  Gate::Entry Begin() { return changing_.Enter(); }
  // Who calls it has begun. The model shows the change when it returns.
  Task<void> Keep(Store::Change&& change) {
    return KeepIt(std::make_unique<const Store::Change>(std::move(change)));
  }

 private:
  Task<void> KeepIt(std::unique_ptr<const Store::Change> change);
  void Apply(const Store::Change& change);

  Model& model_;
  Store& store_;
  Gate changing_{{.what = "changes of deployments", .limit = 1, .max_waiting = 1000}};
};

}  // namespace chains::deploy
