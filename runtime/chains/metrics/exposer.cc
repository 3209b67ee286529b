#include "chains/metrics/exposer.h"

#include <charconv>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include "chains/core/text.h"

namespace chains {
namespace {

class Collected final : public prometheus::Collectable {
 public:
  explicit Collected(Exposer::Collect collect) : collect_(std::move(collect)) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::lock_guard lock(mutex_);
    return collect_();
  }

 private:
  mutable std::mutex mutex_;
  const Exposer::Collect collect_;
};

class Listening final : public Exposer {
 public:
  Listening(std::string host, const std::string& address, Collect collect)
      : host_(std::move(host)),
        collected_(std::make_shared<Collected>(std::move(collect))),
        exposer_(address, /*num_threads=*/1) {
    exposer_.RegisterCollectable(collected_);
  }
  std::string address() const override {
    const std::vector<int> ports = exposer_.GetListeningPorts();
    return Text(host_, ":", ports.empty() ? 0 : ports.front());
  }

 private:
  const std::string host_;
  const std::shared_ptr<Collected> collected_;
  prometheus::Exposer exposer_;
};

// The host of "HOST:PORT"; nullopt: that is none.
std::optional<std::string> HostOf(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == address.npos || colon == 0) return std::nullopt;
  int port = -1;
  const char* const end = address.data() + address.size();
  const auto read = std::from_chars(address.data() + colon + 1, end, port);
  if (read.ec != std::errc() || read.ptr != end || port < 0 || port > 65535) return std::nullopt;
  return address.substr(0, colon);
}

}  // namespace

// The library throws where it cannot listen.
absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Listen(const std::string& address,
                                                         Collect collect) {
  const std::optional<std::string> host = HostOf(address);
  if (!host) {
    return absl::InvalidArgumentError(
        Text("'", address, "' is no address: say HOST:PORT, 0.0.0.0:9464 for one"));
  }
  try {
    return std::make_unique<Listening>(*host, address, std::move(collect));
  } catch (const std::exception& e) {
    return absl::UnavailableError(Text("cannot listen at ", address, ": ", e.what()));
  }
}

}  // namespace chains
