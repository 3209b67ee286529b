// ByteTokenizer(): a tokenizer for which each byte is a token, so that tests can write tokens as
// letters. Not beside phi_files: it defines what Tokenizer is.
#pragma once

#include "phi/tokenizer.h"

namespace poems::phi {

const Tokenizer& ByteTokenizer();

}  // namespace poems::phi
