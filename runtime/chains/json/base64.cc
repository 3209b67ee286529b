#include "chains/json/base64.h"

#include <algorithm>

#include "chains/json/base64_groups.h"

namespace chains::json {
namespace {

// Done by pieces that stay in the first-level cache on their way to `out`: growing a string by
// resize() would write zeros first, a second pass over memory.
constexpr size_t kGroupsAtOnce = 1024;

std::string_view WithoutPadding(std::string_view text) {
  if (text.size() % 4 == 0 && text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  return text;
}

// One or two bytes that are no whole group.
void AppendRest(std::string_view bytes, std::string& out) {
  char group[3] = {};
  char text[4];
  std::copy(bytes.begin(), bytes.end(), group);
  kTableBase64.encode(group, 1, text);
  std::fill(text + bytes.size() + 1, text + 4, '=');
  out.append(text, 4);
}

// Two or three characters. The bits that they have to spare must be zero: one spelling for one
// value, as RFC 4648 recommends in section 3.5.
bool AppendFromRest(std::string_view text, std::string& out) {
  char group[4] = {'A', 'A', 'A', 'A'};
  char bytes[3];
  std::copy(text.begin(), text.end(), group);
  if (!kTableBase64.decode(group, 1, bytes)) return false;
  const size_t size = text.size() - 1;
  out.append(bytes, size);
  return bytes[size] == 0;
}

}  // namespace

void AppendBase64(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  char text[4 * kGroupsAtOnce];
  while (bytes.size() >= 3) {
    const size_t groups = std::min(bytes.size() / 3, kGroupsAtOnce);
    FastestBase64().encode(bytes.data(), groups, text);
    out.append(text, 4 * groups);
    bytes.remove_prefix(3 * groups);
  }
  if (!bytes.empty()) AppendRest(bytes, out);
}

size_t SizeFromBase64(std::string_view text) {
  text = WithoutPadding(text);
  return text.size() / 4 * 3 + text.size() % 4 * 3 / 4;
}

bool AppendFromBase64(std::string_view text, std::string& out) {
  text = WithoutPadding(text);
  if (text.size() % 4 == 1) return false;
  out.reserve(out.size() + SizeFromBase64(text));
  char bytes[3 * kGroupsAtOnce];
  while (text.size() >= 4) {
    const size_t groups = std::min(text.size() / 4, kGroupsAtOnce);
    if (!FastestBase64().decode(text.data(), groups, bytes)) return false;
    out.append(bytes, 3 * groups);
    text.remove_prefix(4 * groups);
  }
  return text.empty() || AppendFromRest(text, out);
}

}  // namespace chains::json
