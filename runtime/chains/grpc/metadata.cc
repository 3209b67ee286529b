#include "chains/grpc/metadata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "chains/core/baggage.h"
#include "chains/core/receipt.h"
#include "chains/core/trace.h"
#include "chains/grpc/limits.h"
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
constexpr std::string_view kTracestate = "tracestate";
constexpr std::string_view kBaggage = "baggage";
constexpr size_t kMaxRecordingId = 64;
constexpr int kMostLoad = 1'000'000;  // calls that a peer may claim to have

// Not a caller's headers: gRPC's and HTTP/2's own, and what belongs to one connection or one hop.
constexpr std::array<std::string_view, 18> kReserved = {
    kTraceparent,       kLoadQuestion,       kReceiptQuestion,
    kPriority,          kFurtherAttempt,     kTold,
    kRecordingQuestion, "accept-encoding",   "connection",
    "content-length",   "content-type",      "host",
    "keep-alive",       "proxy-connection",  "te",
    "trailer",          "transfer-encoding", "user-agent"};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool IsHeaderName(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end() && !name.empty() &&
         std::all_of(name.begin(), name.end(), IsKeyCharacter) &&
         !absl::StartsWith(View(name), "grpc-") && !absl::EndsWith(View(name), "-bin");
}

// gRPC aborts on a value that HTTP/2 could not carry.
bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// Counts what was let through.
class HeaderBudget {
 public:
  bool Admits(std::string_view name, std::string_view value) {
    if (name == kTracestate) return IsTracestate(value) && Take(tracestate_left_, value.size());
    if (name == kBaggage) return IsBaggage(value) && Take(baggage_left_, value.size());
    const size_t bytes = name.size() + value.size();
    if (!IsHeaderName(name) || !IsHeaderValue(value)) return false;
    return Take(left_, bytes);
  }

 private:
  static bool Take(size_t& left, size_t bytes) {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  size_t left_ = kMaxHeaderBytes;
  size_t tracestate_left_ = kMaxTraceListBytes;
  size_t baggage_left_ = kMaxTraceListBytes;
};

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

// What our own calls say beside headers.
struct Said {
  int priority = Context::kUsualPriority;
  bool further_attempt = false;
};

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
                     [](char c) { return IsKeyCharacter(c) || (c >= 'A' && c <= 'Z'); });
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
  Traceparent& parent = wanted.parent;
  Headers headers;
  HeaderBudget budget;
  Said said;
  for (const auto& [key, text] : metadata) {
    const std::string_view name = ToView(key);
    const std::string_view value = ToView(text);
    if (name == kTraceparent) {
      parent = ReadTraceparent(value);
    } else if (name.starts_with(kOurs) && Understand(name, value, said, wanted)) {
      continue;
    } else if (budget.Admits(name, value)) {
      headers.emplace_back(name, value);
    }
  }
  if (parent.trace.empty()) parent = {.trace = NewTraceId(), .parent = 0, .sampled = false};
  wanted.traced = parent.sampled;
  Context context(deadline, parent, std::move(headers));
  if (said.priority != Context::kUsualPriority) context = context.WithPriority(said.priority);
  return said.further_attempt ? context.AsFurtherAttempt() : context;
}

std::optional<int> ParseLoad(std::string_view text) {
  int load = 0;
  if (!absl::SimpleAtoi(View(text), &load) || load < 0 || load > kMostLoad) return std::nullopt;
  return load;
}

}  // namespace chains::internal
