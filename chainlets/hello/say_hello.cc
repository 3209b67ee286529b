#include <string>

#include "absl/strings/str_cat.h"
#include "hello_chain.h"

namespace hello {

chains::Task<SayHelloResponse> Polite::RunRemote(SayHelloRequest request) {
  SayHelloResponse response;
  response.set_result(absl::StrCat("Hello, ", request.name()));
  co_return response;
}

}  // namespace hello
