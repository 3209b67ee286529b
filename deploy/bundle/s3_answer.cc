#include "deploy/bundle/s3_answer.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// What is between <tag> and </tag>, from `at` on, which is moved behind it. S3's elements have no
// attributes but the root's, and none is inside another of its name.
std::optional<std::string_view> Between(std::string_view xml, std::string_view tag, size_t& at) {
  const std::string open = Text("<", tag, ">");
  const std::string close = Text("</", tag, ">");
  const size_t begin = xml.find(open, at);
  if (begin == xml.npos) return std::nullopt;
  const size_t end = xml.find(close, begin + open.size());
  if (end == xml.npos) return std::nullopt;
  at = end + close.size();
  return xml.substr(begin + open.size(), end - begin - open.size());
}

std::string Unescaped(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {{{"&amp;", '&'},
                                                                           {"&lt;", '<'},
                                                                           {"&gt;", '>'},
                                                                           {"&quot;", '"'},
                                                                           {"&apos;", '\''},
                                                                           {"&#34;", '"'}}};
  std::string plain;
  while (!text.empty()) {
    size_t taken = 1;
    char c = text[0];
    for (const auto& [entity, meaning] : kEntities) {
      if (!text.starts_with(entity)) continue;
      c = meaning;
      taken = entity.size();
      break;
    }
    plain += c;
    text.remove_prefix(taken);
  }
  return plain;
}

std::string TextOf(std::string_view xml, std::string_view tag) {
  size_t at = 0;
  return Unescaped(Between(xml, tag, at).value_or(""));
}

}  // namespace

absl::StatusOr<S3Page> ParseS3Page(std::string_view xml) {
  if (xml.find("<ListBucketResult") == xml.npos) {
    return absl::InternalError("the store's answer is no list of objects");
  }
  S3Page page;
  size_t at = 0;
  while (const std::optional<std::string_view> entry = Between(xml, "Contents", at)) {
    ObjectStore::Found found;
    found.name = TextOf(*entry, "Key");
    std::string problem;
    if (found.name.empty() || !absl::SimpleAtoi(TextOf(*entry, "Size"), &found.size) ||
        !absl::ParseTime(absl::RFC3339_full, TextOf(*entry, "LastModified"), &found.changed,
                         &problem)) {
      return absl::InternalError(
          Text("the store's list has an entry that is damaged: ", found.name));
    }
    page.objects.push_back(std::move(found));
  }
  if (TextOf(xml, "IsTruncated") == "true") {
    page.next = TextOf(xml, "NextContinuationToken");
    if (page.next.empty()) {
      return absl::InternalError("the store's list goes on, and does not say where");
    }
  }
  return page;
}

S3Error ParseS3Error(std::string_view xml) {
  if (xml.find("<Error>") == xml.npos) return {};
  return {.code = TextOf(xml, "Code"), .message = TextOf(xml, "Message")};
}

}  // namespace chains::deploy
