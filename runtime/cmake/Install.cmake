# What an installation holds: libraries and headers, the plugin, and the CMake package `chains`.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chains)

foreach(
  target IN
  ITEMS chains_options
        chains_proto
        chains_core
        chains_batch
        chains_gpu
        chains_gpu_cuda
        chains_http
        chains_curl
        chains_no_http_client
        chains
        chains_metrics
        chains_metrics_exposer
        chains_main
        chains_no_frontend
        chains_gateway
        chains_testing
        protoc-gen-chains)
  if(TARGET ${target})
    get_target_property(header_sets ${target} INTERFACE_HEADER_SETS)
    set(file_sets)
    if(header_sets)
      set(file_sets FILE_SET HEADERS COMPONENT dev)
    endif()
    install(
      TARGETS ${target}
      EXPORT chainsTargets
      ARCHIVE COMPONENT dev
      LIBRARY COMPONENT dev
      RUNTIME COMPONENT dev ${file_sets})
  endif()
endforeach()

install(
  EXPORT chainsTargets
  NAMESPACE chains::
  DESTINATION ${package_dir}
  COMPONENT dev)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/chainsConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/chainsConfig.cmake INSTALL_DESTINATION ${package_dir}
                              PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/chainsConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/chainsConfig.cmake ${PROJECT_BINARY_DIR}/chainsConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/ChainsAddChain.cmake
        ${CMAKE_CURRENT_LIST_DIR}/ChainsAddGpuModule.cmake ${CMAKE_CURRENT_LIST_DIR}/ChainsCuda.cmake
        ${CMAKE_CURRENT_LIST_DIR}/gpu_module.map
        ${CMAKE_CURRENT_LIST_DIR}/ChainsAllocator.cmake ${CMAKE_CURRENT_LIST_DIR}/ChainsMarker.cmake
        ${CMAKE_CURRENT_LIST_DIR}/ChainsStaticGrpc.cmake
  DESTINATION ${package_dir}
  COMPONENT dev)
