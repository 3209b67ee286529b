// Any lines as the head of a server's response: what is taken of them makes sense.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fetch/http_client.h"
#include "fetch/networks.h"
#include "fetch/response_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  transcribe::Networks::Parse(rest).IgnoreError();
  transcribe::ResponseHead head;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    head.AddLine(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (const auto& range = head.range(); range.has_value()) {
    if (range->first > range->last || range->last >= range->size) std::abort();
  }
  if (head.is_redirect()) {
    const auto next = transcribe::FollowRedirect("https://a.example/b/c", head.location());
    if (next.ok() && !next->starts_with("https://")) std::abort();
  }
  return 0;
}
