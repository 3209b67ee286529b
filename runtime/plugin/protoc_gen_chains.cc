// protoc-gen-chains: a plugin of protoc. For every service of FILE.proto it writes into
// FILE.chains.h and FILE.chains.cc one abstract class (callers hold it; implementations, stubs and
// fakes derive from it) and its chains::Contract (how to reach it, to guard calls of it, and to
// serve it). FILE.comments.cc has the comments, for who describes the contract to others.
//
// A contract that could not be compiled, or not be carried by JSON, is refused: all problems of all
// files at once, each as FILE:LINE:COLUMN: what is wrong; what to do.
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include "absl/strings/str_cat.h"
#include "plugin/check.h"
#include "plugin/names.h"
#include "plugin/write.h"

namespace chains::plugin {
namespace {

using google::protobuf::compiler::GeneratorContext;

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

  bool GenerateAll(const std::vector<const FileDescriptor*>& files, const std::string& parameter,
                   GeneratorContext* context, std::string* error) const override {
    std::vector<Problem> problems;
    for (const FileDescriptor* file : files) {
      for (Problem& problem : Check(*file)) problems.push_back(std::move(problem));
    }
    if (!problems.empty()) {
      *error = Report(problems);
      return false;
    }
    for (const FileDescriptor* file : files) Generate(file, parameter, context, error);
    return true;
  }

  bool Generate(const FileDescriptor* file, const std::string&, GeneratorContext* context,
                std::string*) const override {
    Write(*context, absl::StrCat(Stem(*file), ".chains.h"), *file, WriteHeader);
    Write(*context, absl::StrCat(Stem(*file), ".chains.cc"), *file, WriteSource);
    Write(*context, absl::StrCat(Stem(*file), ".comments.cc"), *file, WriteComments);
    return true;
  }

 private:
  static void Write(GeneratorContext& context, const std::string& name, const FileDescriptor& file,
                    void (*write)(const FileDescriptor&, Printer&)) {
    std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> output(context.Open(name));
    Printer printer(output.get(), '$');
    write(file, printer);
  }
};

}  // namespace
}  // namespace chains::plugin

int main(int argc, char** argv) {
  chains::plugin::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
