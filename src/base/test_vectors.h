// Known answers of WhatsApp's protocol, made by other implementations: tests/whatsapp/wa-vectors.json. Bytes
// in it are hexadecimal. A module's test names patchbay_test_vectors in TEST_DEPS. For tests only.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/bytes.h"

namespace patchbay {

#ifdef PATCHBAY_WA_VECTORS
// One part of the file: wa_vectors("noise"). Read once; a file that cannot be read ends the test.
inline const boost::json::value& wa_vectors(std::string_view part) {
  static const boost::json::value all = [] {
    std::ifstream file(PATCHBAY_WA_VECTORS, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return boost::json::parse(text);
  }();
  return all.at(part);
}
#endif

// The octets that a hexadecimal string stands for; of the file, or a literal.
inline Bytes unhex(const boost::json::value& text) {
  return from_hex(text.as_string()).value();
}

}  // namespace patchbay
