#include "gateway/openapi/comments.h"

#include <algorithm>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway::openapi {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::SourceLocation;

constexpr size_t kLongestSummary = 120;

std::string Tidied(const std::string& comment) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    lines.emplace_back(absl::StripTrailingAsciiWhitespace(line));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  while (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
  return absl::StrJoin(lines, "\n");
}

// Before the last byte of UTF-8 that would be cut in two.
std::string_view CutAt(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace

std::string CommentIn(const SourceLocation& location) {
  std::string above = Tidied(location.leading_comments);
  return above.empty() ? Tidied(location.trailing_comments) : above;
}

std::string CommentOf(const google::protobuf::FileDescriptor& file) {
  for (const int number :
       {FileDescriptorProto::kSyntaxFieldNumber, FileDescriptorProto::kPackageFieldNumber}) {
    SourceLocation location;
    if (!file.GetSourceLocation({number}, &location)) continue;
    std::string comment = CommentIn(location);
    if (!comment.empty()) return comment;
  }
  return "";
}

std::string SummaryOf(std::string_view comment) {
  const std::string_view paragraph = comment.substr(0, comment.find("\n\n"));
  const std::string line = absl::StrReplaceAll(ToAbsl(paragraph), {{"\n", " "}});
  size_t end = line.find(". ");
  end = end == std::string::npos ? line.size() : end + 1;
  if (end <= kLongestSummary) return line.substr(0, end);
  return Text(CutAt(line, kLongestSummary), "…");
}

std::string Paragraphs(std::string_view first, std::string_view second) {
  if (first.empty() || second.empty()) return std::string(first.empty() ? second : first);
  return Text(first, "\n\n", second);
}

}  // namespace chains::gateway::openapi
