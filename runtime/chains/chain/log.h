// Log: one line of JSON on standard error, which the platform files under chain, deployment,
// chainlet, replica and request.
//
//   co_await chains::Log(chains::Severity::kInfo, "loaded", {{"voices", 3}, {"model", name}});
//
//   {"time":"2026-11-26T10:00:00.123456Z","level":"info","message":"loaded","voices":3,
//    "model":"en","chainlet":"hello.SayHello","request_id":"r-17",
//    "trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
//
// The request's id is its header `x-request-id`. Fields without a value are left out. A message is
// any bytes (what is not UTF-8 becomes U+FFFD), and is cut at 16 KiB. A line is written by one
// write(2), which waits where nobody reads; so log events, not data. What is below the chainlet's
// threshold (core/severity.h) is not even put together.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/severity.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"
#include "chains/json/log_fields.h"

namespace chains {

// At most 32 fields count, of 4 KiB each; names that lines have already get a `_` behind.
using LogFields = std::initializer_list<LogField>;

// For code that is no coroutine, of the request that `context` is of; Context() is of none. It
// belongs to no chainlet. Any thread.
void Log(const Context& context, Severity severity, std::string_view message,
         LogFields fields = {});

// What Log(severity, message) returns: await it at once.
class [[nodiscard]] LogEntry {
 public:
  LogEntry(Severity severity, std::string_view message, LogFields fields)
      : severity_(severity), message_(message), fields_(fields) {}
  class Awaiter {
   public:
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
  };
  Awaiter Bind(internal::Promise& self) && {
    if (internal::MayBeLogged(severity_)) Write(self);
    return Awaiter();
  }

 private:
  void Write(const internal::Promise& self) const;

  const Severity severity_;
  const std::string_view message_;
  const LogFields fields_;
};

// `co_await Log(severity, message)`: of the request that the coroutine works for.
inline LogEntry Log(Severity severity, std::string_view message, LogFields fields = {}) {
  return {severity, message, fields};
}

// `task`, with fields that stick: all that it logs in this process, and what it calls here, has
// them.
//
//   Reply reply = co_await chains::LogWith({{"user", user}}, store_.Find(request));
template <typename T>
Task<T> LogWithText(std::string fields, Task<T> task) {
  internal::Here::Place here = co_await internal::Here();
  const Context context = here.context().WithLogFields(std::move(fields));
  absl::StatusOr<internal::Stored<T>> outcome =
      co_await internal::Within<T>(std::move(task), context);
  if constexpr (std::is_void_v<T>) {
    co_await outcome.status();
  } else {
    co_return outcome;
  }
}
template <typename T>
Task<T> LogWith(LogFields fields, Task<T> task) {
  return LogWithText(internal::FieldsAsJson(fields), std::move(task));
}

namespace internal {

// The line, with its newline; `more` are further fields. `chainlet` may be empty.
std::string LogLine(absl::Time time, const Context& context, Severity severity,
                    std::string_view message, LogFields more = {}, std::string_view chainlet = "");

// Any thread; lines do not mix.
void WriteLogLine(const std::string& line);

}  // namespace internal
}  // namespace chains
