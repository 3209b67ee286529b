// What to type to call a deployment: its URL, and a line for curl. Pure.
#pragma once

#include <string>

#include "chains/v1/bundle.pb.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/remotes.h"

namespace chains::deploy::cli {

// Where methods of `deployment` are; empty where it says no path, or where the gateway has no
// address that lasts (Remote::forwarded).
std::string UrlOf(const Remote& remote, const v1::Deployment& deployment);

// curl -X POST URL/run_remote -H "Authorization: Api-Key $CHAINS_API_KEY" -d '{"names": ["text"]}'
// with the first unary method of the bundle's entrypoint and something in every field; without such
// a URL: chains call hello '{"names": ["text"]}' --deployment ID
std::string CallLine(const Remote& remote, const v1::Deployment& deployment,
                     const v1::Bundle& bundle);

}  // namespace chains::deploy::cli
