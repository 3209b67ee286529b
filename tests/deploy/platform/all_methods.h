// Each method of chains.v1.Platform, to be asked with an empty request.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "chains/chain/client.h"
#include "chains/testing/collect.h"
#include "chains/v1/platform.chains.h"

namespace chains::deploy {

using Ask = std::function<absl::Status(Client<v1::Platform>& client, CallOptions options)>;

template <typename Request, typename Reply>
Ask Unary(Task<Reply> (v1::Platform::*method)(Request)) {
  return [method](Client<v1::Platform>& client, CallOptions options) {
    return client.Call(method, Request(), std::move(options)).status();
  };
}

template <typename Request, typename Item>
Ask Streaming(Stream<Item> (v1::Platform::*method)(Request)) {
  return [method](Client<v1::Platform>& client, CallOptions options) {
    return client
        .Run(
            [method](v1::Platform& platform) {
              return chains::testing::Collect((platform.*method)(Request()));
            },
            std::move(options))
        .status();
  };
}

// All that there is to ask for.
inline std::vector<Ask> AllMethods() {
  return {Unary(&v1::Platform::About),
          Unary(&v1::Platform::FindMissing),
          [](Client<v1::Platform>& client, CallOptions options) {
            return client
                .Run(
                    [](v1::Platform& platform) {
                      return platform.Upload(chains::testing::StreamOf<v1::UploadRequest>({}));
                    },
                    std::move(options))
                .status();
          },
          Streaming(&v1::Platform::Deploy),
          Unary(&v1::Platform::Promote),
          Unary(&v1::Platform::Rollback),
          Unary(&v1::Platform::Deactivate),
          Unary(&v1::Platform::Activate),
          Unary(&v1::Platform::Wake),
          Unary(&v1::Platform::Delete),
          Unary(&v1::Platform::List),
          Unary(&v1::Platform::Status),
          Streaming(&v1::Platform::Logs),
          Unary(&v1::Platform::SetScaling),
          Unary(&v1::Platform::ListEnvironments),
          Unary(&v1::Platform::CreateEnvironment),
          Unary(&v1::Platform::CreateKey),
          Unary(&v1::Platform::ListKeys),
          Unary(&v1::Platform::RevokeKey),
          Unary(&v1::Platform::RotateKey),
          Unary(&v1::Platform::Measure),
          Unary(&v1::Platform::ListTraces),
          Unary(&v1::Platform::GetTrace),
          Unary(&v1::Platform::SetLogLevel),
          Streaming(&v1::Platform::Record),
          Unary(&v1::Platform::MakeTest),
          Unary(&v1::Platform::ReadAudit),
          Unary(&v1::Platform::SetSecret),
          Unary(&v1::Platform::ListSecrets),
          Unary(&v1::Platform::DeleteSecret)};
}

}  // namespace chains::deploy
