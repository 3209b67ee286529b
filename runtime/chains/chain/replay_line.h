// ReplayLine: what came of a recorded request that was replayed, as a line of JSON for programs.
//
//   {"request":1,"same":true,"recorded":{"code":"OK","replies":[17]},"now":{…}}
//   {"request":2,"same":false,"recorded":{…},"now":{…},
//    "differs":[{"at":"/replies/0/text","recorded":"a","now":"b"}]}
//   {"request":3,"same":false,"problem":{"code":"NOT_FOUND","message":"…"}}
//   {"replayed":3,"as_recorded":1}
//
// Pure. No line has its end.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace chains {

// How many differences of one request are told.
inline constexpr size_t kMostDifferences = 100;

struct ReplayEnd {
  std::vector<std::string> replies = {};  // JSON; what is none stands there as text
  absl::Status status = {};
};
struct ReplayedRequest {
  int number = 0;  // in the recording, from 1
  bool incomplete = false;
  bool same = false;
  ReplayEnd recorded = {};
  ReplayEnd now = {};
  std::vector<std::string> not_called = {};  // "zoo.Leaf/RunRemote": was called then, but not now
};

// `differs` has where the two ends are not the same, by JSON Pointers (RFC 6901) into them, with
// what is there; a side without anything there has no member.
std::string ReplayLine(const ReplayedRequest& replayed);
// Of a request that could not be replayed at all.
std::string ReplayLine(int number, const absl::Status& problem);
// The last line.
std::string ReplaySumLine(int replayed, int as_recorded);

}  // namespace chains
