#include <utility>

#include "chains/http/curl_transport.h"
#include "chains/http/transport.h"

namespace chains::http {

MakeTransport LinkedClient() {
  return [](ServerAddress address) -> absl::StatusOr<std::shared_ptr<Transport>> {
    CurlTransport::Limits limits;
    limits.body = size_t{101} << 20;  // a message that a chain can carry
    absl::StatusOr<std::unique_ptr<CurlTransport>> made =
        CurlTransport::Make(std::move(address), limits);
    if (!made.ok()) return made.status();
    return *std::move(made);
  };
}

}  // namespace chains::http
