#include "tests/deploy/bundle/fake_s3.h"

#include <algorithm>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {
namespace {

constexpr char kAccessKey[] = "ACCESS";
constexpr char kSecretKey[] = "SECRET/key+x";
constexpr char kPrefix[] = "/bucket";

std::string Hmac(const std::string& key, const std::string& text) {
  std::string mac(32, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  return mac;
}

// "Name=value" in an Authorization header.
std::string FieldOf(const std::string& header, const std::string& name) {
  const size_t at = header.find(name + "=");
  if (at == header.npos) return "";
  const size_t from = at + name.size() + 1;
  return header.substr(from, header.find(',', from) - from);
}

std::string Whole(int status, const std::string& body, bool head = false) {
  return Text("HTTP/1.1 ", status, " X\r\nContent-Length: ", body.size(), "\r\n\r\n",
              head ? "" : body);
}

std::string Error(int status, const std::string& code) {
  return Whole(status, Text("<?xml version=\"1.0\"?><Error><Code>", code,
                            "</Code><Message>it is so: ", code, "</Message></Error>"));
}

}  // namespace

FakeS3::FakeS3() : server_([this](TestServer::Connection& client) { Serve(client); }) {}

S3Store::Options FakeS3::options() const {
  S3Store::Options options;
  options.endpoint = server_.url();
  options.bucket = "bucket";
  options.prefix = "of/us";
  options.access_key = kAccessKey;
  options.secret_key = kSecretKey;
  options.first_wait = absl::Milliseconds(1);
  return options;
}

std::map<std::string, std::string> FakeS3::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

void FakeS3::Set(const std::string& name, std::string content) {
  const std::lock_guard lock(mutex_);
  objects_[name] = std::move(content);
}

int FakeS3::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeS3::Script(int what) {
  const std::lock_guard lock(mutex_);
  script_.push_back(what);
}

FakeS3::Request FakeS3::Parse(const std::string& text) {
  Request request;
  const size_t head = text.find("\r\n\r\n");
  const std::vector<std::string> lines = absl::StrSplit(text.substr(0, head), "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  request.method = words[0];
  const size_t query = words[1].find('?');
  request.path = words[1].substr(0, query);
  if (query != std::string::npos) request.query = words[1].substr(query + 1);
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    request.headers[absl::AsciiStrToLower(lines[i].substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(lines[i].substr(colon + 1)));
  }
  request.body = text.substr(head + 4);
  return request;
}

std::string FakeS3::ProblemOf(const Request& request) {
  const auto header = [&](const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  };
  if (header("x-amz-content-sha256") != Hex(Sha256Of(request.body))) return "BadDigest";
  const std::string authorization = header("authorization");
  const std::string signed_headers = FieldOf(authorization, "SignedHeaders");
  std::string canonical = Text(request.method, "\n", request.path, "\n", request.query, "\n");
  for (const absl::string_view name : absl::StrSplit(signed_headers, ';')) {
    canonical += Text(name, ":", header(std::string(name)), "\n");
  }
  canonical += Text("\n", signed_headers, "\n", header("x-amz-content-sha256"));
  const std::string date = header("x-amz-date");
  const std::string day = date.substr(0, 8);
  const std::string scope = day + "/us-east-1/s3/aws4_request";
  if (FieldOf(authorization, "AWS4-HMAC-SHA256 Credential") != Text(kAccessKey, "/", scope)) {
    return "InvalidAccessKeyId";
  }
  for (const char* needed : {"host", "x-amz-date", "x-amz-content-sha256"}) {
    if (signed_headers.find(needed) == std::string::npos) return "HeaderNotSigned";
  }
  const std::string to_sign =
      Text("AWS4-HMAC-SHA256\n", date, "\n", scope, "\n", Hex(Sha256Of(canonical)));
  std::string key = Hmac(Text("AWS4", kSecretKey), day);
  for (const char* part : {"us-east-1", "s3", "aws4_request"}) key = Hmac(key, part);
  const bool right = Hex(Hmac(key, to_sign)) == FieldOf(authorization, "Signature");
  return right ? "" : "SignatureDoesNotMatch";
}

void FakeS3::Serve(TestServer::Connection& client) {
  for (std::string text = client.Read(); !text.empty(); text = client.Read()) {
    const Request request = Parse(text);
    int scripted = 0;
    {
      const std::lock_guard lock(mutex_);
      ++requests_;
      if (!script_.empty()) {
        scripted = script_.front();
        script_.pop_front();
      }
    }
    const std::string problem = ProblemOf(request);
    if (!problem.empty()) {
      client.Write(Error(403, problem));
    } else if (scripted > 0) {
      client.Write(Error(scripted, "Scripted"));
    } else {
      const std::string answer = Answer(request);
      if (scripted == 0) {
        client.Write(answer);
        continue;
      }
      client.Write(answer.substr(0, answer.find("\r\n\r\n") + 4 + static_cast<size_t>(-scripted)));
      return;
    }
  }
}

std::string FakeS3::Answer(const Request& request) {
  const std::lock_guard lock(mutex_);
  if (request.path.rfind(kPrefix, 0) != 0) return Error(404, "NoSuchBucket");
  if (request.path == kPrefix) return AnswerList(request.query);
  const std::string name = request.path.substr(std::string(kPrefix).size() + 1);
  if (request.method == "PUT") {
    objects_[name] = request.body;
    return Whole(200, "");
  }
  if (request.method == "DELETE") {
    objects_.erase(name);
    return "HTTP/1.1 204 Gone\r\n\r\n";
  }
  const auto found = objects_.find(name);
  const bool head = request.method == "HEAD";
  if (found == objects_.end()) return head ? Whole(404, "", true) : Error(404, "NoSuchKey");
  const auto range = request.headers.find("range");
  if (range == request.headers.end()) return Whole(200, found->second, head);
  const size_t from = std::stoul(range->second.substr(std::string("bytes=").size()));
  const std::string rest = found->second.substr(from);
  return Text("HTTP/1.1 206 Part\r\nContent-Range: bytes ", from, "-", found->second.size() - 1,
              "/", found->second.size(), "\r\nContent-Length: ", rest.size(), "\r\n\r\n", rest);
}

// Called with the mutex held. A token is the name after which it goes on.
std::string FakeS3::AnswerList(const std::string& query) const {
  std::map<std::string, std::string> fields;
  for (const absl::string_view pair : absl::StrSplit(query, '&')) {
    const std::vector<std::string> sides = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (sides.size() < 2) continue;
    fields[sides[0]] = absl::StrReplaceAll(sides[1], {{"%2F", "/"}});
  }
  std::string body = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\">";
  size_t count = 0;
  std::string last;
  for (const auto& [name, content] : objects_) {
    if (name.rfind(fields["prefix"], 0) != 0 || name <= fields["continuation-token"]) continue;
    if (count++ == page_) {
      body += Text("<IsTruncated>true</IsTruncated><NextContinuationToken>", last,
                   "</NextContinuationToken>");
      break;
    }
    body +=
        Text("<Contents><Key>", name, "</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>",
             "<Size>", content.size(), "</Size></Contents>");
    last = name;
  }
  return Whole(200, body + "</ListBucketResult>");
}

}  // namespace chains::deploy
