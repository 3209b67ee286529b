#include "chains/chain/manifest.h"

#include <algorithm>
#include <memory>
#include <set>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include "absl/algorithm/container.h"
#include "absl/strings/str_split.h"
#include "chains/chain/memory_size.h"
#include "chains/chain/problem.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

void DescribeMethods(const ServiceInfo& info, v1::Chainlet& out) {
  const ServiceDescriptor& service = *info.descriptor();
  for (const Method& method : info.methods) {
    const MethodDescriptor& types = *service.FindMethodByName(std::string(method.name));
    v1::Method& described = *out.add_methods();
    described.set_name(std::string(method.name));
    described.set_path(std::string(method.path));
    described.set_request_type(types.input_type()->full_name());
    described.set_response_type(types.output_type()->full_name());
    described.set_client_streaming(types.client_streaming());
    described.set_server_streaming(types.server_streaming());
    described.set_idempotent(method.idempotent);
    described.set_declared_at(Text(info.proto_file, ":", method.line));
  }
}

void DescribeCircuit(const Circuit& circuit, v1::Circuit& out) {
  out.set_consecutive_failures(circuit.consecutive_failures);
  out.set_failure_ratio(circuit.failure_ratio);
  out.set_min_calls(circuit.min_calls);
  out.set_window_sec(absl::ToDoubleSeconds(circuit.window));
  out.set_open_for_sec(absl::ToDoubleSeconds(circuit.open_for));
  out.set_probes(circuit.probes);
  out.set_dry_run(circuit.dry_run);
}

void DescribeBalancing(const Balancing& balancing, v1::Balancing& out) {
  out.set_failures_to_eject(balancing.failures_to_eject);
  out.set_failure_ratio(balancing.failure_ratio);
  out.set_min_calls(balancing.min_calls);
  out.set_latency_factor(balancing.latency_factor);
  out.set_latency_margin_sec(absl::ToDoubleSeconds(balancing.latency_margin));
  out.set_ejected_for_sec(absl::ToDoubleSeconds(balancing.ejected_for));
  out.set_ejected_at_most_sec(absl::ToDoubleSeconds(balancing.ejected_at_most));
  out.set_panic_above(balancing.panic_above);
  out.set_warm_up_sec(absl::ToDoubleSeconds(balancing.warm_up));
  out.set_prefer_zone(balancing.prefer_zone);
}

void DescribePolicies(const DependencySpec& dependency, v1::Dependency& out) {
  if (dependency.hedging.on) {
    out.mutable_hedging()->set_percentile(dependency.hedging.percentile);
    out.mutable_hedging()->set_at_least_sec(absl::ToDoubleSeconds(dependency.hedging.at_least));
    out.mutable_hedging()->set_max_extra(dependency.hedging.max_extra);
  }
  if (dependency.circuit.on) DescribeCircuit(dependency.circuit, *out.mutable_circuit());
  if (dependency.balancing != Balancing()) {
    DescribeBalancing(dependency.balancing, *out.mutable_balancing());
  }
}

void DescribeDependencies(const ChainletSpec& chainlet, v1::Chainlet& out) {
  for (const DependencySpec& dependency : chainlet.dependencies) {
    v1::Dependency& described = *out.add_dependencies();
    described.set_chainlet(std::string(dependency.callee->info->name));
    described.set_attempts(dependency.attempts);
    described.set_timeout_sec(absl::ToDoubleSeconds(dependency.timeout));
    described.set_max_in_flight(dependency.max_in_flight);
    if (dependency.attempts > 1 || dependency.hedging.on) {
      described.set_retry_ratio(dependency.retry_budget.ratio);
      described.set_retry_burst(dependency.retry_budget.burst);
    }
    described.set_url(dependency.url);
    described.set_url_secret(dependency.url_secret);
    described.set_soft(dependency.soft);
    DescribePolicies(dependency, described);
  }
}

// A replica is given what its chainlets declare, and what proves who they are to services
// elsewhere.
void DescribeSecrets(const ChainletSpec& chainlet, v1::Chainlet& out) {
  std::vector<std::string> secrets = chainlet.settings.secrets;
  for (const DependencySpec& dependency : chainlet.dependencies) {
    const std::string& secret = dependency.url_secret;
    if (!secret.empty() && !absl::c_linear_search(secrets, secret)) secrets.push_back(secret);
  }
  out.mutable_secrets()->Assign(secrets.begin(), secrets.end());
}

void DescribeResources(const Resources& resources, v1::Resources& out) {
  out.set_cpus(resources.cpus);
  out.set_memory_bytes(ParseMemorySize(resources.memory).value_or(0));
  out.set_gpu(resources.gpu);
  out.set_gpu_count(resources.gpu.empty() ? 0 : resources.gpu_count);
  out.set_gpu_module(resources.gpu_module);
  out.set_gpu_optional(resources.gpu_optional);
}

void DescribeAutoscaling(const Autoscaling& autoscaling, v1::Autoscaling& out) {
  out.set_min_replica(autoscaling.min_replica);
  out.set_max_replica(autoscaling.max_replica);
  out.set_autoscaling_window_sec(absl::ToDoubleSeconds(autoscaling.autoscaling_window));
  out.set_scale_down_delay_sec(absl::ToDoubleSeconds(autoscaling.scale_down_delay));
  out.set_max_scale_down_rate(autoscaling.max_scale_down_rate);
  out.set_concurrency_target(autoscaling.concurrency_target);
  out.set_target_utilization_percentage(autoscaling.target_utilization_percentage);
}

void DescribeLimits(const Limits& limits, v1::Chainlet& out) {
  if (limits.dry_run) out.set_limits_dry_run(true);
  if (!limits.adaptive.on) return;
  v1::AdaptiveLimit& adaptive = *out.mutable_adaptive_limit();
  adaptive.set_min(limits.adaptive.min);
  adaptive.set_max(limits.adaptive.max > 0 ? limits.adaptive.max : limits.concurrency_limit);
  adaptive.set_dry_run(limits.adaptive.dry_run);
}

void DescribeSettings(const Settings& settings, v1::Chainlet& out) {
  out.mutable_variables()->insert(settings.variables.begin(), settings.variables.end());
  for (const Asset& asset : settings.assets) {
    v1::Asset& described = *out.add_assets();
    described.set_name(asset.name);
    described.set_source(asset.source);
    described.set_sha256(asset.sha256);
  }
  out.set_base_image(settings.base_image);
  out.mutable_system_packages()->Assign(settings.system_packages.begin(),
                                        settings.system_packages.end());
  v1::HealthThresholds& health = *out.mutable_health();
  health.set_restart_after_sec(absl::ToDoubleSeconds(settings.health.restart_after));
  health.set_stop_traffic_after_sec(absl::ToDoubleSeconds(settings.health.stop_traffic_after));
}

void AddFile(const FileDescriptor& file, std::set<std::string>& added, FileDescriptorSet& files) {
  if (!added.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
  file.CopyTo(files.add_file());
}

void AddComments(const FileDescriptorSet& comments, FileDescriptorSet& files) {
  for (const FileDescriptorProto& commented : comments.file()) {
    for (FileDescriptorProto& file : *files.mutable_file()) {
      if (file.name() != commented.name()) continue;
      *file.mutable_source_code_info() = commented.source_code_info();
    }
  }
}

// Protobuf indents by one space.
std::string IndentByTwo(const std::string& json) {
  std::string wide;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(json, '\n'))) {
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (!line.empty()) wide += Text(std::string(indent, ' '), line, "\n");
  }
  return wide;
}

}  // namespace

std::string SerializeInOrder(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string DisplayNameOf(const ChainletSpec& chainlet) {
  if (!chainlet.settings.display_name.empty()) return chainlet.settings.display_name;
  return std::string(chainlet.name().substr(chainlet.name().rfind('.') + 1));
}

v1::Manifest MakeManifest(const ChainSpec& chain) {
  v1::Manifest manifest;
  manifest.set_chain(chain.name);
  const ChainletSpec* entrypoint = chain.Entrypoint();
  if (entrypoint != nullptr) manifest.set_entrypoint(std::string(entrypoint->name()));
  for (const ChainletSpec& chainlet : chain.chainlets) {
    v1::Chainlet& out = *manifest.add_chainlets();
    out.set_name(std::string(chainlet.name()));
    out.set_display_name(DisplayNameOf(chainlet));
    out.set_implementation(chainlet.implementation);
    DescribeMethods(*chainlet.contract->info, out);
    DescribeDependencies(chainlet, out);
    DescribeResources(chainlet.resources, *out.mutable_resources());
    DescribeAutoscaling(chainlet.autoscaling, *out.mutable_autoscaling());
    out.set_concurrency_limit(chainlet.limits.concurrency_limit);
    out.set_max_queued(QueueOf(chain, chainlet));
    DescribeLimits(chainlet.limits, out);
    DescribeSecrets(chainlet, out);
    DescribeSettings(chainlet.settings, out);
    out.set_declared_at(PlaceText(chainlet.where));
    for (const v1::Dependency& dependency : out.dependencies()) {
      v1::Edge& edge = *manifest.add_graph();
      edge.set_from(out.name());
      edge.set_to(dependency.chainlet());
    }
  }
  return manifest;
}

std::string ManifestJson(const v1::Manifest& manifest) {
  static const std::unique_ptr<google::protobuf::util::TypeResolver> types(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          "type.chains", google::protobuf::DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for bytes that are no Manifest only.
  static_cast<void>(google::protobuf::util::BinaryToJsonString(
      types.get(), Text("type.chains/", manifest.GetDescriptor()->full_name()),
      SerializeInOrder(manifest), &json, options));
  return IndentByTwo(json);
}

FileDescriptorSet Descriptors(const ChainSpec& chain) {
  FileDescriptorSet files;
  std::set<std::string> added;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    AddFile(*chainlet.contract->info->descriptor()->file(), added, files);
  }
  for (const ChainletSpec& chainlet : chain.chainlets) {
    const std::string_view* bytes = chainlet.contract->info->comments;
    FileDescriptorSet comments;
    // What the plugin wrote is no FileDescriptorSet only where the program itself is broken.
    const bool has_them =
        bytes != nullptr && comments.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()));
    if (has_them) AddComments(comments, files);
  }
  return files;
}

}  // namespace chains::internal
