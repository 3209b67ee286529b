// Http1Connection: how it finds out that its client speaks HTTP/2.
#include <memory>
#include <utility>

#include "gateway/http/http1_connection.h"
#include "gateway/http/http2_connection.h"

namespace chains::gateway {

// A client that begins with its preface speaks HTTP/2 (RFC 9113, 3.3). True: it does, or may.
bool Http1Connection::BecomesHttp2() {
  constexpr std::string_view kPreface = Http2Connection::kPreface;
  const std::string_view begin = std::string_view(input_).substr(0, kPreface.size());
  if (parser_.begun() || begin.empty() || !kPreface.starts_with(begin)) return false;
  if (begin.size() < kPreface.size()) {
    WaitForInput();
    return true;
  }
  shared_.sockets.Stop(transport_->fd(), *this);
  auto next =
      std::make_unique<Http2Connection>(std::move(transport_), std::move(input_), shared_, owner_);
  Release();
  owner_.Becomes(*this, std::move(next));
  return true;
}

}  // namespace chains::gateway
