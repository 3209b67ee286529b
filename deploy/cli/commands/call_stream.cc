#include "deploy/cli/commands/call_stream.h"

#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "chains/chain/client.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/grpc_method.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

Stream<Bytes> Only(Bytes request) { co_yield std::move(request); }

// What it points to outlives it. It stops reading where nobody reads what it prints.
Task<void> PrintAll(const Session* session, const GrpcMethod* method, Channel* channel,
                    Bytes request) {
  Stream<Bytes> items = channel->Streaming(method->method->call, Only(std::move(request)));
  while (std::optional<Bytes> item = co_await items.Next()) {
    const std::string json =
        co_await method->transcoder->ReplyToJson(*method->method, item->ToString());
    session->out() << SafeJson(json) << "\n" << std::flush;
    if (!session->out().good() || session->world().interrupted()) co_return;
  }
}

absl::Status Run(Session& session, const Remote& remote, const StreamCall& call) {
  const absl::StatusOr<GrpcMethod> method =
      FindGrpcMethod(session, remote, call.target, call.method);
  if (!method.ok()) return method.status();
  const google::protobuf::MethodDescriptor& descriptor = *method->method->descriptor;
  if (!descriptor.server_streaming() || descriptor.client_streaming()) {
    return absl::UnimplementedError(
        Text(method->method->path, descriptor.client_streaming()
                                       ? " takes a stream: call sends one message"
                                       : " answers in one piece: call it without --stream"));
  }
  absl::StatusOr<std::string> wire = method->transcoder->RequestToWire(*method->method, call.body);
  if (!wire.ok()) return wire.status();
  internal::ClientConnection connection(remote.grpc);
  Context context(absl::Now() + call.timeout, "", method->metadata);
  return RunOn(
             connection.reactor(),
             [&] {
               return PrintAll(&session, &*method, &connection.channel(), Bytes(*std::move(wire)));
             },
             std::move(context))
      .status();
}

}  // namespace

int CallStream(Session& session, const StreamCall& call) {
  const absl::StatusOr<Remote> remote = session.ChosenRemote();
  if (!remote.ok()) return session.Fail(remote.status());
  const absl::Status end = Run(session, *remote, call);
  return end.ok() ? kDone : session.Fail(end);
}

}  // namespace chains::deploy::cli
