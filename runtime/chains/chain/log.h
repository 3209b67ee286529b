// Log: one line of JSON on standard error, which the platform files under chain, deployment,
// chainlet, replica and request.
//
//   co_await chains::Log(chains::Severity::kInfo, "loaded 3 voices");
//
//   {"time":"2026-11-26T10:00:00.123456Z","level":"info","message":"loaded 3 voices",
//    "request_id":"r-17","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
//
// The request's id is its header `x-request-id`. Fields without a value are left out. A message is
// any bytes (what is not UTF-8 becomes U+FFFD), and is cut at 16 KiB. A line is written by one
// write(2), which waits where nobody reads; so log events, not data.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/task.h"

namespace chains {

enum class Severity { kInfo, kWarning, kError };

// For code that is no coroutine, of the request that `context` is of; Context() is of none. Any
// thread.
void Log(const Context& context, Severity severity, std::string_view message);

// What Log(severity, message) returns: await it at once.
class [[nodiscard]] LogEntry {
 public:
  LogEntry(Severity severity, std::string_view message) : severity_(severity), message_(message) {}
  class Awaiter {
   public:
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
  };
  Awaiter Bind(internal::Promise& self) && {
    Log(*self.context(), severity_, message_);
    return Awaiter();
  }

 private:
  const Severity severity_;
  const std::string_view message_;
};

// `co_await Log(severity, message)`: of the request that the coroutine works for.
inline LogEntry Log(Severity severity, std::string_view message) { return {severity, message}; }

namespace internal {

// The line, with its newline; `more` are further fields.
using LogFields = std::vector<std::pair<std::string_view, std::string_view>>;
std::string LogLine(absl::Time time, const Context& context, Severity severity,
                    std::string_view message, const LogFields& more = {});

// Any thread; lines do not mix.
void WriteLogLine(const std::string& line);

}  // namespace internal
}  // namespace chains
