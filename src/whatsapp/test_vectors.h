// For tests only. The known answers of tests/whatsapp/wa-vectors.json, made by other implementations.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace patchbay::whatsapp::test {

#ifdef PATCHBAY_WA_VECTORS  // a unit test's own, and not there when a header is compiled alone
// One section of the file.
class Vectors {
 public:
  explicit Vectors(std::string_view section) {
    std::ifstream file(PATCHBAY_WA_VECTORS);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    boost::system::error_code error;
    const boost::json::value all = boost::json::parse(text, error);
    EXPECT_FALSE(error) << PATCHBAY_WA_VECTORS;
    if (!error) section_ = all.at(section).as_object();
  }
  std::string text(std::string_view name) const { return std::string(section_.at(name).as_string()); }
  Bytes bytes(std::string_view name) const { return from_hex(text(name)).value(); }

 private:
  boost::json::object section_;
};
#endif

}  // namespace patchbay::whatsapp::test
