// What generated code is made of: the library's side of a .proto contract.
//
// For every service protoc-gen-chains writes an abstract class (what callers hold, implementations
// derive from and tests fake) and its Contract.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include "chains/contract/channel.h"
#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/contract/service.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains {

// Specialized by generated code for the chainlet class T:
//
//   template <> struct Contract<hello::SayHello> {
//     static constexpr std::string_view kName = "hello.SayHello";
//     static const ServiceInfo& Info();
//     // A stub: calls go through `channel`, which outlives it.
//     static std::unique_ptr<hello::SayHello> Connect(Channel& channel);
//     // An adapter: calls pass `edge` on their way to `target`; both outlive it.
//     static std::unique_ptr<hello::SayHello> Guard(hello::SayHello& target, Edge& edge);
//     // Handlers in wire format around `implementation`, which outlives them.
//     static Service Serve(hello::SayHello& implementation);
//   };
template <typename T>
struct Contract;

// A class that protoc-gen-chains generated.
template <typename T>
concept ChainletContract = requires {
  typename T::ChainletContract;
  requires std::same_as<typename T::ChainletContract, T>;
};

// A class that implements one, by deriving from it.
template <typename I>
concept Chainlet = requires {
  typename I::ChainletContract;
}
&&std::derived_from<I, typename I::ChainletContract>;

}  // namespace chains

#include "chains/contract/contract_inl.h"
#include "chains/contract/recorded_inl.h"
