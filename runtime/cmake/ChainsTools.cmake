# The faster compiler cache and linker, where they are installed and wanted.
if(CHAINS_USE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CHAINS_CCACHE ccache)
  mark_as_advanced(CHAINS_CCACHE)
  if(CHAINS_CCACHE)
    # Without this sloppiness ccache gives up on everything that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${CHAINS_CCACHE})
  endif()
endif()
if(CHAINS_USE_MOLD)
  find_program(CHAINS_MOLD mold)
  mark_as_advanced(CHAINS_MOLD)
  if(CHAINS_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()
