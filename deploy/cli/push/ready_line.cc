#include "deploy/cli/push/ready_line.h"

#include <memory>

#include "chains/core/text.h"
#include "chains/json/example.h"
#include "chains/json/transcoder.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

using json::Transcoder;

// The method that people try first.
const Transcoder::Method* FirstMethod(const Transcoder& contract) {
  if (const Transcoder::Method* run = contract.Find("run_remote")) return run;
  for (const auto& method : contract.methods()) {
    if (!method->descriptor->client_streaming()) return method.get();
  }
  return nullptr;
}

// For a shell, between apostrophes.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string UrlOf(const Remote& remote, const v1::Deployment& deployment) {
  if (remote.forwarded || deployment.paths().empty()) return "";
  return Text(remote.gateway, Safe(deployment.paths(0)));
}

std::string CallLine(const Remote& remote, const v1::Deployment& deployment,
                     const v1::Bundle& bundle) {
  std::string method = "run_remote";
  std::string body = "{}";
  const absl::StatusOr<std::unique_ptr<const Transcoder>> contract =
      Transcoder::Create(bundle.descriptors(), bundle.manifest().entrypoint());
  if (contract.ok()) {
    if (const Transcoder::Method* first = FirstMethod(**contract)) {
      method = first->snake_name;
      body = json::ExampleJson(*first->descriptor->input_type());
    }
  }
  const std::string url = UrlOf(remote, deployment);
  if (url.empty()) {
    return Text("chains call ", Safe(deployment.chain()), " ", Quoted(body),
                method == "run_remote" ? "" : Text(" --method ", method), " --deployment ",
                Safe(deployment.id()));
  }
  const char* const key =
      remote.key.empty() ? "" : " -H \"Authorization: Api-Key $CHAINS_API_KEY\"";
  return Text("curl -X POST ", url, "/", method, key, " -d ", Quoted(body));
}

}  // namespace chains::deploy::cli
