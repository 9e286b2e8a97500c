#include "http/static_site.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

std::string response_header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "-";
}

Request get_file(std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.path = std::move(path), .headers = std::move(headers)};
}

const StaticSite& site() {
  static const StaticSite made({{"/index.html", "text/html", "\"i\"", "<home>", "zipped"},
                                {"/login/index.html", "text/html", "\"l\"", "<login>", ""},
                                {"/404.html", "text/html", "\"n\"", "<lost>", ""},
                                {"/_next/static/a.js", "text/javascript", "\"a\"", "code", ""}});
  return made;
}

TEST(StaticSite, ServesFoldersByTheirIndex) {
  EXPECT_EQ(site().respond(get_file("/")).static_body, "<home>");
  EXPECT_EQ(site().respond(get_file("/login/")).static_body, "<login>");
  Request request = get_file("/login");
  request.query = "next=1";
  const Response moved = site().respond(request);
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(response_header(moved, "location"), "/login/?next=1");
}

TEST(StaticSite, ServesItsOwnPageForWhatIsUnknown) {
  const Response lost = site().respond(get_file("/nothing"));
  EXPECT_EQ(lost.status, 404);
  EXPECT_EQ(lost.static_body, "<lost>");
  EXPECT_EQ(StaticSite({}).respond(get_file("/")).status, 404);
}

TEST(StaticSite, SendsGzipOnlyToThoseWhoTakeIt) {
  for (const char* const yes : {"gzip", "deflate, GZIP", "gzip;q=0.5", "br;q=1.0, gzip ;q=0.01"})
    EXPECT_EQ(site().respond(get_file("/", {{"accept-encoding", yes}})).static_body, "zipped") << yes;
  for (const char* const no : {"", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip"})
    EXPECT_EQ(site().respond(get_file("/", {{"accept-encoding", no}})).static_body, "<home>") << no;
}

TEST(StaticSite, SaysNotModifiedToThoseWhoHaveIt) {
  const Response same = site().respond(get_file("/", {{"if-none-match", "\"x\", \"i\""}}));
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.static_body.empty());
  EXPECT_EQ(site().respond(get_file("/", {{"if-none-match", "\"x\""}})).status, 200);
}

TEST(StaticSite, LetsOnlyFingerprintedFilesBeKept) {
  EXPECT_NE(
      response_header(site().respond(get_file("/_next/static/a.js")), "cache-control").find("immutable"),
      std::string::npos);
  EXPECT_EQ(response_header(site().respond(get_file("/")), "cache-control"), "no-cache");
}

TEST(StaticSite, IsReadOnly) {
  Request request = get_file("/");
  request.method = Method::kPost;
  EXPECT_EQ(site().respond(request).status, 405);
}

}  // namespace
}  // namespace patchbay::http
