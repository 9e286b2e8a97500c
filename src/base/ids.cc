#include "base/ids.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <sys/random.h>

namespace patchbay {
namespace {

void fill_from_kernel(uint8_t* out, size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    out += got;
    size -= static_cast<size_t>(got);
  }
}

// Each byte leaves the buffer once; used bytes are wiped.
struct Pool {
  std::array<uint8_t, 512> bytes;
  size_t used = bytes.size();
};

std::string base36(uint64_t value, size_t width) {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string out(width, '0');
  for (size_t i = width; i-- > 0; value /= 36) out[i] = digits[value % 36];
  return out;
}

}  // namespace

void random_bytes(std::span<uint8_t> out) {
  thread_local Pool pool;
  if (out.size() > pool.bytes.size()) return fill_from_kernel(out.data(), out.size());
  if (pool.bytes.size() - pool.used < out.size()) {
    fill_from_kernel(pool.bytes.data(), pool.bytes.size());
    pool.used = 0;
  }
  std::memcpy(out.data(), pool.bytes.data() + pool.used, out.size());
  std::memset(pool.bytes.data() + pool.used, 0, out.size());
  pool.used += out.size();
}

uint64_t random_u64() {
  uint64_t value;
  random_bytes({reinterpret_cast<uint8_t*>(&value), sizeof value});
  return value;
}

double random_unit() {
  return static_cast<double>(random_u64() >> 11) * 0x1p-53;
}

std::string random_id(size_t length) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out(length, '\0');
  random_bytes({reinterpret_cast<uint8_t*>(out.data()), out.size()});
  for (char& c : out) c = alphabet[static_cast<uint8_t>(c) & 63];
  return out;
}

std::string random_hex(size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string raw(bytes, '\0');
  random_bytes({reinterpret_cast<uint8_t*>(raw.data()), raw.size()});
  std::string out;
  out.reserve(bytes * 2);
  for (const char c : raw) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string make_cuid(WallTime now) {
  static std::atomic<uint32_t> counter{0};
  constexpr uint64_t kFourDigits = 36ull * 36 * 36 * 36;
  std::string id = "c";
  id += base36(static_cast<uint64_t>(to_unix_ms(now)), 8);
  id += base36(counter.fetch_add(1, std::memory_order_relaxed) % kFourDigits, 4);
  id += base36(random_u64(), 12);
  return id;
}

bool looks_like_cuid(std::string_view text) {
  return text.size() == 25 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

}  // namespace patchbay
