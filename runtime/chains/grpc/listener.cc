#include "chains/grpc/listener.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/grpc/connection.h"
#include "chains/grpc/spare_descriptor.h"
#include "chains/grpc/time.h"
#include "chains/grpc/vacant.h"

namespace chains::internal {
namespace {

// What calls get after they were answered because their time was over, to be read by their callers.
constexpr absl::Duration kPatience = absl::Seconds(1);

int MillisecondsOf(absl::Duration duration) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1, kMost));
}

std::string WithPort(const std::string& address, int port) {
  if (absl::StartsWith(address, "unix:")) return address;
  return absl::StrCat(address.substr(0, address.rfind(':') + 1), port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Listen(
    const std::vector<Place>& places, const std::vector<const ServiceInfo*>& contracts,
    size_t reactors, Lane::Options options, WorkerPool& workers, absl::Duration max_age) {
  KeepASpareDescriptor();
  options.max_carrier_age = max_age;
  std::unique_ptr<Listener> listener(new Listener(contracts, options.carriers));
  grpc::ServerBuilder builder;
  SetCommonArguments(
      [&builder](const char* name, int value) { builder.AddChannelArgument(name, value); });
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // one port, one server
  if (max_age > absl::ZeroDuration()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, MillisecondsOf(max_age));
  }
  builder.RegisterService(&listener->known_);
  builder.RegisterAsyncGenericService(&listener->others_);
  std::vector<int> ports(places.size(), 0);
  for (size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    absl::Status vacant = CheckVacant(place.address);
    if (!vacant.ok()) return vacant;
    builder.AddListeningPort(
        place.address,
        place.credentials == nullptr ? grpc::InsecureServerCredentials() : place.credentials,
        &ports[i]);
  }
  for (size_t i = 0; i < std::max<size_t>(1, reactors); ++i) {
    listener->lanes_.push_back(std::make_unique<Lane>(
        workers, builder.AddCompletionQueue(), listener->known_, listener->others_, options));
  }
  listener->server_ = builder.BuildAndStart();
  for (size_t i = 0; i < places.size(); ++i) {
    if (listener->server_ == nullptr && ports[i] == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", places[i].address));
    }
    listener->addresses_.push_back(WithPort(places[i].address, ports[i]));
  }
  return listener;
}

Listener::~Listener() { End(absl::InfinitePast()); }

void Listener::Start() {
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    lane->Accept();
    lane->reactor().Start();
  }
}

void Listener::End(absl::Time deadline) {
  if (server_ != nullptr) {
    for (const std::unique_ptr<Lane>& lane : lanes_) {
      lane->reactor().Start();
      lane->reactor().Post([&lane = *lane, deadline] {
        lane.Leave();
        lane.EndAt(deadline);
      });
    }
    server_->Shutdown(ToGrpcTime(std::max(deadline, absl::Now()) + kPatience));
  }
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->reactor().Stop();
  server_ = nullptr;
}

}  // namespace chains::internal
