#include "gateway/app/receipt_header.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "chains/contract/receipt_message.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::gateway {
namespace {

using json::JsonWriter;

constexpr size_t kShownOfAValue = 40;

// The value of the first `receipt` in the query.
std::optional<std::string_view> InQuery(std::string_view target) {
  target = target.substr(0, target.find('#'));
  size_t at = target.find('?');
  while (at != std::string_view::npos) {
    const size_t end = target.find('&', at + 1);
    const std::string_view pair = target.substr(at + 1, end - at - 1);
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == "receipt") {
      return equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    }
    at = end;
  }
  return std::nullopt;
}

absl::StatusOr<bool> ZeroOrOne(std::optional<std::string_view> value, std::string_view where) {
  if (!value || *value == "0") return false;
  if (*value == "1") return true;
  return absl::InvalidArgumentError(Text(where, " is \"", value->substr(0, kShownOfAValue),
                                         "\": 1 asks for a receipt, 0 for none"));
}

void Write(const v1::ReceiptCall& call, JsonWriter& json) {
  const bool known = call.callee() == v1::CALLEE_KNOWN;
  json.BeginObject();
  json.Key("chainlet").String(call.chainlet());
  json.Key("method").String(call.method());
  if (!call.replica().empty()) json.Key("replica").String(call.replica());
  json.Key("attempt").Unsigned(call.attempt());
  json.Key("code").String(absl::StatusCodeToString(static_cast<absl::StatusCode>(call.code())));
  json.Key("start_us").Unsigned(call.start_us());
  json.Key("elapsed_us").Unsigned(call.elapsed_us());
  if (call.retries_us() > 0) json.Key("retries_us").Unsigned(call.retries_us());
  if (known) json.Key("total_us").Unsigned(call.total_us());
  json.Key("queue_us").Unsigned(call.queue_us());
  if (known) json.Key("user_us").Unsigned(call.user_us());
  json.Key("serialize_us").Unsigned(call.serialize_us());
  if (known) json.Key("network_us").Unsigned(call.network_us());
  if (call.items() > 0) json.Key("items").Unsigned(call.items());
  if (call.callee() == v1::CALLEE_UNREADABLE) json.Key("callee").String("unreadable");
  if (call.callee() == v1::CALLEE_SILENT) json.Key("callee").String("silent");
  if (!call.calls().empty()) {
    json.Key("calls").BeginArray();
    for (const v1::ReceiptCall& each : call.calls()) Write(each, json);
    json.End();
  }
  if (call.calls_left_out() > 0) json.Key("calls_left_out").Unsigned(call.calls_left_out());
  json.End();
}

// A code unit of UTF-16.
void AppendEscape(uint32_t unit, std::string& to) { absl::StrAppendFormat(&to, "\\u%04x", unit); }

// The same JSON without a byte that HTTP would not carry. Outside of strings there is none.
std::string InAscii(const std::string& json) {
  std::string ascii;
  ascii.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    const auto first = static_cast<unsigned char>(json[i++]);
    if (first < 0x7F) {
      ascii += static_cast<char>(first);
      continue;
    }
    if (first == 0x7F) {  // a control character to HTTP, none to JSON
      AppendEscape(first, ascii);
      continue;
    }
    const size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    uint32_t point = first & (0x3Fu >> more);
    for (size_t k = 0; k < more; ++k) point = point << 6 | (json[i++] & 0x3F);
    if (point < 0x10000) {
      AppendEscape(point, ascii);
    } else {
      AppendEscape(0xD800 + ((point - 0x10000) >> 10), ascii);
      AppendEscape(0xDC00 + ((point - 0x10000) & 0x3FF), ascii);
    }
  }
  return ascii;
}

std::string WholeText(const v1::Receipt& receipt) {
  JsonWriter json;
  json.BeginObject().Key("call");
  Write(receipt.call(), json);
  if (receipt.calls_left_out() > 0) json.Key("calls_left_out").Unsigned(receipt.calls_left_out());
  json.End();
  return InAscii(std::move(json).Take());
}

}  // namespace

absl::StatusOr<bool> AsksForReceipt(const RequestHead& head) {
  const absl::StatusOr<bool> query = ZeroOrOne(InQuery(head.target), "receipt in the query");
  if (!query.ok()) return query;
  const absl::StatusOr<bool> header =
      ZeroOrOne(head.Header("chains-receipt"), "the header Chains-Receipt");
  if (!header.ok()) return header;
  return *query || *header;
}

std::string ReceiptText(const v1::Receipt& receipt) {
  const v1::Receipt cut = CutReceipt(
      receipt, [](const v1::Receipt& less) { return WholeText(less).size() <= kMaxReceiptText; });
  return WholeText(cut);
}

CallersReceipt::CallersReceipt(const RequestHead& head) {
  const absl::StatusOr<bool> asks = AsksForReceipt(head);
  status_ = asks.status();
  asked_ = asks.ok() && *asks;
}

void CallersReceipt::AddTo(HttpHeaders& headers) const {
  if (!asked_ || receipt_ == nullptr || receipt_->root().calls().empty()) return;
  headers.emplace_back("Chains-Receipt", ReceiptText(MessageOf(*receipt_->root().calls().front())));
}

}  // namespace chains::gateway
