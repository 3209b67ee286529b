// The caller's end of a carrier, by hand: for what our own never sends.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "chains/contract/bytes.h"
#include "chains/grpc/carried_end.h"

namespace chains {

// One operation at a time; each waits for its end, a minute at most.
class RawCarrier {
 public:
  explicit RawCarrier(const std::string& address)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
    stream_ = stub_.PrepareCall(&context_, internal::kCarrierPath, &queue_);
    stream_->StartCall(nullptr);
    EXPECT_TRUE(Next());
  }
  bool Write(const std::string& message) {
    Bytes bytes(message);
    stream_->Write(bytes.buffer(), nullptr);
    return Next();
  }
  bool SayAll() {
    stream_->WritesDone(nullptr);
    return Next();
  }
  // Nothing: the callee sends nothing more.
  std::optional<Bytes> Read() {
    Bytes answers;
    stream_->Read(&answers.buffer(), nullptr);
    if (!Next()) return std::nullopt;
    return answers;
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    EXPECT_TRUE(Next());
    return status;
  }

 private:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace chains
