#include "gateway/async/store_worker.h"

namespace chains::gateway {

StoreWorker::StoreWorker(Loop& loop, std::unique_ptr<JobStore> store, Options options)
    : loop_(loop), store_(std::move(store)), options_(options), thread_([this] { Run(); }) {}

StoreWorker::~StoreWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

absl::Status StoreWorker::Submit(std::unique_ptr<Work> work, size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    const bool full = waiting_.size() >= options_.max_waiting ||
                      (!waiting_.empty() && waiting_bytes_ + bytes > options_.max_bytes);
    if (full) {
      return absl::ResourceExhaustedError(
          "the queue's database does not keep up with what is asked of it; try again later");
    }
    work->bytes = bytes;
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return absl::OkStatus();
}

void StoreWorker::Run() {
  while (true) {
    Batch batch = TakeBatch();
    if (batch.empty()) return;
    const absl::Status last = RunBatch(batch);
    if (absl::IsUnavailable(last)) GiveUpAtTheEnd(last);
  }
}

// With a database that is away the end would take as long as all that waits.
void StoreWorker::GiveUpAtTheEnd(const absl::Status& why) {
  Batch given_up;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) std::swap(given_up, waiting_);
  }
  for (const auto& work : given_up) work->Done(why);
}

// Empty: it is over.
StoreWorker::Batch StoreWorker::TakeBatch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  Batch batch;
  size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < options_.max_batch &&
         bytes < options_.max_batch_bytes) {
    bytes += waiting_.front()->bytes;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return batch;
}

// Where the database is away nobody else in the batch has to find that out anew: with a server that
// does not answer each would take seconds.
absl::Status StoreWorker::RunBatch(Batch& batch) {
  absl::Status outcome = batch.size() > 1 ? RunTogether(batch) : RunOne(*batch.front());
  const bool decided = batch.size() == 1 || outcome.ok() || absl::IsUnavailable(outcome);
  for (const auto& work : batch) {
    if (!decided && !absl::IsUnavailable(outcome)) outcome = RunOne(*work);
    work->Done(outcome);
  }
  return outcome;
}

absl::Status StoreWorker::RunTogether(Batch& batch) {
  return store_->Transaction([&]() -> absl::Status {
    for (const auto& work : batch) {
      const absl::Status done = work->Run(*store_);
      if (!done.ok() && !absl::IsAlreadyExists(done)) return done;
    }
    return absl::OkStatus();
  });
}

absl::Status StoreWorker::RunOne(Work& work) {
  return store_->Transaction([&] { return work.Run(*store_); });
}

}  // namespace chains::gateway
