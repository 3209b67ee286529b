#include "phi/sentence_pieces.h"

#include <sentencepiece_processor.h>
#include <utility>

namespace poems::phi {
namespace {

class Loaded final : public SentencePieces {
 public:
  explicit Loaded(std::unique_ptr<sentencepiece::SentencePieceProcessor> processor)
      : processor_(std::move(processor)) {}

  int32_t size() const override { return processor_->GetPieceSize(); }

  Kind kind(int32_t token) const override {
    if (processor_->IsByte(token)) return Kind::kByte;
    if (processor_->IsControl(token)) return Kind::kControl;
    if (processor_->IsUnknown(token) || processor_->IsUnused(token)) return Kind::kNothing;
    return Kind::kText;
  }

  std::string text(int32_t token) const override { return processor_->IdToPiece(token); }

  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int> tokens;
    // It fails only where no model is loaded.
    processor_->Encode(text, &tokens).IgnoreError();
    return tokens;
  }

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace

std::unique_ptr<SentencePieces> SentencePieces::Load(std::string_view model, std::string& error) {
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  const sentencepiece::util::Status status = processor->LoadFromSerializedProto(model);
  if (status.ok()) return std::make_unique<Loaded>(std::move(processor));
  error = status.ToString();
  return nullptr;
}

}  // namespace poems::phi
