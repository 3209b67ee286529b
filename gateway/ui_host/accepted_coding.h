// Whether a client takes a content coding: the header Accept-Encoding of RFC 9110, 12.5.3. Pure.
//
//   AcceptsCoding("gzip, br;q=0", "br");   // false
#pragma once

#include <string_view>

namespace chains::gateway {

// By its name, else by `*`; false where neither is there, or with a weight of 0.
bool AcceptsCoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace chains::gateway
