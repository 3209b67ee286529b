#include "chains/chain/chain.h"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <utility>

namespace chains {

Chain::Chain(std::string name, SourceLocation where) {
  spec_.name = std::move(name);
  spec_.where = where;
}

std::string internal::ClassName(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? demangled.get() : type.name();
}

}  // namespace chains
