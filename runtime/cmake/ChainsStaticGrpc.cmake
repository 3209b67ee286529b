# Links gRPC's archives instead of its shared libraries, where a distribution has both.
#
# Inside one executable gRPC's own calls need no jump table and its thread-local variables no lookup:
# a request that makes three calls takes 183,000 instructions instead of 200,000 (./dev bench
# --instructions), and an idle replica is 1 MiB smaller. The program grows by 5 MiB, stripped.
#
# It changes the targets gRPC::… themselves, so that whoever links them beside chains::chains gets the
# same copy. A program that loads a shared library which needs libgrpc.so must turn it off.
include_guard(GLOBAL)

option(CHAINS_STATIC_GRPC "Link gRPC's archives where they are installed" ON)

# Where find_package(gRPC) was called: its targets are known only there and below.
macro(chains_link_grpc_statically)
  if(CHAINS_STATIC_GRPC)
    # All or none: one that stayed shared would bring the others a second time.
    set(_chains_grpc_targets)
    set(_chains_grpc_archives)
    foreach(_name IN ITEMS address_sorting gpr upb grpc grpc++ grpc++_alts grpc++_error_details
                           grpc++_reflection grpcpp_channelz)
      if(TARGET gRPC::${_name})
        find_library(CHAINS_ARCHIVE_${_name} lib${_name}.a)
        mark_as_advanced(CHAINS_ARCHIVE_${_name})
        list(APPEND _chains_grpc_targets gRPC::${_name})
        list(APPEND _chains_grpc_archives "${CHAINS_ARCHIVE_${_name}}")
      endif()
    endforeach()
    if(NOT "${_chains_grpc_archives}" MATCHES "NOTFOUND")
      foreach(_target _archive IN ZIP_LISTS _chains_grpc_targets _chains_grpc_archives)
        get_target_property(_configurations ${_target} IMPORTED_CONFIGURATIONS)
        set_target_properties(${_target} PROPERTIES IMPORTED_LOCATION ${_archive})
        foreach(_configuration IN LISTS _configurations)
          set_target_properties(${_target} PROPERTIES IMPORTED_LOCATION_${_configuration} ${_archive})
        endforeach()
      endforeach()
    endif()
  endif()
endmacro()
