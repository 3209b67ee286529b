// S3Store: an ObjectStore in a bucket of Amazon S3, or of what speaks like it.
//
//   absl::StatusOr<S3Store::Options> options =
//       S3Store::OptionsOf("https://minio.example.com:9000/chains/bundles", environment);
//   absl::StatusOr<std::unique_ptr<S3Store>> store = S3Store::Make(*std::move(options));
//
// Requests are signed by libcurl (AWS Signature Version 4) and address the bucket in the path. One
// object has at most 5 GiB, what S3 takes in one piece. Its process ignores SIGPIPE, as every one
// that serves gRPC does: TLS may write to who has hung up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/bundle/object_store.h"

namespace chains::deploy {

class S3Exchange;

class S3Store final : public ObjectStore {
 public:
  struct Options {
    std::string endpoint;  // "https://s3.eu-central-1.amazonaws.com"; http is for tests
    std::string bucket;
    std::string prefix;  // of all names; empty, or ends with '/'
    std::string region = "us-east-1";
    std::string access_key;
    std::string secret_key;
    std::string session_token = {};
    std::string ca_file = {};  // PEM; empty: the system's
    int attempts = 5;
    absl::Duration first_wait = absl::Milliseconds(200);  // before the second attempt; then doubles
    absl::Duration stall = absl::Seconds(30);             // without a byte, the attempt is over
  };

  // From ENDPOINT/BUCKET or ENDPOINT/BUCKET/PREFIX, and what AWS's tools read:
  // AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or the [default] (AWS_PROFILE)
  // of the file AWS_SHARED_CREDENTIALS_FILE; AWS_REGION, AWS_DEFAULT_REGION; AWS_CA_BUNDLE.
  // INVALID_ARGUMENT: the URL has no bucket. FAILED_PRECONDITION: there are no keys.
  using Environment = std::function<std::optional<std::string>(const std::string&)>;
  static absl::StatusOr<Options> OptionsOf(const std::string& url, const Environment& environment);

  // INVALID_ARGUMENT: an option is missing or cannot be. Nothing is asked yet.
  static absl::StatusOr<std::unique_ptr<S3Store>> Make(Options options);
  ~S3Store() override;

  // Failures name the object, and repeat what the store said. PERMISSION_DENIED: the keys are not
  // good for it. FAILED_PRECONDITION: there is no such bucket, or the object is too large.
  // UNAVAILABLE: after all attempts.
  absl::Status Put(const std::string& name, const std::string& path) override;
  // Broken off, it goes on where it was.
  absl::Status Get(const std::string& name,
                   const std::function<absl::Status(std::string_view)>& take) override;
  absl::StatusOr<bool> Has(const std::string& name) override;
  absl::StatusOr<std::vector<Found>> List(const std::string& prefix) override;
  absl::Status Delete(const std::string& name) override;

 private:
  explicit S3Store(Options options);
  std::string UrlOf(const std::string& name) const;
  // Until it is answered; the failure otherwise.
  absl::Status Attempt(S3Exchange& exchange);

  const Options options_;
  std::mutex mutex_;
  std::vector<void*> idle_;  // libcurl's handles with their connections; guarded by mutex_
};

}  // namespace chains::deploy
