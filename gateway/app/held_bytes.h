// HeldBytes: how much of clients' messages a gateway holds that are not whole yet, or are gathered,
// of all streams together.
//
//   HeldBytes::Share share(held);
//   co_await share.Set(splitter.bytes_held());
#pragma once

#include <cstddef>

#include "absl/status/status.h"

namespace chains::gateway {

// For the loop's thread.
class HeldBytes {
 public:
  explicit HeldBytes(size_t most) : most_(most) {}
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;

  // What one stream has of it, until it ends.
  class Share {
   public:
    // `all` outlives it.
    explicit Share(HeldBytes& all) : all_(all) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { all_.bytes_ -= bytes_; }

    // UNAVAILABLE: all together hold too much; this one has to let go of it.
    absl::Status Set(size_t bytes) {
      all_.bytes_ += bytes - bytes_;
      bytes_ = bytes;
      if (all_.bytes_ <= all_.most_) return absl::OkStatus();
      return absl::UnavailableError("too many large streams at once, try again");
    }

   private:
    HeldBytes& all_;
    size_t bytes_ = 0;
  };

  size_t bytes() const { return bytes_; }

 private:
  const size_t most_;
  size_t bytes_ = 0;
};

}  // namespace chains::gateway
