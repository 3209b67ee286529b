// How every kind of method is described: media types, streams, files, calls that nobody waits for.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/openapi/document.h"
#include "tests/gateway/openapi/contracts.h"

namespace chains::gateway::openapi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

constexpr const char* kContract = R"(syntax = "proto3";
package kinds;
service S {
  rpc RunRemote(Ask) returns (Answer) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Change(Ask) returns (Answer);
  rpc Out(Ask) returns (stream Answer) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc In(stream Ask) returns (Answer);
  rpc Both(stream Ask) returns (stream Answer);
  rpc Upload(Media) returns (Answer);
  rpc UploadStream(stream Media) returns (Answer);
}
message Ask { string name = 1; repeated int32 sizes = 2; Inner inner = 3; }
message Inner { bool flag = 1; }
message Answer { string text = 1; }
message Media { bytes audio = 1; optional string language = 2; Inner inner = 3; }
)";

Json Written(bool has_async) {
  Document document;
  document.is_of_one = true;
  document.has_async = has_async;
  document.routes.push_back({.route = {.chain = "kinds", .name = "production"},
                             .path = "/production",
                             .contract = ContractOf(kContract),
                             .can_be_woken = true});
  return Json::parse(openapi::Written(document));
}

std::vector<std::string> KeysOf(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

std::vector<std::string> Taken(const Json& operation) {
  return KeysOf(operation["requestBody"]["content"]);
}
std::vector<std::string> Answered(const Json& operation) {
  return KeysOf(operation["responses"]["200"]["content"]);
}
std::vector<std::string> InQuery(const Json& operation) {
  std::vector<std::string> names;
  for (const Json& parameter : operation["parameters"]) {
    if (parameter.value("in", "") == "query") names.push_back(parameter["name"]);
  }
  return names;
}

TEST(KindsTest, AUnaryMethodTakesJsonProtobufAndForms) {
  const Json paths = Written(false)["paths"];
  const Json post = paths["/run_remote"]["post"];
  EXPECT_THAT(Taken(post),
              ElementsAre("application/json", "application/x-protobuf", "multipart/form-data"));
  EXPECT_THAT(Answered(post), ElementsAre("application/json", "application/x-protobuf"));
  EXPECT_EQ(post["requestBody"]["content"]["application/json"]["example"],
            Json::parse(R"({"name": "text", "sizes": [1], "inner": {"flag": true}})"));
  EXPECT_THAT(KeysOf(paths["/change"]), ElementsAre("post"));
}

TEST(KindsTest, WhatHasNoSideEffectsCanBeGotByQuery) {
  const Json paths = Written(false)["paths"];
  EXPECT_THAT(KeysOf(paths["/run_remote"]), ElementsAre("post", "get"));
  EXPECT_THAT(InQuery(paths["/run_remote"]["get"]), ElementsAre("request", "name", "sizes"));
  EXPECT_THAT(KeysOf(paths["/out"]), ElementsAre("post", "get"));
}

TEST(KindsTest, AStreamIsLinesEventsOrAnArrayAndMayEndWithAFailure) {
  const Json post = Written(false)["paths"]["/out"]["post"];
  EXPECT_THAT(Answered(post), ElementsAre("application/x-ndjson", "text/event-stream",
                                          "application/json", "application/x-protobuf"));
  const Json& content = post["responses"]["200"]["content"];
  for (const char* type : {"application/x-ndjson", "text/event-stream"}) {
    EXPECT_EQ(content[type]["schema"]["anyOf"][0]["$ref"], "#/components/schemas/Answer");
    EXPECT_EQ(content[type]["schema"]["anyOf"][1]["$ref"], "#/components/schemas/Failure");
  }
  EXPECT_EQ(content["application/json"]["schema"]["items"]["$ref"], "#/components/schemas/Answer");
  EXPECT_THAT(post["description"], HasSubstr("broken off"));
}

TEST(KindsTest, AStreamOfRequestsIsLinesOrAnArray) {
  const Json paths = Written(false)["paths"];
  EXPECT_THAT(Taken(paths["/in"]["post"]),
              ElementsAre("application/x-ndjson", "application/json", "application/x-protobuf"));
  EXPECT_THAT(Answered(paths["/both"]["post"]),
              ElementsAre("application/x-ndjson", "text/event-stream", "application/json",
                          "application/x-protobuf"));
  EXPECT_THAT(paths["/both"]["post"]["description"], HasSubstr("WebSocket"));
  EXPECT_THAT(paths["/run_remote"]["post"].value("description", ""), Not(HasSubstr("WebSocket")));
}

TEST(KindsTest, OneFieldOfBytesMayBeTheWholeBody) {
  const Json paths = Written(false)["paths"];
  EXPECT_THAT(Taken(paths["/upload"]["post"]),
              ElementsAre("application/json", "application/x-protobuf", "multipart/form-data",
                          "application/octet-stream"));
  EXPECT_THAT(InQuery(paths["/upload"]["post"]), ElementsAre("language"));
  const Json form =
      paths["/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"];
  EXPECT_EQ(form["properties"]["audio"]["format"], "binary");
  EXPECT_EQ(form["properties"]["inner"]["$ref"], "#/components/schemas/Inner");
  EXPECT_THAT(Taken(paths["/upload_stream"]["post"]),
              ElementsAre("application/x-ndjson", "application/json", "application/x-protobuf",
                          "multipart/form-data", "application/octet-stream"));
}

TEST(KindsTest, UnaryMethodsCanBeCalledWithoutWaiting) {
  const Json document = Written(true);
  const Json post = document["paths"]["/async_change"]["post"];
  const Json body = post["requestBody"]["content"]["application/json"]["schema"];
  EXPECT_EQ(body["properties"]["model_input"]["$ref"], "#/components/schemas/Ask");
  EXPECT_EQ(body["required"], Json({"model_input"}));
  EXPECT_TRUE(post["responses"].contains("201"));
  EXPECT_FALSE(document["paths"].contains("/async_out"));
  EXPECT_THAT(KeysOf(document["paths"]["/async_request/{request_id}"]),
              ElementsAre("servers", "parameters", "get", "delete"));
  EXPECT_TRUE(document["webhooks"].contains("asyncRequestDone"));
}

TEST(KindsTest, WithoutAQueueNothingIsSaidOfIt) {
  const std::string text = Written(false).dump();
  EXPECT_THAT(text, Not(HasSubstr("async")));
  EXPECT_THAT(text, Not(HasSubstr("webhook")));
}

TEST(KindsTest, ADeploymentOfAPlatformCanBeWoken) {
  EXPECT_TRUE(Written(false)["paths"]["/wake"]["post"]["responses"].contains("202"));
}

TEST(KindsTest, FilesAreServedByPathInRanges) {
  Document document;
  document.is_of_one = true;
  document.routes.push_back({.route = {.chain = "files", .name = "production"},
                             .path = "/production",
                             .contract = ContractOf(R"(syntax = "proto3";
package chains.v1;
service S { rpc Get(FileRequest) returns (stream FilePart); }
message FileRequest { string path = 1; }
message FilePart { bytes data = 1; })")});
  const Json paths = Json::parse(openapi::Written(document))["paths"];
  ASSERT_THAT(KeysOf(paths), ElementsAre("/get/{path}"));
  EXPECT_THAT(KeysOf(paths["/get/{path}"]), ElementsAre("get", "head"));
  const Json& responses = paths["/get/{path}"]["get"]["responses"];
  for (const char* status : {"200", "206", "304", "416"}) EXPECT_TRUE(responses.contains(status));
  EXPECT_FALSE(paths["/get/{path}"]["head"]["responses"]["200"].contains("content"));
}

}  // namespace
}  // namespace chains::gateway::openapi
