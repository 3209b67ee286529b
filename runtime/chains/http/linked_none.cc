#include "chains/http/transport.h"

namespace chains::http {

MakeTransport LinkedClient() { return nullptr; }

}  // namespace chains::http
