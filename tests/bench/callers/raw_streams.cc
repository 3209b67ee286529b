#include "tests/bench/callers/raw_streams.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/callers/requests.h"
#include "tests/bench/floors/messages.h"
#include "tests/bench/floors/raw_server.h"

namespace bench {
namespace {

// What readers share.
struct Reading {
  explicit Reading(const CallerOptions& options)
      : loop(options),
        stub(RawConnectForStreams(options.address)),
        authority(RawAuthority(options.address)),
        calls(options) {}

  ClosedLoop loop;
  grpc::CompletionQueue queue;
  const std::unique_ptr<grpc::GenericStub> stub;
  const std::string authority;
  const std::string path = RepeatCalls::kPath;
  const RepeatCalls calls;
  int running = 0;
};

// One stream after the other: the request with its headers, a read an item, the status.
class Reader {
 public:
  explicit Reader(Reading& all) : all_(all) {}

  void Start() {
    if (!all_.loop.Next()) return;
    ++all_.running;
    call_ = std::make_unique<Call>();
    call_->context.set_authority(all_.authority);
    call_->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call_->context.set_initial_metadata_corked(true);
    call_->stream = all_.stub->PrepareCall(&call_->context, all_.path, &all_.queue);
    call_->stream->StartCall(nullptr);
    call_->stream->Write(ToBuffer(all_.calls.Make()), grpc::WriteOptions().set_last_message(),
                         static_cast<RawTag*>(&sent_));
  }

 private:
  // What gRPC writes to during one call.
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
    grpc::ByteBuffer item;
    grpc::Status status;
    int items = 0;
    bool complete = true;  // every item was one
  };
  struct Step final : RawTag {
    Step(Reader& reader, void (Reader::*next)(bool)) : reader(reader), next(next) {}
    void Proceed(bool ok) override { (reader.*next)(ok); }
    Reader& reader;
    void (Reader::*const next)(bool);
  };
  void Sent(bool) { Read(); }
  void Read() { call_->stream->Read(&call_->item, static_cast<RawTag*>(&received_)); }
  void Received(bool ok) {
    if (!ok) return call_->stream->Finish(&call_->status, static_cast<RawTag*>(&finished_));
    RepeatCalls::Reply item;
    call_->complete = FromBuffer(call_->item, item) && call_->complete;
    ++call_->items;
    Read();
  }
  void Finished(bool) {
    --all_.running;
    const bool complete = call_->complete && call_->items == all_.calls.items;
    const bool ok = call_->status.ok() && complete;
    all_.loop.Done(ok, call_->status.ok() ? "items are missing" : call_->status.error_message());
    Start();
  }

  Reading& all_;
  std::unique_ptr<Call> call_;
  Step sent_{*this, &Reader::Sent};
  Step received_{*this, &Reader::Received};
  Step finished_{*this, &Reader::Finished};
};

}  // namespace

int ReadRawStreams(const CallerOptions& options) {
  Reading all(options);
  std::vector<std::unique_ptr<Reader>> readers;
  readers.reserve(options.in_flight);
  for (int i = 0; i < options.in_flight; ++i) readers.push_back(std::make_unique<Reader>(all));
  for (const std::unique_ptr<Reader>& reader : readers) reader->Start();
  void* tag = nullptr;
  bool ok = false;
  while (all.running > 0 && all.queue.Next(&tag, &ok)) static_cast<RawTag*>(tag)->Proceed(ok);
  all.queue.Shutdown();
  while (all.queue.Next(&tag, &ok)) {
  }
  return all.loop.Report();
}

}  // namespace bench
