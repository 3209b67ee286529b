// What any peer may say as its receipt: it never fails a call, and what is made of it stays small.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "chains/contract/receipt_message.h"
#include "chains/core/loop.h"
#include "chains/core/worker_pool.h"
#include "chains/json/json_reader.h"
#include "gateway/app/receipt_header.h"

namespace chains::gateway {
namespace {

// Its time stands still.
class StillLoop final : public Loop {
 public:
  using Loop::Loop;
  absl::Time Now() const override { return absl::UnixEpoch(); }

 private:
  void Wake() override {}
};

void Check(bool holds) {
  if (!holds) std::abort();
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

size_t CountIn(const v1::ReceiptCall& call) {
  size_t count = 1;
  for (const v1::ReceiptCall& each : call.calls()) count += CountIn(each);
  return count;
}

void TryAnswer(std::string_view bytes) {
  static WorkerPool workers;
  static const StillLoop loop(workers);
  const auto receipt = internal::Receipt::Begin(loop);
  const Context context = receipt->Under(Context());
  internal::CallFigures figures;
  figures.chainlet = "test.Callee";
  figures.method = "Run";
  internal::CallRecord& call = *context.record()->Add(std::move(figures), loop.Now());
  AddAnswer(call, bytes, loop.Now(), loop.Now() + absl::Seconds(1));

  const v1::Receipt whole = MessageOf(call);
  Check(whole.call().chainlet() == "test.Callee");
  Check(CountIn(whole.call()) <= internal::Receipt::kMaxCalls);
  for (const size_t max : {4096, 300}) {
    const std::string encoded = EncodeReceipt(call, max);
    v1::Receipt read;
    Check(encoded.size() <= max && read.ParseFromString(encoded));
  }
  const std::string text = ReceiptText(whole);
  Check(text.size() <= kMaxReceiptText && IsAscii(text));
  json::JsonReader reader(text);
  Check(reader.Skip() && reader.Finish());
}

void TryQuestion(std::string_view text) {
  (void)AsksForReceipt(RequestHead{.method = "POST", .target = std::string(text), .headers = {}});
  const absl::StatusOr<bool> asks = AsksForReceipt(
      {.method = "POST", .target = "/", .headers = {{"chains-receipt", std::string(text)}}});
  Check(asks.ok() == (text == "1" || text == "0"));
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  chains::gateway::TryAnswer(text);
  chains::gateway::TryQuestion(text);
  return 0;
}
