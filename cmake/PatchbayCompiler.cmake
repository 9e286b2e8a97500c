# Flags that every target of ours shares. Release keeps frame pointers so that `perf` can name what it sees.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # With precompiled headers ccache wants to be told that time macros in them do not matter. In depend mode it learns the
  # included files from the compiler itself, instead of preprocessing every file once more when it has not seen it.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1 "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(patchbay_flags INTERFACE)
target_compile_options(patchbay_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference
  -fno-omit-frame-pointer
  # Options are structs with designated initialisers: what is not named has its default.
  -Wno-missing-field-initializers
  $<$<BOOL:${PATCHBAY_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside libstdc++ and Boost at -O2, for code that is correct.
  target_compile_options(patchbay_flags INTERFACE
    -Wno-null-dereference -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_UNITY_BUILD)
  # Where files are compiled as one, a local name may be that of another file, and to g++ every class looks like one of a
  # header.
  target_compile_options(patchbay_flags INTERFACE -Wno-shadow
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(PATCHBAY_SANITIZE)
  target_compile_options(patchbay_flags INTERFACE -fsanitize=${PATCHBAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(patchbay_flags INTERFACE -fsanitize=${PATCHBAY_SANITIZE})
endif()
if(PATCHBAY_FUZZ)
  # Coverage instrumentation for every library; only the fuzz targets themselves link libFuzzer's main.
  target_compile_options(patchbay_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(patchbay_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Test code runs once and is half of what a tree compiles: without optimisation that half costs a quarter. What it tests
# is compiled as the preset says.
add_library(patchbay_test_flags INTERFACE)
target_link_libraries(patchbay_test_flags INTERFACE patchbay_flags)
target_compile_options(patchbay_test_flags INTERFACE -O0)
