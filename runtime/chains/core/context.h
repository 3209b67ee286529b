// Context: what a request carries along its whole chain.
//
//   chains::Context context = co_await chains::CurrentContext();
//   if (std::optional<std::string_view> user = context.Header("x-user")) …
//
// A Context is a small value: copies share what they carry and stay valid after the request. It is
// immutable, so any thread may read it. Deadlines only shrink on the way down.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"

namespace chains {

// Header names are lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

class Context {
 public:
  // No deadline, no trace, no headers.
  Context() = default;
  Context(absl::Time deadline, std::string trace_id, Headers headers)
      : deadline_(deadline),
        carried_(std::make_shared<const Carried>(
            Carried{.trace_id = std::move(trace_id), .headers = std::move(headers)})) {}

  // When the caller stops waiting; absl::InfiniteFuture() without a deadline.
  absl::Time deadline() const { return deadline_; }

  // The W3C trace id of the request, 32 hexadecimal digits; empty outside a served request.
  std::string_view trace_id() const {
    return carried_ ? std::string_view(carried_->trace_id) : std::string_view();
  }

  // The first header of this name, compared without regard to case.
  std::optional<std::string_view> Header(std::string_view name) const {
    for (const auto& [key, value] : headers()) {
      if (absl::EqualsIgnoreCase({key.data(), key.size()}, {name.data(), name.size()})) {
        return value;
      }
    }
    return std::nullopt;
  }
  const Headers& headers() const {
    static const Headers none;
    return carried_ ? carried_->headers : none;
  }

  // The same request with the earlier of both deadlines.
  Context WithDeadline(absl::Time deadline) const {
    Context copy = *this;
    copy.deadline_ = std::min(deadline_, deadline);
    return copy;
  }

 private:
  struct Carried {
    std::string trace_id;
    Headers headers;
  };
  absl::Time deadline_ = absl::InfiniteFuture();
  std::shared_ptr<const Carried> carried_;
};

}  // namespace chains
