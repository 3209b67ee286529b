// watch: save, build, exchange, again; errors are shown and the old one keeps serving.
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <thread>

#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_source.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What a command writes, while it does.
class LiveOutput final : public std::streambuf {
 public:
  // False when `text` was not there `count` times within 20 s.
  bool WaitFor(const std::string& text, int count = 1) {
    std::unique_lock lock(mutex_);
    return written_.wait_for(lock, std::chrono::seconds(20), [&] {
      int found = 0;
      for (size_t at = text_.find(text); at != std::string::npos; at = text_.find(text, at + 1)) {
        ++found;
      }
      return found >= count;
    });
  }
  std::string text() {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    std::lock_guard lock(mutex_);
    text_.append(bytes, static_cast<size_t>(size));
    written_.notify_all();
    return size;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
    return c;
  }

  std::mutex mutex_;
  std::condition_variable written_;
  std::string text_;  // guarded by mutex_
};

class WatchTest : public CliTest {
 protected:
  WatchTest() {
    open_chain = [this](const std::string&, const Work& work) {
      on_open(work);
      return std::make_unique<FakeSource>(script);
    };
    script.AddFile("hello", "h");
    v1::DeployEvent live;
    *live.mutable_deployment() = ADeployment("dev1", v1::DEPLOYMENT_ACTIVE);
    live.mutable_deployment()->add_paths("/chains/hello/development");
    live.set_live(true);
    live.add_exchanged("hello.SayHello");
    live.add_unchanged("hello.HelloAll");
    fake.events = {live};
  }
  ~WatchTest() override {
    if (thread_.joinable()) End();
  }

  void Start(std::vector<std::string> arguments) {
    thread_ = std::thread([this, arguments] {
      std::vector<std::string> all = {"watch", "chainlets/hello"};
      all.insert(all.end(), arguments.begin(), arguments.end());
      std::ostream stream(&output);
      code_ = Run(all, "", &stream);
    });
  }
  // Ctrl-C: the exit code.
  int End() {
    interrupted = true;
    thread_.join();
    return code_;
  }

  SourceScript script;
  std::function<void(const Work&)> on_open = [](const Work&) {};
  LiveOutput output;

 private:
  std::thread thread_;
  int code_ = -1;
};

TEST_F(WatchTest, TellsWhatEachChangeExchangedAndEndsWithCtrlC) {
  Start({});
  ASSERT_TRUE(output.WaitFor("live after")) << output.text();
  script.Save();
  ASSERT_TRUE(output.WaitFor("HelloAll: unchanged", 2)) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_EQ(script.builds, 2);
  EXPECT_THAT(output.text(),
              AllOf(HasSubstr("watching chainlets/hello, until Ctrl-C\n"),
                    HasSubstr("changed: say_hello.cc\nbuilt in "),
                    HasSubstr(": hello dev1 r1 at http://127.0.0.1:1/chains/hello/development\n"
                              "  SayHello: exchanged\n  HelloAll: unchanged\n"),
                    HasSubstr("watching ended; the development deployment goes on\n")));
  EXPECT_THAT(fake.Calls(), ::testing::Contains("Deploy bundle { } development: true"));
}
TEST_F(WatchTest, TailsLogsThatAreNew) {
  v1::LogLine old;
  old.set_unix_ms(1);
  old.set_message("of yesterday");
  v1::LogLine fresh;
  fresh.set_unix_ms(absl::ToUnixMillis(absl::Now() + absl::Hours(1)));
  fresh.set_chainlet("hello.SayHello");
  fresh.set_message("says hello");
  fake.logs = {old, fresh};
  Start({});
  EXPECT_TRUE(output.WaitFor("SayHello says hello\n")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_THAT(output.text(), Not(HasSubstr("of yesterday")));
}
TEST_F(WatchTest, SendsTheRequestAgainAndShowsTheDifference) {
  load::ScriptedServer gateway(
      [](int number, const std::string& request) {
        EXPECT_THAT(request, HasSubstr("POST /chains/hello/deployment/dev1/run_remote HTTP/1.1"));
        return load::ScriptedServer::Ok(number == 2 ? R"({"said": "ciao", "n": 1})"
                                                    : R"({"said": "hi", "n": 1})");
      },
      load::ScriptedServer::Place::kPort);
  remote_.gateway = "http://" + gateway.address();
  SaveRemote();
  Start({"--run", "{}"});
  ASSERT_TRUE(output.WaitFor("\"said\": \"hi\"")) << output.text();
  script.Save();
  ASSERT_TRUE(output.WaitFor(", the same as before\n")) << output.text();
  script.Save();
  ASSERT_TRUE(output.WaitFor("changed:\n")) << output.text();
  ASSERT_TRUE(output.WaitFor("+   \"said\": \"ciao\"")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_THAT(output.text(), HasSubstr("-   \"said\": \"hi\""));
}
TEST_F(WatchTest, ARequestThatFailsIsShown) {
  Start({"--run", "{}"});
  EXPECT_TRUE(output.WaitFor("UNAVAILABLE: cannot call http://127.0.0.1:1/")) << output.text();
  EXPECT_EQ(End(), 0) << err;
}
TEST_F(WatchTest, ABuildThatFailsIsShownAndTheNextSaveTriesAgain) {
  script.build = [](int number, const ChainSource::Work&) {
    return number == 1 ? absl::FailedPreconditionError("main.cc:3: error: no") : absl::OkStatus();
  };
  Start({});
  ASSERT_TRUE(output.WaitFor("HelloAll: unchanged")) << output.text();
  script.Save();
  ASSERT_TRUE(output.WaitFor("; what was live before keeps serving:\n  main.cc:3: error: no\n"))
      << output.text();
  EXPECT_EQ(fake.Count("Deploy"), 1u);
  script.Save();
  ASSERT_TRUE(output.WaitFor("HelloAll: unchanged", 2)) << output.text();
  EXPECT_EQ(End(), 0) << err;
}
TEST_F(WatchTest, AStartThatFailsIsShownWithWhoAndWhy) {
  fake.deploy_end = absl::AbortedError("dev1 r2 does not start");
  fake.events.back().set_live(false);
  fake.events.back().set_note("SayHello is exchanged");
  fake.events.back().mutable_deployment()->mutable_chainlets(1)->set_problem("signal 11");
  Start({});
  ASSERT_TRUE(output.WaitFor("  SayHello:\n    signal 11\n")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_THAT(output.text(), AllOf(HasSubstr("failed:\n  dev1 r2 does not start\n"),
                                   HasSubstr("  SayHello is exchanged\n")));
}
TEST_F(WatchTest, AChangeDuringABuildStopsItAndBeginsTheNext) {
  std::atomic<bool> stopped = false;
  script.build = [&](int number, const ChainSource::Work& work) {
    if (number > 0) return absl::OkStatus();
    script.Save();
    while (!work.stop.stop_requested()) std::this_thread::yield();
    stopped = true;
    return absl::Status(absl::CancelledError("stopped"));
  };
  Start({});
  ASSERT_TRUE(output.WaitFor("live after")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_TRUE(stopped);
  EXPECT_THAT(output.text(), Not(HasSubstr("the build failed")));
}
TEST_F(WatchTest, AsJsonEachEventIsALine) {
  Start({"--output", "json"});
  ASSERT_TRUE(output.WaitFor("\"event\":\"live\"")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_THAT(
      output.text(),
      AllOf(HasSubstr("{\"event\":\"watching\",\"path\":\"chainlets/hello\"}\n"),
            HasSubstr("\"exchanged\":[\"hello.SayHello\"]"), HasSubstr("{\"event\":\"ended\"}\n")));
}
TEST_F(WatchTest, SaysWhoWasAddedAndWhoIsGone) {
  Start({"--verbose"});
  ASSERT_TRUE(output.WaitFor("live after")) << output.text();
  v1::DeployEvent& next = fake.events.back();
  next.add_exchanged("hello.SayBye");
  v1::ChainletStatus& bye = *next.mutable_deployment()->add_chainlets();
  bye.set_chainlet("hello.SayBye");
  bye.set_display_name("SayBye");
  script.Save();
  ASSERT_TRUE(output.WaitFor(
      "  SayBye: added\n  SayHello: exchanged\n  HelloAll: unchanged\n  noticed after "))
      << output.text();
  EXPECT_THAT(output.text(), Not(HasSubstr("removed")));
  next.mutable_deployment()->mutable_chainlets()->RemoveLast();
  next.mutable_exchanged()->RemoveLast();
  script.Save();
  ASSERT_TRUE(output.WaitFor("  HelloAll: unchanged\n  SayBye: removed\n")) << output.text();
  EXPECT_EQ(End(), 0) << err;
}
TEST_F(WatchTest, APlatformThatIsAwayForAMomentIsWaitedFor) {
  fake.failures["Deploy"] = {absl::UnavailableError("away"), absl::UnavailableError("away")};
  Start({});
  ASSERT_TRUE(output.WaitFor("live after")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_EQ(script.builds, 1);
  EXPECT_EQ(fake.Count("Deploy"), 3u);
  EXPECT_THAT(output.text(), AllOf(HasSubstr("it is pushed as soon as the platform answers"),
                                   Not(HasSubstr("failed"))));
}
TEST_F(WatchTest, CtrlCEndsTheWaitForAPlatform) {
  fake.failures["Deploy"].assign(1000, absl::UnavailableError("away"));
  Start({});
  ASSERT_TRUE(output.WaitFor("does not answer")) << output.text();
  EXPECT_EQ(End(), 0) << err;
}
TEST_F(WatchTest, SaysThatItConfiguresAndShowsWhatCMakeSays) {
  on_open = [](const Work& work) { work.on_line("-- The CXX compiler is"); };
  Start({"--verbose"});
  ASSERT_TRUE(output.WaitFor("live after")) << output.text();
  EXPECT_EQ(End(), 0) << err;
  EXPECT_THAT(err, HasSubstr("configuring chainlets/hello\n-- The CXX compiler is\n"));
}
TEST_F(WatchTest, CtrlCEndsItWhileItConfigures) {
  on_open = [this](const Work& work) {
    interrupted = true;
    while (!work.stop.stop_requested()) std::this_thread::yield();
  };
  EXPECT_EQ(Run({"watch", "chainlets/hello"}), 0) << err;
  EXPECT_EQ(script.builds, 0);
}
TEST_F(WatchTest, WithoutAPlatformItDoesNotBegin) {
  remote_.platform = "unix:/nowhere/p.sock";
  SaveRemote();
  EXPECT_EQ(Run({"watch", "chainlets/hello"}), 1);
  EXPECT_EQ(Run({"push", "chainlets/hello", "--watch"}), 1);
  EXPECT_EQ(script.builds, 0);
}

}  // namespace
}  // namespace chains::deploy::cli
