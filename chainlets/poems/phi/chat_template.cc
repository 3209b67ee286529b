#include "phi/chat_template.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "chains/core/text.h"

namespace poems::phi {
namespace {

// In the form that Normal makes of them. They are those of tokenizer_config.json of the models that
// the comments name, of microsoft at Hugging Face; tests/test-chat-template.cpp of
// ggml-org/llama.cpp quotes several.
struct Known {
  std::string_view jinja;
  ChatTemplate means;
};

constexpr std::array<Known, 6> kKnown = {{
    // Phi-3-mini-4k-instruct of April 2024
    {"{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
     "{{'<|user|>\\n' + message['content'] + '<|end|>\\n<|assistant|>\\n'}}"
     "{% elif message['role'] == 'assistant' %}{{message['content'] + '<|end|>\\n'}}"
     "{% endif %}{% endfor %}",
     {.begin_token = true, .system = false}},
    // Phi-3-medium-4k-instruct
    {"{% for message in messages %}{% if message['role'] == 'user' %}"
     "{{'<|user|>\\n' + message['content'] + '<|end|>\\n<|assistant|>\\n'}}"
     "{% elif message['role'] == 'assistant' %}{{message['content'] + '<|end|>\\n'}}"
     "{% endif %}{% endfor %}",
     {.begin_token = false, .system = false}},
    // Phi-3-mini-128k-instruct of April 2024
    {"{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
     "{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}"
     "{{'<|user|>\\n' + message['content'] + '<|end|>\\n<|assistant|>\\n'}}"
     "{% elif message['role'] == 'assistant' %}{{message['content'] + '<|end|>\\n'}}"
     "{% endif %}{% endfor %}",
     {.begin_token = true, .system = true}},
    // Phi-3-mini-4k-instruct and -128k-instruct since July 2024
    {"{% for message in messages %}{% if message['role'] == 'system' %}"
     "{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}"
     "{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
     "{% elif message['role'] == 'assistant' %}"
     "{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
     {.begin_token = false, .system = true}},
    // Phi-3.5-mini-instruct
    {"{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}"
     "{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}"
     "{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
     "{% elif message['role'] == 'assistant' %}"
     "{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
     {.begin_token = false, .system = true}},
    // Phi-3-small's, which takes any role
    {"{{ bos_token }}{% for message in messages %}"
     "{{'<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
     {.begin_token = true, .system = true}},
}};

// The same program written in one way: line ends in strings as \n, joined strings as one,
// conditions without parentheses.
std::string Normal(std::string_view jinja) {
  return absl::StrReplaceAll(chains::ToAbsl(jinja),
                             {{"\n", "\\n"}, {"' + '", ""}, {"(", ""}, {")", ""}});
}

}  // namespace

absl::StatusOr<ChatTemplate> RecogniseChatTemplate(std::string_view jinja, std::string_view where) {
  const std::string normal = Normal(jinja);
  for (const Known& known : kKnown)
    if (normal == known.jinja) return known.means;
  return absl::InvalidArgumentError(chains::Text(
      where,
      ": chat_template is none of Phi-3's. Templates are not run here; take chat_template out "
      "of the file to use that of Phi-3-mini-4k-instruct"));
}

}  // namespace poems::phi
