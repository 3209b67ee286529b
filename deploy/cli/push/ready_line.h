// What to type to call a deployment: its URL, and a line for curl. Pure.
#pragma once

#include <string>

#include "chains/v1/bundle.pb.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/remotes.h"

namespace chains::deploy::cli {

// Where methods of `deployment` are; empty where it says no path.
std::string UrlOf(const Remote& remote, const v1::Deployment& deployment);

// curl -X POST URL/run_remote -H "Authorization: Api-Key $CHAINS_API_KEY" -d '{"names": ["text"]}'
// with the first unary method of the bundle's entrypoint and something in every field.
std::string CurlLine(const Remote& remote, const v1::Deployment& deployment,
                     const v1::Bundle& bundle);

}  // namespace chains::deploy::cli
