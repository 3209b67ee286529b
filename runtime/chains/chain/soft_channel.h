// What stands below a soft dependency (soft.h) whose callee is not there.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/policy/elastic_channel.h"

namespace chains::internal {

// Every call fails with UNAVAILABLE and why.
class AbsentChannel final : public Channel {
 public:
  explicit AbsentChannel(const absl::Status& why)
      : why_(absl::StatusCode::kUnavailable, why.message()) {}
  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  const absl::Status why_;
};

// An ElasticChannel whose calls do not wait as long as they may for a replica: while there is none
// they fail with UNAVAILABLE after `patience`. So long they do wait, and count as demand, because a
// replica may just be exchanged, and one that was scaled away must learn that it is wanted.
class ImpatientChannel final : public Channel {
 public:
  static constexpr absl::Duration kPatience = absl::Milliseconds(100);

  explicit ImpatientChannel(std::unique_ptr<ElasticChannel> channel,
                            absl::Duration patience = kPatience)
      : channel_(std::move(channel)), patience_(patience) {}
  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  // OK when there is a replica. `method` is who is asked for it.
  Task<void> WaitForOne(const Method& method);

  const std::unique_ptr<ElasticChannel> channel_;
  const absl::Duration patience_;
};

}  // namespace chains::internal
