// The head of a response as it goes over the wire. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

// Whether a response of this status has a body, and says how long that is.
bool HasBody(int status);

// Status line and headers, the empty line included. `date` as HTTP has it. Of the response's own
// headers those are left out that the server sets.
std::string HeadOf(const Response& response, std::string_view date, bool keep_alive);

}  // namespace chains::gateway
