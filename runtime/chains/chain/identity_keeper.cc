#include "chains/chain/identity_keeper.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "absl/random/random.h"
#include "chains/chain/log.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/grpc/certificate.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/run_on.h"
#include "chains/v1/control.chains.h"

namespace chains::internal {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Minutes(1);
constexpr absl::Duration kOneAnswer = absl::Seconds(10);
constexpr absl::Duration kSoonest = absl::Seconds(1);

bool IsForGood(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status) ||
         absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ||
         absl::IsUnimplemented(status) || absl::IsNotFound(status);
}

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::InternalError(Text("cannot write ", path, ": ", std::strerror(error)));
}

// For this user alone, and never half there.
absl::Status Exchange(const std::string& path, const std::string& content) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return CannotWrite(beside, errno);
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t more = ::write(file, content.data() + written, content.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) break;
    written += static_cast<size_t>(more);
  }
  const int error = errno;
  ::close(file);
  if (written < content.size()) return CannotWrite(beside, error);
  if (std::rename(beside.c_str(), path.c_str()) != 0) return CannotWrite(path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ToPlatform(const std::string& roots) {
  std::ifstream file(roots, std::ios::binary);
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const absl::StatusOr<CertificateFacts> root = ReadCertificate(pem);
  if (!root.ok()) {
    return absl::InvalidArgumentError(Text(roots, ": ", MessageOf(root.status())));
  }
  const absl::StatusOr<std::string> domain =
      TrustDomainOf(root->names.empty() ? std::string() : root->names.front());
  if (!domain.ok()) {
    return absl::InvalidArgumentError(
        Text(roots, ": it is no platform's root certificate: ", MessageOf(domain.status())));
  }
  return ToPeerUnnamed(roots, PlatformPeer(*domain));
}

absl::Status WriteIdentity(const std::string& folder, const std::string& identity_pem,
                           const std::string& roots_pem) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return CannotWrite(folder, failed.value());
  if (::chmod(folder.c_str(), 0700) != 0) return CannotWrite(folder, errno);
  if (absl::Status kept = Exchange(folder + "/roots.pem", roots_pem); !kept.ok()) return kept;
  return Exchange(folder + "/identity.pem", identity_pem);
}

absl::Time RenewAt(absl::Time now, absl::Time expires, double random) {
  const double share = 0.5 + 0.2 * (std::clamp(random, 0.0, 1.0) - 0.5);
  return now + std::max(kSoonest, (expires - now) * share);
}

// A certificate that was read for nothing must not replace one that is good.
Task<absl::Time> IdentityKeeper::Ask(Reactor& reactor) {
  SigningRequest made = co_await MakeSigningRequest();
  v1::CertifyRequest request;
  request.set_deployment(options_.deployment);
  request.mutable_chainlets()->Assign(options_.chainlets.begin(), options_.chainlets.end());
  request.set_request(made.request_pem);
  GrpcChannel::Options over;
  over.credentials = options_.credentials;
  GrpcChannel channel(options_.platform, reactor, std::move(over));
  const std::unique_ptr<v1::Control> control = Contract<v1::Control>::Connect(channel);
  v1::CertifyResponse answer =
      co_await WithTimeout(control->Certify(std::move(request)), kOneAnswer);
  const std::string identity = made.key_pem + answer.certificate();
  co_await CheckKeyMatches(identity);
  CertificateFacts root = co_await ReadCertificate(answer.roots());
  CertificateFacts own = co_await ReadCertificate(answer.certificate());
  if (own.not_after <= absl::Now()) {
    co_return absl::FailedPreconditionError(Text("the platform's certificate was valid until ",
                                                 absl::FormatTime(own.not_after),
                                                 ": one of the two clocks is wrong"));
  }
  co_await WriteIdentity(options_.folder, identity, answer.roots());
  co_return own.not_after;
}

Task<absl::Time> IdentityKeeper::AskPatiently(Reactor& reactor) {
  absl::Duration pause = kFirstPause;
  while (true) {
    absl::StatusOr<absl::Time> expires = co_await Outcome(Ask(reactor));
    if (expires.ok() || IsForGood(expires.status())) co_return expires;
    const Context context = co_await CurrentContext();
    if (reactor.Now() + pause >= context.deadline()) co_return expires;
    co_await Sleep(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

absl::StatusOr<std::shared_ptr<const Identity>> IdentityKeeper::Obtain(absl::Time deadline) {
  WorkerPool workers;
  Reactor reactor(workers);
  reactor.Start();
  const absl::StatusOr<absl::Time> expires = RunOn(
      reactor, [&] { return AskPatiently(reactor); },
      Context(deadline, "", {{"chains-token", options_.token}}));
  reactor.Stop();
  if (!expires.ok()) {
    return absl::Status(expires.status().code(),
                        Text("no certificate from the platform at ", options_.platform, ": ",
                             MessageOf(expires.status())));
  }
  expires_ = *expires;
  return Identity::Load({.folder = options_.folder});
}

void IdentityKeeper::Start(Reactor& reactor) {
  reactor.Post([this, &reactor] {
    if (!reactor.Admit(*this)) return;
    root_.emplace(reactor, Context(absl::InfiniteFuture(), "", {{"chains-token", options_.token}}),
                  StayValid(reactor), [](const absl::StatusOr<Unit>&) {});
    root_->Start();
  });
}

void IdentityKeeper::Cancel() {
  root_.reset();
  Unlink();
}

// Until a platform is there again the certificate serves on, for half of its life.
Task<void> IdentityKeeper::StayValid(Reactor& reactor) {
  absl::BitGen random;
  absl::Duration pause = kFirstPause;
  absl::Time next = RenewAt(reactor.Now(), expires_, absl::Uniform(random, 0.0, 1.0));
  while (true) {
    co_await Sleep(std::max(absl::ZeroDuration(), next - reactor.Now()));
    absl::StatusOr<absl::Time> expires = co_await Outcome(Ask(reactor));
    if (expires.ok()) {
      expires_ = *expires;
      pause = kFirstPause;
      next = RenewAt(reactor.Now(), expires_, absl::Uniform(random, 0.0, 1.0));
      continue;
    }
    pause = std::min(2 * pause, kLongestPause);
    next = reactor.Now() + pause;
    if (pause < kLongestPause) continue;
    Log(Context(), Severity::kWarning,
        Text("no new certificate from the platform at ", options_.platform,
             ", and asked again; the one that is there is valid until ", absl::FormatTime(expires_),
             ": ", MessageOf(expires.status())));
  }
}

}  // namespace chains::internal
