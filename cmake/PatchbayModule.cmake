# patchbay_module(name [DEPS target...] [TEST_DEPS target...] [TEST_SUPPORT file...] [INSTALL])
# One module = one flat folder = one static library `patchbay_<name>` = one namespace.
# *_test.cc beside the code become the executable `<name>_test`; public headers join the header set whose members
# `all_verify_interface_header_sets` compiles one by one.
# TEST_SUPPORT: sources that only tests link, as patchbay_<name>_testing; they are no part of the library.
# INSTALL: the library and its public headers are part of the package that other projects find (PatchbayPackage.cmake).
# A header is public unless its first comment says "Internal to the module" or "For tests only".
function(patchbay_module name)
  cmake_parse_arguments(arg "INSTALL" "" "DEPS;TEST_DEPS;TEST_SUPPORT" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  list(TRANSFORM arg_TEST_SUPPORT PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE test_support)
  list(REMOVE_ITEM sources ${tests} ${test_support} "")
  set(target patchbay_${name})
  add_library(${target} STATIC ${sources})
  patchbay_public_headers(public ${headers})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${public})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_23)
  # The flags are for this build alone; who links the installed library has flags of their own.
  target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE $<BUILD_INTERFACE:patchbay_flags>)
  target_precompile_headers(${target} REUSE_FROM patchbay_precompiled)
  add_library(patchbay::${name} ALIAS ${target})
  if(arg_INSTALL)
    patchbay_install_library(${target})
  endif()
  if(PATCHBAY_TESTS AND test_support)
    add_library(${target}_testing STATIC ${test_support})
    target_link_libraries(${target}_testing PUBLIC ${target} PRIVATE patchbay_flags)
    target_precompile_headers(${target}_testing REUSE_FROM patchbay_precompiled)
    list(APPEND arg_TEST_DEPS ${target}_testing)
  endif()
  if(PATCHBAY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${target} ${arg_TEST_DEPS} patchbay_test_flags GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name}_test REUSE_FROM patchbay_precompiled_tests)
    patchbay_add_test(${name}_test)
  endif()
endfunction()

# The cases of a test program, in two processes. A process for each case would cost the sanitized programs more than the
# cases themselves do; `<program> --gtest_filter=…` runs single ones.
function(patchbay_add_test program)
  foreach(shard 0 1)
    add_test(NAME ${program}.${shard} COMMAND ${program} --gtest_brief=1)
    set_tests_properties(${program}.${shard} PROPERTIES TIMEOUT 300
      ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

# Those whose first comment does not say otherwise.
function(patchbay_public_headers result)
  set(public)
  foreach(header IN LISTS ARGN)
    file(STRINGS "${header}" lines LIMIT_COUNT 12 ENCODING UTF-8)
    set(text)
    foreach(line IN LISTS lines)
      if(NOT line MATCHES "^//")
        break()
      endif()
      string(REGEX REPLACE "^// ?" "" line "${line}")
      string(APPEND text "${line} ")
    endforeach()
    if(NOT text MATCHES "Internal to the module|For tests only")
      list(APPEND public "${header}")
    endif()
  endforeach()
  set(${result} ${public} PARENT_SCOPE)
endfunction()

# patchbay_fuzz(name DEPS target...): the libFuzzer target fuzz/<name>_fuzz.cc with fuzz/corpus/<name>/.
function(patchbay_fuzz name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  add_executable(${name}_fuzz ${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPS} patchbay_flags)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
endfunction()
