// What `patchbay watch` knows and how it looks: the instances, filled from REST and from events, as lines for
// a terminal or as a log. No I/O; text from the server loses its control characters before it is shown. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

namespace patchbay::app {

class WatchBoard {
 public:
  struct Row {
    std::string id;
    std::string name;
    std::string status;
    std::string reason;     // why, a sentence
    std::string next_step;  // what comes next, a sentence
    std::string next_at;    // its time, ISO 8601, or empty
    std::string phone;
    std::string last_event;  // time, ISO 8601, or empty
    std::string qr_text;     // of the live code, or empty
    std::string qr_expiry;
    std::string code;  // to type into the phone or to compare with it, as a sentence, or empty
    std::uint64_t seq = 0;
  };

  // `only`: ids to show; empty: all. At most kMaxInstances are kept.
  explicit WatchBoard(std::vector<std::string> only) : only_(std::move(only)) {}
  static constexpr size_t kMaxInstances = 1'000;

  bool wants(std::string_view id) const;
  bool knows(std::string_view id) const { return rows_.contains(id); }
  std::vector<std::string> ids() const;
  const Row* find(std::string_view id) const;

  // One element of GET /api/instances. Nothing happens when it is not one, or not wanted.
  void apply_instance(const boost::json::value& instance);
  // Drops what is not in `ids`: instances that are gone.
  void keep_only(const std::vector<std::string>& ids);
  void set_name(std::string_view id, std::string_view name);
  // A realtime event; false when it tells nothing new (unknown, foreign, or older than what is known).
  bool apply_event(std::string_view event, const boost::json::value& payload);

  // The whole picture for a terminal of that size: `head`, a table, and a live QR code if there is room for
  // one. With colours, lines hold escape sequences of ours and nobody else's.
  std::vector<std::string> picture(std::string_view head, int columns, int lines, bool colours) const;
  // The same event as lines for a log without escape sequences; a QR code as half blocks.
  std::vector<std::string> log_lines(std::string_view event, const boost::json::value& payload) const;

 private:
  Row* row_for(std::string_view id);

  std::vector<std::string> only_;
  std::map<std::string, Row, std::less<>> rows_;
};

// Without control characters (C0, DEL, C1) and bytes that are not UTF-8; cut to `columns` characters, the
// last one then "…". Every character counts as one column.
std::string for_terminal(std::string_view text, size_t columns = 500);

}  // namespace patchbay::app
