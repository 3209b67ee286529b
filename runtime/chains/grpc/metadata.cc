#include "chains/grpc/metadata.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "chains/core/receipt.h"
#include "chains/core/trace.h"
#include "chains/grpc/header_budget.h"
#include "chains/grpc/margin.h"
#include "chains/grpc/time.h"

namespace chains::internal {
namespace {

constexpr std::string_view kTraceparent = "traceparent";
// Sent only where they say something else than usual: "chains-priority: 2" and
// "chains-further-attempt: 1".
constexpr std::string_view kPriority = "chains-priority";
constexpr std::string_view kFurtherAttempt = "chains-further-attempt";
constexpr std::string_view kOurs = "chains-";
constexpr size_t kMaxRecordingId = 64;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

char ToDigit(int priority) { return static_cast<char>('0' + priority); }

// What is no priority is the usual one.
int PriorityOf(std::string_view text) {
  if (text.size() != 1 || text[0] < '0' || text[0] > ToDigit(Context::kHighestPriority)) {
    return Context::kUsualPriority;
  }
  return text[0] - '0';
}

std::string_view ToView(grpc::string_ref text) { return {text.data(), text.size()}; }

void SendCommon(const Context& context, absl::Time now, grpc::ClientContext& to) {
  if (context.deadline() != absl::InfiniteFuture()) {
    to.set_deadline(ToGrpcTime(CalleesDeadline(context.deadline(), now)));
  }
  if (context.has_trace()) to.AddMetadata(std::string(kTraceparent), context.traceparent());
  if (context.priority() != Context::kUsualPriority) {
    to.AddMetadata(std::string(kPriority), std::string(1, ToDigit(context.priority())));
  }
  if (context.further_attempt()) to.AddMetadata(std::string(kFurtherAttempt), "1");
}

void SendWishes(const Purpose& purpose, grpc::ClientContext& to) {
  if (purpose.receipt) {
    to.AddMetadata(kReceiptQuestion, "1");
  } else if (purpose.traced) {
    to.AddMetadata(kReceiptQuestion, "own");  // what the callee does not say was the network
  }
  if (purpose.traced) to.AddMetadata(kTold, "1");
  if (!purpose.recording.empty()) to.AddMetadata(kRecordingQuestion, purpose.recording);
}

// False: it is a header like any other.
bool Understand(std::string_view name, std::string_view value, Said& said, Wishes& wishes) {
  if (name == kPriority) {
    said.priority = PriorityOf(value);
  } else if (name == kFurtherAttempt) {
    said.further_attempt = true;
  } else if (name == kLoadQuestion) {
    wishes.load = true;
  } else if (name == kReceiptQuestion) {
    wishes.receipt = wishes.receipt || value == "1";
    wishes.own_figures = wishes.own_figures || value == "own";
  } else if (name == kTold) {
    wishes.told_above = true;
  } else if (name == kRecordingQuestion) {
    if (IsRecordingId(value)) wishes.recording = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool IsRecordingId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRecordingId &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return IsNameCharacter(c) || (c >= 'A' && c <= 'Z'); });
}

void SendElsewhere(const Context& context, absl::Time now, grpc::ClientContext& to) {
  SendCommon(context, now, to);
  HeaderBudget budget;
  for (const auto& [name, value] : context.headers()) {
    if (name == kTracestate && budget.Admits(name, value)) to.AddMetadata(name, value);
  }
}

void Send(const Context& context, absl::Time now, grpc::ClientContext& to) {
  SendCommon(context, now, to);
  if (context.record() != nullptr) [[unlikely]]
    SendWishes(context.record()->receipt().purpose(), to);
  HeaderBudget budget;
  for (const auto& [name, value] : context.headers()) {
    if (budget.Admits(name, value)) to.AddMetadata(name, value);
  }
}

Context Receive(absl::Time deadline,
                const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, Wishes* wishes) {
  Wishes unheard;
  Wishes& wanted = wishes != nullptr ? *wishes : unheard;
  Said said;
  HeaderBudget budget;
  for (const auto& [key, text] : metadata) {
    const std::string_view name = ToView(key);
    const std::string_view value = ToView(text);
    if (name == kTraceparent) {
      wanted.parent = ReadTraceparent(value);
    } else if (name.starts_with(kOurs) && Understand(name, value, said, wanted)) {
      continue;
    } else if (budget.Admits(name, value)) {
      said.headers.emplace_back(name, value);
    }
  }
  return ContextOf(deadline, std::move(said), wanted);
}

Context ContextOf(absl::Time deadline, Said said, Wishes& wishes) {
  Traceparent& parent = wishes.parent;
  if (parent.trace.empty()) parent = {.trace = NewTraceId(), .parent = 0, .sampled = false};
  wishes.traced = parent.sampled;
  Context context(deadline, parent, std::move(said.headers));
  if (said.priority != Context::kUsualPriority) context = context.WithPriority(said.priority);
  return said.further_attempt ? context.AsFurtherAttempt() : context;
}

std::optional<int> ParseLoad(std::string_view text) {
  int load = 0;
  if (!absl::SimpleAtoi(View(text), &load) || load < 0 || load > kMostLoad) return std::nullopt;
  return load;
}

}  // namespace chains::internal
