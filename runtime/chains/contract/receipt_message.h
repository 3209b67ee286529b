// A receipt between processes: chains.v1.Receipt, made, cut to a size, and read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "chains/core/receipt.h"
#include "chains/v1/receipt.pb.h"

namespace chains {

// How deep calls are nested at most in a message; protobuf reads 100 levels.
inline constexpr size_t kMaxReceiptDepth = 64;
// A text in it.
inline constexpr size_t kMaxReceiptName = 128;

// The whole of one call, as far as kMaxReceiptDepth.
v1::Receipt MessageOf(const internal::CallRecord& call);

// `whole` without its shortest calls, as few of them as let it fit: the longest make up the
// critical path. Of equally long ones the deeper go first, then the later. Empty when not even its
// first call fits. `fits` holds for less of what it holds for.
v1::Receipt CutReceipt(const v1::Receipt& whole, absl::FunctionRef<bool(const v1::Receipt&)> fits);

// In at most `max_bytes`; empty when it does not fit.
std::string EncodeReceipt(const internal::CallRecord& call, size_t max_bytes);

// Without the calls that it made, in some hundred bytes.
std::string EncodeOwnFigures(const internal::CallRecord& call);

// What the callee of a call said of it, in another process, between `sent` and `answered` on this
// loop's clock: its figures, and its calls below `call`. Bytes that are no receipt are noted as
// such; a figure out of bounds is brought within.
void AddAnswer(internal::CallRecord& call, std::string_view bytes, absl::Time sent,
               absl::Time answered);

}  // namespace chains
