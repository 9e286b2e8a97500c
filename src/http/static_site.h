// A web site that is part of the binary: files by path, entity tags, gzip where the client takes it.
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace patchbay::http {

struct StaticFile {
  std::string_view path;  // "/instance/index.html"
  std::string_view content_type;
  std::string_view etag;     // with its quotes
  std::string_view bytes;    // live as long as the process
  std::string_view gzipped;  // empty when there is no such variant
};

class StaticSite {
 public:
  explicit StaticSite(std::vector<StaticFile> files);
  bool empty() const { return files_.empty(); }
  // Answers GET and HEAD: "/x/" is "/x/index.html", "/x" moves to "/x/" when only that exists, what is
  // unknown gets "/404.html" with status 404. Other methods: 405. Paths that contain a fingerprint
  // ("/_next/static/") may be kept for ever, the rest is checked again each time.
  Response respond(const Request& request) const { return respond(request, request.path); }
  // The same for a site that lives below a path: `path` is what is asked of it, and starts with '/'.
  Response respond(const Request& request, std::string_view path) const;
  // There is a file of exactly that path.
  bool has(std::string_view path) const { return find(path) != nullptr; }

 private:
  const StaticFile* find(std::string_view path) const;
  static Response serve(const StaticFile& file, const Request& request, int status);

  std::vector<StaticFile> files_;  // by path
};

}  // namespace patchbay::http
