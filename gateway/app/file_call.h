// FileCall: GET and HEAD of a file that a chainlet serves, by a method of chains/v1/file.proto.
//
//   GET /production/download/2026/report.pdf     Range, If-Range, If-None-Match: 200, 206, 304, 416
//
// The bytes go on as they come, and are counted: a response that would be too short, or too long,
// is broken off. A browser shows a file in a sandbox: scripts in it do not run, and it has no part
// of the origin that the gateway's page has. For the end of a file, and for If-Range, the chainlet
// is asked for the head first.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/task.h"
#include "chains/json/transcoder.h"
#include "gateway/app/invocation.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Whether a path that goes on behind `method` can be asked for so. Fails NOT_FOUND where the method
// serves no files, or with HTTP status 405.
absl::Status CheckFilePath(const RequestHead& head, const json::Transcoder::Method& method);

// "2026/a b.pdf" of "2026/a%20b.pdf". INVALID_ARGUMENT: it is not encoded so, not UTF-8, or a part
// of it is empty, "." or "..", or has a slash or a control character in it.
absl::StatusOr<std::string> FilePathOf(std::string_view rest);

// After CheckFilePath(); `rest` is the path as it came. All of them outlive the task. Fails as the
// chainlet does.
Task<Response> FileCall(const RequestHead& head, Invocation& invocation, std::string_view rest);

}  // namespace chains::gateway
