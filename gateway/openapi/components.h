// What all operations refer to: failures by status, headers, ways to say who calls.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "chains/json/json_writer.h"

namespace chains::gateway::openapi {

// A failure: its HTTP status and the name of its response among the components.
struct Failure {
  int status;
  std::string_view code;  // "INVALID_ARGUMENT"
  std::string_view name;  // "InvalidArgument"
  std::string_view description;
  std::string_view message;  // of the example
};
std::span<const Failure> Failures();

// Entries of an operation's `responses`: every failure, and `default`.
void WriteFailures(json::JsonWriter& out);
// Entries of `components/responses`, `…/parameters`, `…/headers`, `…/securitySchemes`.
void WriteFailureResponses(json::JsonWriter& out);
void WriteParameters(json::JsonWriter& out);
void WriteHeaders(json::JsonWriter& out);
void WriteSecuritySchemes(json::JsonWriter& out);
// The value of `security`: either of the schemes.
std::string_view Security();

// `headers` of every answer.
void WriteAnswerHeaders(json::JsonWriter& out);
// References to parameters that every call takes: elements of an array that is open.
void WriteCallParameters(json::JsonWriter& out);

// Schemas of the edge itself: names that no message may take.
std::set<std::string> ReservedSchemas();
// The schema `Failure`: entries of `components/schemas`.
void WriteErrorSchemas(json::JsonWriter& out);

// {"$ref": "#/components/KIND/NAME"}
void WriteReference(std::string_view kind, std::string_view name, json::JsonWriter& out);

}  // namespace chains::gateway::openapi
