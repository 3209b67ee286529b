#include "deploy/load/response_parser.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace chains::load {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using View = boost::beast::string_view;

constexpr size_t kMaxWords = 300;
constexpr uint32_t kMaxHeadBytes = 64 << 10;

// Beast's parser without a message behind it: fields are not kept, so nothing is allocated.
class Reader final : public http::basic_parser<false> {
 public:
  Reader() {
    header_limit(kMaxHeadBytes);
    body_limit(std::numeric_limits<uint64_t>::max());  // it is not kept
    eager(true);
  }
  int status = 0;
  std::string words;

 private:
  void on_request_impl(http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int code, View, int, error_code&) override { status = code; }
  void on_field_impl(http::field, View, View, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(View body, error_code&) override { return Body(body); }
  void on_chunk_header_impl(uint64_t, View, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, View body, error_code&) override { return Body(body); }
  void on_finish_impl(error_code&) override {}

  size_t Body(View body) {
    if (status / 100 != 2 && words.size() < kMaxWords) {
      words.append(body.data(), std::min(body.size(), kMaxWords - words.size()));
    }
    return body.size();
  }
};

bool IsInterim(int status) { return status / 100 == 1; }

}  // namespace

struct ResponseParser::Machine {
  std::optional<Reader> reader{std::in_place};
};

ResponseParser::ResponseParser() : machine_(std::make_unique<Machine>()) {}
ResponseParser::~ResponseParser() = default;

bool ResponseParser::done() const { return problem_.empty() && machine_->reader->is_done(); }
int ResponseParser::status() const { return machine_->reader->status; }
bool ResponseParser::keep_alive() const { return machine_->reader->keep_alive(); }
const std::string& ResponseParser::words() const { return machine_->reader->words; }

void ResponseParser::Reset() {
  machine_->reader.emplace();
  kept_.clear();
  problem_.clear();
}

void ResponseParser::Feed(std::string_view bytes) {
  if (!kept_.empty()) {
    kept_.append(bytes);
    const std::string all = std::move(kept_);
    kept_.clear();
    return Feed(all);
  }
  while (!bytes.empty() && problem_.empty()) {
    if (done()) {
      problem_ = "more came than one response";
      return;
    }
    const size_t taken = Step(bytes);
    bytes.remove_prefix(taken);
    if (done() && IsInterim(status())) {
      machine_->reader.emplace();
    } else if (taken == 0) {
      if (bytes.size() > kMaxHeadBytes) problem_ = "a chunk's head or trailer is too long";
      kept_ = bytes;
      return;
    }
  }
}

size_t ResponseParser::Step(std::string_view bytes) {
  error_code error;
  const size_t taken = machine_->reader->put({bytes.data(), bytes.size()}, error);
  if (error && error != http::error::need_more) problem_ = error.message();
  return taken;
}

void ResponseParser::FeedEnd() {
  if (done() || !problem_.empty()) return;
  error_code error;
  if (machine_->reader->got_some() && kept_.empty()) machine_->reader->put_eof(error);
  if (error || !machine_->reader->is_done()) problem_ = "the connection ended before the response";
}

}  // namespace chains::load
