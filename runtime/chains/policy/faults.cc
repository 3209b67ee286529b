#include "chains/policy/faults.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains {
namespace {

using Kind = FaultEffect::Kind;

absl::Status FailureOf(const FaultEffect& effect, const Method& method) {
  return absl::Status(
      effect.code, Text(method.chainlet, ": a fault that was asked for (--fault), ",
                        effect.kind == Kind::kFailsAfter ? "after" : "instead of", " its answer"));
}

bool Is(const FaultEffect* effect, Kind kind) { return effect != nullptr && effect->kind == kind; }

// Different for every channel of every process.
uint64_t NewSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

Bytes Corrupted(const Bytes& bytes) {
  std::string text = bytes.ToString();
  if (text.empty()) return Bytes(std::string_view("\xff"));
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 0x04);
  return Bytes(text);
}

bool Means(const FaultRule& rule, std::string_view contract) {
  const std::string_view name = rule.chainlet;
  if (name == "*" || name == contract) return true;
  return contract.size() > name.size() && contract.ends_with(name) &&
         contract[contract.size() - name.size() - 1] == '.';
}

Faults FaultsFor(const Faults& faults, std::string_view contract) {
  Faults some;
  for (const FaultRule& rule : faults) {
    if (contract.empty() || Means(rule, contract)) some.push_back(rule);
  }
  return some;
}

std::unique_ptr<Channel> WithFaults(std::unique_ptr<Channel> inner, std::string_view contract,
                                    const Faults& faults) {
  Faults some = FaultsFor(faults, contract);
  if (some.empty()) return inner;
  return std::make_unique<FaultsChannel>(std::move(inner), std::move(some), NewSeed());
}

FaultsChannel::FaultsChannel(std::unique_ptr<Channel> inner, Faults faults, uint64_t seed)
    : inner_(std::move(inner)), faults_(std::move(faults)), random_(seed) {}

FaultsChannel::Struck FaultsChannel::Strike(const Method& method, absl::Time now) {
  Struck struck;
  first_call_ = std::min(first_call_, now);
  const absl::Duration since = now - first_call_;
  for (const FaultRule& rule : faults_) {
    if (!Means(rule, method.chainlet)) continue;
    for (const FaultEffect& effect : rule.effects) {
      if (since < effect.from || since >= effect.to) continue;
      if (std::uniform_real_distribution<double>(0, 1)(random_) >= effect.share) continue;
      if (effect.kind == Kind::kDelays) {
        struck.delay += DelayBy(effect);
      } else if (struck.effect == nullptr) {
        struck.effect = &effect;
      }
    }
  }
  return struck;
}

absl::Duration FaultsChannel::DelayBy(const FaultEffect& effect) {
  const double part = std::uniform_real_distribution<double>(-1, 1)(random_);
  return effect.delay + part * effect.jitter;
}

Task<Bytes> FaultsChannel::Unary(const Method& method, Bytes request) {
  const internal::Here::Place here = co_await internal::Here();
  const Struck struck = Strike(method, here.loop().Now());
  co_await Sleep(struck.delay);
  if (Is(struck.effect, Kind::kFails)) co_return FailureOf(*struck.effect, method);
  if (Is(struck.effect, Kind::kHangs)) co_await Sleep(absl::InfiniteDuration());
  Bytes reply = co_await inner_->Unary(method, std::move(request));
  if (Is(struck.effect, Kind::kFailsAfter)) co_return FailureOf(*struck.effect, method);
  if (Is(struck.effect, Kind::kCorrupts)) co_return Corrupted(reply);
  co_return reply;
}

Stream<Bytes> FaultsChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  const internal::Here::Place here = co_await internal::Here();
  const Struck struck = Strike(method, here.loop().Now());
  co_await Sleep(struck.delay);
  if (Is(struck.effect, Kind::kFails)) co_await FailureOf(*struck.effect, method);
  if (Is(struck.effect, Kind::kHangs)) co_await Sleep(absl::InfiniteDuration());
  Stream<Bytes> replies = inner_->Streaming(method, std::move(requests));
  while (std::optional<Bytes> reply = co_await replies.Next()) {
    Bytes message = *std::move(reply);
    if (Is(struck.effect, Kind::kCorrupts)) message = Corrupted(message);
    co_yield std::move(message);
  }
  if (Is(struck.effect, Kind::kFailsAfter)) co_await FailureOf(*struck.effect, method);
}

}  // namespace chains
