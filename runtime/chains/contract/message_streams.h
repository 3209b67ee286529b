// Streams of messages to streams of bytes, and back. Implementation detail of contract_inl.h.
#pragma once

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "chains/contract/bytes.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains::internal {

template <typename M>
Stream<Bytes> SerializeOne(M message) {
  Bytes bytes = co_await Bytes::Serialize(message);
  co_yield std::move(bytes);
}
template <typename M>
Stream<Bytes> SerializeEach(Stream<M> messages) {
  while (const M* message = co_await InPlace(messages.Next())) {
    Bytes bytes = co_await Bytes::Serialize(*message);
    co_yield std::move(bytes);
  }
}
template <typename M>
Stream<M> ParseEach(Stream<Bytes> stream) {
  while (const Bytes* bytes = co_await InPlace(stream.Next())) {
    M message;
    co_await bytes->ParseInto(message);
    co_yield std::move(message);
  }
}
template <typename M>
Task<M> ParseOnly(Stream<Bytes> stream) {
  std::optional<Bytes> bytes = co_await stream.Next();
  if (!bytes) co_return absl::InternalError("the stream ended without a message");
  M message;
  co_await bytes->ParseInto(message);
  std::optional<Bytes> more = co_await stream.Next();
  if (more) co_return absl::InternalError("more than one message in the stream");
  co_return message;
}

}  // namespace chains::internal
