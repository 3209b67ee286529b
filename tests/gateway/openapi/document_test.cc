// What /openapi.json says of a contract: read back as JSON, place by place.
#include "gateway/openapi/document.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "everything.pb.h"
#include "tests/gateway/openapi/contracts.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway::openapi {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::ordered_json;

Json Parsed(const Document& document) { return Json::parse(Written(document)); }

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

Document Of(std::shared_ptr<const json::Transcoder> contract) {
  Document document;
  document.is_of_one = true;
  document.routes.push_back({.route = {.chain = "chain", .name = "production"},
                             .path = "/production",
                             .contract = std::move(contract)});
  return document;
}

Json OfSource(const std::string& source, bool has_async = false) {
  Document document = Of(ContractOf(source));
  document.has_async = has_async;
  return Parsed(document);
}

const Json Everything() {
  return Parsed(Of(*json::Transcoder::Create(json::FilesOf(*everything::All::descriptor()),
                                             "everything.Everything")));
}

Json Post(const Json& document, const std::string& path) { return document["paths"][path]["post"]; }
Json ReplyOf(const Json& operation, const std::string& media_type) {
  return operation["responses"]["200"]["content"][media_type]["schema"];
}

TEST(DocumentTest, TakesDescriptionsFromComments) {
  const Json document = OfSource(R"(
// Of the file.
syntax = "proto3";
// Of the service.
service S {
  // Does it. Then says
  // how it was.
  //
  //   indented
  rpc Do(A) returns (B);
  rpc Silent(A) returns (B);
}
// Asks.
message A {
  string name = 1;  // Who.
  Mood mood = 2;
}
message B { repeated int32 numbers = 1; }
enum Mood { BAD = 0; GOOD = 1;  // Or better.
})");
  EXPECT_THAT(document["info"]["description"], HasSubstr("Of the file."));
  EXPECT_EQ(document["tags"][0]["description"], "Of the file.\n\nOf the service.");
  EXPECT_EQ(Post(document, "/do")["summary"], "Does it.");
  EXPECT_EQ(Post(document, "/do")["description"], "Does it. Then says\nhow it was.\n\n  indented");
  EXPECT_EQ(Post(document, "/silent")["summary"], "Of the service.");
  const Json& schemas = document["components"]["schemas"];
  EXPECT_EQ(schemas["A"]["description"], "Asks.");
  EXPECT_EQ(schemas["A"]["properties"]["name"]["description"], "Who.");
  EXPECT_EQ(schemas["Mood"]["enum"], Json({"BAD", "GOOD"}));
  EXPECT_EQ(schemas["Mood"]["description"], "- `GOOD`: Or better.");
}

TEST(DocumentTest, SaysNothingWhereThereIsNoComment) {
  const Json document = OfSource(
      "syntax = \"proto3\"; service S { rpc Do(A) returns (A); } message A { string name = 1; }");
  EXPECT_EQ(Post(document, "/do")["summary"], "S.Do");
  EXPECT_THAT(Keys(Post(document, "/do")), Not(Contains("description")));
  EXPECT_THAT(Keys(document["components"]["schemas"]["A"]), Not(Contains("description")));
}

TEST(DocumentTest, ARequestRequiresItsArgumentsAndAReplyWhatItAlwaysHas) {
  const Json schemas = OfSource(R"(syntax = "proto3";
service S { rpc Do(In) returns (Out); }
message In { string name = 1; optional int32 size = 2; repeated Part parts = 3; }
message Out { string name = 1; optional int32 size = 2; repeated Part parts = 3; Part first = 4; }
message Part { int64 number = 1; })")["components"]["schemas"];
  EXPECT_EQ(schemas["In"]["required"], Json({"name", "parts"}));
  EXPECT_EQ(schemas["Out"]["required"], Json({"name", "parts"}));
  EXPECT_EQ(schemas["In"]["properties"]["parts"]["items"]["$ref"],
            "#/components/schemas/Part-Input");
  EXPECT_EQ(schemas["Out"]["properties"]["first"]["$ref"], "#/components/schemas/Part");
  EXPECT_EQ(schemas["Part"]["properties"]["number"],
            Json::parse(R"({"type": "string", "format": "int64"})"));
  EXPECT_EQ(schemas["Part-Input"]["properties"]["number"]["type"], Json({"string", "integer"}));
  EXPECT_THAT(Keys(schemas["Part-Input"]), Not(Contains("required")));
}

TEST(DocumentTest, ProtobufsOwnTypesLookAsTheyDoInJson) {
  const Json fields = Everything()["components"]["schemas"]["All"]["properties"];
  EXPECT_EQ(fields["time"]["format"], "date-time");
  EXPECT_EQ(fields["span"]["type"], "string");
  EXPECT_EQ(fields["object"]["additionalProperties"], true);
  EXPECT_EQ(fields["value"], Json::object());
  EXPECT_EQ(fields["list"]["type"], "array");
  EXPECT_EQ(fields["wrapped_bool"]["type"], "boolean");
  EXPECT_EQ(fields["wrapped_int64"]["type"], "string");
  EXPECT_EQ(fields["null"]["type"], "null");
  EXPECT_EQ(fields["some_bytes"]["contentEncoding"], "base64");
  EXPECT_EQ(fields["counts"]["additionalProperties"]["type"], "integer");
  EXPECT_THAT(Keys(fields["counts"]), Not(Contains("propertyNames")));
  EXPECT_EQ(fields["by_flag"]["propertyNames"]["enum"], Json({"true", "false"}));
  EXPECT_EQ(fields["names"]["propertyNames"]["pattern"], "^-?[0-9]+$");
}

TEST(DocumentTest, OfAOneofOneMemberMustBeThere) {
  const Json choice = Everything()["components"]["schemas"]["Choice-Input"];
  std::vector<std::string> members;
  for (const Json& each : choice["oneOf"]) members.push_back(each["required"][0]);
  EXPECT_THAT(members, ElementsAre("text", "number", "person"));
  EXPECT_THAT(choice["description"], HasSubstr("At most one of `text`, `number`, `person`."));
}

TEST(DocumentTest, AReplyWithTheFieldResultIsItsValue) {
  const Json document = OfSource(R"(syntax = "proto3";
service S { rpc Text(A) returns (B); rpc Maybe(A) returns (C); }
message A {} message B { string result = 1; } message C { A result = 1; })");
  EXPECT_EQ(ReplyOf(Post(document, "/text"), "application/json")["type"], "string");
  EXPECT_EQ(ReplyOf(Post(document, "/maybe"), "application/json")["anyOf"][1]["type"], "null");
  EXPECT_THAT(Keys(document["components"]["schemas"]), Not(Contains("B")));
}

TEST(DocumentTest, WhatIsDeprecatedSaysSo) {
  const Json document = OfSource(R"(syntax = "proto3";
service S { rpc Old(A) returns (A) { option deprecated = true; } }
message A { string name = 1 [deprecated = true]; })");
  EXPECT_EQ(Post(document, "/old")["deprecated"], true);
  EXPECT_EQ(document["components"]["schemas"]["A"]["properties"]["name"]["deprecated"], true);
}

TEST(DocumentTest, NamesOfOperationsAreUniqueAndWords) {
  Document document;
  const std::shared_ptr<const json::Transcoder> contract = ContractOf(
      "syntax = \"proto3\"; service S { rpc Do(A) returns (A); rpc DO2(A) returns (A); } message A "
      "{}");
  for (const char* name : {"production", "1-2", "1.2"}) {
    document.routes.push_back({.route = {.chain = "a-b", .name = name},
                               .path = std::string("/") + name,
                               .contract = contract});
  }
  std::set<std::string> ids;
  const Json written = Parsed(document);
  for (const auto& [path, item] : written["paths"].items()) ids.insert(item["post"]["operationId"]);
  EXPECT_THAT(ids, UnorderedElementsAre("aBProductionDo", "aBProductionDo2", "aB12Do", "aB12Do2",
                                        "aB12Do22", "aB12Do3"));
}

TEST(DocumentTest, ContractsThatDifferHaveDefinitionsOfTheirOwn) {
  Document document;
  const auto add = [&](const char* name, const std::string& field) {
    document.routes.push_back(
        {.route = {.chain = "c", .kind = Route::Kind::kDeployment, .name = name},
         .path = std::string("/") + name,
         .contract = ContractOf("syntax = \"proto3\"; package p; service S { rpc Do(A) returns "
                                "(A); } message A { string " +
                                field + " = 1; }")});
  };
  add("one", "name");
  add("same", "name");
  add("two", "title");
  const Json written = Parsed(document);
  const auto argument = [&](const std::string& path) {
    return written["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
  };
  EXPECT_EQ(argument("/one/do"), argument("/same/do"));
  EXPECT_NE(argument("/one/do"), argument("/two/do"));
  EXPECT_THAT(Keys(written["components"]["schemas"]),
              AllOf(Contains("A"), Contains("p.A"), Contains("Failure")));
}

TEST(DocumentTest, AMessageCalledFailureIsNotTakenForAFailure) {
  const Json document = OfSource(R"(syntax = "proto3"; package p;
service S { rpc Do(Failure) returns (Failure); } message Failure { string name = 1; })");
  EXPECT_EQ(ReplyOf(Post(document, "/do"), "application/json")["$ref"],
            "#/components/schemas/p.Failure");
}

TEST(DocumentTest, EveryFailureHasItsStatusAndAnExample) {
  const Json document = Everything();
  const Json responses = Post(document, "/greet")["responses"];
  for (const char* status :
       {"400", "401", "403", "404", "413", "415", "429", "499", "503", "504"}) {
    ASSERT_TRUE(responses.contains(status)) << status;
    const std::string name = responses[status]["$ref"];
    const Json response = document.at(Json::json_pointer(name.substr(1)));
    EXPECT_TRUE(response["content"]["application/json"]["example"]["error"].contains("code"));
  }
  EXPECT_TRUE(
      document["components"]["responses"]["Unavailable"]["headers"].contains("Retry-After"));
}

TEST(DocumentTest, AsksForNoKeyWhereNobodyIsAskedForOne) {
  Document document =
      Of(ContractOf("syntax = \"proto3\"; service S { rpc Do(A) returns (A); } message A {}"));
  EXPECT_TRUE(Parsed(document).contains("security"));
  EXPECT_TRUE(Parsed(document)["components"].contains("securitySchemes"));
  document.needs_key = false;
  EXPECT_FALSE(Parsed(document).contains("security"));
  EXPECT_FALSE(Parsed(document)["components"].contains("securitySchemes"));
}

TEST(DocumentTest, ADocumentOfNothingIsOne) {
  const Json written = Parsed(Document());
  EXPECT_EQ(written["openapi"], "3.1.0");
  EXPECT_TRUE(written["paths"].empty());
}

}  // namespace
}  // namespace chains::gateway::openapi
