#include "chains/json/transcoder.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/json/json_to_wire.h"
#include "chains/json/method_timeout.h"
#include "chains/json/wire.h"
#include "chains/json/wire_to_json.h"

namespace chains::json {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

class Problems : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    problems_.push_back(Text(file, ": ", element, ": ", message));
  }
  std::string Joined() const { return absl::StrJoin(problems_, "; "); }

 private:
  std::vector<std::string> problems_;
};

// Files into a pool, what a file imports before the file.
class Builder {
 public:
  Builder(const FileDescriptorSet& files, DescriptorPool& pool) : pool_(pool) {
    for (const FileDescriptorProto& file : files.file()) files_.try_emplace(file.name(), &file);
  }

  absl::Status All() {
    for (const auto& [name, file] : files_) {
      if (absl::Status built = Build(*file); !built.ok()) return built;
    }
    return absl::OkStatus();
  }
  const std::vector<const FileDescriptor*>& built() const { return built_; }

 private:
  absl::Status Build(const FileDescriptorProto& file) {
    if (!begun_.try_emplace(file.name(), true).second) return absl::OkStatus();
    for (const std::string& name : file.dependency()) {
      const auto import = files_.find(name);
      if (import == files_.end()) continue;  // the pool will say so
      if (absl::Status built = Build(*import->second); !built.ok()) return built;
    }
    Problems problems;
    const FileDescriptor* built = pool_.BuildFileCollectingErrors(file, &problems);
    if (built == nullptr) {
      return absl::InvalidArgumentError(Text("the descriptors do not fit: ", problems.Joined()));
    }
    built_.push_back(built);
    return absl::OkStatus();
  }

  DescriptorPool& pool_;
  std::unordered_map<std::string, const FileDescriptorProto*> files_;
  std::unordered_map<std::string, bool> begun_;
  std::vector<const FileDescriptor*> built_;
};

chains::MethodKind KindOf(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? MethodKind::kBidirectional : MethodKind::kClientStreaming;
  }
  return method.server_streaming() ? MethodKind::kServerStreaming : MethodKind::kUnary;
}

// Numbers in chains/v1/options.proto.
constexpr uint32_t kHttpOptions = 51471;
constexpr uint32_t kMaxBodyBytes = 1;
constexpr uint32_t kPath = 3;
constexpr uint32_t kVerb = 4;

// The option may be a known extension or unknown bytes, as this program links its definition or
// not; written out it is the same.
std::optional<uint64_t> MaxBodyBytesOf(const MethodDescriptor& method) {
  std::optional<uint64_t> bytes;
  const std::string options = method.options().SerializeAsString();
  WireReader reader(options);
  for (WireReader::Field option; reader.Next(option);) {
    if (option.number != kHttpOptions) continue;
    WireReader parts(option.bytes);
    for (WireReader::Field part; parts.Next(part);) {
      if (part.number == kMaxBodyBytes) bytes = part.value;
    }
  }
  return bytes;
}

// The same of its text.
std::string HttpTextOf(const MethodDescriptor& method, uint32_t number) {
  std::string text;
  const std::string options = method.options().SerializeAsString();
  WireReader reader(options);
  for (WireReader::Field option; reader.Next(option);) {
    if (option.number != kHttpOptions) continue;
    WireReader parts(option.bytes);
    for (WireReader::Field part; parts.Next(part);) {
      if (part.number == number) text = part.bytes;
    }
  }
  return text;
}

absl::Status CheckOptions(const ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const absl::Status timeout = MethodTimeoutOf(*service.method(i)).status();
    if (!timeout.ok()) {
      return absl::InvalidArgumentError(
          Text(service.method(i)->full_name(), ": ", MessageOf(timeout)));
    }
  }
  return absl::OkStatus();
}

bool IsIdempotent(const MethodDescriptor& method) {
  return method.options().idempotency_level() !=
         google::protobuf::MethodOptions::IDEMPOTENCY_UNKNOWN;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Transcoder>> Transcoder::Create(const FileDescriptorSet& files,
                                                                     std::string_view service,
                                                                     Limits limits) {
  auto pool = std::make_unique<DescriptorPool>();
  Builder builder(files, *pool);
  if (absl::Status built = builder.All(); !built.ok()) return built;
  const ServiceDescriptor* found = pool->FindServiceByName(std::string(service));
  if (found == nullptr) {
    return absl::NotFoundError(Text("the descriptors hold no service '", service, "'"));
  }
  if (absl::Status options = CheckOptions(*found); !options.ok()) return options;
  return std::unique_ptr<const Transcoder>(
      new Transcoder(std::move(pool), *found, builder.built(), limits));
}

Transcoder::Transcoder(std::unique_ptr<DescriptorPool> pool, const ServiceDescriptor& service,
                       const std::vector<const FileDescriptor*>& files, Limits limits)
    : pool_(std::move(pool)),
      service_(&service),
      schema_(std::make_unique<const Schema>(files, limits.dialect)),
      limits_(limits) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& descriptor = *service.method(i);
    auto method = std::make_unique<Method>();
    method->snake_name = SnakeCase(descriptor.name());
    method->descriptor = &descriptor;
    method->request = schema_->Find(descriptor.input_type()->full_name());
    method->reply = schema_->Find(descriptor.output_type()->full_name());
    method->path = Text("/", service.full_name(), "/", descriptor.name());
    method->max_body_bytes = MaxBodyBytesOf(descriptor);
    method->http_path = HttpTextOf(descriptor, kPath);
    method->http_verb = HttpTextOf(descriptor, kVerb);
    if (method->http_verb.empty() && !method->http_path.empty()) method->http_verb = "POST";
    method->timeout = MethodTimeoutOf(descriptor).value_or(std::nullopt);  // checked by Create()
    method->call = {.chainlet = service.full_name(),
                    .name = descriptor.name(),
                    .path = method->path,
                    .kind = KindOf(descriptor),
                    .idempotent = IsIdempotent(descriptor),
                    .line = 0};
    methods_.push_back(std::move(method));
  }
}

const Transcoder::Method* Transcoder::Find(std::string_view snake_name) const {
  for (const auto& method : methods_) {
    if (method->snake_name == snake_name) return method.get();
  }
  return nullptr;
}

absl::StatusOr<std::string> Transcoder::RequestToWire(const Method& method,
                                                      std::string_view json) const {
  return JsonToWire(*schema_, *method.request, json, limits_.max_wire_bytes);
}

absl::StatusOr<std::string> Transcoder::ReplyToJson(const Method& method,
                                                    std::string_view wire) const {
  return WireToJson(*schema_, *method.reply, wire, limits_.max_json_bytes);
}

absl::StatusOr<std::string> Transcoder::RequestToJson(const Method& method,
                                                      std::string_view wire) const {
  return WireToJson(*schema_, *method.request, wire, limits_.max_json_bytes);
}

absl::StatusOr<std::string> Transcoder::ReplyToWire(const Method& method,
                                                    std::string_view json) const {
  return JsonToWire(*schema_, *method.reply, json, limits_.max_wire_bytes);
}

std::string SnakeCase(std::string_view name) {
  const auto upper = [&](size_t at) { return at < name.size() && absl::ascii_isupper(name[at]); };
  const auto lower = [&](size_t at) { return at < name.size() && absl::ascii_islower(name[at]); };
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool begins_word =
        upper(i) && i > 0 && name[i - 1] != '_' && (!upper(i - 1) || lower(i + 1));
    if (begins_word) snake += '_';
    snake += absl::ascii_tolower(name[i]);
  }
  return snake;
}

}  // namespace chains::json
