// Who asks for a receipt, and what the header says.
#include "gateway/app/receipt_header.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/json/json_reader.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<bool> Asks(std::string target, HttpHeaders headers = {}) {
  return AsksForReceipt(
      {.method = "POST", .target = std::move(target), .headers = std::move(headers)});
}

TEST(AsksForReceiptTest, ByQueryOrByHeader) {
  EXPECT_TRUE(*Asks("/run_remote?receipt=1"));
  EXPECT_TRUE(*Asks("/run_remote?a=b&receipt=1&c"));
  EXPECT_TRUE(*Asks("/run_remote?receipt=1#end"));
  EXPECT_TRUE(*Asks("/run_remote", {{"chains-receipt", "1"}}));
  EXPECT_TRUE(*Asks("/run_remote?receipt=0", {{"Chains-Receipt", "1"}}));
  EXPECT_FALSE(*Asks("/run_remote"));
  EXPECT_FALSE(*Asks("/run_remote?"));
  EXPECT_FALSE(*Asks("/run_remote?receipt=0"));
  EXPECT_FALSE(*Asks("/run_remote?receipts=1&xreceipt=1"));
  EXPECT_FALSE(*Asks("/receipt=1"));
  EXPECT_FALSE(*Asks("/run_remote#?receipt=1"));
  EXPECT_FALSE(*Asks("/run_remote", {{"chains-receipt", "0"}}));
}

TEST(AsksForReceiptTest, WhatIsNeitherIsRefusedByName) {
  for (const char* query : {"receipt", "receipt=", "receipt=yes", "receipt=11", "receipt=true"}) {
    const absl::Status status = Asks(Text("/run_remote?", query)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << query;
    EXPECT_THAT(std::string(status.message()), HasSubstr("receipt in the query is \""));
  }
  EXPECT_EQ(Asks("/", {{"chains-receipt", "yes"}}).status().message(),
            "the header Chains-Receipt is \"yes\": 1 asks for a receipt, 0 for none");
}

v1::Receipt Nested() {
  v1::Receipt receipt;
  v1::ReceiptCall& call = *receipt.mutable_call();
  call.set_chainlet("a.A");
  call.set_method("Run");
  call.set_replica("a-0");
  call.set_attempt(1);
  call.set_elapsed_us(10);
  call.set_total_us(9);
  v1::ReceiptCall& below = *call.add_calls();
  below.set_chainlet("b.B");
  below.set_method("Count");
  below.set_attempt(2);
  below.set_code(14);
  below.set_start_us(1);
  below.set_elapsed_us(7);
  below.set_retries_us(3);
  below.set_items(4);
  below.set_callee(v1::CALLEE_SILENT);
  return receipt;
}

TEST(ReceiptTextTest, IsOneLineOfJson) {
  EXPECT_EQ(ReceiptText(Nested()),
            R"({"call":{"chainlet":"a.A","method":"Run","replica":"a-0","attempt":1,"code":"OK",)"
            R"("start_us":0,"elapsed_us":10,"total_us":9,"queue_us":0,"user_us":0,)"
            R"("serialize_us":0,"network_us":0,"calls":[{"chainlet":"b.B","method":"Count",)"
            R"("attempt":2,"code":"UNAVAILABLE","start_us":1,"elapsed_us":7,"retries_us":3,)"
            R"("queue_us":0,"serialize_us":0,"items":4,"callee":"silent"}]}})");
}

TEST(ReceiptTextTest, IsAsciiWhateverAReplicaIsCalled) {
  v1::Receipt receipt = Nested();
  receipt.mutable_call()->set_replica("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n\x7F");
  EXPECT_THAT(ReceiptText(receipt),
              HasSubstr(R"("replica":"caf\u00e9 \u20ac \ud83d\ude00\n\u007f")"));
}

TEST(ReceiptTextTest, IsCutToItsSizeAndSaysSo) {
  v1::Receipt receipt = Nested();
  for (uint64_t i = 0; i < 400; ++i) {
    v1::ReceiptCall& call = *receipt.mutable_call()->add_calls();
    call.set_chainlet(Text("c.C", i));
    call.set_elapsed_us(i);
  }
  const std::string text = ReceiptText(receipt);
  EXPECT_LE(text.size(), kMaxReceiptText);
  EXPECT_GT(text.size(), kMaxReceiptText - 250);
  EXPECT_THAT(text, AllOf(HasSubstr("c.C399"), Not(HasSubstr("c.C100\""))));
  json::JsonReader reader(text);
  EXPECT_TRUE(reader.Skip() && reader.Finish()) << reader.status();
  const auto shown = static_cast<size_t>(std::count(text.begin(), text.end(), '{')) - 1;
  EXPECT_THAT(text, HasSubstr(Text("\"calls_left_out\":", 402 - shown, "}")));
}

}  // namespace
}  // namespace chains::gateway
