// Recorded requests of zoo.proto, made by hand.
#pragma once

#include <string>

#include "chains/chain/recording_file.h"
#include "zoo.pb.h"

namespace chains {

inline v1::Span& AddSpan(v1::RecordedRequest& request, uint64_t id, uint64_t parent,
                         const std::string& chainlet, const std::string& method = "RunRemote") {
  v1::Span& span = *request.add_spans();
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_chainlet(chainlet);
  span.set_method(method);
  span.set_start_unix_us(static_cast<int64_t>(id));
  span.set_recorded(true);
  return span;
}
template <typename Request, typename Reply>
void Says(v1::Span& span, const Request& request, const Reply& reply) {
  span.set_request(request.SerializeAsString());
  span.set_reply(reply.SerializeAsString());
}
inline zoo::LeafRequest LeafOf(int number) {
  zoo::LeafRequest request;
  request.set_number(number);
  return request;
}
inline zoo::LeafReply LeafAnswer(int number) {
  zoo::LeafReply reply;
  reply.set_number(number);
  return reply;
}

// Root is asked for two calls of Leaf with 4, which answer 8 and 9; it says 17.
inline v1::RecordedRequest RootOfTwo() {
  v1::RecordedRequest request;
  AddSpan(request, 1, 0, "").set_recorded(false);  // the gateway's
  zoo::RootRequest asked;
  asked.set_calls(2);
  asked.set_number(4);
  zoo::RootReply answered;
  answered.set_result(17);
  Says(AddSpan(request, 2, 1, "zoo.Root"), asked, answered);
  Says(AddSpan(request, 3, 2, "zoo.Leaf"), LeafOf(4), LeafAnswer(8));
  Says(AddSpan(request, 4, 2, "zoo.Leaf"), LeafOf(4), LeafAnswer(9));
  return request;
}

inline std::string FileOf(const v1::RecordedRequest& request, uint32_t version = 1) {
  v1::RecordingPart header;
  header.mutable_header()->set_version(version);
  header.mutable_header()->set_chain("zoo");
  v1::RecordingPart part;
  *part.mutable_request() = request;
  return PartBytes(header) + PartBytes(part);
}

}  // namespace chains
