// A request to try a chain with, from its contract: {"names": ["text"]}.
#pragma once

#include <string>

#include <google/protobuf/descriptor.h>

namespace chains::json {

// An object for `message` with something in every field that is not optional, and in one member of
// each oneof; three messages deep. Pure.
std::string ExampleJson(const google::protobuf::Descriptor& message);

}  // namespace chains::json
