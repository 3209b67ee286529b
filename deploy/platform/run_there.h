// RunThere: a function on a reactor's thread, for a thread that is not its own, which waits for it.
//
//   RunThere(reactor, [this] { parts_->Begin(reactor); });
#pragma once

#include <future>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "chains/grpc/reactor.h"

namespace chains::deploy {

// The reactor runs.
inline void RunThere(Reactor& reactor, absl::AnyInvocable<void()> work) {
  std::promise<void> done;
  reactor.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace chains::deploy
