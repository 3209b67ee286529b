// ChatTemplate: which of Phi-3's chat templates a model was trained with.
//
// A template is a program in Jinja, in tokenizer_config.json. Those of the Phi-3 family are few and
// say nearly the same, so it is recognised here, not run. Another one is refused: a model that is
// asked in another form than it was trained with answers badly, and nobody would know why.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace poems::phi {

struct ChatTemplate {
  bool begin_token = false;  // <s> comes first
  bool system = true;        // knows messages of the system
};

// INVALID_ARGUMENT for a template that is not known here.
absl::StatusOr<ChatTemplate> RecogniseChatTemplate(std::string_view jinja, std::string_view where);

}  // namespace poems::phi
