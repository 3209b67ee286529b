// Opens a file on a server: follows redirects, and finds out how it can be read.
//
//   absl::StatusOr<OpenedFile> opened = OpenRemote(client, url, settings, max_bytes);
//   if (opened->whole) …   // the server knows no ranges: the file was fetched at once
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "fetch/http_client.h"
#include "media/file_source.h"

namespace transcribe {

struct RemoteFile {
  std::string url;  // redirects followed
  uint64_t size = 0;
  std::string version;  // an ETag or a date; empty when the server tells none
};

struct OpenedFile {
  RemoteFile file;
  std::string head;                 // its first bytes, where the server knows ranges
  std::optional<FileSource> whole;  // all of it, where it does not
};

// The file at `url`. INVALID_ARGUMENT when it has more than `max_bytes`, or for a status like 404
// (NOT_FOUND) or 403 (PERMISSION_DENIED) what fits; otherwise as HttpClient::Get says.
absl::StatusOr<OpenedFile> OpenRemote(HttpClient& client, const std::string& url,
                                      const FetchSettings& settings, uint64_t max_bytes,
                                      const std::stop_token& stop);

// What a status of HTTP means for who asked for a file; OK for 200 and 206.
absl::Status FromHttpStatus(int status);
// Whether it may be better in a moment.
bool IsPassing(const absl::Status& status);
// Waits before the request after the `failures`-th failure, or until asked to stop.
void WaitBeforeRetry(int failures, const std::stop_token& stop);

}  // namespace transcribe
