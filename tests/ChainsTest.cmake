# chains_add_test(NAME [SOURCES file.cc...] [LIBRARIES target...] [LABELS label...] [TIMEOUT seconds])
#
# A program of GoogleTest, and a test of ctest for each of its cases, named Suite.Case. Without SOURCES
# it is NAME.cc. GMock is linked as well. Labels in use: `core` (runs under ThreadSanitizer), `unit`
# (runs under AddressSanitizer in CI), `package`. Where GoogleTest is not installed the program is left
# out and a skipped test of its name tells.
include(GoogleTest)

function(chains_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "chains_add_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET GTest::gtest)
    chains_add_skipped_test(${name} "GoogleTest is not installed (./dev setup test)")
    return()
  endif()
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cc)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
  gtest_discover_tests(
    ${name}
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# chains_add_skipped_test(NAME REASON): a test that ctest shows as skipped, with the reason. CI, which
# sets CHAINS_DEMAND_ALL, has it fail instead.
function(chains_add_skipped_test name reason)
  if(CHAINS_DEMAND_ALL)
    set(exit_code 1)
  else()
    set(exit_code 77)
  endif()
  add_test(NAME ${name} COMMAND sh -c "echo 'SKIPPED: ${reason}'; exit ${exit_code}")
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()
