// RFC 3629 validity of text that comes in pieces, told at the first byte that breaks it. No overlong forms,
// no surrogates, nothing above U+10FFFF. A value of four bytes; shard-local like its owner.
#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay::websocket {

class Utf8Validator {
 public:
  // False as soon as no continuation could make the text valid; then the validator is spent.
  bool feed(std::string_view piece);
  // True when the text may end here.
  bool complete() const { return needed_ == 0; }

 private:
  uint8_t needed_ = 0;  // continuation bytes that must follow
  uint8_t low_ = 0x80;  // bounds of the next one
  uint8_t high_ = 0xbf;
};

}  // namespace patchbay::websocket
