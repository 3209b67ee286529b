// Messages to bytes and back, on the record of their call where a receipt is written.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/contract/bytes.h"
#include "chains/core/recording.h"

namespace chains::internal {

// `record` may be null: then they are Bytes' own.
template <typename M>
absl::Status Parse(const Bytes& bytes, M& message, CallRecord* record) {
  const Serializing parsing(record);
  return bytes.ParseInto(message);
}
template <typename M>
absl::StatusOr<Bytes> Serialize(const M& message, CallRecord* record) {
  const Serializing serializing(record);
  return Bytes::Serialize(message);
}

}  // namespace chains::internal
