#include "deploy/recording/make_test.h"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "chains/chain/recorded_calls.h"
#include "chains/core/text.h"
#include "chains/json/transcoder.h"
#include "deploy/recording/test_text.h"

namespace chains::deploy {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

// "hello.v1.HelloAll" → "hello.v1"; empty without a package.
std::string_view PackageOf(std::string_view full_name) {
  const size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : full_name.substr(0, dot);
}

std::string_view ShortName(std::string_view full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

// "shop/hello.proto" → "shop/hello.chains.h", as protoc-gen-chains names it.
std::string HeaderOf(const google::protobuf::FileDescriptor& file) {
  std::string_view name = file.name();
  if (name.ends_with(".proto")) name.remove_suffix(std::string_view(".proto").size());
  return Text(name, ".chains.h");
}

class Writer {
 public:
  Writer(const v1::RecordingHeader& header, const DescriptorPool& pool)
      : header_(header), pool_(pool) {}

  // What the entrypoint called, once for each call that was answered otherwise.
  absl::Status AddAnswer(const NamedCall& call) {
    absl::StatusOr<std::string> text = CallText(call, "      ");
    if (!text.ok()) return text.status();
    std::string statement =
        Text("  recorded.Answers<", CppName(call.chainlet), ">({", *text, "});\n");
    return Grow(std::move(statement));
  }
  absl::Status SetRequest(const NamedCall& call) {
    absl::StatusOr<std::string> text = CallText(call, "      ");
    if (!text.ok()) return text.status();
    entry_ = Text("  const chains::testing::RecordedTexts request{", *text, "};\n");
    entry_failed_ = !call.call.status.ok();
    return Grow("");
  }

  std::string TestText() const {
    const std::string space = CppName(PackageOf(header_.entrypoint()));
    const std::string when = absl::FormatTime(
        "%Y-%m-%d %H:%M", absl::FromUnixMillis(header_.unix_ms()), absl::UTCTimeZone());
    std::string text =
        Text("// A request to ", absl::CEscape(header_.chain()), " as it was recorded on ", when,
             " UTC, of deployment ", absl::CEscape(header_.deployment()), ".\n",
             "// What other chainlets answered stands in for them.\n",
             "#include <gtest/gtest.h>\n\n", "#include \"chains/testing/recorded.h\"\n");
    for (const std::string& each : includes_) text += Text("#include \"", each, "\"\n");
    text += "\n";
    if (!space.empty()) text += Text("namespace ", space, " {\n\n");
    text += "// The chain as its program declares it.\nchains::Chain MakeChain();\n\n";
    if (!space.empty()) text += Text("}  // namespace ", space, "\n\n");
    text += Text("namespace {\n\nTEST(", ShortName(header_.entrypoint()), "Recorded, ",
                 entry_failed_ ? "FailsAsItDid" : "AnswersAsItDid", ") {\n",
                 "  chains::testing::Recorded recorded;\n", answers_, entry_,
                 "  EXPECT_EQ(recorded.Differences<", CppName(header_.entrypoint()), ">(",
                 space.empty() ? "" : Text(space, "::"),
                 "MakeChain(), request), \"\");\n}\n\n}  // namespace\n");
    return text;
  }

 private:
  // Members of a RecordedTexts.
  absl::StatusOr<std::string> CallText(const NamedCall& call, std::string_view indent) {
    const google::protobuf::ServiceDescriptor* const service =
        pool_.FindServiceByName(call.chainlet);
    const MethodDescriptor* const method =
        service == nullptr ? nullptr : service->FindMethodByName(call.method);
    if (method == nullptr) {
      return absl::InvalidArgumentError(
          Text("the recording's contracts lack ", call.chainlet, "/", call.method));
    }
    includes_.insert(HeaderOf(*service->file()));
    absl::StatusOr<std::string> requests = MessagesText(*method->input_type(), call.call.requests);
    if (!requests.ok()) return requests;
    std::string text =
        Text(".method = \"", call.method, "\",\n", indent, ".requests = ", *requests);
    const bool has_replies = call.call.status.ok() || method->server_streaming();
    if (has_replies && !call.call.replies.empty()) {
      absl::StatusOr<std::string> replies = MessagesText(*method->output_type(), call.call.replies);
      if (!replies.ok()) return replies;
      text += Text(",\n", indent, ".replies = ", *replies);
    }
    if (!call.call.status.ok()) {
      text += Text(",\n", indent, ".status = ", StatusText(call.call.status), "\n", indent);
    }
    return text;
  }
  absl::Status Grow(std::string more) {
    answers_ += more;
    if (answers_.size() + entry_.size() <= kMaxTestBytes) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "the request's messages are too large for the text of a test; keep its recording and "
        "replay that: chains replay FILE --program PROGRAM");
  }

  const v1::RecordingHeader& header_;
  const DescriptorPool& pool_;
  std::set<std::string> includes_;
  std::string answers_;
  std::string entry_;
  bool entry_failed_ = false;
};

absl::Status CheckWhole(const NamedCall& call) {
  if (!call.call.cut) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text("messages of ", call.chainlet, "/", call.method, " were too large to be recorded"));
}

}  // namespace

absl::StatusOr<v1::MakeTestResponse> MakeTest(const v1::RecordingHeader& header,
                                              const v1::RecordedRequest& request) {
  // It builds the contracts' descriptors, and checks them.
  const auto transcoder = json::Transcoder::Create(header.descriptors(), header.entrypoint());
  if (!transcoder.ok()) return transcoder.status();
  const DescriptorPool& pool = *(*transcoder)->service().file()->pool();
  Writer writer(header, pool);
  bool has_entry = false;
  for (const NamedCall& call : CallsOf(request, pool)) {
    const bool is_entry = !has_entry && call.caller.empty() && call.chainlet == header.entrypoint();
    if (!is_entry && call.caller != header.entrypoint()) continue;
    if (absl::Status whole = CheckWhole(call); !whole.ok()) return whole;
    const absl::Status added = is_entry ? writer.SetRequest(call) : writer.AddAnswer(call);
    if (!added.ok()) return added;
    has_entry = has_entry || is_entry;
  }
  if (!has_entry) {
    return absl::NotFoundError(
        Text("the recording lacks the call of the entrypoint ", header.entrypoint(), " itself"));
  }
  v1::MakeTestResponse response;
  const std::string name = Text(json::SnakeCase(ShortName(header.entrypoint())), "_recorded_test");
  response.set_file_name(Text(name, ".cc"));
  response.set_text(writer.TestText());
  response.set_how(
      Text("add_executable(", name, " ", name, ".cc)\n", "target_link_libraries(", name,
           " PRIVATE ", header.chain(), "_chain chains::testing GTest::gtest_main)\n",
           "gtest_discover_tests(", name, ")\n", "# and in a source of ", header.chain(),
           "_chain, for the program's main() to call, too: chains::Chain MakeChain()\n"));
  return response;
}

}  // namespace chains::deploy
