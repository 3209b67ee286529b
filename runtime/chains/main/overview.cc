#include "chains/main/overview.h"

#include <set>

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"
#include "chains/json/example.h"

namespace chains::internal {
namespace {

void AppendTree(const ChainSpec& chain, std::string_view name, const std::string& indent,
                std::set<std::string>& shown, std::string& out) {
  const ChainletSpec* chainlet = chain.Find(name);
  absl::StrAppend(&out, indent, ToAbsl(name));
  if (chainlet == nullptr) return;
  absl::StrAppend(&out, "  ",
                  chainlet->implementation.empty() ? "(declared, no implementation)"
                                                   : chainlet->implementation);
  if (!chainlet->resources.gpu.empty()) {
    absl::StrAppend(&out, "  ", chainlet->resources.gpu_count, " × ", chainlet->resources.gpu,
                    chainlet->resources.gpu_optional ? " or none" : "");
  }
  absl::StrAppend(&out, "\n");
  if (!shown.insert(std::string(name)).second) return;
  for (const DependencySpec& dependency : chainlet->dependencies) {
    const std::string below = indent + "  └─ " + (dependency.soft ? "perhaps " : "");
    if (dependency.url.empty()) {
      AppendTree(chain, dependency.callee->info->name, below, shown, out);
    } else {
      absl::StrAppend(&out, below, ToAbsl(dependency.callee->info->name), "  at ", dependency.url,
                      "\n");
    }
  }
}

}  // namespace

std::string ExampleRequest(const ChainSpec& chain) {
  const ChainletSpec* entrypoint = chain.Entrypoint();
  if (entrypoint == nullptr) return "{}";
  return json::ExampleJson(*entrypoint->contract->info->descriptor()->method(0)->input_type());
}

std::string Overview(const ChainSpec& chain, const std::string& program) {
  std::string out = absl::StrCat("The chain ", chain.name, ":\n\n");
  std::set<std::string> shown;
  if (const ChainletSpec* entrypoint = chain.Entrypoint()) {
    AppendTree(chain, entrypoint->name(), "  ", shown, out);
  }
  absl::StrAppend(&out, "\nAnswer a request:    ", program, " run '", ExampleRequest(chain), "'\n",
                  "Print the manifest:  ", program, " --describe\n",
                  "Serve gRPC:          ", program, " serve --listen 127.0.0.1:9000\n",
                  "All options:         ", program, " --help\n");
  return out;
}

}  // namespace chains::internal
