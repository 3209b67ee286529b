#include "gateway/async/webhook_sender.h"

#include <algorithm>
#include <utility>

#include "chains/core/timing.h"
#include "gateway/async/answer.h"

namespace chains::gateway {
namespace {

struct Taken {
  std::vector<LeasedDelivery> deliveries;
  std::optional<absl::Time> next;
};

}  // namespace

WebhookSender::WebhookSender(Loop& loop, StoreWorker& store, std::unique_ptr<WebhookClient> client,
                             Options options)
    : loop_(loop),
      store_(store),
      client_(std::move(client)),
      options_(std::move(options)),
      threads_({.threads = options_.max_running, .max_queued = options_.max_running}) {}

WebhookSender::~WebhookSender() { stop_.request_stop(); }

void WebhookSender::Start() {
  const auto never = [](const auto&) {};
  taking_.emplace(loop_, Context(), TakeDeliveries(), never);
  taking_->Start();
}

Task<void> WebhookSender::TakeDeliveries() {
  while (true) {
    const uint64_t seen = look_.count();
    const uint64_t over = over_.count();
    if (running_.size() >= options_.max_running) {
      co_await over_.Wait(over, absl::InfiniteDuration());
      continue;
    }
    const absl::StatusOr<absl::Duration> wait = co_await Outcome(TakeSome());
    co_await look_.Wait(seen, wait.ok() ? *wait : options_.pause);
  }
}

Task<absl::Duration> WebhookSender::TakeSome() {
  const JobStore::Order order{.owner = options_.owner,
                              .now = loop_.Now(),
                              .until = loop_.Now() + options_.lease,
                              .most = options_.max_running - running_.size()};
  const auto take = [order](JobStore& jobs) -> absl::StatusOr<Taken> {
    absl::StatusOr<std::vector<LeasedDelivery>> leased = jobs.LeaseDeliveries(order);
    if (!leased.ok()) return leased.status();
    absl::StatusOr<std::optional<absl::Time>> next = jobs.NextDue();
    if (!next.ok()) return next.status();
    return Taken{.deliveries = *std::move(leased), .next = *next};
  };
  Taken taken = co_await store_.Do<Taken>(take);
  for (LeasedDelivery& delivery : taken.deliveries) {
    const uint64_t number = ++begun_;
    const auto over = [this, number](const auto&) {
      running_.erase(number);
      over_.Give();
    };
    auto shared = std::make_shared<const LeasedDelivery>(std::move(delivery));
    auto& root = running_[number];
    root.emplace(loop_, Context(), Deliver(std::move(shared)), over);
    root->Start();
  }
  if (taken.deliveries.size() == order.most) co_return absl::ZeroDuration();
  const absl::Duration until = taken.next.value_or(absl::InfiniteFuture()) - loop_.Now();
  co_return std::clamp(until, std::min(options_.poll, absl::Milliseconds(20)), options_.poll);
}

Task<void> WebhookSender::Deliver(std::shared_ptr<const LeasedDelivery> delivery) {
  const auto message =
      std::make_shared<const WebhookMessage>(MessageFor(*delivery, options_.secrets, loop_.Now()));
  absl::StatusOr<Told> told = co_await Outcome(Tell(message));
  if (!told.ok()) told = Told{.error = std::string(told.status().message())};
  const auto end = std::make_shared<const DeliveryEnd>(
      AfterDelivery(*delivery, *std::move(told), loop_.Now(), options_.rules));
  // What cannot be written is told again when the lease has run out.
  const absl::Time give_up = loop_.Now() + options_.lease;
  while (!(co_await Outcome(Write(delivery, end))).ok() && loop_.Now() < give_up) {
    co_await Sleep(options_.pause);
  }
}

Task<Told> WebhookSender::Tell(std::shared_ptr<const WebhookMessage> message) {
  const auto answer = std::make_shared<Answer<Told>>(loop_);
  auto work = [client = client_, message, answer, stop = stop_.get_token()] {
    answer->Give(client->Tell(*message, stop));
  };
  if (!threads_.Submit(std::move(work))) {
    co_return absl::ResourceExhaustedError("no thread to tell the webhook on");
  }
  co_return co_await Outcome(Wait(answer));
}

Task<void> WebhookSender::Write(std::shared_ptr<const LeasedDelivery> delivery,
                                std::shared_ptr<const DeliveryEnd> end) {
  const auto write = [delivery, end](JobStore& jobs) {
    return jobs.Delivered(delivery->job.id, delivery->lease, *end);
  };
  co_await store_.Do<bool>(write);
}

Task<void> WebhookSender::Drain() {
  taking_.reset();
  running_.clear();
  stop_.request_stop();
  const auto release = [owner = options_.owner,
                        now = loop_.Now()](JobStore& jobs) -> absl::StatusOr<bool> {
    if (absl::Status released = jobs.Release(owner, now); !released.ok()) return released;
    return true;
  };
  co_await store_.Do<bool>(release);
}

}  // namespace chains::gateway
