// OpenApiPages: /openapi.json of all routes and of each, made when somebody asks and kept.
//
//   if (OpenApiPages::IsPage(path)) co_return co_await pages.Answer(head, routes);
//
// A page has an ETag of its text, so that who has it asks for nothing again: 304.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/core/task.h"
#include "gateway/app/routes.h"
#include "gateway/http/message.h"
#include "gateway/openapi/document.h"

namespace chains::gateway {

// For the loop's thread; a page that is made off it keeps what it needs alive.
class OpenApiPages {
 public:
  struct Options {
    size_t max_kept = 64;  // pages
    // Routes on the page of all; of more only environments are described there.
    size_t max_described = 200;
  };

  explicit OpenApiPages(Options options) : options_(options) {}
  OpenApiPages(const OpenApiPages&) = delete;
  OpenApiPages& operator=(const OpenApiPages&) = delete;

  // Unary methods can be called asynchronously, too.
  void DescribeAsync() { has_async_ = true; }

  // "/openapi.json", "/production/openapi.json"; without a query.
  static bool IsPage(std::string_view path) { return path.ends_with("/openapi.json"); }

  // 200 with the page, or 304. NOT_FOUND: the path leads to no route; UNAVAILABLE: its contract is
  // not known. `routes` may be null: then the page of all is empty.
  Task<Response> Answer(const RequestHead& head, std::shared_ptr<const Routes> routes);

 private:
  struct Page {
    std::string text;
    std::string etag;  // with its quotes
  };
  // What a page is made of; while that stays, the page does.
  struct Source {
    bool needs_key = true;
    std::vector<std::string> paths;  // of routes whose contract is known, and what it is
    std::vector<std::shared_ptr<const json::Transcoder>> contracts;
    friend bool operator==(const Source&, const Source&) = default;
  };

  openapi::Document DocumentOf(const Routes* routes) const;
  absl::StatusOr<openapi::Document> DocumentAt(std::string_view path, const Routes* routes) const;
  static Source SourceOf(const openapi::Document& document);
  std::shared_ptr<const Page> Kept(const std::string& path, const Source& source) const;

  const Options options_;
  bool has_async_ = false;
  struct Entry {
    Source source;
    std::shared_ptr<const Page> page;
  };
  std::map<std::string, Entry> pages_;  // by path
};

}  // namespace chains::gateway
