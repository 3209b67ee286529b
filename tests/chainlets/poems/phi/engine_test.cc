#include "phi/engine.h"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine_under_test.h"
#include "step_gate.h"

namespace poems::phi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(EngineTest, WritesWhatTheModelSays) {
  EngineUnderTest under;
  const Answer answer = under.Ask(PromptOf("once", 10)).value();
  EXPECT_EQ(answer.text, Expected("once", 10));
  EXPECT_EQ(answer.tokens, 10);
  EXPECT_EQ(answer.finish, Finish::kMaxTokens);
  EXPECT_EQ(under.engine->state().tokens, 10U);
  EXPECT_EQ(under.engine->state().running, 0U);
  EXPECT_EQ(under.engine->state().free_pages, 4096U);
}

TEST(EngineTest, EndsAtTheModelsEndToken) {
  EngineUnderTest under({.next = [](std::span<const int32_t> tokens,
                                    const Sampling&) { return tokens.size() < 5 ? 'x' : 290; }},
                        {.end_tokens = {290}});
  const Answer answer = under.Ask(PromptOf("ab", 100)).value();
  EXPECT_EQ(answer.text, "xxx");
  EXPECT_EQ(answer.tokens, 4);
  EXPECT_EQ(answer.finish, Finish::kEndToken);
}

TEST(EngineTest, EndsBeforeAStopStringThatComesInSeveralTokens) {
  const std::string whole = Expected("once", 20);
  EngineUnderTest under;
  Prompt prompt = PromptOf("once", 20);
  prompt.stop = {whole.substr(7, 4)};
  const Answer answer = under.Ask(std::move(prompt)).value();
  EXPECT_EQ(answer.text, whole.substr(0, 7));
  EXPECT_EQ(answer.tokens, 11);
  EXPECT_EQ(answer.finish, Finish::kStopString);
}

TEST(EngineTest, WritesTheSameForTheSameSeed) {
  EngineUnderTest under;
  const auto write = [&under](uint64_t seed) {
    Prompt prompt = PromptOf("once", 30);
    prompt.temperature = 1;
    prompt.seed = seed;
    return under.Ask(std::move(prompt))->text;
  };
  EXPECT_EQ(write(7), write(7));
  EXPECT_NE(write(7), write(8));
}

TEST(EngineTest, WritesTheSameWhoeverTheNeighboursAre) {
  EngineUnderTest under({.max_step_tokens = 7, .max_step_sequences = 5});
  const auto prompt = [](int i) {
    Prompt prompt =
        PromptOf(std::string(1 + static_cast<size_t>(i * 5 % 23), static_cast<char>('a' + i)),
                 3 + i * 7 % 31);
    prompt.temperature = i % 2 == 0 ? 0 : 1;
    prompt.seed = static_cast<uint64_t>(i);
    return prompt;
  };
  std::vector<std::string> alone;
  for (int i = 0; i < 12; ++i) alone.push_back(under.Ask(prompt(i))->text);

  std::deque<Reader> readers;
  for (int i = 0; i < 12; ++i) readers.emplace_back(under.loop, under.engine->Generate(prompt(i)));
  Reader left(under.loop, under.engine->Generate(PromptOf("is dropped soon", 1000)), 3);
  under.loop.RunUntil([&] { return left.pieces() == 3; });
  { Reader dropped(under.loop, under.engine->Generate(PromptOf("at once", 1000))); }
  for (size_t i = 0; i < readers.size(); ++i) {
    under.loop.RunUntil([&] { return readers[i].done(); });
    EXPECT_EQ(readers[i].answer()->text, alone[i]) << i;
  }
}

TEST(EngineTest, LetsSequencesJoinAndLeaveBetweenSteps) {
  StepGate gate;
  EngineUnderTest under({.max_step_tokens = 6, .before = gate.Before()});
  Reader first(under.loop, under.engine->Generate(PromptOf("ab", 4)));
  using Row = StepGate::Row;
  EXPECT_THAT(gate.AwaitStep(), ElementsAre(Row{'a', 0, 2}));
  Reader second(under.loop, under.engine->Generate(PromptOf("longer", 2)));
  const auto next = [&](const Reader& reader, size_t pieces) {
    gate.Let(1);
    under.loop.RunUntil([&] { return reader.pieces() == pieces; });
    return gate.AwaitStep();
  };
  EXPECT_THAT(next(first, 1), ElementsAre(Row{Expected("ab")[0], 2, 1}, Row{'l', 0, 5}));
  EXPECT_THAT(next(first, 2), ElementsAre(Row{Expected("ab")[1], 3, 1}, Row{'r', 5, 1}));
  EXPECT_THAT(next(second, 1),
              ElementsAre(Row{Expected("ab")[2], 4, 1}, Row{Expected("longer")[0], 6, 1}));
  gate.Open();
  under.loop.RunUntil([&] { return first.done() && second.done(); });
  EXPECT_EQ(first.answer()->text, Expected("ab", 4));
  EXPECT_EQ(second.answer()->text, Expected("longer", 2));
  EXPECT_EQ(under.engine->state().steps, 4U);
}

TEST(EngineTest, FreesThePlaceOfWhoIsDroppedAtTheNextStep) {
  StepGate gate;
  EngineUnderTest under({.page_count = 10, .before = gate.Before()});
  auto dropped = std::make_unique<Reader>(under.loop, under.engine->Generate(PromptOf("x", 40)));
  gate.AwaitStep();
  EXPECT_EQ(under.engine->state().free_pages, 0U);
  Reader next(under.loop, under.engine->Generate(PromptOf("y", 40)));
  EXPECT_EQ(under.engine->state().waiting, 1U);
  dropped.reset();
  gate.Let(1);
  EXPECT_THAT(gate.AwaitStep(), ElementsAre(StepGate::Row{'y', 0, 1}));
  gate.Open();
  under.loop.RunUntil([&] { return next.done(); });
  EXPECT_EQ(next.answer()->text, Expected("y", 40));
}

TEST(EngineTest, ForgetsWhoIsDroppedWhileItWaits) {
  StepGate gate;
  EngineUnderTest under({.before = gate.Before()}, {.max_sequences = 1});
  Reader first(under.loop, under.engine->Generate(PromptOf("one")));
  auto dropped = std::make_unique<Reader>(under.loop, under.engine->Generate(PromptOf("two")));
  Reader third(under.loop, under.engine->Generate(PromptOf("three")));
  EXPECT_EQ(under.engine->state().waiting, 2U);
  dropped.reset();
  EXPECT_EQ(under.engine->state().waiting, 1U);
  gate.Open();
  under.loop.RunUntil([&] { return first.done() && third.done(); });
  EXPECT_EQ(third.answer()->text, Expected("three"));
  EXPECT_EQ(under.engine->state().tokens, 20U);
}

TEST(EngineTest, Runs200AtATimeAndLetsTheNextWait) {
  StepGate gate;
  EngineUnderTest under({.max_step_sequences = 64, .before = gate.Before()}, {.max_waiting = 1});
  std::deque<Reader> readers;
  for (int i = 0; i < 201; ++i) {
    readers.emplace_back(under.loop, under.engine->Generate(PromptOf(absl::StrCat("p", i), 3)));
  }
  EXPECT_EQ(under.engine->state().running, 200U);
  EXPECT_EQ(under.engine->state().waiting, 1U);
  const absl::Status refused = under.Ask(PromptOf("one too many", 3)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("200 texts are being written and 1 wait"));
  gate.Open();
  for (int i = 0; i < 201; ++i) {
    under.loop.RunUntil([&] { return readers[static_cast<size_t>(i)].done(); });
    EXPECT_EQ(readers[static_cast<size_t>(i)].answer()->text, Expected(absl::StrCat("p", i), 3));
  }
  EXPECT_EQ(gate.most_rows(), 64U);
  EXPECT_EQ(under.engine->state().free_pages, 4096U);
}

TEST(EngineTest, RefusesWhatThePagesCouldNeverHold) {
  EngineUnderTest under({.page_count = 4});
  EXPECT_EQ(under.Ask(PromptOf("abcd", 14)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(under.Ask(PromptOf("abcd", 13))->text, Expected("abcd", 13));
}

TEST(EngineTest, SaysWhatIsWrongWithAPrompt) {
  EngineUnderTest under;
  const auto refusal = [&under](auto change) {
    Prompt prompt = PromptOf("once");
    change(prompt);
    const absl::Status status = under.Ask(std::move(prompt)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(refusal([](Prompt& p) { p.tokens.clear(); }), HasSubstr("is empty"));
  EXPECT_THAT(refusal([](Prompt& p) { p.tokens[1] = 300; }), HasSubstr("the token 300"));
  EXPECT_THAT(refusal([](Prompt& p) { p.tokens[1] = -1; }), HasSubstr("the token -1"));
  EXPECT_THAT(refusal([](Prompt& p) { p.max_tokens = 0; }), HasSubstr("max_tokens is 0"));
  EXPECT_THAT(refusal([](Prompt& p) { p.max_tokens = 1997; }),
              HasSubstr("together they can be 2000"));
  EXPECT_THAT(refusal([](Prompt& p) { p.max_tokens = INT32_MAX; }), HasSubstr("together"));
  EXPECT_THAT(refusal([](Prompt& p) { p.temperature = -1; }), HasSubstr("temperature is -1"));
  EXPECT_THAT(refusal([](Prompt& p) { p.temperature = NAN; }), HasSubstr("temperature"));
  EXPECT_THAT(refusal([](Prompt& p) { p.top_k = -1; }), HasSubstr("top_k is -1"));
  EXPECT_THAT(refusal([](Prompt& p) { p.top_p = 0; }), HasSubstr("top_p is 0"));
  EXPECT_THAT(refusal([](Prompt& p) { p.top_p = 1.5; }), HasSubstr("top_p is 1.5"));
  EXPECT_THAT(refusal([](Prompt& p) { p.repetition_penalty = 0; }),
              HasSubstr("repetition_penalty"));
  EXPECT_THAT(refusal([](Prompt& p) { p.stop = {""}; }), HasSubstr("a string of 0 bytes"));
  EXPECT_THAT(refusal([](Prompt& p) { p.stop.resize(17, "x"); }), HasSubstr("17 strings"));
}

TEST(EngineTest, GivesLongTextsTheirFactorsFromTheBegin) {
  std::vector<bool> long_context;
  EngineUnderTest under({.before = [&](std::span<const SequenceStep> step) {
    for (const SequenceStep& each : step) long_context.push_back(each.long_context);
    return absl::OkStatus();
  }});
  ASSERT_TRUE(under.Ask(PromptOf(std::string(998, 'x'), 2)).ok());
  EXPECT_THAT(long_context, ElementsAre(false, false, false, false, false));
  long_context.clear();
  ASSERT_TRUE(under.Ask(PromptOf(std::string(999, 'x'), 2)).ok());
  EXPECT_THAT(long_context, ElementsAre(true, true, true, true, true));
}

TEST(EngineTest, FailsAllOfAStepThatFailsAndGoesOn) {
  StepGate gate;
  std::atomic<bool> broken = false;
  EngineUnderTest under({.before = [&](std::span<const SequenceStep> step) {
    const absl::Status passed = gate.Before()(step);
    return broken.exchange(false) ? absl::UnavailableError("the device fell off") : passed;
  }});
  Reader first(under.loop, under.engine->Generate(PromptOf("one")));
  gate.AwaitStep();
  Reader second(under.loop, under.engine->Generate(PromptOf("two")));
  gate.Let(1);
  EXPECT_EQ(gate.AwaitStep().size(), 2U);
  Reader third(under.loop, under.engine->Generate(PromptOf("three")));
  broken = true;
  gate.Open();
  under.loop.RunUntil([&] { return first.done() && second.done() && third.done(); });
  for (const Reader* reader : {&first, &second}) {
    EXPECT_EQ(reader->answer().status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(reader->answer().status().message(), "the device fell off (a script)");
  }
  EXPECT_EQ(third.answer()->text, Expected("three"));
  EXPECT_EQ(under.engine->state().free_pages, 4096U);
}

TEST(EngineTest, FailsATokenThatTheModelDoesNotHave) {
  EngineUnderTest under({.next = [](std::span<const int32_t>, const Sampling&) { return 300; }});
  const absl::Status status = under.Ask(PromptOf("once")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("drew the token 300"));
}

TEST(EngineTest, HoldsBackWhoIsNotReadAndNobodyElse) {
  EngineUnderTest under;
  Reader slow(under.loop, under.engine->Generate(PromptOf("slow", 500)), 1);
  under.loop.RunUntil([&] { return slow.pieces() == 1; });
  EXPECT_EQ(under.Ask(PromptOf("quick", 300))->text, Expected("quick", 300));
  EXPECT_EQ(under.engine->state().running, 1U);
  EXPECT_LE(under.engine->state().tokens, 300U + 18U);
  slow.GoOn();
  under.loop.RunUntil([&] { return slow.done(); });
  EXPECT_EQ(slow.answer()->text, Expected("slow", 500));
}

TEST(EngineTest, EndsATextAtItsReadersDeadline) {
  StepGate gate;
  EngineUnderTest under({.before = gate.Before()});
  const chains::Context soon = chains::Context().WithDeadline(absl::Now() + absl::Milliseconds(5));
  Reader late(under.loop, under.engine->Generate(PromptOf("late", 500)), 1U << 30, soon);
  under.loop.RunUntil([&] { return late.done(); });
  EXPECT_EQ(late.answer().status().code(), absl::StatusCode::kDeadlineExceeded);
  gate.Open();
  EXPECT_EQ(under.Ask(PromptOf("next"))->text, Expected("next"));
  EXPECT_EQ(under.engine->state().running, 0U);
}

// The first cannot have ended: nobody empties its mailbox.
TEST(EngineTest, CancelsOpenTextsWhenItEnds) {
  EngineUnderTest under({}, {.max_sequences = 1});
  Reader running(under.loop, under.engine->Generate(PromptOf("one", 500)));
  Reader waiting(under.loop, under.engine->Generate(PromptOf("two", 500)));
  chains::Stream<Piece> unread = under.engine->Generate(PromptOf("three", 500));
  under.engine.reset();
  Reader later(under.loop, std::move(unread));
  under.loop.RunUntil([&] { return running.done() && waiting.done() && later.done(); });
  for (const Reader* reader : {&running, &waiting, &later}) {
    EXPECT_EQ(reader->answer().status().code(), absl::StatusCode::kCancelled);
  }
}

// Readers on several threads, some of which leave early.
TEST(EngineTest, ServesReadersOfManyLoops) {
  Engine engine(std::make_unique<ScriptedBackend>(ScriptedBackend::Options{.page_count = 200}),
                ByteTokenizer(), SmallShape(), 1000, EngineOptions{.max_sequences = 20});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&engine, thread] {
      chains::WorkerPool workers;
      chains::LocalLoop loop(workers);
      std::deque<Reader> readers;
      for (int i = 0; i < 40; ++i) {
        const std::string text = absl::StrCat("thread ", thread, " text ", i);
        readers.emplace_back(loop, engine.Generate(PromptOf(text, 20)));
        if (i % 3 != 0) continue;
        Reader dropped(loop, engine.Generate(PromptOf(text, 400)), 1);
        if (i % 2 == 0) loop.RunUntil([&] { return dropped.pieces() > 0; });
      }
      for (int i = 0; i < 40; ++i) {
        loop.RunUntil([&] { return readers[static_cast<size_t>(i)].done(); });
        EXPECT_EQ(readers[static_cast<size_t>(i)].answer()->text,
                  Expected(absl::StrCat("thread ", thread, " text ", i), 20));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(engine.state().free_pages, 200U);
}

}  // namespace
}  // namespace poems::phi
