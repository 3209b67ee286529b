// MediaContract: a contract of methods that take bytes in every way, without generated code.
#pragma once

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include "chains/v1/file.pb.h"
#include "chains/v1/options.pb.h"

namespace chains::gateway {

inline constexpr const char* kMediaProto = R"(
  syntax = "proto3";
  package media;
  import "chains/v1/file.proto";
  import "chains/v1/options.proto";

  service Media {
    rpc Hear(Sound) returns (Heard);
    rpc Look(Pictures) returns (Heard);
    rpc Say(Words) returns (Heard);
    rpc Listen(stream Sound) returns (Heard);
    rpc Follow(stream Packet) returns (Heard);
    rpc Count(stream Words) returns (Heard);
    rpc Download(chains.v1.FileRequest) returns (stream chains.v1.FilePart) {
      option idempotency_level = NO_SIDE_EFFECTS;
    }
    rpc Small(Sound) returns (Heard) { option (chains.v1.http) = {max_body_bytes: 100000}; }
    rpc Long(stream Sound) returns (Heard) { option (chains.v1.http) = {max_body_bytes: 5000000000}; }
  }
  enum Speed { SPEED_UNSPECIFIED = 0; FAST = 1; }
  message Detail { int32 depth = 1; }
  message Sound {
    bytes audio = 1;
    string language = 2;
    optional int32 rate = 3;
    optional Speed speed = 4;
    repeated string tags = 5 [(chains.v1.optional) = true];
    repeated int32 marks = 6 [(chains.v1.optional) = true];
    optional Detail detail = 7;
    repeated Detail details = 8 [(chains.v1.optional) = true];
    map<string, int32> counts = 9 [(chains.v1.optional) = true];
    optional bool loud = 10;
  }
  message Pictures { repeated bytes images = 1; bytes mask = 2; optional string title = 3; }
  message Words { string text = 1; }
  message Setup { string language = 1; }
  message Packet {
    oneof what {
      Setup setup = 1;
      bytes chunk = 2;
    }
  }
  message Heard { string result = 1; }
)";

inline google::protobuf::FileDescriptorSet MediaFiles() {
  google::protobuf::FileDescriptorSet files;
  google::protobuf::DescriptorProto::descriptor()->file()->CopyTo(files.add_file());
  google::protobuf::Timestamp::descriptor()->file()->CopyTo(files.add_file());
  v1::FileRequest::descriptor()->file()->CopyTo(files.add_file());
  v1::HttpOptions::descriptor()->file()->CopyTo(files.add_file());
  google::protobuf::io::ArrayInputStream input(
      kMediaProto, static_cast<int>(std::string_view(kMediaProto).size()));
  google::protobuf::io::Tokenizer tokenizer(&input, nullptr);
  google::protobuf::compiler::Parser parser;
  google::protobuf::FileDescriptorProto* const file = files.add_file();
  EXPECT_TRUE(parser.Parse(&tokenizer, file));
  file->set_name("media.proto");
  return files;
}

}  // namespace chains::gateway
