#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hello_chain.h"

namespace hello {
namespace {

SayHelloRequest Named(const std::string& name) {
  SayHelloRequest request;
  request.set_name(name);
  return request;
}

std::string Lines(const std::vector<SayHelloResponse>& said) {
  return absl::StrJoin(said, "\n", [](std::string* out, const SayHelloResponse& response) {
    absl::StrAppend(out, response.result());
  });
}

}  // namespace

chains::Task<HelloAllResponse> Greeter::RunRemote(HelloAllRequest request) {
  if (request.names().empty()) co_return absl::InvalidArgumentError("names is empty");
  std::vector<chains::Task<SayHelloResponse>> greetings;
  greetings.reserve(request.names_size());
  for (const std::string& name : request.names()) {
    greetings.push_back(say_hello_.RunRemote(Named(name)));
  }
  const std::vector<SayHelloResponse> said = co_await chains::All(std::move(greetings));

  HelloAllResponse response;
  response.set_result(Lines(said));
  co_return response;
}

}  // namespace hello
