// JsonChannel: calls of a contract to a service elsewhere that speaks JSON over HTTP.
//
//   auto transport = CurlTransport::Make({.url = "https://models.example"});
//   auto channel = JsonChannel::Make(Contract<Chat>::Info(), "https://models.example", *transport);
//
// Where each method is, its contract says (options.proto, HttpOptions.path). The request is JSON
// with the names of the .proto file, and what is not set is left out; what an answer has beyond
// the contract is ignored. An answer of a method that streams is NDJSON or server-sent events, an
// item each, or one JSON text, which is one item.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/contract/channel.h"
#include "chains/contract/method.h"
#include "chains/http/transport.h"
#include "chains/json/transcoder.h"

namespace chains::http {

// UNIMPLEMENTED names the methods of `service` that HTTP cannot carry: the contract does not say
// where they are, or they take a stream.
absl::Status CheckMapped(const ServiceInfo& service);

// For one loop's coroutines, whichever. Deadline and trace travel as Chains-Timeout and
// traceparent; the headers of the request that is worked for do not: the service is a stranger.
// A failure's message begins with the URL that was asked.
class JsonChannel final : public Channel {
 public:
  // `url` is for messages. INTERNAL: the contract's descriptors do not fit together.
  static absl::StatusOr<std::unique_ptr<JsonChannel>> Make(const ServiceInfo& service,
                                                           std::string url,
                                                           std::shared_ptr<Transport> transport);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  // A request, and where it goes.
  struct Prepared {
    const json::Transcoder::Method* method;
    std::string where;
    Request request;
  };
  JsonChannel(std::string url, std::shared_ptr<Transport> transport,
              std::unique_ptr<const json::Transcoder> transcoder)
      : url_(std::move(url)),
        transport_(std::move(transport)),
        transcoder_(std::move(transcoder)) {}

  const json::Transcoder::Method* Find(const Method& method) const;
  absl::StatusOr<Prepared> Prepare(const Method& method, const Bytes& request,
                                   const Context& context, absl::Time now) const;
  absl::StatusOr<Bytes> ReplyOf(const Prepared& asked, std::string_view json) const;

  const std::string url_;
  const std::shared_ptr<Transport> transport_;
  const std::unique_ptr<const json::Transcoder> transcoder_;
};

}  // namespace chains::http
