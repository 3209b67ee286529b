// What the comments of a contract say, as descriptions.
//
//   CommentOf(*method.descriptor)   // "Says hello to all.\nOne line each."
//   SummaryOf("Says hello to all. One line each.")   // "Says hello to all."
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>

namespace chains::gateway::openapi {

// The comment above a declaration, else the one behind it; lines without the blank that follows
// `//`, no blank lines around. Empty without source information or without a comment.
std::string CommentIn(const google::protobuf::SourceLocation& location);
template <typename D>
std::string CommentOf(const D& declaration) {
  google::protobuf::SourceLocation location;
  return declaration.GetSourceLocation(&location) ? CommentIn(location) : std::string();
}
// The one above `syntax`, else above `package`.
std::string CommentOf(const google::protobuf::FileDescriptor& file);

// The first sentence, on one line; cut where it is long.
std::string SummaryOf(std::string_view comment);

// Two texts as paragraphs; either may be empty.
std::string Paragraphs(std::string_view first, std::string_view second);

}  // namespace chains::gateway::openapi
