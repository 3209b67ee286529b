#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "streaming_chain.h"

namespace streaming {
namespace {

// A request with its defaults in place.
struct Plan {
  int items = 4;
  int interval_ms = 50;
  int text_bytes = 0;    // 0: as long as it needs to be
  int fails_after = -1;  // this item
};

absl::Status InRange(const char* field, int value, int first, int last) {
  if (value >= first && value <= last) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; it may be ", first, " to ", last));
}

absl::StatusOr<Plan> PlanOf(const GeneratorRequest& request) {
  Plan plan;
  if (request.has_items()) plan.items = request.items();
  if (request.has_interval_ms()) plan.interval_ms = request.interval_ms();
  if (request.has_text_bytes()) plan.text_bytes = request.text_bytes();
  absl::Status status = InRange("items", plan.items, 1, 100'000);
  status.Update(InRange("interval_ms", plan.interval_ms, 0, 600'000));
  if (request.has_text_bytes()) {
    status.Update(InRange("text_bytes", plan.text_bytes, 1, 1'000'000));
  }
  if (!status.ok()) return status;
  if (request.cause_error()) plan.fails_after = std::min(2, plan.items);
  return plan;
}

Part HeaderOf(const Plan& plan) {
  Part part;
  part.mutable_header()->set_message("Start.");
  part.mutable_header()->set_items(plan.items);
  return part;
}

Part ItemOf(const Plan& plan, int number) {
  Part part;
  part.mutable_item()->set_number(number);
  std::string& text = *part.mutable_item()->mutable_text();
  text = absl::StrCat("Item ", number);
  if (plan.text_bytes > 0) text.resize(static_cast<size_t>(plan.text_bytes), '.');
  return part;
}

Part FooterOf(const Plan& plan) {
  Part part;
  part.mutable_footer()->set_message("Done.");
  part.mutable_footer()->set_items(plan.items);
  return part;
}

}  // namespace

chains::Stream<Part> Maker::RunRemote(GeneratorRequest request) {
  const Plan plan = co_await PlanOf(request);
  co_yield HeaderOf(plan);
  for (int number = 1; number <= plan.items; ++number) {
    co_await chains::Sleep(absl::Milliseconds(plan.interval_ms));
    co_yield ItemOf(plan, number);
    if (number == plan.fails_after) co_await absl::AbortedError("an error, as cause_error asked");
  }
  co_yield FooterOf(plan);
}

}  // namespace streaming
