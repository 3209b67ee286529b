// Invocation: a request that has been routed and may call: whom, what, and on whose behalf. Every
// kind of call begins with one.
//
//   Task<Response> UnaryCall(Request& request, Invocation& invocation);
#pragma once

#include <memory>
#include <utility>

#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/recording.h"
#include "chains/json/transcoder.h"
#include "gateway/app/gateway_options.h"
#include "gateway/app/held_bytes.h"
#include "gateway/app/receipt_header.h"
#include "gateway/app/request_trace.h"
#include "gateway/app/routes.h"
#include "gateway/app/tally.h"
#include "gateway/app/target.h"

namespace chains::gateway {

// It lives in the frame of the gateway's coroutine until there is a response. What goes on after
// that (a stream, a WebSocket) moves into itself what it needs: `routes`, `context`, `trace`,
// `tally`, and copies `receipt`.
struct Invocation {
  Invocation(Loop& on, const GatewayOptions& settings, std::shared_ptr<const Routes> by,
             Target& whom, const json::Transcoder::Method& what, Context under,
             const CallersReceipt& asked_receipt, RequestTrace& told, Tally& counted,
             HeldBytes& of_all)
      : loop(on),
        options(settings),
        routes(std::move(by)),
        target(whom),
        method(what),
        context(std::move(under)),
        receipt(asked_receipt),
        trace(told),
        tally(counted),
        held(of_all) {}
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  const json::Transcoder& transcoder() const { return *target.transcoder(); }

  Loop& loop;                     // of the gateway, as `options`
  const GatewayOptions& options;  // outlive all calls
  // What it began with; keeps `target`, `method` and the deployment.
  std::shared_ptr<const Routes> routes;
  Target& target;
  const json::Transcoder::Method& method;
  Context context;  // deadline, trace, headers; without the receipt
  const CallersReceipt& receipt;
  RequestTrace& trace;
  Tally& tally;
  HeldBytes& held;  // of the gateway
};

// What a call of the gateway's is written down as: it is the caller of the entrypoint.
inline internal::CallPlace CallPlaceOf(const json::Transcoder::Method& method) {
  return {.where = internal::CallPlace::Where::kCaller,
          .chainlet = method.call.chainlet,
          .method = method.call.name};
}

}  // namespace chains::gateway
