// Decoder: undoes one Content-Encoding, step by step: pure, and never more at once than asked for.
//
//   auto decoder = Decoder::Of(Encoding::kGzip);
//   std::string_view in = piece;
//   std::string out;
//   absl::Status status = decoder->Step(in, out, 65536);   // again while `out` came back full
//   if (at_the_end && !decoder->whole()) …                 // it was cut off
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/body/encoding.h"

namespace chains::gateway {

class Decoder {
 public:
  // Not for kIdentity.
  static std::unique_ptr<Decoder> Of(Encoding encoding);
  virtual ~Decoder() = default;

  // Takes bytes from the front of `in` and makes `out` what came of them, at most `room` bytes. It
  // stops when `in` is empty or `out` is full: then there may be more without further input.
  // INVALID_ARGUMENT where `in` is not so encoded; then it is over.
  virtual absl::Status Step(std::string_view& in, std::string& out, size_t room) = 0;

  // Whether a body may end here: something has been decoded, and nothing is in the middle.
  virtual bool whole() const = 0;
};

}  // namespace chains::gateway
