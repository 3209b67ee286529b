// In what forms requests and replies travel: `content` of a request's body, of an answer.
#pragma once

#include <string>

#include "chains/json/json_writer.h"
#include "chains/json/transcoder.h"
#include "gateway/openapi/schemas.h"

namespace chains::gateway::openapi {

// The media types that a method takes, as gateway/README.md has them: JSON, protobuf, forms, raw
// bytes; of a method that takes a stream a line each, or an array.
void WriteRequestContent(const json::Transcoder::Method& method, const Schemas& schemas,
                         json::JsonWriter& out);
// Those that it answers.
void WriteReplyContent(const json::Transcoder::Method& method, const Schemas& schemas,
                       json::JsonWriter& out);

// Parameters of the query, elements of an array that is open: the whole request, or each field that
// is a string in JSON, or may be written as one.
void WriteQueryParameters(const json::Transcoder::Method& method, const Schemas& schemas,
                          json::JsonWriter& out);
// The same of a raw body: what is beside its one field of bytes. None where there is no such field.
void WriteRawParameters(const json::Transcoder::Method& method, const Schemas& schemas,
                        json::JsonWriter& out);

// What the forms mean, as text for a description.
std::string NotesOn(const json::Transcoder::Method& method);

}  // namespace chains::gateway::openapi
