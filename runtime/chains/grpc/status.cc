#include "chains/grpc/status.h"

#include "absl/strings/str_cat.h"
#include "chains/contract/status_path.h"
#include "chains/grpc/limits.h"
#include "chains/grpc/trailers.h"
#include "chains/v1/error.pb.h"

namespace chains::internal {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Never empty, so that a caller knows a status of the callee from one of the transport.
std::string DetailsOf(const absl::Status& status) {
  const std::string details = EncodeDetails(status);
  if (!details.empty()) return details;
  v1::StatusDetails only_code;
  only_code.set_code(static_cast<int>(status.code()));
  return only_code.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string_view message(status.message().data(), status.message().size());
  const std::string details = DetailsOf(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(CutToTrailers(message, kMaxErrorMessageBytes, details.size())),
                      details);
}

absl::Status FromGrpcStatus(const grpc::Status& status, std::string_view address,
                            std::string_view method) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = status.error_message();
  const std::string details = status.error_details();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  // Without details these are the transport's words. Nobody here cancelled a call whose outcome is
  // awaited: a server that leaves did, before it looked at the call.
  if (details.empty()) {
    if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kCancelled) {
      return absl::UnavailableError(absl::StrCat(View(address), ": ", message));
    }
    if (code == absl::StatusCode::kDeadlineExceeded && message == "Deadline Exceeded") {
      return absl::DeadlineExceededError(
          absl::StrCat("deadline exceeded waiting for ", View(method), " at ", View(address)));
    }
  }
  return DecodeDetails(absl::Status(code, message), details);
}

// gRPC's own words, which a test holds it to: what a callee says has details.
bool NeverSent(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty() &&
         status.error_message().rfind("failed to connect to all addresses", 0) == 0;
}

absl::Status CheckMessageSize(size_t bytes, std::string_view what, std::string_view name) {
  if (bytes <= kMaxMessageBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(View(what), View(name), " has ", bytes,
                   " bytes; a message between chainlets has at most ", kMaxMessageBytes));
}

}  // namespace chains::internal
