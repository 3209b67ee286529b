#include "chains/policy/elastic_channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace chains {

ElasticChannel::ElasticChannel(Connect connect, Options options, OnWaiting on_waiting)
    : connect_(std::move(connect)),
      options_(std::move(options)),
      on_waiting_(std::move(on_waiting)),
      set_(options_.balancing, options_.counters),
      wake_up_(*this) {}

Task<Bytes> ElasticChannel::Unary(const Method& method, Bytes request) {
  return internal::UnaryOver(*this, nullptr, method, std::move(request));
}

Task<Bytes> ElasticChannel::UnaryBy(internal::WayChoice& choice, const Method& method,
                                    Bytes request) {
  return internal::UnaryOver(*this, &choice, method, std::move(request));
}

Stream<Bytes> ElasticChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  return internal::StreamingOver(*this, method, std::move(requests));
}

ElasticChannel::Known ElasticChannel::TakeOrConnect(const Way& where) {
  for (Known& known : ways_) {
    if (known.way != nullptr && known.where == where) return std::move(known);
  }
  Known made = {.where = where, .way = std::make_unique<internal::Way>()};
  made.way->Set(connect_(where));
  made.way->far = !options_.zone.empty() && !where.zone.empty() && where.zone != options_.zone;
  made.way->all_in_flight = &in_flight_;
  return made;
}

void ElasticChannel::Retire(std::unique_ptr<internal::Way> way) {
  if (way == nullptr || way->in_flight == 0) return;
  way->leaving = &leaving_;
  leaving_.push_back(std::move(way));
}

void ElasticChannel::SetWays(const std::vector<Way>& ways) {
  std::vector<Known> next;
  for (const Way& where : ways) {
    const bool listed = std::any_of(next.begin(), next.end(),
                                    [&](const Known& known) { return known.where == where; });
    if (!listed) next.push_back(TakeOrConnect(where));
  }
  ways_.swap(next);
  std::vector<internal::Way*> all;
  for (const Known& known : ways_) all.push_back(known.way.get());
  set_.Assign(std::move(all));
  for (Known& gone : next) Retire(std::move(gone.way));
  if (!ways_.empty() && waiting() > 0) loop_->Ready(wake_up_);
}

// A call that goes on may end others, and change the ways.
void ElasticChannel::WakeUp::Run() {
  while (!channel_.ways_.empty()) {
    Queued* first = channel_.queue_.PopFront();
    if (first == nullptr) return;
    --channel_.waiting_;
    static_cast<Waiter*>(first)->Resume();
  }
}

std::coroutine_handle<> ElasticChannel::Waiter::await_suspend(std::coroutine_handle<>) {
  if (channel_.waiting() >= channel_.options_.max_waiting) {
    return waiter().Fail(absl::ResourceExhaustedError(
        absl::StrCat(channel_.options_.name, " has no replica, and ", channel_.waiting(),
                     " calls wait for one already")));
  }
  channel_.loop_ = &loop();
  channel_.queue_.PushBack(static_cast<Queued&>(*this));
  Suspended();
  if (++channel_.waiting_ == 1 && channel_.on_waiting_) channel_.on_waiting_();
  return std::noop_coroutine();
}

void ElasticChannel::Waiter::Withdraw() {
  if (!Queued::linked()) return;
  Queued::Unlink();
  --channel_.waiting_;
}

}  // namespace chains
