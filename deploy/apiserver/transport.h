// Transport: how requests come to a Kubernetes API server: chains::http's, by this folder's names.
// Tests have a server in memory behind the same seam.
#pragma once

#include "chains/http/transport.h"

namespace chains::deploy {

using HttpRequest = http::Request;
using HttpResponse = http::Response;
using http::Transport;

}  // namespace chains::deploy
