// Heads as HTTP/2 has them, to and from what handlers see. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "gateway/http/message.h"

namespace chains::gateway {

// The head of a request, field by field.
class Http2HeadReader {
 public:
  // `max_bytes` as SETTINGS_MAX_HEADER_LIST_SIZE counts them: 32 a field, beside name and value.
  explicit Http2HeadReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  // What goes beyond the limit is counted, and forgotten.
  void Add(std::string_view name, std::string_view value);
  bool too_large() const { return bytes_ > max_bytes_; }
  // A field came that HTTP does not allow.
  void SetMalformed() { malformed_ = true; }
  bool malformed() const { return malformed_; }

  // `:authority` becomes the header `host`, unless there is one; crumbs of cookies are one header.
  RequestHead Take();

 private:
  const size_t max_bytes_;
  size_t bytes_ = 0;
  bool malformed_ = false;
  RequestHead head_;
  std::string authority_;
};

// The head of a response, or trailers, as fields. It keeps what they point to.
class Http2Fields {
 public:
  Http2Fields() = default;
  Http2Fields(const Http2Fields&) = delete;
  Http2Fields& operator=(const Http2Fields&) = delete;

  // `name` in any case. What belongs to a connection of HTTP/1.1 is left out, as are names that are
  // none; what would end a line in a value becomes a space.
  void Add(std::string_view name, std::string_view value);
  // Only once all are added.
  const std::vector<nghttp2_nv>& fields();

 private:
  struct Field {
    std::string name;
    std::string value;
  };
  std::vector<Field> kept_;
  std::vector<nghttp2_nv> fields_;
};

}  // namespace chains::gateway
