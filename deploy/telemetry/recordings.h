// Recordings: who records requests of which deployment at present, and what has come for them.
//
//   absl::StatusOr<std::unique_ptr<Recording>> recording =
//       recordings.Begin({.deployment = "3f9a", .share = 0.1, .requests = 20});
//   …gateways are told recordings.Orders(), and what is whole comes by recordings.Offer(trace)…
//   while (std::optional<v1::RecordedRequest> next = (*recording)->Take()) …
//
// What waits for its reader is bounded; what does not fit is left out, and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "chains/core/notice.h"
#include "chains/v1/control.pb.h"
#include "chains/v1/platform.pb.h"
#include "chains/v1/recording.pb.h"

namespace chains::deploy {

class Recordings;

// One that is in force as long as it lives. For one loop's thread.
class Recording {
 public:
  struct What {
    std::string deployment;
    double share = 1;  // of its requests
    uint32_t requests = 100;
    bool only_failed = false;
  };

  Recording(Recordings& of, std::string id, What what);
  ~Recording();
  Recording(const Recording&) = delete;

  // What has come next; nullopt: nothing, wait for news().
  std::optional<v1::RecordedRequest> Take();
  Notice& news() { return news_; }
  // As many have come as were wanted; some may still be to be taken.
  bool is_full() const { return come_ >= what_.requests; }
  uint64_t left_out() const { return left_out_; }
  // No further requests are to be recorded; those that were still come.
  void Stop();

 private:
  friend class Recordings;
  void Offer(const v1::Trace& trace);

  Recordings& of_;
  const std::string id_;
  const What what_;
  std::deque<v1::RecordedRequest> waiting_;
  size_t bytes_ = 0;
  uint32_t come_ = 0;
  bool stopped_ = false;
  uint64_t left_out_ = 0;
  Notice news_;
};

// For one loop's thread; outlives what it begins.
class Recordings {
 public:
  static constexpr size_t kMost = 8;  // at once
  static constexpr size_t kMostWaitingBytes = size_t{32} << 20;

  // `changed` is called whenever Orders() are other ones.
  explicit Recordings(std::function<void()> changed) : changed_(std::move(changed)) {}
  Recordings(const Recordings&) = delete;

  // RESOURCE_EXHAUSTED: there are too many.
  absl::StatusOr<std::unique_ptr<Recording>> Begin(Recording::What what);
  // What gateways are to do.
  google::protobuf::RepeatedPtrField<v1::RecordingOrder> Orders() const;
  // A trace that is whole, with messages.
  void Offer(const v1::Trace& trace);
  // Requests that were left out of any.
  uint64_t left_out() const { return left_out_; }

 private:
  friend class Recording;

  const std::function<void()> changed_;
  std::list<Recording*> recordings_;
  uint64_t last_id_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace chains::deploy
