# Builds from nothing, without a compiler cache, in fewer seconds: the headers of others that most of our
# sources include are compiled once for the product's libraries and once for the tests. Of g++'s time it
# saves a quarter to a third in a library and, together with CHAINS_TEST_OPTIONS, a half in a test.
#
#   chains_add_precompiled(chains_precompiled LIBRARIES chains::core chains::proto)
#   chains_precompile(chains_precompiled chains chains_gateway)
#
# Off by default, because where headers come precompiled nobody notices that a source does not include
# what it uses. The presets ci and asan turn it on. No header of ours is among them but what contracts of
# the platform are written as, for those that speak them: an edit does not compile everything again, and
# no other source sees a name of ours that it has not asked for.
include_guard(GLOBAL)

option(CHAINS_PRECOMPILE "Compile only once what most sources include of other libraries" OFF)
set(CHAINS_TEST_OPTIONS "" CACHE STRING "What tests, but not what they test, are compiled with, e.g. -O1")
set(CHAINS_CONTROL_OPTIONS "" CACHE STRING "What deploy/ is compiled with, which waits for others most of the time")
set(CHAINS_UNITE 0 CACHE STRING "How many sources of a target to compile as one, in deploy/ and tests; 0: each alone")
option(CHAINS_UNITE_ALL "Compile sources of runtime/ and gateway/ as one, too: what they cost is not the product's then" OFF)
mark_as_advanced(CHAINS_UNITE_ALL CHAINS_PRECOMPILE CHAINS_TEST_OPTIONS CHAINS_CONTROL_OPTIONS CHAINS_UNITE)
set(CHAINS_PLATFORM_CONTRACTS <chains/v1/bundle.pb.h> <chains/v1/control.chains.h> <chains/v1/manifest.pb.h>
                              <chains/v1/platform.chains.h>)

# chains_add_precompiled(NAME [HEADERS header...] LIBRARIES target...): what chains_precompile() is given,
# and HEADERS besides. LIBRARIES are where headers and options come from; none of them can be given to
# chains_precompile() with this NAME.
function(chains_add_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LIBRARIES")
  if(CHAINS_PRECOMPILE)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "// Nothing: of this target only the headers are wanted.\n")
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
    target_compile_options(${name} PRIVATE -pthread) # most targets have it, from what they link
    target_precompile_headers(
      ${name}
      PRIVATE
      <algorithm> <any> <array> <atomic> <bit> <charconv> <chrono> <concepts> <condition_variable> <coroutine>
      <cstdint> <cstdlib> <cstring> <deque> <filesystem> <fstream> <functional> <future> <iterator> <limits>
      <list> <map> <memory> <mutex> <numeric> <optional> <queue> <random> <set> <span> <sstream> <stop_token>
      <string> <string_view> <system_error> <thread> <tuple> <type_traits> <unordered_map> <unordered_set>
      <utility> <variant> <vector>
      <absl/container/flat_hash_map.h> <absl/functional/any_invocable.h> <absl/functional/function_ref.h>
      <absl/status/statusor.h> <absl/strings/ascii.h> <absl/strings/escaping.h> <absl/strings/match.h>
      <absl/strings/numbers.h> <absl/strings/str_cat.h> <absl/strings/str_format.h> <absl/strings/str_join.h>
      <absl/strings/str_split.h> <absl/strings/strip.h> <absl/time/clock.h> <absl/time/time.h>
      <absl/types/span.h>
      <google/protobuf/generated_message_reflection.h> <google/protobuf/map.h> <google/protobuf/message.h>
      <google/protobuf/repeated_field.h>
      ${arg_HEADERS})
    set_target_properties(${name} PROPERTIES PCH_WARN_INVALID OFF)
  endif()
endfunction()

# chains_precompile(NAME target...): those of the targets that there are. Their options must be those of
# NAME's LIBRARIES: clang++ refuses headers that were compiled with others, g++ reads their text instead.
function(chains_precompile name)
  if(CHAINS_PRECOMPILE)
    foreach(target IN LISTS ARGN)
      if(TARGET ${target})
        target_precompile_headers(${target} REUSE_FROM ${name})
        target_compile_options(${target} PRIVATE -pthread)
        set_target_properties(${target} PROPERTIES PCH_WARN_INVALID OFF)
      endif()
    endforeach()
  endif()
endfunction()

# chains_unite_from_here(): the targets of this folder and those below, made after this, are compiled
# CHAINS_UNITE sources at once, which spares the templates that all of them instantiate: a half of g++'s
# time in tests. Names in unnamed namespaces of one target must differ then.
macro(chains_unite_from_here)
  if(CHAINS_UNITE GREATER 1)
    set(CMAKE_UNITY_BUILD ON)
    set(CMAKE_UNITY_BUILD_BATCH_SIZE ${CHAINS_UNITE})
    # g++ takes names of an included file's unnamed namespace for names that other files see.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endmacro()
