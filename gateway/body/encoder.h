// Encoder: does one Content-Encoding, piece by piece: pure.
//
//   auto encoder = Encoder::Of(Encoding::kZstd, Encoder::Use::kStream);
//   std::string out;
//   absl::Status status = encoder->Add(piece, out);   // `out` can be decoded up to here
//   status = encoder->Finish(out);                    // what ends the body
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/body/encoding.h"

namespace chains::gateway {

class Encoder {
 public:
  // A stream's encoder lives long beside a thousand others, so it keeps a small window; one for a
  // whole body packs better.
  enum class Use { kStream, kWhole };

  // Not for kIdentity.
  static std::unique_ptr<Encoder> Of(Encoding encoding, Use use);
  virtual ~Encoder() = default;

  // Appends to `out` all of `piece`, flushed for streams. INTERNAL where there is no memory.
  virtual absl::Status Add(std::string_view piece, std::string& out) = 0;
  // Appends the end. Once, last.
  virtual absl::Status Finish(std::string& out) = 0;
};

}  // namespace chains::gateway
