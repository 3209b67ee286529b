#include <map>
#include <string>

#include <google/protobuf/io/printer.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "plugin/write.h"

namespace chains::plugin {
namespace {

template <typename D>
void PrintDoc(const D& declaration, Printer& out) {
  const std::string doc = DocOf(declaration);
  if (doc.empty()) return;
  for (absl::string_view line : absl::StrSplit(doc.substr(0, doc.size() - 1), '\n')) {
    out.Print("$line$\n", "line", std::string(line));
  }
}

void PrintClass(const ServiceDescriptor& service, Printer& out) {
  out.Print("\n");
  PrintDoc(service, out);
  out.Print(
      "class $name$ {\n"
      " public:\n"
      "  using ChainletContract = $name$;\n"
      "  virtual ~$name$() = default;\n",
      "name", service.name());
  out.Indent();
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    out.Print("\n");
    PrintDoc(method, out);
    out.Print("virtual $declaration$ = 0;\n", "declaration", DeclarationOf(method));
  }
  out.Outdent();
  out.Print("};\n");
}

void PrintContract(const ServiceDescriptor& service, Printer& out) {
  out.Print(
      "\n"
      "template <>\n"
      "struct chains::Contract<$type$> {\n"
      "  static constexpr std::string_view kName = \"$full_name$\";\n"
      "  static const ServiceInfo& Info();\n"
      "  static std::unique_ptr<$type$> Connect(Channel& channel);\n"
      "  static std::unique_ptr<$type$> Guard($type$& target, Edge& edge);\n"
      "  static Service Serve($type$& implementation);\n"
      "};\n",
      "type", CppName(service), "full_name", service.full_name());
}

}  // namespace

std::string DeclarationOf(const MethodDescriptor& method) {
  const std::string request = CppName(*method.input_type());
  const std::string reply = CppName(*method.output_type());
  return absl::StrCat(method.server_streaming() ? "::chains::Stream<" : "::chains::Task<", reply,
                      "> ", method.name(), "(",
                      method.client_streaming()
                          ? absl::StrCat("::chains::Stream<", request, "> requests)")
                          : absl::StrCat(request, " request)"));
}

void WriteHeader(const FileDescriptor& file, Printer& out) {
  const std::map<std::string, std::string> vars = {
      {"file", file.name()}, {"stem", Stem(file)}, {"namespace", Namespace(file)}};
  out.Print(vars,
            "// Written by protoc-gen-chains from $file$: a change here is lost.\n"
            "#pragma once\n"
            "\n"
            "#include <memory>\n"
            "#include <string_view>\n"
            "\n"
            "#include \"chains/contract/contract.h\"\n"
            "#include \"$stem$.pb.h\"\n");
  if (file.service_count() == 0) return;
  out.Print(vars, "\nnamespace $namespace$ {\n");
  for (int i = 0; i < file.service_count(); ++i) PrintClass(*file.service(i), out);
  out.Print(vars, "\n}  // namespace $namespace$\n");
  for (int i = 0; i < file.service_count(); ++i) PrintContract(*file.service(i), out);
}

}  // namespace chains::plugin
