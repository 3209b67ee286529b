// A request to try a chain with, from its contract: {"names": ["text"]}; and what a reply looks
// like.
#pragma once

#include <string>

#include <google/protobuf/descriptor.h>

namespace chains::json {

// An object for `message` with something in every field that is not optional, and in one member of
// each oneof; three messages deep, and of large contracts not all that is inside. Protobuf's own
// types and tensors look as they do in JSON. Pure.
std::string ExampleJson(const google::protobuf::Descriptor& message);

// The same as a reply: the bare value of a message whose only field is `result`.
std::string ExampleReplyJson(const google::protobuf::Descriptor& message);

}  // namespace chains::json
