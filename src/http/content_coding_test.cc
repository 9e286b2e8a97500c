#include "http/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace patchbay::http {
namespace {

TEST(ContentCoding, FollowsTheClientsWeights) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "identity"},
      {"gzip", "gzip"},
      {"deflate", "deflate"},
      {"gzip, deflate, br", "gzip"},
      {"br", "identity"},
      {"identity", "identity"},
      {"deflate, gzip", "gzip"},
      {"gzip;q=0.5, deflate", "deflate"},
      {"gzip;q=0.5, deflate;q=0.499", "gzip"},
      {"gzip;q=0", "identity"},
      {"gzip;q=0.000, deflate;q=0.001", "deflate"},
      {"GZip ; Q=1.0", "gzip"},
      {"x-gzip", "gzip"},
      {"*", "gzip"},
      {"*;q=0.1, gzip;q=0", "deflate"},
      {"gzip;q=0, *;q=0", "identity"},
      {"gzip;q=0.5, identity", "identity"},
      {"gzip;q=1, identity;q=0", "gzip"},
      {"gzip, identity", "gzip"},
      {", ,gzip,", "gzip"},
      // Malformed weights: the body goes as it is.
      {"gzip;q=2", "identity"},
      {"gzip;q=1.5", "identity"},
      {"gzip;q=", "identity"},
      {"gzip;q=-1", "identity"},
      {"gzip;q=0.1234", "identity"},
      {"gzip;level=9", "identity"},
      {"gzip;q=.5", "identity"},
  };
  for (const auto& [header, wanted] : cases) EXPECT_EQ(to_string(choose_coding(header)), wanted) << header;
}

std::string decode(const std::string& encoded, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, window_bits), Z_OK);
  std::string out(200'000, '\0');
  std::string in = encoded;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return out;
}

TEST(ContentCoding, EncodesWhatBrowsersDecode) {
  const std::string body(100'000, 'x');
  const auto gzip = encode_content(body, ContentCoding::kGzip, 6);
  const auto deflate = encode_content(body, ContentCoding::kDeflate, 1);
  ASSERT_TRUE(gzip && deflate);
  EXPECT_LT(gzip->size(), 1000u);
  EXPECT_EQ(decode(*gzip, 15 + 16), body);
  EXPECT_EQ(decode(*deflate, 15), body);
}

TEST(ContentCoding, GivesNothingWhenNothingIsWon) {
  EXPECT_FALSE(encode_content("short", ContentCoding::kGzip, 6));
  EXPECT_FALSE(encode_content("", ContentCoding::kDeflate, 6));
  EXPECT_FALSE(encode_content(std::string(5000, 'x'), ContentCoding::kIdentity, 6));
}

}  // namespace
}  // namespace patchbay::http
