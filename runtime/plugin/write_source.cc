#include <map>
#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "plugin/write.h"

namespace chains::plugin {
namespace {

using google::protobuf::MethodOptions;
using Vars = std::map<std::string, std::string>;

// As chains::MethodKind and the functions of contract_inl.h have it.
const char* KindOf(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "Bidirectional" : "ClientStreaming";
  }
  return method.server_streaming() ? "ServerStreaming" : "Unary";
}

bool IsIdempotent(const MethodDescriptor& method) {
  return method.options().idempotency_level() != MethodOptions::IDEMPOTENCY_UNKNOWN;
}

// How C++ gets at the descriptor of the file. A file of services only has nothing of its own to
// ask; there the table that protobuf writes for each file is named, which also keeps that file
// linked.
std::string FileDescriptorOf(const FileDescriptor& file) {
  if (file.message_type_count() > 0) {
    return absl::StrCat(CppName(*file.message_type(0)), "::descriptor()->file()");
  }
  std::string table;
  for (const char c : file.name()) {
    absl::StrAppend(&table, absl::ascii_isalnum(c) ? std::string(1, c)
                                                   : absl::StrCat("_", absl::Hex(c & 0xff)));
  }
  return absl::StrCat(
      "::google::protobuf::DescriptorPool::generated_pool()->FindFileByName("
      "::descriptor_table_",
      table, ".filename)");
}

Vars VarsOf(const ServiceDescriptor& service) {
  return {{"service", service.name()},
          {"comments", CommentsOf(*service.file())},
          {"full_name", service.full_name()},
          {"file", service.file()->name()},
          {"file_descriptor", FileDescriptorOf(*service.file())},
          {"line", absl::StrCat(PositionOf(service).line)},
          {"count", absl::StrCat(service.method_count())},
          {"type", CppName(service)}};
}

Vars VarsOf(const MethodDescriptor& method) {
  return {{"service", method.service()->name()},
          {"full_name", method.service()->full_name()},
          {"type", CppName(*method.service())},
          {"line", absl::StrCat(PositionOf(method).line)},
          {"method", method.name()},
          {"index", absl::StrCat(method.index())},
          {"kind", KindOf(method)},
          {"guarded", method.server_streaming() ? "Replies" : KindOf(method)},
          {"idempotent", IsIdempotent(method) ? "true" : "false"},
          {"declaration", DeclarationOf(method)},
          {"request", CppName(*method.input_type())},
          {"reply", CppName(*method.output_type())},
          {"argument", method.client_streaming() ? "requests" : "request"}};
}

// Prints `text` once for each method, with the method's variables.
void PrintEach(const ServiceDescriptor& service, const char* text, Printer& out) {
  for (int i = 0; i < service.method_count(); ++i) out.Print(VarsOf(*service.method(i)), text);
}

void PrintInfo(const ServiceDescriptor& service, Printer& out) {
  out.Print(VarsOf(service), "constexpr ::chains::Method k$service$Methods[] = {\n");
  PrintEach(service,
            "    {.chainlet = \"$full_name$\",\n"
            "     .name = \"$method$\",\n"
            "     .path = \"/$full_name$/$method$\",\n"
            "     .kind = ::chains::MethodKind::k$kind$,\n"
            "     .idempotent = $idempotent$,\n"
            "     .line = $line$},\n",
            out);
  out.Print(VarsOf(service),
            "};\n"
            "\n"
            "const ::google::protobuf::ServiceDescriptor* $service$Descriptor() {\n"
            "  const auto* file = $file_descriptor$;\n"
            "  return file->FindServiceByName(\"$service$\");\n"
            "}\n"
            "\n"
            "constexpr ::chains::ServiceInfo k$service$Info = {\n"
            "    .name = \"$full_name$\",\n"
            "    .proto_file = \"$file$\",\n"
            "    .line = $line$,\n"
            "    .methods = k$service$Methods,\n"
            "    .descriptor = $service$Descriptor,\n"
            "    .comments = &$comments$,\n"
            "};\n");
}

void PrintStub(const ServiceDescriptor& service, Printer& out) {
  out.Print(VarsOf(service),
            "\n"
            "class $service$Stub final : public $type$ {\n"
            " public:\n"
            "  explicit $service$Stub(::chains::Channel& channel) : channel_(channel) {}\n"
            "  ::chains::Channel& channel() const { return channel_; }\n");
  PrintEach(service,
            "\n"
            "  $declaration$ override {\n"
            "    return ::chains::internal::Call$kind$<$request$, $reply$>(\n"
            "        channel_, k$service$Methods[$index$], ::std::move($argument$));\n"
            "  }\n",
            out);
  out.Print(
      "\n"
      " private:\n"
      "  ::chains::Channel& channel_;\n"
      "};\n");
}

bool IsUnary(const MethodDescriptor& method) {
  return !method.client_streaming() && !method.server_streaming();
}
bool HasUnary(const ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    if (IsUnary(*service.method(i))) return true;
  }
  return false;
}

void PrintGuardedMethod(const MethodDescriptor& method, Printer& out) {
  out.Print(VarsOf(method), "\n  $declaration$ override {\n");
  if (IsUnary(method)) {
    out.Print(VarsOf(method),
              "    if (inner_ != nullptr) {\n"
              "      return ::chains::internal::GuardUnary<&$type$::$method$, $reply$>(\n"
              "          target_, *passages_[$index$], inner_->target_,\n"
              "          *inner_->passages_[$index$], ::std::move($argument$));\n"
              "    }\n"
              "    if (stub_ != nullptr && ::chains::internal::AnyReceipt()) {\n"
              "      return ::chains::internal::GuardRecorded<$reply$>(\n"
              "          stub_->channel(), k$service$Methods[$index$], *passages_[$index$],\n"
              "          ::std::move($argument$));\n"
              "    }\n"
              "    if (stub_ != nullptr) {\n"
              "      return ::chains::internal::GuardSerialized<$reply$>(\n"
              "          stub_->channel(), k$service$Methods[$index$], *passages_[$index$],\n"
              "          ::chains::Bytes::Serialize($argument$));\n"
              "    }\n");
  }
  out.Print(VarsOf(method),
            "    return ::chains::internal::Guard$guarded$<&$type$::$method$, $reply$>(\n"
            "        target_, *passages_[$index$], ::std::move($argument$));\n"
            "  }\n");
}

void PrintGuard(const ServiceDescriptor& service, Printer& out) {
  const Vars vars = VarsOf(service);
  out.Print(vars,
            "\n"
            "class $service$Guard final : public $type$ {\n"
            " public:\n"
            "  $service$Guard($type$& target, ::chains::Edge& edge)\n"
            "      : target_(target),\n");
  if (HasUnary(service)) {
    out.Print(vars,
              "        inner_(dynamic_cast<$service$Guard*>(&target)),\n"
              "        stub_(dynamic_cast<$service$Stub*>(&target)),\n");
  }
  out.Print(vars,
            "        passages_(::chains::internal::PassagesOf(edge, k$service$Methods)) {}\n");
  for (int i = 0; i < service.method_count(); ++i) PrintGuardedMethod(*service.method(i), out);
  out.Print(vars,
            "\n"
            " private:\n"
            "  $type$& target_;\n");
  if (HasUnary(service)) {
    out.Print(vars,
              "  // The target, where calls take a shorter way to it.\n"
              "  $service$Guard* const inner_;\n"
              "  $service$Stub* const stub_;\n");
  }
  out.Print(vars,
            "  ::chains::internal::Passages<$count$> passages_;\n"
            "};\n");
}

void PrintContract(const ServiceDescriptor& service, Printer& out) {
  out.Print(
      VarsOf(service),
      "\n"
      "const ::chains::ServiceInfo& chains::Contract<$type$>::Info() {\n"
      "  return k$service$Info;\n"
      "}\n"
      "\n"
      "::std::unique_ptr<$type$> chains::Contract<$type$>::Connect(Channel& channel) {\n"
      "  return ::std::make_unique<$service$Stub>(channel);\n"
      "}\n"
      "\n"
      "::std::unique_ptr<$type$> chains::Contract<$type$>::Guard($type$& target, Edge& edge) {\n"
      "  return ::std::make_unique<$service$Guard>(target, edge);\n"
      "}\n"
      "\n"
      "::chains::Service chains::Contract<$type$>::Serve($type$& implementation) {\n"
      "  Service service;\n");
  PrintEach(
      service,
      "  internal::Serve$kind$<&$type$::$method$, $request$>(service, k$service$Methods[$index$],\n"
      "      implementation);\n",
      out);
  out.Print(
      "  return service;\n"
      "}\n");
}

}  // namespace

void WriteSource(const FileDescriptor& file, Printer& out) {
  out.Print(
      "// Written by protoc-gen-chains from $file$: a change here is lost.\n"
      "#include \"$stem$.chains.h\"\n",
      "file", file.name(), "stem", Stem(file));
  if (file.service_count() == 0) return;
  out.Print(
      "\n"
      "#include <memory>\n"
      "#include <string_view>\n"
      "#include <utility>\n"
      "\n"
      "#include <google/protobuf/descriptor.h>\n"
      "\n"
      "// Of a program that was linked without it the address is null.\n"
      "extern const ::std::string_view $comments$ __attribute__((weak));\n",
      "comments", CommentsOf(file));
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    out.Print("\n// $name$\n\nnamespace {\n\n", "name", service.full_name());
    PrintInfo(service, out);
    PrintStub(service, out);
    PrintGuard(service, out);
    out.Print("\n}  // namespace\n");
    PrintContract(service, out);
  }
}

}  // namespace chains::plugin
