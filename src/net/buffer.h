// Reference-counted bytes of one shard: written once, then shared by every connection that sends them.
// Shard-local: the count is not atomic. Bytes that cross shards travel as std::shared_ptr<const std::string>.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace patchbay::net {

class Buffer final : public boost::intrusive_ref_counter<Buffer, boost::thread_unsafe_counter> {
 public:
  explicit Buffer(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string_view view() const { return bytes_; }

 private:
  friend class OutputQueue;
  std::string bytes_;
};

using BufferRef = boost::intrusive_ptr<Buffer>;

inline BufferRef make_buffer(std::string bytes) {
  return BufferRef(new Buffer(std::move(bytes)));
}

}  // namespace patchbay::net
