#include "deploy/platform/audit_log.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 30;
// Of the file's end, to be read for its last lines.
constexpr size_t kMaxReadBytes = size_t{16} << 20;
constexpr size_t kLinkDigits = 16;

std::string LinkTo(const std::string& line) {
  return absl::BytesToHexString(HashKey(line)).substr(0, kLinkDigits);
}

std::string LineOf(const v1::AuditEntry& entry, const std::string& before) {
  const absl::Time time = absl::FromUnixMillis(entry.time_unix_ms());
  json::JsonWriter json;
  json.BeginObject();
  json.Key("time").String(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
  json.Key("who").String(entry.who());
  json.Key("method").String(entry.method());
  json.Key("request").Raw(entry.request().empty() ? "{}" : entry.request());
  json.Key("code").String(entry.code());
  if (!entry.message().empty()) json.Key("message").String(entry.message());
  json.Key("after").String(LinkTo(before));
  json.End();
  return std::move(json).Take();
}

bool Parse(std::string_view line, google::protobuf::Struct& parsed) {
  return google::protobuf::util::JsonStringToMessage(std::string(line), &parsed).ok();
}

// A member that is text; empty without.
std::string Member(const google::protobuf::Struct& parsed, const std::string& name) {
  const auto found = parsed.fields().find(name);
  return found == parsed.fields().end() ? "" : found->second.string_value();
}

std::optional<v1::AuditEntry> EntryOf(std::string_view line) {
  google::protobuf::Struct parsed;
  if (!Parse(line, parsed)) return std::nullopt;
  absl::Time time;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, Member(parsed, "time"), &time, &why)) {
    return std::nullopt;
  }
  v1::AuditEntry entry;
  entry.set_time_unix_ms(absl::ToUnixMillis(time));
  entry.set_who(Member(parsed, "who"));
  entry.set_method(Member(parsed, "method"));
  const auto request = parsed.fields().find("request");
  if (request != parsed.fields().end()) {
    std::string* const shown = entry.mutable_request();
    if (!google::protobuf::util::MessageToJsonString(request->second, shown).ok()) shown->clear();
  }
  entry.set_code(Member(parsed, "code"));
  entry.set_message(Member(parsed, "message"));
  return entry;
}

absl::StatusOr<uint64_t> SizeOf(const FileDescriptor& file) {
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return FileError("read", file.path(), errno);
  return static_cast<uint64_t>(about.st_size);
}

// The whole lines at its end, `max_bytes` at most.
absl::StatusOr<std::vector<std::string>> LinesAtEnd(const FileDescriptor& file, size_t max_bytes) {
  const absl::StatusOr<uint64_t> size = SizeOf(file);
  if (!size.ok()) return size.status();
  const uint64_t begin = *size > max_bytes ? *size - max_bytes : 0;
  absl::StatusOr<std::string> text = ReadAt(file, begin, max_bytes);
  if (!text.ok()) return text.status();
  std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  lines.pop_back();  // what no line's end follows is none yet
  if (begin > 0 && !lines.empty()) lines.erase(lines.begin());
  return lines;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return FileError("open", path, errno);
  FileDescriptor file(fd, path);
  const absl::StatusOr<uint64_t> size = SizeOf(file);
  if (!size.ok()) return size.status();
  if (*size > 0) {
    const absl::StatusOr<std::string> end = ReadAt(file, *size - 1, 1);
    if (!end.ok()) return end.status();
    if (*end != "\n" && write(fd, "\n", 1) != 1) return FileError("write to", path, errno);
  }
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(file)));
}

absl::Status AuditLog::CatchUp() {
  const absl::StatusOr<uint64_t> size = SizeOf(file_);
  if (!size.ok() || *size == size_) return size.status();
  absl::StatusOr<std::vector<std::string>> lines = LinesAtEnd(file_, kMaxReadBytes);
  if (!lines.ok()) return lines.status();
  last_ = lines->empty() ? "" : std::move(lines->back());
  size_ = *size;
  return absl::OkStatus();
}

absl::Status AuditLog::Append(const v1::AuditEntry& entry) {
  const std::lock_guard lock(mutex_);
  trouble_ = CatchUp();
  if (trouble_.ok()) trouble_ = Write(LineOf(entry, last_));
  return trouble_;
}

absl::Status AuditLog::Write(std::string line) {
  const std::string whole = Text(line, "\n");
  const ssize_t written = write(file_.get(), whole.data(), whole.size());
  if (written == static_cast<ssize_t>(whole.size())) {
    last_ = std::move(line);
    size_ += whole.size();
    return fdatasync(file_.get()) == 0 ? absl::OkStatus()
                                       : FileError("write to", file_.path(), errno);
  }
  const int error = written < 0 ? errno : ENOSPC;
  if (written > 0) {  // half a line is none: the next one begins anew
    const absl::StatusOr<uint64_t> size = SizeOf(file_);
    const auto part = static_cast<uint64_t>(written);
    if (size.ok() && *size >= part &&
        ftruncate(file_.get(), static_cast<off_t>(*size - part)) != 0) {
      return FileError("write to", file_.path(), errno);
    }
  }
  return FileError("write to", file_.path(), error);
}

absl::Status AuditLog::Trouble() {
  {
    const std::lock_guard lock(mutex_);
    if (trouble_.ok()) return absl::OkStatus();
  }
  v1::AuditEntry entry;
  entry.set_time_unix_ms(absl::ToUnixMillis(absl::Now()));
  entry.set_method("AuditLog");
  entry.set_code("OK");
  entry.set_message("lines before this one could not be written");
  const absl::Status kept = Append(entry);
  if (kept.ok()) return kept;
  return absl::UnavailableError(
      Text("nothing may be changed while it cannot be written down: ", MessageOf(kept)));
}

absl::StatusOr<std::vector<v1::AuditEntry>> AuditLog::Last(size_t limit) const {
  absl::StatusOr<std::vector<std::string>> lines = LinesAtEnd(file_, kMaxReadBytes);
  if (!lines.ok()) return lines.status();
  const size_t first = lines->size() - std::min(limit, lines->size());
  std::vector<v1::AuditEntry> entries;
  for (size_t i = first; i < lines->size(); ++i) {
    if (std::optional<v1::AuditEntry> entry = EntryOf((*lines)[i])) {
      entries.push_back(*std::move(entry));
    }
  }
  return entries;
}

absl::Status AuditLog::Check() const {
  absl::StatusOr<std::vector<std::string>> lines = LinesAtEnd(file_, kMaxFileBytes);
  if (!lines.ok()) return lines.status();
  for (size_t i = 0; i < lines->size(); ++i) {
    google::protobuf::Struct parsed;
    const bool follows = Parse((*lines)[i], parsed) &&
                         Member(parsed, "after") == LinkTo(i == 0 ? "" : (*lines)[i - 1]);
    if (follows) continue;
    return absl::DataLossError(Text(file_.path(), ": line ", i + 1,
                                    " does not follow from the one before it: one of the two was "
                                    "changed, or a line between them is missing"));
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
