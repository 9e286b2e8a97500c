#include "binary/decoder.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include "binary/inflate.h"
#include "binary/jid.h"
#include "binary/tokens.h"
#include "binary/wire.h"

namespace patchbay::binary {

namespace {

constexpr size_t kLeastNodeBytes = 3;  // a list header of two and a tag of one
constexpr size_t kMostReserved = 16;   // elements; what is announced may never come
constexpr size_t kFewAttributes = 12;  // compared pair by pair; more are sorted

class Reader {
 public:
  // `data` holds one node; `first` is the number of its first byte in messages.
  Reader(std::string_view data, size_t first, const DecodeLimits& limits)
      : data_(data), first_(first), limits_(limits) {}

  Status whole(Node& out) {
    nodes_ = 1;
    PB_TRY(node(out, 1));
    if (left() != 0) return bad(at_, std::to_string(left()) + " bytes stand behind the node");
    return {};
  }

 private:
  size_t left() const { return data_.size() - at_; }

  std::unexpected<Error> bad(size_t at, std::string_view what) const {
    return fail(ErrorCode::kBadRequest,
                "binary node, byte " + std::to_string(first_ + at) + ": " + std::string(what));
  }
  std::unexpected<Error> bad_form(size_t at, uint8_t form, std::string_view wanted) const {
    return bad(at, std::to_string(form) + " stands where " + std::string(wanted) + " was expected");
  }

  Status take(size_t count, std::string_view& out) {
    if (count > left())
      return bad(
          at_, "cut short: " + std::to_string(count) + " bytes needed, " + std::to_string(left()) + " left");
    out = data_.substr(at_, count);
    at_ += count;
    return {};
  }

  // Big-endian, at most 4 bytes.
  template <typename Number>
  Status number(size_t bytes, Number& out) {
    std::string_view taken;
    PB_TRY(take(bytes, taken));
    uint32_t value = 0;
    for (const char byte : taken) value = value << 8 | static_cast<uint8_t>(byte);
    out = static_cast<Number>(value);
    return {};
  }
  Status byte(uint8_t& out) { return number(1, out); }

  // `form` was the byte at `at`.
  Status list_size(size_t at, uint8_t form, size_t& out) {
    out = 0;
    if (form == wire::kNothing) return {};
    if (form == wire::kList8) return number(1, out);
    if (form == wire::kList16) return number(2, out);
    return bad_form(at, form, "a list");
  }

  Status node(Node& out, size_t depth) {
    const size_t begin = at_;
    if (depth > limits_.max_depth)
      return bad(begin, "deeper than " + std::to_string(limits_.max_depth) + " levels");
    uint8_t form = 0;
    size_t size = 0;
    PB_TRY(byte(form));
    PB_TRY(list_size(begin, form, size));
    if (size == 0) return bad(begin, "a node of no parts");
    if (size > left()) return bad(begin, "a node of more parts than bytes are left");
    const size_t tag_at = at_;
    PB_TRY(text(out.tag));
    if (out.tag.empty()) return bad(tag_at, "a node without a tag");
    PB_TRY(attributes((size - 1) / 2, out.attributes));
    return size % 2 == 0 ? content(out, depth) : Status();
  }

  Status attributes(size_t count, Attributes& out) {
    const size_t begin = at_;
    if (count + attributes_ > limits_.max_attributes)
      return bad(begin, "more than " + std::to_string(limits_.max_attributes) + " attributes");
    attributes_ += count;
    out.reserve(std::min(count, kMostReserved));
    for (size_t i = 0; i < count; ++i) {
      auto& [name, value] = out.emplace_back();
      const size_t name_at = at_;
      PB_TRY(text(name));
      if (name.empty()) return bad(name_at, "an attribute without a name");
      PB_TRY(text(value));
    }
    if (drop_repeated(out) && limits_.strict) return bad(begin, "an attribute stands twice");
    return {};
  }

  // Keeps the first of each name; whether there were others.
  static bool drop_repeated(Attributes& attributes) {
    std::vector<size_t> repeated;  // in no order
    if (attributes.size() <= kFewAttributes) {
      for (size_t i = 1; i < attributes.size(); ++i)
        for (size_t j = 0; j < i; ++j)
          if (attributes[i].first == attributes[j].first) {
            repeated.push_back(i);
            break;
          }
    } else {
      std::vector<size_t> order(attributes.size());
      std::iota(order.begin(), order.end(), size_t{0});
      const auto name = [&](size_t i) -> const std::string& { return attributes[i].first; };
      std::ranges::sort(order, {}, [&](size_t i) { return std::pair(std::string_view(name(i)), i); });
      for (size_t i = 1; i < order.size(); ++i)
        if (name(order[i]) == name(order[i - 1])) repeated.push_back(order[i]);
    }
    if (repeated.empty()) return false;
    for (const size_t i : repeated) attributes[i].first.clear();  // no name is empty
    std::erase_if(attributes, [](const auto& pair) { return pair.first.empty(); });
    return true;
  }

  Status content(Node& out, size_t depth) {
    const size_t begin = at_;
    uint8_t form = 0;
    PB_TRY(byte(form));
    if (form != wire::kNothing && form != wire::kList8 && form != wire::kList16)
      return string(begin, form, true, out.content.emplace<Bytes>());

    size_t count = 0;
    PB_TRY(list_size(begin, form, count));
    if (count == 0) return {};
    if (count > left() / kLeastNodeBytes) return bad(begin, "a list of more nodes than bytes are left for");
    if (count + nodes_ > limits_.max_nodes)
      return bad(begin, "more than " + std::to_string(limits_.max_nodes) + " nodes");
    nodes_ += count;
    Nodes& children = out.content.emplace<Nodes>();
    children.reserve(std::min(count, kMostReserved));
    for (size_t i = 0; i < count; ++i) PB_TRY(node(children.emplace_back(), depth + 1));
    return {};
  }

  // A string in any form.
  Status text(std::string& out) {
    const size_t begin = at_;
    uint8_t form = 0;
    PB_TRY(byte(form));
    return string(begin, form, true, out);
  }

  // The same without JIDs: the parts of JIDs, which must not hold others.
  Status plain_text(std::string& out) {
    const size_t begin = at_;
    uint8_t form = 0;
    PB_TRY(byte(form));
    return string(begin, form, false, out);
  }

  Status string(size_t begin, uint8_t form, bool jids, std::string& out) {
    if (form == wire::kNothing) return {};
    if (form < kSingleByteTokens) {
      out = token_text(form);
      return {};
    }
    if (form <= wire::kDictionary3) {
      uint8_t index = 0;
      PB_TRY(byte(index));
      out = token_text(static_cast<TokenNumber>(kSingleByteTokens +
                                                (form - wire::kDictionary0) * kDictionaryTokens + index));
      return {};
    }
    switch (form) {
      case wire::kBytes8:
        return raw(1, UINT32_MAX, out);
      case wire::kBytes20:
        return raw(3, 0xfffff, out);
      case wire::kBytes32:
        return raw(4, UINT32_MAX, out);
      case wire::kPackedNibble:
        return packed(wire::kNibbleDigits, out);
      case wire::kPackedHex:
        return packed(wire::kHexDigits, out);
      default:
        break;
    }
    if (!jids) return bad_form(begin, form, "a part of a JID");
    switch (form) {
      case wire::kJidPair:
        return jid_pair(begin, out);
      case wire::kDeviceJid:
        return device_jid(begin, out);
      case wire::kMessengerJid:
        return foreign_jid(begin, kMessengerServer, out);
      case wire::kInteropJid:
        return foreign_jid(begin, kInteropServer, out);
      default:
        return bad_form(begin, form, "a string");
    }
  }

  Status raw(size_t length_bytes, uint32_t mask, std::string& out) {
    uint32_t length = 0;
    std::string_view taken;
    PB_TRY(number(length_bytes, length));
    PB_TRY(take(length & mask, taken));
    out = taken;
    return {};
  }

  Status packed(std::string_view digits, std::string& out) {
    const size_t begin = at_;
    uint8_t header = 0;
    std::string_view taken;
    PB_TRY(byte(header));
    PB_TRY(take(header & ~wire::kOddLength, taken));
    const bool odd = (header & wire::kOddLength) != 0;
    if (odd && taken.empty()) return bad(begin, "a packed string of odd length without bytes");
    const size_t length = 2 * taken.size() - (odd ? 1 : 0);
    out.resize(length);
    for (size_t i = 0; i < length; ++i) {
      const auto pair = static_cast<uint8_t>(taken[i / 2]);
      const size_t digit = i % 2 == 0 ? pair >> 4 : pair & 15;
      if (digit >= digits.size()) return bad(begin + 1 + i / 2, "a packed string holds what is no digit");
      out[i] = digits[digit];
    }
    return {};
  }

  Status jid_pair(size_t begin, std::string& out) {
    Jid jid;
    PB_TRY(plain_text(jid.user));
    PB_TRY(plain_text(jid.server));
    if (jid.server.empty()) return bad(begin, "a JID without a server");
    out = to_string(jid);
    return {};
  }

  Status device_jid(size_t begin, std::string& out) {
    Jid jid;
    uint8_t domain = 0;
    PB_TRY(byte(domain));
    PB_TRY(number(1, jid.device));
    PB_TRY(plain_text(jid.user));
    const auto* const known =
        std::ranges::find(wire::kDomains, domain, [](const auto& pair) { return pair.first; });
    const bool is_known = known != wire::kDomains.end();
    if (!is_known && limits_.strict)
      return bad(begin + 1, "a JID of the unknown domain " + std::to_string(domain));
    if (jid.user.empty()) return bad(begin, "a JID of a device without a user");
    // Other numbers were agents of a phone number once, and are read so by other clients.
    jid.server = is_known ? known->second : kUserServer;
    out = to_string(jid);
    return {};
  }

  Status foreign_jid(size_t begin, std::string_view server, std::string& out) {
    Jid jid;
    PB_TRY(plain_text(jid.user));
    PB_TRY(number(2, jid.device));
    if (server == kInteropServer) PB_TRY(number(2, jid.integrator));
    PB_TRY(plain_text(jid.server));
    if (jid.server != server)
      return bad(begin, "a JID of this form has the server \"" + std::string(server) + "\"");
    if (jid.user.empty()) return bad(begin, "a JID of a device without a user");
    out = to_string(jid);
    return {};
  }

  std::string_view data_;
  size_t first_;
  const DecodeLimits& limits_;
  size_t at_ = 0;
  size_t nodes_ = 0;
  size_t attributes_ = 0;
};

}  // namespace

Result<Node> decode(std::string_view plaintext, const DecodeLimits& limits) {
  if (plaintext.empty()) return fail(ErrorCode::kBadRequest, "binary node: the frame is empty");
  std::string_view data = plaintext.substr(1);
  Bytes inflated;
  const bool compressed = (static_cast<uint8_t>(plaintext.front()) & wire::kCompressed) != 0;
  if (compressed) {
    PB_ASSIGN(inflated, inflate_frame(data, limits.max_inflated_bytes));
    data = inflated;
  }
  Node node;
  PB_TRY(Reader(data, compressed ? 0 : 1, limits).whole(node));
  return node;
}

}  // namespace patchbay::binary
