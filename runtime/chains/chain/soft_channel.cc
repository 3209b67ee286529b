#include "chains/chain/soft_channel.h"

#include "chains/core/loop.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::internal {
namespace {

Task<void> WaitIn(ElasticChannel* channel) { co_await channel->WaitForOne(); }

}  // namespace

Task<Bytes> AbsentChannel::Unary(const Method&, Bytes) { return Done<Bytes>(why_); }

Stream<Bytes> AbsentChannel::Streaming(const Method&, Stream<Bytes>) {
  co_await why_;
  co_return;
}

Task<void> ImpatientChannel::WaitForOne(const Method& method) {
  if (!channel_->none()) co_return;
  Here::Place here = co_await Here();
  const absl::Time until = here.loop().Now() + patience_;
  const Context context = here.context().WithDeadline(until);
  Task<void> waiting = WaitIn(channel_.get());
  const absl::StatusOr<Unit> waited = co_await Within<void>(std::move(waiting), context);
  if (waited.ok()) co_return;
  if (here.loop().Now() >= here.context().deadline()) co_await waited.status();
  co_await absl::UnavailableError(
      Text("there is no replica of ", method.chainlet, ", which its caller can do without"));
}

Task<Bytes> ImpatientChannel::Unary(const Method& method, Bytes request) {
  co_await WaitForOne(method);
  Task<Bytes> call = channel_->Unary(method, std::move(request));
  co_return co_await std::move(call);
}

Stream<Bytes> ImpatientChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  co_await WaitForOne(method);
  Stream<Bytes> replies = channel_->Streaming(method, std::move(requests));
  while (true) {
    std::optional<Bytes> reply = co_await replies.Next();
    if (!reply) break;
    co_yield *std::move(reply);
  }
}

}  // namespace chains::internal
