#include "deploy/platform/contract_check.h"

#include <set>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/v1/options.pb.h"

namespace chains::deploy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Files come with all that they import, in an order of their own.
const ServiceDescriptor* Load(const EntrypointContract& contract, DescriptorPool& pool) {
  std::set<std::string> added;
  for (bool progress = true; progress;) {
    progress = false;
    for (const FileDescriptorProto& file : contract.descriptors.file()) {
      bool ready = !added.contains(file.name());
      for (const std::string& import : file.dependency()) ready = ready && added.contains(import);
      if (!ready || pool.BuildFile(file) == nullptr) continue;
      added.insert(file.name());
      progress = true;
    }
  }
  return pool.FindServiceByName(contract.entrypoint);
}

// A JSON caller must give it.
bool IsNeeded(const FieldDescriptor& field) {
  if (field.real_containing_oneof() != nullptr || field.has_optional_keyword()) return false;
  return !field.options().GetExtension(v1::optional);
}

enum class Direction { kRequest, kReply };

class Comparison {
 public:
  std::vector<std::string> Compare(const ServiceDescriptor& before,
                                   const ServiceDescriptor& after) {
    for (int i = 0; i < before.method_count(); ++i) {
      const MethodDescriptor& old = *before.method(i);
      const MethodDescriptor* const now = after.FindMethodByName(old.name());
      if (now == nullptr) {
        problems_.push_back(Text("method ", old.name(), " is gone"));
        continue;
      }
      if (old.client_streaming() != now->client_streaming() ||
          old.server_streaming() != now->server_streaming()) {
        problems_.push_back(Text("method ", old.name(), " streams otherwise than before"));
      }
      NewNeeds(old, *now);
      Messages(*old.input_type(), *now->input_type(), Direction::kRequest);
      Messages(*old.output_type(), *now->output_type(), Direction::kReply);
    }
    return std::move(problems_);
  }

 private:
  void NewNeeds(const MethodDescriptor& old, const MethodDescriptor& now) {
    for (int i = 0; i < now.input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *now.input_type()->field(i);
      const FieldDescriptor* const was = old.input_type()->FindFieldByName(field.name());
      if (!IsNeeded(field) || (was != nullptr && IsNeeded(*was))) continue;
      problems_.push_back(Text("method ", now.name(), " needs the field ", field.name(),
                               " of its callers, which old ones do not send; make it `optional`"));
    }
  }

  void Messages(const Descriptor& old, const Descriptor& now, Direction direction) {
    if (!compared_.emplace(old.full_name(), now.full_name()).second) return;
    for (int i = 0; i < old.field_count(); ++i) {
      const FieldDescriptor& was = *old.field(i);
      const FieldDescriptor* const is = now.FindFieldByNumber(was.number());
      const FieldDescriptor* const named = now.FindFieldByName(was.name());
      if (is == nullptr && named == nullptr) {
        // What callers send and nobody reads is ignored, as unknown keys are.
        if (direction == Direction::kReply) Add(was, "is gone");
      } else if (is == nullptr || is->name() != was.name()) {
        Add(was, is == nullptr
                     ? Text("has another number, ", named->number(), " for ", was.number())
                     : Text("is now called ", is->name()));
      } else {
        Field(was, *is, direction);
      }
    }
    if (direction == Direction::kReply && IsBare(old) != IsBare(now)) {
      problems_.push_back(Text(
          now.full_name(),
          IsBare(old) ? " is now an object in JSON, no bare" : " is now a bare value in JSON, no",
          IsBare(old) ? " value any more" : " object any more"));
    }
  }

  // A reply of one field `result` is answered as that value.
  static bool IsBare(const Descriptor& message) {
    return message.field_count() == 1 && message.field(0)->name() == "result";
  }

  void Field(const FieldDescriptor& was, const FieldDescriptor& is, Direction direction) {
    if (was.is_repeated() != is.is_repeated()) {
      return Add(was, was.is_repeated() ? "is no list any more" : "is a list now");
    }
    if (was.type() != is.type()) {
      return Add(was, Text("has the type ", is.type_name(), ", before ", was.type_name()));
    }
    if (was.message_type() != nullptr) {
      if (was.message_type()->file()->package() == "google.protobuf" ||
          is.message_type()->file()->package() == "google.protobuf") {
        if (was.message_type()->full_name() != is.message_type()->full_name()) {
          Add(was, Text("is a ", is.message_type()->full_name(), ", before ",
                        was.message_type()->full_name()));
        }
        return;
      }
      Messages(*was.message_type(), *is.message_type(), direction);
    }
    if (was.enum_type() != nullptr) Enums(was, *was.enum_type(), *is.enum_type());
  }

  void Enums(const FieldDescriptor& field, const EnumDescriptor& old, const EnumDescriptor& now) {
    for (int i = 0; i < old.value_count(); ++i) {
      const auto* const value = now.FindValueByName(old.value(i)->name());
      if (value != nullptr && value->number() == old.value(i)->number()) continue;
      Add(field,
          Text("does not know ", old.value(i)->name(), " = ", old.value(i)->number(), " any more"));
    }
  }

  void Add(const FieldDescriptor& field, std::string_view what) {
    problems_.push_back(Text("field ", field.full_name(), " ", what));
  }

  std::vector<std::string> problems_;
  std::set<std::pair<std::string, std::string>> compared_;
};

}  // namespace

std::vector<std::string> WhatBreaks(const EntrypointContract& before,
                                    const EntrypointContract& after) {
  DescriptorPool old_pool, new_pool;
  const ServiceDescriptor* const old = Load(before, old_pool);
  const ServiceDescriptor* const now = Load(after, new_pool);
  if (old == nullptr || now == nullptr) {
    return {Text("the contract ", old == nullptr ? before.entrypoint : after.entrypoint,
                 " is not in its own descriptors")};
  }
  if (before.entrypoint != after.entrypoint) {
    return {Text("the entrypoint is ", after.entrypoint, ", before ", before.entrypoint,
                 ": gRPC callers call it by that name")};
  }
  return Comparison().Compare(*old, *now);
}

absl::Status CheckCallersOf(const EntrypointContract& before, const EntrypointContract& after) {
  const std::vector<std::string> problems = WhatBreaks(before, after);
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(Text("it would break those who call ", before.entrypoint,
                                            " now: ", absl::StrJoin(problems, "; "),
                                            ". Keep the old fields, or say --breaking"));
}

}  // namespace chains::deploy
