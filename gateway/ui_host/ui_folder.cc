#include "gateway/ui_host/ui_folder.h"

#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include "chains/core/text.h"
#include "gateway/app/file_call.h"
#include "gateway/ui_host/ui_assets.h"

namespace chains::gateway {
namespace {

struct Type {
  std::string_view ending;
  std::string_view type;
};
// As pack.mjs has them.
constexpr std::array<Type, 13> kTypes = {{{".css", "text/css; charset=utf-8"},
                                          {".html", "text/html; charset=utf-8"},
                                          {".ico", "image/x-icon"},
                                          {".js", "text/javascript; charset=utf-8"},
                                          {".json", "application/json"},
                                          {".mjs", "text/javascript; charset=utf-8"},
                                          {".png", "image/png"},
                                          {".svg", "image/svg+xml"},
                                          {".txt", "text/plain; charset=utf-8"},
                                          {".wasm", "application/wasm"},
                                          {".webmanifest", "application/manifest+json"},
                                          {".woff", "font/woff"},
                                          {".woff2", "font/woff2"}}};

}  // namespace

std::string_view UiTypeOf(std::string_view path) {
  for (const Type& each : kTypes) {
    if (path.ends_with(each.ending)) return each.type;
  }
  return "application/octet-stream";
}

absl::StatusOr<Response> AnswerFromFolder(const std::string& folder, std::string_view path,
                                          const RequestHead& head) {
  const absl::StatusOr<std::string> plain = FilePathOf(path.empty() ? "index.html" : path);
  if (!plain.ok()) return plain.status();
  std::ifstream file(Text(folder, "/", *plain), std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(Text("the folder of the page has no such file: ", *plain));
  }
  const std::string bytes = std::move(text).str();
  // Its time would do as well, but not for two changes within one tick.
  const std::string digest = Text(std::hash<std::string_view>()(bytes));
  return AnswerWith({.path = "", .type = UiTypeOf(*plain), .digest = digest, .plain = bytes}, head);
}

}  // namespace chains::gateway
