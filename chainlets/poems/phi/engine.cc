#include "phi/engine.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "phi/mailbox.h"
#include "phi/sequence.h"
#include "phi/sequence_table.h"

namespace poems::phi {
namespace {

Scheduler::Limits LimitsOf(const BackendInfo& info, const EngineOptions& options) {
  return {.max_sequences = std::max<size_t>(options.max_sequences, 1),
          .max_waiting = options.max_waiting,
          .page_size = info.page_size,
          .page_count = info.page_count,
          .max_step_tokens = info.max_step_tokens,
          .max_step_sequences = info.max_step_sequences};
}

absl::Status StatusOf(const BackendError& error, const BackendInfo& info) {
  const bool known =
      error.code > 0 && error.code <= static_cast<int32_t>(absl::StatusCode::kUnauthenticated);
  return absl::Status(
      known ? static_cast<absl::StatusCode>(error.code) : absl::StatusCode::kInternal,
      absl::StrCat(error.message, " (", info.name, ")"));
}

// A text that somebody reads, on the loop and until the deadline of who reads it.
class Reading final : private chains::Loop::Timer {
 public:
  Reading(std::shared_ptr<SequenceTable> table, chains::Loop& loop)
      : table_(std::move(table)), mailbox_(std::make_shared<Mailbox>(loop)) {}
  ~Reading() override {
    table_->Leave(id_);
    mailbox_->Close();
  }

  absl::Status Begin(std::shared_ptr<Sequence> sequence, chains::Loop& loop, absl::Time deadline) {
    const absl::StatusOr<Scheduler::Id> id = table_->Enter(std::move(sequence), mailbox_);
    if (!id.ok()) return id.status();
    id_ = *id;
    if (deadline < absl::InfiniteFuture()) loop.Arm(*this, deadline);
    return absl::OkStatus();
  }
  std::optional<absl::StatusOr<Piece>> Take() {
    const bool was_full = mailbox_->full();
    std::optional<absl::StatusOr<Piece>> piece = mailbox_->Take();
    if (was_full) table_->MakeRoom();
    return piece;
  }
  chains::Notice::Waiting Filled() { return mailbox_->Filled(); }

 private:
  void Fire() override {
    table_->Leave(id_);
    mailbox_->FailNow(absl::DeadlineExceededError("deadline exceeded while a text was written"));
  }

  const std::shared_ptr<SequenceTable> table_;
  const std::shared_ptr<Mailbox> mailbox_;
  Scheduler::Id id_ = 0;  // 0: of nobody
};

chains::Stream<Piece> Read(std::shared_ptr<SequenceTable> table,
                           std::shared_ptr<Sequence> sequence) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  Reading reading(std::move(table), here.loop());
  const absl::Status begun =
      reading.Begin(std::move(sequence), here.loop(), here.context().deadline());
  co_await begun;
  while (true) {
    std::optional<absl::StatusOr<Piece>> taken = reading.Take();
    if (!taken.has_value()) {
      co_await reading.Filled();
      continue;
    }
    Piece piece = co_await *std::move(taken);
    const bool last = piece.finish != Finish::kNone;
    co_yield std::move(piece);
    if (last) co_return;
  }
}

chains::Stream<Piece> Refuse(absl::Status status) { co_await status; }

}  // namespace

class Engine::Impl {
 public:
  Impl(std::unique_ptr<Backend> backend, const Tokenizer& tokenizer, const Shape& shape,
       int32_t original_max_positions, EngineOptions options)
      : backend_(std::move(backend)),
        tokenizer_(tokenizer),
        shape_(shape),
        original_max_positions_(original_max_positions),
        end_tokens_(std::move(options.end_tokens)),
        table_(std::make_shared<SequenceTable>(LimitsOf(backend_->info(), options))) {
    const std::vector<int32_t>& more = tokenizer.end_tokens();
    end_tokens_.insert(end_tokens_.end(), more.begin(), more.end());
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  chains::Stream<Piece> Generate(Prompt prompt) {
    absl::Status checked = CheckPrompt(prompt, shape_);
    if (!checked.ok()) return Refuse(std::move(checked));
    const int64_t longest = static_cast<int64_t>(prompt.tokens.size()) + prompt.max_tokens;
    return Read(table_,
                std::make_shared<Sequence>(std::move(prompt), longest > original_max_positions_,
                                           tokenizer_, end_tokens_));
  }
  EngineState state() const { return table_->state(); }
  absl::Status health() const { return table_->health(); }
  const BackendInfo& info() const { return backend_->info(); }

 private:
  using Rows = std::vector<SequenceTable::Row>;

  void Run(const std::stop_token& stop) {
    for (Rows rows = table_->BeginStep(stop); !rows.empty(); rows = table_->BeginStep(stop)) {
      Step(rows);
    }
    table_->Close();
  }
  void Step(const Rows& rows);
  void Fail(const Rows& rows, const absl::Status& status);
  void Deliver(const Rows& rows, const std::vector<SequenceStep>& steps);

  const std::unique_ptr<Backend> backend_;
  const Tokenizer& tokenizer_;
  const Shape shape_;
  const int32_t original_max_positions_;
  std::vector<int32_t> end_tokens_;
  const std::shared_ptr<SequenceTable> table_;
  std::jthread thread_;  // the last: it ends before what it uses
};

void Engine::Impl::Step(const Rows& rows) {
  std::vector<SequenceStep> steps;
  steps.reserve(rows.size());
  for (const SequenceTable::Row& row : rows) steps.push_back(row.sequence->StepFor(row.part));
  BackendError error;
  if (!backend_->Step(steps.data(), static_cast<int32_t>(steps.size()), &error)) {
    return Fail(rows, StatusOf(error, info()));
  }
  for (const SequenceStep& step : steps) {
    if (step.sampling == nullptr || (step.next >= 0 && step.next < shape_.vocab)) continue;
    return Fail(rows, absl::InternalError(absl::StrCat("drew the token ", step.next, ", of ",
                                                       shape_.vocab, " (", info().name, ")")));
  }
  Deliver(rows, steps);
}

// Places are free before anybody learns that a text has ended, so that who asks again at once finds
// them so.
void Engine::Impl::Fail(const Rows& rows, const absl::Status& status) {
  std::vector<Scheduler::Id> ended;
  for (const SequenceTable::Row& row : rows) ended.push_back(row.part.id);
  table_->EndStep(ended, 0, status);
  for (const SequenceTable::Row& row : rows) row.mailbox->Fail(status);
}

void Engine::Impl::Deliver(const Rows& rows, const std::vector<SequenceStep>& steps) {
  std::vector<Scheduler::Id> ended;
  std::vector<std::pair<Mailbox*, Piece>> pieces;
  uint64_t drawn = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (steps[i].sampling == nullptr) continue;
    ++drawn;
    std::optional<Piece> piece = rows[i].sequence->Take(steps[i].next);
    if (!piece.has_value()) continue;
    if (piece->finish != Finish::kNone) ended.push_back(rows[i].part.id);
    pieces.emplace_back(rows[i].mailbox.get(), *std::move(piece));
  }
  table_->EndStep(ended, drawn, absl::OkStatus());
  for (auto& [mailbox, piece] : pieces) mailbox->Put(std::move(piece));
}

Engine::Engine(std::unique_ptr<Backend> backend, const Tokenizer& tokenizer, const Shape& shape,
               int32_t original_max_positions, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(backend), tokenizer, shape, original_max_positions,
                                   std::move(options))) {}

Engine::~Engine() = default;

chains::Stream<Piece> Engine::Generate(Prompt prompt) { return impl_->Generate(std::move(prompt)); }

EngineState Engine::state() const { return impl_->state(); }

absl::Status Engine::health() const { return impl_->health(); }

const BackendInfo& Engine::info() const { return impl_->info(); }

}  // namespace poems::phi
