// What browsers are told of the page: what it may load and be part of.
//
//   AddPageHeaders(response.headers);
#pragma once

#include "gateway/http/message.h"

namespace chains::gateway {

// Nothing but the gateway's own files, no script or style within them, in no frame, never taken for
// another type.
void AddPageHeaders(HttpHeaders& headers);
// Of answers that are for one user: nobody keeps them.
void AddApiHeaders(HttpHeaders& headers);

}  // namespace chains::gateway
