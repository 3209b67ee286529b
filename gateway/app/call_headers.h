// What an HTTP request says beside its body: how long it may take, its trace and id, and the
// headers that travel on with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/trace.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// "Chains-Timeout: 5s", "200ms", "1.5m", or seconds without a unit; `by_default` without the
// header, and never more than `max`. INVALID_ARGUMENT for what is no time above 0.
absl::StatusOr<absl::Duration> TimeoutOf(const RequestHead& head, absl::Duration by_default,
                                         absl::Duration max);

// "Chains-Priority: 0" to 7; nullopt without the header. INVALID_ARGUMENT for anything else.
absl::StatusOr<std::optional<int>> PriorityOf(const RequestHead& head);

// What `traceparent` says where that is valid, else a new trace of which nobody is to be told.
internal::Traceparent TraceOf(const RequestHead& head);

// The same request, as if its caller had sent that `traceparent`.
void SetTraceparent(RequestHead& head, std::string traceparent);

// The request's `X-Request-Id` where that is short and printable, else a new one.
std::string RequestIdOf(const RequestHead& head);

// The headers that chainlets see, in lower case, x-request-id among them: none that are about this
// connection, this body or who may call; only what gRPC can carry; as many as fit into 4 KiB.
// Beside these `tracestate` and `baggage`, which are what their standard says or are not there
// (core/baggage.h).
Headers ForwardedOf(const RequestHead& head, std::string_view request_id);

}  // namespace chains::gateway
