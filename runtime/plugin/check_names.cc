#include <array>
#include <map>
#include <set>
#include <vector>

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "plugin/check.h"

namespace chains::plugin {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptorProto;

// Words that every program of a chain has as macros.
bool IsMacro(absl::string_view name) {
  static constexpr auto kMacros = std::to_array<absl::string_view>(
      {"EOF", "NULL", "assert", "errno", "linux", "offsetof", "stderr", "stdin", "stdout", "unix"});
  return absl::c_linear_search(kMacros, name);
}

// Names that the class of a contract, or the code behind it, has itself.
bool IsMember(absl::string_view name) {
  static constexpr auto kMembers = std::to_array<absl::string_view>(
      {"ChainletContract", "Healthy", "channel_", "edge_", "target_"});
  return absl::c_linear_search(kMembers, name);
}

void CheckPackage(const FileDescriptor& file, Problems& problems) {
  const Position position = PositionOf(file, {FileDescriptorProto::kPackageFieldNumber});
  const bool is_ours =
      file.package() == "chains.v1" || absl::StartsWith(file.package(), "chains.v1.");
  for (absl::string_view part : absl::StrSplit(file.package(), '.')) {
    const char* why = nullptr;
    if (IsKeyword(part)) why = " is a keyword of C++";
    if (IsMacro(part)) why = " is a macro of C";
    if (part == "std") why = " would hide the standard library in the contract's namespace";
    if (part == "chains" && !is_ours) why = " would hide namespace chains from its chainlets";
    if (why == nullptr) continue;
    problems.Add(position, absl::StrCat("package ", file.package(), ": ", part, why,
                                        "; choose another name"));
  }
}

void CheckWord(const std::string& kind, const std::string& name, Position position,
               Problems& problems) {
  if (IsKeyword(name)) {
    problems.Add(position,
                 absl::StrCat(kind, " ", name, " is a keyword of C++; choose another name"));
  } else if (IsMacro(name)) {
    problems.Add(position, absl::StrCat(kind, " ", name, " is a macro of C; choose another name"));
  }
}

void CheckMethodNames(const ServiceDescriptor& service, Problems& problems) {
  std::map<std::string, std::string> names_by_snake_case;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    CheckWord("method", method.name(), PositionOf(method), problems);
    if (method.name() == service.name()) {
      problems.Add(method, absl::StrCat("method ", method.name(),
                                        " is called as its service, which "
                                        "in C++ names the constructor; rename one"));
    }
    if (IsMember(method.name())) {
      problems.Add(method, absl::StrCat("method ", method.name(),
                                        ": every chainlet has that name itself; choose another"));
    }
    const std::string snake_case = SnakeCase(method.name());
    const auto [other, is_new] = names_by_snake_case.emplace(snake_case, method.name());
    if (!is_new) {
      problems.Add(method, absl::StrCat("methods ", other->second, " and ", method.name(), " of ",
                                        service.name(), " would both be ", snake_case,
                                        " over HTTP; rename one"));
    }
  }
}

// Collects what protobuf declares in C++, beside a file's top-level names, where a service's class
// would be declared: Outer.Inner is the class Outer_Inner there, and an enum has helpers.
class ProtobufNames {
 public:
  explicit ProtobufNames(const FileDescriptor& file) {
    for (int i = 0; i < file.message_type_count(); ++i) Add(*file.message_type(i));
    for (int i = 0; i < file.enum_type_count(); ++i) Add(*file.enum_type(i));
  }
  // The .proto name of what is declared as `name`, or nothing.
  const std::string* Find(const std::string& name) const {
    const auto found = declared_.find(name);
    return found == declared_.end() ? nullptr : &found->second;
  }

 private:
  void Add(const Descriptor& message) {
    const std::string name = google::protobuf::compiler::cpp::ClassName(&message);
    declared_.emplace(name, message.full_name());
    declared_.emplace(absl::StrCat(name, "DefaultTypeInternal"), message.full_name());
    for (int i = 0; i < message.nested_type_count(); ++i) Add(*message.nested_type(i));
    for (int i = 0; i < message.enum_type_count(); ++i) Add(*message.enum_type(i));
  }
  void Add(const EnumDescriptor& type) {
    const std::string name = google::protobuf::compiler::cpp::ClassName(&type);
    for (const char* suffix :
         {"", "_ARRAYSIZE", "_IsValid", "_MAX", "_MIN", "_Name", "_Parse", "_descriptor"}) {
      declared_.emplace(absl::StrCat(name, suffix), type.full_name());
    }
    if (type.containing_type() == nullptr) return;
    for (int i = 0; i < type.value_count(); ++i) {
      declared_.emplace(absl::StrCat(name, "_", type.value(i)->name()), type.full_name());
    }
  }

  std::map<std::string, std::string> declared_;
};

// The file, and those it imports whose names share its namespace.
void CollectSamePackage(const FileDescriptor& file, const std::string& package,
                        std::set<const FileDescriptor*>& files) {
  if (!files.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) {
    if (file.dependency(i)->package() == package) {
      CollectSamePackage(*file.dependency(i), package, files);
    }
  }
}

}  // namespace

void CheckNames(const FileDescriptor& file, Problems& problems) {
  CheckPackage(file, problems);
  std::set<const FileDescriptor*> neighbours;
  CollectSamePackage(file, file.package(), neighbours);
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    CheckWord("service", service.name(), PositionOf(service), problems);
    CheckMethodNames(service, problems);
    for (const FileDescriptor* neighbour : neighbours) {
      const ProtobufNames names(*neighbour);
      if (const std::string* other = names.Find(service.name())) {
        problems.Add(service, absl::StrCat("service ", service.name(), " is declared in C++ by ",
                                           *other, " already; rename one"));
      }
    }
  }
}

}  // namespace chains::plugin
