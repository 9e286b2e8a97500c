#include "http/static_site.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/error_code.h"
#include "http/header_value.h"

namespace patchbay::http {

namespace {

// "gzip", and not with a weight of nothing ("gzip;q=0").
bool accepts_gzip(const Request& request) {
  std::string_view list = request.header("accept-encoding").value_or("");
  for (std::string_view item = next_list_item(list); !item.empty(); item = next_list_item(list)) {
    const size_t semicolon = item.find(';');
    if (!equals_ignore_case(trim(item.substr(0, semicolon)), "gzip")) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = trim(item.substr(semicolon + 1));
    return weight.find_first_of("123456789") != std::string_view::npos || !weight.starts_with("q=0");
  }
  return false;
}

}  // namespace

StaticSite::StaticSite(std::vector<StaticFile> files) : files_(std::move(files)) {
  std::ranges::sort(files_, {}, &StaticFile::path);
}

const StaticFile* StaticSite::find(std::string_view path) const {
  const auto it = std::ranges::lower_bound(files_, path, {}, &StaticFile::path);
  return it != files_.end() && it->path == path ? &*it : nullptr;
}

Response StaticSite::serve(const StaticFile& file, const Request& request, int status) {
  Response response{.status = status};
  const bool fingerprinted = file.path.starts_with("/_next/static/");
  response.set("etag", std::string(file.etag));
  response.set("cache-control", fingerprinted ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.gzipped.empty()) response.set("vary", "Accept-Encoding");
  const auto known = request.header("if-none-match");
  if (status == 200 && known && known->find(file.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.set("content-type", std::string(file.content_type));
  response.set("x-content-type-options", "nosniff");
  response.set("x-frame-options", "SAMEORIGIN");
  response.set("referrer-policy", "no-referrer");
  if (!file.gzipped.empty() && accepts_gzip(request)) {
    response.set("content-encoding", "gzip");
    response.static_body = file.gzipped;
  } else {
    response.static_body = file.bytes;
  }
  return response;
}

Response StaticSite::respond(const Request& request, std::string_view asked) const {
  if (request.method != Method::kGet && request.method != Method::kHead) {
    Response response =
        error_response(405, to_string(ErrorCode::kMethodNotAllowed), "Pages are read with GET.");
    response.set("allow", "GET, HEAD");
    return response;
  }
  std::string path(asked);
  if (path.ends_with('/')) path += "index.html";
  if (const StaticFile* const file = find(path)) return serve(*file, request, 200);
  if (find(path + "/index.html") != nullptr) {
    Response response{.status = 308};
    response.set("location", request.path + "/" + (request.query.empty() ? "" : "?" + request.query));
    return response;
  }
  if (const StaticFile* const page = find("/404.html")) return serve(*page, request, 404);
  return error_response(404, to_string(ErrorCode::kResourceNotFound), "There is no page at this address.");
}

}  // namespace patchbay::http
