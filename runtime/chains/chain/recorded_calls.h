// RecordedCalls: what chainlets answered while a request was recorded, in place of chainlets.
//
//   RecordedCalls recorded(request);
//   RecordedChannel channel(recorded);
//   // a stub over `channel` answers as its chainlet did
//
// A call is answered as one of the same method with the same request was: the first of them that
// was not used yet, else the last. Private fields ((chains.v1.redact)) are not compared, for they
// were not recorded. A call with requests and replies in streams (bidirectional) is answered in
// the order in which such calls began. On one loop.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/contract/channel.h"
#include "chains/v1/recording.pb.h"

namespace chains {

// The message of a failure of which the recording knows the code alone.
inline constexpr std::string_view kUnknownMessage = "it failed so while it was recorded";

// How a recorded call went.
struct RecordedCall {
  std::vector<std::string> requests;  // serialized; one, unless they are a stream
  std::vector<std::string> replies;
  absl::Status status;  // with the path below the callee
  bool cut = false;     // messages are missing
};

// A call of a recorded request: who was called by whom.
struct NamedCall {
  std::string caller;  // full name of a contract; empty: it came from outside
  std::string chainlet;
  std::string method;
  RecordedCall call;
};

// All calls to chainlets that were recorded, in the order in which they began, each once: both ends
// tell of a call between processes, and the callee's counts where it is there. `pool` knows the
// contracts; of a method that it does not know each side is taken for one message.
std::vector<NamedCall> CallsOf(const v1::RecordedRequest& request,
                               const google::protobuf::DescriptorPool& pool);

// For one loop's coroutines, or one thread.
class RecordedCalls {
 public:
  RecordedCalls() = default;
  explicit RecordedCalls(const v1::RecordedRequest& request);

  // A further one, of a contract that this program has.
  void Add(NamedCall call);

  // How the entrypoint `chainlet` was called from outside. NOT_FOUND: that was not recorded.
  absl::StatusOr<NamedCall> EntryTo(std::string_view chainlet) const;

  // FAILED_PRECONDITION: there is none; it says what to do. `shown` is the request for people.
  absl::StatusOr<RecordedCall> Take(const Method& method, const std::vector<std::string>& requests,
                                    std::string_view shown);
  // … whatever its requests were.
  absl::StatusOr<RecordedCall> TakeNext(const Method& method);
  // Calls that nobody made again.
  std::vector<NamedCall> Unused() const;

 private:
  struct Kept {
    NamedCall told;
    bool used = false;
  };
  using Key = std::pair<std::string, std::string>;  // chainlet, method
  absl::Status NoAnswer(const Method& method, std::string_view shown) const;

  std::map<Key, std::vector<Kept>> calls_;  // in the order in which they began
};

// What describes a method of a contract that this program has; null without.
const google::protobuf::MethodDescriptor* DescribedMethod(std::string_view chainlet,
                                                          std::string_view method);
// Messages that stand behind each other, each behind its length (a varint).
std::vector<std::string> SplitMessages(std::string_view bytes);
// A serialized message with private fields cleared and maps in order, so that equal ones are equal
// bytes. What is no message of that type stays as it is.
std::string ComparableBytes(const google::protobuf::Descriptor& type, std::string_view bytes);

// Whether a failure (or success) is the one that was recorded: code and message, as far as these
// were kept (512 bytes of a message).
bool IsAsRecorded(const absl::Status& recorded, const absl::Status& now);

class RecordedChannel final : public Channel {
 public:
  // `calls` outlives it.
  explicit RecordedChannel(RecordedCalls& calls) : calls_(calls) {}

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  absl::StatusOr<RecordedCall> Answer(const Method& method, std::vector<std::string> requests);

  RecordedCalls& calls_;
};

}  // namespace chains
