include(GoogleTest)

# patchbay_module(name [DEPS target...])
# One module = one flat folder = one static library `patchbay_<name>` = one namespace.
# *_test.cc beside the code become the executable `<name>_test`; headers join the header set whose
# members `all_verify_interface_header_sets` compiles one by one.
function(patchbay_module name)
  cmake_parse_arguments(arg "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  list(REMOVE_ITEM sources ${tests} "")
  set(target patchbay_${name})
  add_library(${target} STATIC ${sources})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/src" FILES ${headers})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE patchbay_flags)
  target_precompile_headers(${target} REUSE_FROM patchbay_precompiled)
  add_library(patchbay::${name} ALIAS ${target})
  if(PATCHBAY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${target} ${arg_TEST_DEPS} patchbay_flags GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name}_test REUSE_FROM patchbay_precompiled_tests)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  endif()
endfunction()

# patchbay_fuzz(name DEPS target...): the libFuzzer target fuzz/<name>_fuzz.cc with fuzz/corpus/<name>/.
function(patchbay_fuzz name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  add_executable(${name}_fuzz ${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPS} patchbay_flags)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
endfunction()
