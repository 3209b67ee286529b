#include "deploy/telemetry/traces.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "deploy/telemetry/trace_parts.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostLeft = 8192;  // ids
constexpr uint32_t kListed = 100;
constexpr uint32_t kMostListed = 1000;

std::string RouteOf(const v1::Span& outermost) {
  return Text(outermost.deployment(), " ", outermost.chainlet(), outermost.method());
}

// Why a trace is kept; empty: it is not. Nobody knows of one whose outermost span never came
// whether it was asked for.
std::string WhyKept(const std::vector<v1::Span>& spans, const Slowness& slowness) {
  const v1::Span* const outermost = OutermostOf(spans);
  if (outermost == nullptr) {
    const bool failed = std::any_of(spans.begin(), spans.end(),
                                    [](const v1::Span& span) { return IsFault(span.code()); });
    return failed ? "failed" : "";
  }
  if (outermost->asked()) return "asked";
  if (outermost->recorded()) return "recorded";
  if (outermost->drawn()) return "sampled";
  if (IsFault(outermost->code())) return "failed";
  return slowness.IsSlow(RouteOf(*outermost), outermost->duration_us()) ? "slow" : "";
}

bool IsListed(const v1::TraceSummary& summary, const v1::ListTracesRequest& request,
              const std::string& deployment) {
  if (!deployment.empty() && summary.deployment() != deployment) return false;
  if (static_cast<double>(summary.duration_us()) < request.min_ms() * 1000) return false;
  if (request.failed() && summary.code() == 0) return false;
  if (request.recorded() && !summary.recorded()) return false;
  const std::string& text = request.text();
  return text.empty() || absl::StrContains(summary.trace_id(), text) ||
         absl::StrContains(summary.request_id(), text) || absl::StrContains(summary.method(), text);
}

std::vector<v1::Span> SpansOf(const v1::Trace& trace) {
  return {trace.spans().begin(), trace.spans().end()};
}

void SetSpans(std::vector<v1::Span> spans, v1::Trace& trace) {
  const std::string why = trace.summary().kept();
  *trace.mutable_summary() = SummaryOf(spans);
  trace.mutable_summary()->set_kept(why);
  trace.set_incomplete(trace.incomplete() || IsIncomplete(spans));
  trace.clear_spans();
  for (v1::Span& span : spans) *trace.add_spans() = std::move(span);
}

}  // namespace

void TraceStore::Take(v1::Span span, absl::Time now) {
  if (!MakeSane(span)) {
    ++dropped_;
    return;
  }
  const std::string& id = span.trace_id();
  if (AddLate(span)) return;
  // A caller may make several requests of one trace.
  if (span.outermost()) left_.erase(id);
  if (left_.contains(id)) return;
  const auto [found, is_new] = waiting_.try_emplace(id);
  Waiting& waiting = found->second;
  if (is_new) waiting.place = waiting_order_.insert(waiting_order_.end(), id);
  waiting.last = now;
  if (span.outermost()) waiting.decide_at = now + options_.late;
  const size_t bytes = BytesOf(span);
  if (waiting.spans.size() >= options_.limits.spans && !span.outermost()) {
    waiting.cut = true;
    ++dropped_;
    return;
  }
  waiting.bytes += bytes;
  waiting_bytes_ += bytes;
  waiting.spans.push_back(std::move(span));
  while (waiting_.size() > options_.limits.waiting ||
         waiting_bytes_ > options_.limits.waiting_bytes) {
    ForgetOldestWaiting();
  }
}

// To a trace that is kept already.
bool TraceStore::AddLate(v1::Span& span) {
  const auto found = kept_.find(span.trace_id());
  if (found == kept_.end()) return false;
  v1::Trace& trace = found->second.trace;
  if (trace.spans_size() >= static_cast<int>(options_.limits.spans)) {
    ++dropped_;
    trace.set_incomplete(true);
    return true;
  }
  const size_t bytes = BytesOf(span);
  found->second.bytes += bytes;
  kept_bytes_ += bytes;
  if (options_.on_kept != nullptr) {
    v1::Trace part;
    *part.mutable_summary() = trace.summary();
    *part.add_spans() = span;
    options_.on_kept(part);
  }
  std::vector<v1::Span> spans = SpansOf(trace);
  spans.push_back(std::move(span));
  trace.set_incomplete(false);
  SetSpans(InOrder(std::move(spans)), trace);
  MakeRoom();
  return true;
}

void TraceStore::ForgetOldestWaiting() {
  const auto oldest = waiting_.find(waiting_order_.front());
  dropped_ += oldest->second.spans.size();
  waiting_bytes_ -= oldest->second.bytes;
  waiting_order_.pop_front();
  waiting_.erase(oldest);
}

void TraceStore::Tick(absl::Time now) {
  std::vector<std::string> due;
  for (const auto& [id, waiting] : waiting_) {
    const absl::Time end = waiting.decide_at.value_or(waiting.last + options_.patience);
    if (end <= now) due.push_back(id);
  }
  for (const std::string& id : due) {
    const auto found = waiting_.find(id);
    Waiting waiting = std::move(found->second);
    waiting_bytes_ -= waiting.bytes;
    waiting_order_.erase(waiting.place);
    waiting_.erase(found);
    Decide(id, std::move(waiting));
  }
}

void TraceStore::Decide(const std::string& id, Waiting waiting) {
  std::vector<v1::Span> spans = InOrder(std::move(waiting.spans));
  std::string why = WhyKept(spans, slowness_);
  const v1::Span* const outermost = OutermostOf(spans);
  if (outermost != nullptr && outermost->code() == 0) {
    slowness_.Note(RouteOf(*outermost), outermost->duration_us());
  }
  v1::Trace trace;
  trace.set_incomplete(waiting.cut);
  trace.mutable_summary()->set_kept(why);
  SetSpans(std::move(spans), trace);
  if (options_.on_whole != nullptr) options_.on_whole(trace);
  if (!why.empty()) {
    if (options_.on_kept != nullptr) options_.on_kept(trace);
    Keep(std::move(trace), waiting.bytes);
    return;
  }
  left_.insert(id);
  left_order_.push_back(id);
  if (left_order_.size() <= kMostLeft) return;
  left_.erase(left_order_.front());
  left_order_.pop_front();
}

void TraceStore::Keep(v1::Trace trace, size_t bytes) {
  const std::string id = trace.spans(0).trace_id();
  std::list<std::string>& order = trace.summary().kept() == "asked" ? asked_order_ : others_order_;
  Kept kept{.trace = std::move(trace), .bytes = bytes, .place = order.insert(order.end(), id)};
  kept_bytes_ += bytes;
  kept_.emplace(id, std::move(kept));
  MakeRoom();
}

void TraceStore::MakeRoom() {
  while (kept_.size() > options_.limits.kept || kept_bytes_ > options_.limits.kept_bytes) {
    const std::list<std::string>& order = others_order_.empty() ? asked_order_ : others_order_;
    Erase(kept_.find(order.front()));
  }
}

void TraceStore::Erase(std::unordered_map<std::string, Kept>::iterator kept) {
  kept_bytes_ -= kept->second.bytes;
  std::list<std::string>& order =
      kept->second.trace.summary().kept() == "asked" ? asked_order_ : others_order_;
  order.erase(kept->second.place);
  kept_.erase(kept);
}

v1::ListTracesResponse TraceStore::List(const v1::ListTracesRequest& request,
                                        const std::string& deployment) const {
  std::vector<const v1::TraceSummary*> listed;
  for (const auto& [id, kept] : kept_) {
    if (IsListed(kept.trace.summary(), request, deployment)) {
      listed.push_back(&kept.trace.summary());
    }
  }
  std::sort(listed.begin(), listed.end(), [](const v1::TraceSummary* a, const v1::TraceSummary* b) {
    if (a->start_unix_us() != b->start_unix_us()) {
      return a->start_unix_us() > b->start_unix_us();
    }
    return a->trace_id() < b->trace_id();
  });
  const size_t limit = std::min(request.limit() == 0 ? kListed : request.limit(), kMostListed);
  v1::ListTracesResponse response;
  for (size_t i = 0; i < std::min(limit, listed.size()); ++i) *response.add_traces() = *listed[i];
  response.set_kept(kept_.size());
  response.set_dropped(dropped_);
  return response;
}

absl::StatusOr<v1::Trace> TraceStore::Get(const v1::GetTraceRequest& request) const {
  const v1::Trace* trace = nullptr;
  if (!request.trace_id().empty()) {
    const absl::StatusOr<std::string> id = TraceIdFrom(request.trace_id());
    if (!id.ok()) return id.status();
    const auto found = kept_.find(*id);
    if (found != kept_.end()) trace = &found->second.trace;
  } else if (!request.request_id().empty()) {
    for (const auto& [id, kept] : kept_) {
      if (kept.trace.summary().request_id() == request.request_id()) trace = &kept.trace;
    }
  } else {
    return absl::InvalidArgumentError("trace_id or request_id: one of them says which trace");
  }
  if (trace == nullptr) {
    return absl::NotFoundError(
        "this trace is not kept (yet): it was not sampled, or is older than those that are kept, "
        "or its last spans are still to come, which takes about four seconds");
  }
  v1::Trace answer = *trace;
  if (request.messages()) return answer;
  for (v1::Span& span : *answer.mutable_spans()) {
    span.clear_request();
    span.clear_reply();
  }
  return answer;
}

}  // namespace chains::deploy
