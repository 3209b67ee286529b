// S3Store: its options from a URL, the environment and AWS's file of keys.
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/s3_store.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxFile = 1 << 20;

// Reads the keys of one profile: lines "name = value" below "[profile]".
absl::Status ReadKeys(const std::string& path, const std::string& profile,
                      S3Store::Options& options) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxFile);
  if (!text.ok()) return text.status();
  bool inside = false;
  for (const absl::string_view raw : absl::StrSplit(*text, '\n')) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.starts_with('[')) inside = line == Text("[", profile, "]");
    const size_t equals = line.find('=');
    if (!inside || equals == line.npos) continue;
    const std::string name(absl::StripAsciiWhitespace(ToAbsl(line).substr(0, equals)));
    std::string value(absl::StripAsciiWhitespace(ToAbsl(line).substr(equals + 1)));
    if (name == "aws_access_key_id")
      options.access_key = std::move(value);
    else if (name == "aws_secret_access_key")
      options.secret_key = std::move(value);
    else if (name == "aws_session_token")
      options.session_token = std::move(value);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<S3Store::Options> S3Store::OptionsOf(const std::string& url,
                                                    const Environment& environment) {
  const auto value = [&](const std::string& name) { return environment(name).value_or(""); };
  const size_t host = url.find("://");
  const size_t bucket = host == url.npos ? url.npos : url.find('/', host + 3);
  const size_t end = bucket == url.npos ? url.npos : url.find('/', bucket + 1);
  Options options;
  if (bucket != url.npos) options.bucket = url.substr(bucket + 1, end - bucket - 1);
  if (options.bucket.empty()) {
    return absl::InvalidArgumentError(Text(
        "'", url, "' names no bucket; it is ENDPOINT/BUCKET, as https://s3.example.com/chains"));
  }
  options.endpoint = url.substr(0, bucket);
  if (end != url.npos) options.prefix = url.substr(end + 1);
  options.ca_file = value("AWS_CA_BUNDLE");
  for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
    if (!value(name).empty()) options.region = value(name);
  }
  options.access_key = value("AWS_ACCESS_KEY_ID");
  options.secret_key = value("AWS_SECRET_ACCESS_KEY");
  options.session_token = value("AWS_SESSION_TOKEN");
  const std::string file = value("AWS_SHARED_CREDENTIALS_FILE");
  if (options.access_key.empty() && !file.empty()) {
    const std::string profile = value("AWS_PROFILE");
    absl::Status status = ReadKeys(file, profile.empty() ? "default" : profile, options);
    if (!status.ok()) return status;
  }
  if (options.access_key.empty() || options.secret_key.empty()) {
    return absl::FailedPreconditionError(
        "there are no keys for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or AWS_SHARED_CREDENTIALS_FILE to a file that has them");
  }
  return options;
}

}  // namespace chains::deploy
