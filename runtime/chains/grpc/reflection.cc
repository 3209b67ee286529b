#include "chains/grpc/reflection.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "chains/v1/wire_reflection.pb.h"

namespace chains {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using wire::v1::ServerReflectionRequest;
using wire::v1::ServerReflectionResponse;

constexpr Method kV1{.chainlet = "grpc.reflection.v1.ServerReflection",
                     .name = "ServerReflectionInfo",
                     .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                     .kind = MethodKind::kBidirectional};
constexpr Method kV1Alpha{.chainlet = "grpc.reflection.v1alpha.ServerReflection",
                          .name = "ServerReflectionInfo",
                          .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                          .kind = MethodKind::kBidirectional};

// The files of some contracts, and what can be found in them.
class DescriptorSet {
 public:
  explicit DescriptorSet(const std::vector<const ServiceDescriptor*>& contracts) {
    for (const ServiceDescriptor* contract : contracts) {
      names_.push_back(contract->full_name());
      const FileDescriptor* file = contract->file();
      pools_.insert(file->pool());
      Add(file);
    }
  }

  const std::vector<std::string>& names() const { return names_; }

  const FileDescriptor* FindFile(const std::string& name) const {
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : found->second;
  }
  const FileDescriptor* FindSymbol(const std::string& name) const {
    return Find([&](const DescriptorPool& pool) { return pool.FindFileContainingSymbol(name); });
  }
  const FileDescriptor* FindExtension(const std::string& type, int number) const {
    return Find([&](const DescriptorPool& pool) -> const FileDescriptor* {
      const Descriptor* extended = pool.FindMessageTypeByName(type);
      if (extended == nullptr) return nullptr;
      const FieldDescriptor* extension = pool.FindExtensionByNumber(extended, number);
      return extension == nullptr ? nullptr : extension->file();
    });
  }
  // nullopt when there is no such type.
  std::optional<std::set<int>> ExtensionNumbers(const std::string& type) const {
    const FileDescriptor* file = FindSymbol(type);
    const Descriptor* extended =
        file == nullptr ? nullptr : file->pool()->FindMessageTypeByName(type);
    if (extended == nullptr) return std::nullopt;
    std::vector<const FieldDescriptor*> extensions;
    file->pool()->FindAllExtensions(extended, &extensions);
    std::set<int> numbers;
    for (const FieldDescriptor* extension : extensions) {
      if (Has(extension->file())) numbers.insert(extension->number());
    }
    return numbers;
  }

 private:
  void Add(const FileDescriptor* file) {
    if (!files_.emplace(file->name(), file).second) return;
    for (int i = 0; i < file->dependency_count(); ++i) Add(file->dependency(i));
  }
  bool Has(const FileDescriptor* file) const { return FindFile(file->name()) == file; }

  template <typename F>
  const FileDescriptor* Find(F find) const {
    for (const DescriptorPool* pool : pools_) {
      const FileDescriptor* file = find(*pool);
      if (file != nullptr && Has(file)) return file;
    }
    return nullptr;
  }

  std::vector<std::string> names_;
  std::set<const DescriptorPool*> pools_;
  std::map<std::string, const FileDescriptor*> files_;
};

void SetError(ServerReflectionResponse& response, const absl::Status& status) {
  response.mutable_error_response()->set_error_code(static_cast<int>(status.code()));
  response.mutable_error_response()->set_error_message(std::string(status.message()));
}

void AddWithImports(wire::v1::FileDescriptorResponse& response, const FileDescriptor* file,
                    std::set<const FileDescriptor*>& added) {
  if (!added.insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithImports(response, file->dependency(i), added);
  }
}

// `what` was looked for.
void SetFile(ServerReflectionResponse& response, const FileDescriptor* file,
             const std::string& what) {
  if (file == nullptr)
    return SetError(response, absl::NotFoundError(absl::StrCat(what, " is not known here")));
  std::set<const FileDescriptor*> added;
  AddWithImports(*response.mutable_file_descriptor_response(), file, added);
}

void SetExtensionNumbers(ServerReflectionResponse& response, const DescriptorSet& set,
                         const std::string& type) {
  const std::optional<std::set<int>> numbers = set.ExtensionNumbers(type);
  if (!numbers) {
    return SetError(response,
                    absl::NotFoundError(absl::StrCat("the type ", type, " is not known here")));
  }
  wire::v1::ExtensionNumberResponse& found = *response.mutable_all_extension_numbers_response();
  found.set_base_type_name(type);
  found.mutable_extension_number()->Assign(numbers->begin(), numbers->end());
}

ServerReflectionResponse Answer(const DescriptorSet& set, const ServerReflectionRequest& request) {
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      SetFile(response, set.FindFile(request.file_by_filename()),
              absl::StrCat("the file ", request.file_by_filename()));
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      SetFile(response, set.FindSymbol(request.file_containing_symbol()),
              absl::StrCat("the symbol ", request.file_containing_symbol()));
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const wire::v1::ExtensionRequest& extension = request.file_containing_extension();
      SetFile(response,
              set.FindExtension(extension.containing_type(), extension.extension_number()),
              absl::StrCat("the extension ", extension.extension_number(), " of ",
                           extension.containing_type()));
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      SetExtensionNumbers(response, set, request.all_extension_numbers_of_type());
      break;
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : set.names()) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      SetError(response, absl::InvalidArgumentError("the request asks for nothing"));
      break;
  }
  return response;
}

Stream<Bytes> AnswerEach(std::shared_ptr<const DescriptorSet> set, Stream<Bytes> requests) {
  while (std::optional<Bytes> bytes = co_await requests.Next()) {
    ServerReflectionRequest request;
    co_await bytes->ParseInto(request);
    const ServerReflectionResponse response = Answer(*set, request);
    Bytes reply = co_await Bytes::Serialize(response);
    co_yield std::move(reply);
  }
}

}  // namespace

Service MakeReflection(std::vector<const ServiceInfo*> contracts) {
  std::vector<const ServiceDescriptor*> descriptors;
  for (const ServiceInfo* contract : contracts) descriptors.push_back(contract->descriptor());
  return MakeReflection(descriptors);
}

Service MakeReflection(const std::vector<const ServiceDescriptor*>& contracts) {
  const auto set = std::make_shared<const DescriptorSet>(contracts);
  Service service;
  for (const Method* method : {&kV1, &kV1Alpha}) {
    service.AddStreaming(
        *method, [set](Stream<Bytes> requests) { return AnswerEach(set, std::move(requests)); });
  }
  return service;
}

}  // namespace chains
