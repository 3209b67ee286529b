#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "streaming_chain.h"

namespace streaming {
namespace {

// Puts a part where it belongs, when it is its turn.
absl::Status Add(Part part, GatherResponse& to) {
  const bool begins = part.has_header();
  if (begins == to.has_header() || to.has_footer()) {
    return absl::DataLossError(
        absl::StrCat("a part of Generator is out of its order: ", part.ShortDebugString()));
  }
  switch (part.part_case()) {
    case Part::kHeader:
      *to.mutable_header() = std::move(*part.mutable_header());
      return absl::OkStatus();
    case Part::kItem:
      *to.add_items() = std::move(*part.mutable_item());
      return absl::OkStatus();
    case Part::kFooter:
      *to.mutable_footer() = std::move(*part.mutable_footer());
      return absl::OkStatus();
    case Part::PART_NOT_SET:
      break;
  }
  return absl::DataLossError("a part of Generator is empty, or of a kind that is not known here");
}

}  // namespace

// The Generator's own stream: not even a coroutine of ours is between it and the caller.
chains::Stream<Part> Reader::RunRemote(GeneratorRequest request) {
  return generator_.RunRemote(std::move(request));
}

chains::Task<GatherResponse> Reader::Gather(GeneratorRequest request) {
  GatherResponse response;
  chains::Stream<Part> parts = generator_.RunRemote(std::move(request));
  while (std::optional<Part> part = co_await parts.Next()) {
    co_await Add(*std::move(part), response);
  }
  if (!response.has_footer() || response.footer().items() != response.items_size()) {
    co_return absl::DataLossError(
        absl::StrCat("Generator's stream ended early, after ", response.items_size(), " items"));
  }
  co_return response;
}

chains::Task<Sum> Reader::SumUp(chains::Stream<Number> numbers) {
  int64_t sum = 0;
  while (std::optional<Number> number = co_await numbers.Next()) {
    if (__builtin_add_overflow(sum, number->number(), &sum)) {
      co_return absl::OutOfRangeError("the sum has more than 64 bits");
    }
  }
  Sum response;
  response.set_result(sum);
  co_return response;
}

chains::Stream<EchoResponse> Reader::Echo(chains::Stream<EchoRequest> requests) {
  int64_t count = 0;
  while (std::optional<EchoRequest> request = co_await requests.Next()) {
    EchoResponse response;
    response.set_count(++count);
    *response.mutable_text() = std::move(*request->mutable_text());
    co_yield std::move(response);
  }
}

}  // namespace streaming
