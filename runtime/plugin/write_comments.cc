#include <set>
#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "plugin/write.h"

namespace chains::plugin {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::SourceCodeInfo;

constexpr size_t kBytesALine = 64;

// Where in the file a comment stands is left out: it would change with every line above it.
void KeepComments(const SourceCodeInfo& all, SourceCodeInfo& kept) {
  for (const SourceCodeInfo::Location& location : all.location()) {
    if (!location.has_leading_comments() && !location.has_trailing_comments()) continue;
    SourceCodeInfo::Location& copy = *kept.add_location();
    *copy.mutable_path() = location.path();
    for (int i = 0; i < 3; ++i) copy.add_span(0);  // fewer are no location
    if (location.has_leading_comments()) copy.set_leading_comments(location.leading_comments());
    if (location.has_trailing_comments()) copy.set_trailing_comments(location.trailing_comments());
  }
}

void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
             FileDescriptorSet& files) {
  if (absl::StartsWith(file.name(), "google/protobuf/") || !added.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
  FileDescriptorProto with_source;
  file.CopySourceCodeInfoTo(&with_source);
  SourceCodeInfo kept;
  KeepComments(with_source.source_code_info(), kept);
  if (kept.location_size() == 0) return;
  FileDescriptorProto& out = *files.add_file();
  out.set_name(file.name());
  *out.mutable_source_code_info() = std::move(kept);
}

}  // namespace

std::string CommentsOf(const FileDescriptor& file) {
  std::string name = "chains_comments_of_";
  for (const char c : file.name()) {
    absl::StrAppend(
        &name, absl::ascii_isalnum(c) ? std::string(1, c) : absl::StrCat("_", absl::Hex(c & 0xff)));
  }
  return name;
}

void WriteComments(const FileDescriptor& file, Printer& out) {
  out.Print("// Written by protoc-gen-chains from $file$: a change here is lost.\n", "file",
            file.name());
  if (file.service_count() == 0) return;
  FileDescriptorSet files;
  std::set<const FileDescriptor*> added;
  AddFile(file, added, files);
  const std::string bytes = files.SerializeAsString();
  out.Print(
      "#include <string_view>\n"
      "\n"
      "extern const ::std::string_view $name$;\n"
      "const ::std::string_view $name$(\n",
      "name", CommentsOf(file));
  for (size_t i = 0; i == 0 || i < bytes.size(); i += kBytesALine) {
    out.PrintRaw(absl::StrCat("    \"", absl::CEscape(bytes.substr(i, kBytesALine)), "\"\n"));
  }
  out.Print("    , $size$);\n", "size", absl::StrCat(bytes.size()));
}

}  // namespace chains::plugin
