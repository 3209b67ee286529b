# The allocator of the programs that chains_add_chain() makes, and of the gateway.
#
# glibc's costs a request that makes three calls 18,000 of 218,000 instructions more than mimalloc
# (valgrind --tool=callgrind; ./dev bench --instructions); an idle replica grows by 0.3 MiB.
include_guard(GLOBAL)

set(CHAINS_ALLOCATOR mimalloc CACHE STRING "What chains allocate with: mimalloc, or system (the C library's)")
set_property(CACHE CHAINS_ALLOCATOR PROPERTY STRINGS mimalloc system)

# Links `program` with the allocator, ahead of what else defines malloc. Sanitizers bring their own.
function(chains_use_allocator program)
  if(CHAINS_ALLOCATOR STREQUAL "system")
    return()
  elseif(NOT CHAINS_ALLOCATOR STREQUAL "mimalloc")
    message(FATAL_ERROR "CHAINS_ALLOCATOR is '${CHAINS_ALLOCATOR}'; it can be mimalloc or system.")
  endif()
  string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" flags)
  if("${CMAKE_CXX_FLAGS} ${${flags}}" MATCHES "-fsanitize=")
    return()
  endif()
  find_package(mimalloc 2 CONFIG QUIET)
  if(NOT TARGET mimalloc)
    message(FATAL_ERROR "mimalloc is not installed. Install libmimalloc-dev, or let chains allocate "
                        "with the C library: -DCHAINS_ALLOCATOR=system")
  endif()
  target_link_libraries(${program} PRIVATE mimalloc)
endfunction()
