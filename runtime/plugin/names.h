// What things of a .proto file are called in C++ and over HTTP, and where they stand in their file.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/strings/string_view.h"

namespace chains::plugin {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

// "a/hello.proto" → "a/hello"
std::string Stem(const FileDescriptor& file);

// "acme.hello" → "acme::hello"
std::string Namespace(const FileDescriptor& file);

// Fully qualified, as "::hello::SayHello".
std::string CppName(const Descriptor& message);
std::string CppName(const ServiceDescriptor& service);

// "RunRemote" → "run_remote", "GetHTTPInfo" → "get_http_info": a method's name in a URL.
std::string SnakeCase(absl::string_view name);

// A word that C++ keeps for itself.
bool IsKeyword(absl::string_view name);

// Where a declaration begins, counted from 1, as compilers do.
struct Position {
  int line = 1;
  int column = 1;
};
template <typename D>
Position PositionOf(const D& declaration) {
  SourceLocation location;
  if (!declaration.GetSourceLocation(&location)) return {};
  return {location.start_line + 1, location.start_column + 1};
}

// Where the part of a file at `path` begins; descriptor.proto's SourceCodeInfo defines paths.
Position PositionOf(const FileDescriptor& file, const std::vector<int>& path);

// The comment above a declaration as lines of `//`, or nothing.
std::string DocOf(const SourceLocation& location);
template <typename D>
std::string DocOf(const D& declaration) {
  SourceLocation location;
  return declaration.GetSourceLocation(&location) ? DocOf(location) : std::string();
}

}  // namespace chains::plugin
