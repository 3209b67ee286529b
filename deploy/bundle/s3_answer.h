// What an S3 store answers, as XML.
//
//   absl::StatusOr<S3Page> page = ParseS3Page(body);
//   S3Error error = ParseS3Error(body);       // "NoSuchKey", "The specified key does not exist."
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/bundle/object_store.h"

namespace chains::deploy {

struct S3Page {
  std::vector<ObjectStore::Found> objects;  // names with the store's prefix
  std::string next;                         // token of the next page; empty: that was all
};

// INTERNAL: it is no answer to ListObjectsV2.
absl::StatusOr<S3Page> ParseS3Page(std::string_view xml);

struct S3Error {
  std::string code, message;  // both empty: it is none
};
S3Error ParseS3Error(std::string_view xml);

}  // namespace chains::deploy
