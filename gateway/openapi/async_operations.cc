// Requests that nobody waits for: POST …/async_METHOD, /async_request/{request_id}, webhooks.
#include <string>
#include <string_view>

#include "chains/core/text.h"
#include "chains/json/example.h"
#include "gateway/openapi/components.h"
#include "gateway/openapi/operations.h"

namespace chains::gateway::openapi {
namespace {

using json::JsonWriter;

constexpr std::string_view kWebhook =
    R"({"type":"string","format":"uri","description":"Where the result is posted to."})";
constexpr std::string_view kPriority =
    R"({"type":"integer","minimum":0,"maximum":2,"default":0,"description":"0 goes first."})";
constexpr std::string_view kMaxTime =
    R"({"type":"integer","minimum":10,"maximum":259200,"default":600,)"
    R"("description":"Longer in the queue, and it is EXPIRED."})";
constexpr std::string_view kRetryConfig =
    R"({"type":"object","description":"How a request that failed for no fault of its own is tried )"
    R"(again; without, three times in all where the method may be repeated, else once.",)"
    R"("properties":{"max_attempts":{"type":"integer","minimum":1,"maximum":10},)"
    R"("initial_delay_ms":{"type":"integer","minimum":0,"maximum":10000,"default":1000},)"
    R"("max_delay_ms":{"type":"integer","minimum":0,"maximum":60000,"default":5000}}})";
constexpr std::string_view kAccepted =
    R"({"type":"object","required":["request_id"],"properties":{"request_id":{"type":"string"}}})";
// What answers and webhooks say alike, without the braces around.
constexpr std::string_view kCommon =
    R"("request_id":{"type":"string"},"chain":{"type":"string"},)"
    R"("environment":{"type":"string","description":"The one that was named, or `deployment`."},)"
    R"("deployment":{"type":"string"},"method":{"type":"string"},)"
    R"("status":{"type":"string",)"
    R"("enum":["QUEUED","IN_PROGRESS","SUCCEEDED","FAILED","EXPIRED","CANCELED"]},)"
    R"("priority":{"type":"integer"},"attempts":{"type":"integer"},)"
    R"("created_at":{"type":"string","format":"date-time"},)"
    R"("status_at":{"type":"string","format":"date-time"},)"
    R"("result":{"description":"What the method answered; once SUCCEEDED."},)"
    R"("errors":{"type":"array","description":"Why it failed, each as `error` of a failure.",)"
    R"("items":{"type":"object","required":["code","message"],"properties":{)"
    R"("code":{"type":"string"},"message":{"type":"string"}}}})";
constexpr std::string_view kOfStatus =
    R"("webhook_status":{"type":"string","enum":["NO_WEBHOOK_PROVIDED","PENDING","SUCCEEDED",)"
    R"("FAILED","CANCELED"]},"expires_at":{"type":"string","format":"date-time"},)"
    R"("webhook_deliveries":{"type":"array","items":{"type":"object","properties":{)"
    R"("attempt":{"type":"integer"},"at":{"type":"string","format":"date-time"},)"
    R"("status":{"type":"integer"},"error":{"type":"string"}}}})";
constexpr std::string_view kOfWebhook =
    R"("type":{"type":"string","const":"async_request_completed"})";
constexpr std::string_view kAcceptedHeaders =
    R"({"Location":{"description":"Where its status is.","schema":{"type":"string"}},)"
    R"("Idempotent-Replayed":{"description":"true: the request of an earlier call with this key.",)"
    R"("schema":{"type":"string"}}})";
constexpr std::string_view kIdempotencyKey =
    R"({"name":"Idempotency-Key","in":"header","description":"The same key again is answered with )"
    R"(the request that it began; with another body, 422.","schema":{"type":"string",)"
    R"("minLength":1,"maxLength":255}})";
constexpr std::string_view kRequestId =
    R"([{"name":"request_id","in":"path","required":true,"schema":{"type":"string"}}])";
constexpr std::string_view kWebhookParameters =
    R"([{"name":"X-Chains-Delivery","in":"header","required":true,"description":"Of this result: )"
    R"(the same each time that it is tried.","schema":{"type":"string"}},)"
    R"({"name":"X-Chains-Timestamp","in":"header","required":true,"description":"Seconds since 1970, )"
    R"(of this try.","schema":{"type":"string"}},)"
    R"({"name":"X-Chains-Signature","in":"header","description":"For each of the gateway's secrets )"
    R"(`v1=` and the HMAC-SHA256 of `TIMESTAMP.BODY` in hexadecimal, with commas between.",)"
    R"("schema":{"type":"string"}}])";

std::string ObjectOf(std::string_view required, std::string_view properties) {
  return Text(R"({"type":"object","required":[)", required, R"(],"properties":{)", kCommon, ",",
              properties, "}}");
}

void WriteJson(std::string_view schema, JsonWriter& out) {
  out.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  WriteReference("schemas", schema, out);
  out.End().End();
}

void WriteAnswer(std::string_view status, std::string_view about, std::string_view schema,
                 JsonWriter& out) {
  out.Key("responses").BeginObject();
  out.Key(status).BeginObject().Key("description").String(about);
  if (status == "201") out.Key("headers").Raw(kAcceptedHeaders);
  WriteJson(schema, out);
  out.End();
  WriteFailures(out);
  out.End();
}

void WriteOfRequest(std::string_view http_method, std::string_view id, std::string_view summary,
                    OperationIds& ids, JsonWriter& out) {
  out.Key(http_method).BeginObject();
  out.Key("operationId").String(ids.Unique(id)).Key("summary").String(summary);
  out.Key("tags").BeginArray().String("async").End();
  WriteAnswer("200", "what became of it so far", "AsyncStatus", out);
  out.End();
}

}  // namespace

void Operations::WriteAsync(const Method& method) {
  const std::string name = Text("async_", method.snake_name);
  out_.Key(Text(place_.path, "/", name)).BeginObject();
  Begin(
      "post", name, Text("Queues a call of ", method.descriptor->name(), "."),
      Text("Answers once the request cannot be lost any more. The result is posted to the webhook, "
           "and kept for a while at /async_request/{request_id}. It may be called more than once, "
           "where a process dies."));
  out_.Key("parameters").BeginArray().Raw(kIdempotencyKey).End();
  out_.Key("requestBody").BeginObject().Key("required").Bool(true);
  out_.Key("content").BeginObject().Key("application/json").BeginObject();
  out_.Key("schema").BeginObject().Key("type").String("object");
  out_.Key("required").BeginArray().String("model_input").End();
  out_.Key("properties").BeginObject().Key("model_input");
  schemas_.WriteArgument(*method.request, out_);
  out_.Key("webhook_endpoint").Raw(kWebhook).Key("priority").Raw(kPriority);
  out_.Key("max_time_in_queue_seconds").Raw(kMaxTime).Key("inference_retry_config");
  WriteReference("schemas", "AsyncRetryConfig", out_);
  out_.End().End();
  out_.Key("example").BeginObject().Key("model_input");
  out_.Raw(json::ExampleJson(*method.descriptor->input_type()));
  out_.Key("webhook_endpoint").String("https://example.com/done").End();
  out_.End().End().End();
  WriteAnswer("201", "it is queued", "AsyncAccepted", out_);
  out_.End().End();
}

void WriteAsyncPaths(bool behind_server, OperationIds& ids, JsonWriter& out) {
  out.Key("/async_request/{request_id}").BeginObject();
  if (behind_server) out.Key("servers").Raw(R"([{"url":"/"}])");
  out.Key("parameters").Raw(kRequestId);
  WriteOfRequest("get", "get_async_request", "Says what became of a queued request.", ids, out);
  WriteOfRequest("delete", "cancel_async_request", "Cancels a request, also while it runs.", ids,
                 out);
  out.End();
}

void WriteAsyncSchemas(JsonWriter& out) {
  out.Key("AsyncAccepted").Raw(kAccepted);
  out.Key("AsyncRetryConfig").Raw(kRetryConfig);
  out.Key("AsyncStatus").Raw(ObjectOf(R"("request_id","status")", kOfStatus));
  out.Key("AsyncResult").Raw(ObjectOf(R"("request_id","type","status")", kOfWebhook));
}

void WriteWebhooks(OperationIds& ids, JsonWriter& out) {
  out.Key("asyncRequestDone").BeginObject().Key("post").BeginObject();
  out.Key("operationId").String(ids.Unique("async_request_done"));
  out.Key("summary").String("A queued request is done: what the gateway posts to its webhook.");
  out.Key("description")
      .String("Anything but an answer of 200 to 299 lets it try again, later and later.");
  out.Key("tags").BeginArray().String("async").End();
  out.Key("parameters").Raw(kWebhookParameters);
  out.Key("requestBody").BeginObject().Key("required").Bool(true);
  WriteJson("AsyncResult", out);
  out.End().Key("responses").BeginObject();
  out.Key("200").BeginObject().Key("description").String("taken").End();
  out.End().End().End();
}

}  // namespace chains::gateway::openapi
