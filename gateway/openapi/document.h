// Document: what can be called, as OpenAPI 3.1, from the contracts and their comments.
//
//   Document document{.routes = {{.route = route, .path = "/production", .contract = transcoder}}};
//   std::string json = Written(document);
//
// The same text for the same routes and contracts. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chains/json/transcoder.h"
#include "gateway/route/route.h"

namespace chains::gateway::openapi {

struct DescribedRoute {
  Route route;
  std::string path;  // "/chains/hello/production": methods come behind it
  std::shared_ptr<const json::Transcoder> contract;
  bool can_be_woken = false;
};

struct Document {
  std::vector<DescribedRoute> routes;
  bool needs_key = true;
  bool has_async = false;
  // Of one route: its path is the server's, so that a client that is made of it reaches other
  // deployments of the same contract by another base URL, and operations are named by methods
  // alone. Otherwise the paths are whole, and operations are named by chain and route.
  bool is_of_one = false;
  bool leaves_out_deployments = false;  // `routes` are those of environments; says so
};

std::string Written(const Document& document);

}  // namespace chains::gateway::openapi
