// What any peer may send on a carrier, as calls and as answers: read as protobuf reads it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/unknown_field_set.h>

#include "chains/core/context.h"
#include "chains/grpc/carried_reader.h"
#include "chains/grpc/carried_writer.h"
#include "chains/grpc/limits.h"
#include "chains/v1/wire_carrier.pb.h"

namespace chains::internal {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// Which nobody makes any more, and only protobuf skips.
bool HasGroup(const google::protobuf::Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).type() == google::protobuf::UnknownField::TYPE_GROUP) return true;
  }
  return false;
}

bool HasGroups(const wire::v1::CarriedCalls& calls) {
  bool any = HasGroup(calls);
  for (const wire::v1::CarriedCall& call : calls.calls()) {
    any = any || HasGroup(call);
    for (const wire::v1::CarriedHeader& header : call.headers()) any = any || HasGroup(header);
  }
  return any;
}

bool HasGroups(const wire::v1::CarriedAnswers& answers) {
  bool any = HasGroup(answers);
  for (const wire::v1::CarriedAnswer& answer : answers.answers()) any = any || HasGroup(answer);
  return any;
}

struct Call {
  uint64_t id;
  std::string path;
  uint64_t timeout_us;
  std::string request;
};

void TryCalls(std::string_view bytes) {
  std::vector<Call> calls;
  std::vector<uint64_t> cancelled;
  CarriedCallsReader reader((Bytes(bytes)));
  const auto withdrawn = [&cancelled](uint64_t id) { cancelled.push_back(id); };
  for (ReceivedCall call; reader.Next(call, withdrawn); call = {}) {
    calls.push_back({call.id, std::string(call.path), call.timeout_us, call.request.ToString()});
    const Context context = ContextOf(absl::InfiniteFuture(), std::move(call.said), call.wishes);
    size_t header_bytes = 0;
    for (const auto& [name, value] : context.headers()) {
      if (name != "tracestate" && name != "baggage") header_bytes += name.size() + value.size();
    }
    Check(header_bytes <= kMaxHeaderBytes);
    Check(context.has_trace() && context.priority() <= Context::kHighestPriority);
    // What it is passed on as is read again.
    CarriedWriter writer;
    writer.AddCall(call.id, calls.back().path, call.timeout_us, context, false, call.request);
    CarriedCallsReader again(writer.Take());
    ReceivedCall read;
    Check(again.Next(read, withdrawn) && read.id == call.id);
    Check(!again.Next(read, withdrawn) && again.status().ok());
  }
  wire::v1::CarriedCalls oracle;
  if (!oracle.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (HasGroups(oracle)) return;
  Check(reader.status().ok());
  Check(static_cast<int>(calls.size()) == oracle.calls_size());
  for (int i = 0; i < oracle.calls_size(); ++i) {
    const wire::v1::CarriedCall& said = oracle.calls(i);
    Check(calls[i].id == said.id() && calls[i].path == said.path());
    Check(calls[i].timeout_us == said.timeout_us() && calls[i].request == said.request());
  }
  Check(std::vector<uint64_t>(oracle.cancelled().begin(), oracle.cancelled().end()) == cancelled);
}

void TryAnswers(std::string_view bytes) {
  std::vector<std::pair<uint64_t, std::string>> answers;
  std::vector<int> codes;
  int leaving = 0;
  const absl::Status read = ReadCarriedAnswers(
      Bytes(bytes),
      [&](ReceivedAnswer& answer) {
        answers.emplace_back(answer.id, answer.reply.ToString());
        codes.push_back(answer.end.status.error_code());
        Check(answer.end.load <= kMostLoad);
      },
      [&leaving] { ++leaving; });
  wire::v1::CarriedAnswers oracle;
  if (!oracle.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (HasGroups(oracle)) return;
  Check(read.ok());
  Check(static_cast<int>(answers.size()) == oracle.answers_size());
  for (int i = 0; i < oracle.answers_size(); ++i) {
    const wire::v1::CarriedAnswer& said = oracle.answers(i);
    Check(answers[i] == std::make_pair(said.id(), said.reply()));
    Check((codes[i] == 0) == (said.code() == 0) || said.code() > 16);
  }
  Check(leaving > 0 || !oracle.leaving());
}

}  // namespace
}  // namespace chains::internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  chains::internal::TryCalls(bytes);
  chains::internal::TryAnswers(bytes);
  return 0;
}
