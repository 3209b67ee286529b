// Waterfall: when each call of a request began and how long it took, a line each.
//
//   ◆ hello.HelloAll.RunRemote       █████████████████████████  1.2 ms
//   ◆   hello.SayHello.RunRemote       ██████████████████████   965 µs
//       hello.Log.RunRemote              ▒▒▒                    210 µs
//
// ◆ marks the critical path: what made the request take as long as it did. It is walked from the
// request's end: the call that ended last, then the one that ended last before that one began, and
// so on, and the same within each of these. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"

namespace chains::deploy::cli {

struct WaterfallSpan {
  static constexpr size_t kNoParent = static_cast<size_t>(-1);

  std::string name = {};
  size_t parent = kNoParent;  // an earlier one of the list
  int64_t start_us = 0;       // of any clock
  int64_t duration_us = 0;
  std::string note = {};  // what follows its time: how it failed, say
};

// Which spans are on the critical path, in the same order.
std::vector<bool> CriticalPath(const std::vector<WaterfallSpan>& spans);

// A line for each span, each with a line end and in at most `columns` (60 at least), of safe text.
// Without `unicode` the marks and bars are ASCII: * for ◆, # for █, - for ▒.
std::string Waterfall(const std::vector<WaterfallSpan>& spans, size_t columns, bool unicode = true);

// Of a trace, whose spans are in order.
std::vector<WaterfallSpan> SpansOfTrace(const v1::Trace& trace);
// Of the header Chains-Receipt. INVALID_ARGUMENT: it is none.
absl::StatusOr<std::vector<WaterfallSpan>> SpansOfReceipt(std::string_view receipt);

}  // namespace chains::deploy::cli
