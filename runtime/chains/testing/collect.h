// Collect: all items of a stream.
//
//   absl::StatusOr<std::vector<Token>> tokens =
//   chains::Wait(chains::testing::Collect(llm.Generate(p)));
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains::testing {

// Fails when the stream does; what came before is lost then.
template <typename T>
Task<std::vector<T>> Collect(Stream<T> stream) {
  std::vector<T> items;
  while (std::optional<T> item = co_await stream.Next()) items.push_back(*std::move(item));
  co_return items;
}

// The other way round: a stream of these items.
template <typename T>
Stream<T> StreamOf(std::vector<T> items) {
  for (T& item : items) co_yield std::move(item);
}

}  // namespace chains::testing
