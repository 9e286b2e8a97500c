# Precompiled headers: the heavy standard, Boost and GoogleTest headers are parsed once a tree instead of once a file.
# They hide no missing include of ours: `all_verify_interface_header_sets` compiles every header without them.
# Two sets, because a set fits only targets with the same definitions: `patchbay_precompiled` for modules,
# `patchbay_precompiled_tests` for tests.
file(WRITE "${CMAKE_BINARY_DIR}/precompiled/empty.cc" "")

add_library(patchbay_precompiled STATIC "${CMAKE_BINARY_DIR}/precompiled/empty.cc")
target_link_libraries(patchbay_precompiled PRIVATE patchbay_flags Boost::json Threads::Threads)
target_precompile_headers(patchbay_precompiled PRIVATE
  <algorithm> <any> <array> <atomic> <chrono> <expected> <functional> <map> <memory> <mutex> <optional> <span>
  <string> <string_view> <thread> <unordered_map> <variant> <vector>
  <boost/json/value.hpp> <boost/unordered/unordered_flat_map.hpp>)

if(PATCHBAY_TESTS)
  add_library(patchbay_precompiled_tests STATIC "${CMAKE_BINARY_DIR}/precompiled/empty.cc")
  target_link_libraries(patchbay_precompiled_tests PRIVATE
    patchbay_test_flags Boost::json Threads::Threads GTest::gmock GTest::gtest_main)
  target_precompile_headers(patchbay_precompiled_tests PRIVATE
    <algorithm> <any> <array> <atomic> <chrono> <expected> <functional> <map> <memory> <mutex> <optional> <span>
    <string> <string_view> <thread> <unordered_map> <variant> <vector>
    <boost/json/value.hpp> <boost/unordered/unordered_flat_map.hpp>
    <gmock/gmock.h> <gtest/gtest.h>)
endif()
