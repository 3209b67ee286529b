#include "chains/chain/log.h"

#include <cerrno>
#include <mutex>
#include <unistd.h>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains {
namespace {

constexpr size_t kMaxMessageBytes = 16 * 1024;
constexpr std::string_view kRequestId = "x-request-id";

// At the beginning of a character, where it is UTF-8.
std::string Cut(std::string_view message) {
  size_t end = kMaxMessageBytes;
  while (end > kMaxMessageBytes - 4 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) {
    --end;
  }
  return Text(message.substr(0, end), "… (", message.size() - end, " bytes more)");
}

}  // namespace

std::string internal::LogLine(absl::Time time, const Context& context, Severity severity,
                              std::string_view message, LogFields more, std::string_view chainlet) {
  json::JsonWriter line;
  const auto add = [&line](std::string_view name, std::string_view value) {
    if (!value.empty()) line.Key(name).String(value);
  };
  line.BeginObject().Key("time").String(
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()));
  line.Key("level").String(NameOf(severity)).Key("message");
  line.String(message.size() > kMaxMessageBytes ? Cut(message) : std::string(message));
  WriteFields(more, line);
  add("chainlet", chainlet);
  add("request_id", context.Header(kRequestId).value_or(""));
  add("trace_id", context.trace_id());
  line.End();
  std::string text = std::move(line).Take();
  if (!context.log_fields().empty()) {
    text.insert(text.size() - 1, Text(",", context.log_fields()));
  }
  return text + "\n";
}

// The lock is for pipes, which take no more than a page at once.
void internal::WriteLogLine(const std::string& line) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // there is no place to say so
    left.remove_prefix(static_cast<size_t>(written));
  }
}

void Log(const Context& context, Severity severity, std::string_view message, LogFields fields) {
  if (!internal::MayBeLogged(severity) || !internal::IsLogged("", severity)) return;
  internal::WriteLogLine(internal::LogLine(absl::Now(), context, severity, message, fields));
}

void LogEntry::Write(const internal::Promise& self) const {
  const std::string_view chainlet = self.ServedChainlet();
  if (!internal::IsLogged(chainlet, severity_)) return;
  internal::WriteLogLine(
      internal::LogLine(absl::Now(), *self.context(), severity_, message_, fields_, chainlet));
}

}  // namespace chains
