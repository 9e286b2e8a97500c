#include "app/watch_board.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "manager/qr_terminal.h"

namespace patchbay::app {
namespace {

namespace json = boost::json;

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kInk = "\x1b[38;5;16;48;5;231m";  // black on white, whatever the theme

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}
std::string text_of(const json::object& object, std::string_view name) {
  const json::value* const value = member(object, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
const json::object* object_of(const json::object& object, std::string_view name) {
  const json::value* const value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}
uint64_t number_of(const json::object& object, std::string_view name) {
  const json::value* const value = member(object, name);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code inexact;
  const auto number = value->to_number<uint64_t>(inexact);
  return inexact ? 0 : number;
}

void apply_lifecycle(WatchBoard::Row& row, const json::object& source) {
  const auto* const reason = object_of(source, "reason");
  const auto* const next = object_of(source, "nextStep");
  row.reason = reason == nullptr ? "" : text_of(*reason, "text");
  row.next_step = next == nullptr ? "" : text_of(*next, "text");
  row.next_at = next == nullptr ? "" : text_of(*next, "at");
}

// Bytes of one UTF-8 character by its first; the text is valid.
size_t character_bytes(char first) {
  const auto byte = static_cast<uint8_t>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, size_t columns) {
  std::string cell = for_terminal(text, columns);
  cell.append(columns - std::min(columns, width(cell)), ' ');
  return cell;
}

// "2026-11-23T19:00:00.123Z" as "19:00:00".
std::string clock_of(const std::string& iso) {
  return iso.size() >= 19 && iso[10] == 'T' ? for_terminal(iso.substr(11, 8)) : std::string("-");
}

std::string_view colour_of(std::string_view status) {
  if (status == "CONNECTED") return "\x1b[32m";
  if (status == "ERROR") return "\x1b[31m";
  if (status == "DISCONNECTED") return "\x1b[2m";
  return "\x1b[33m";
}

// What an event of linking without a QR code asks for; empty for other events.
std::string code_of(std::string_view event, const json::object& payload) {
  if (event == "instance:pair-code:generated")
    return "Type " + text_of(payload, "pairCode") + " into WhatsApp on the phone.";
  if (event == "instance:passkey:required") return "The account demands its passkey: answer in the panel.";
  if (event == "instance:passkey:code")
    return "Compare " + text_of(payload, "verificationCode") + " with the phone, and confirm there.";
  return {};
}

std::string why(const WatchBoard::Row& row) {
  if (!row.code.empty()) return row.code;
  std::string text = row.reason;
  if (!row.next_step.empty()) text += (text.empty() ? "" : " ") + row.next_step;
  if (!row.next_at.empty()) text += " (" + clock_of(row.next_at) + " UTC)";
  return text;
}

}  // namespace

std::string for_terminal(std::string_view text, size_t columns) {
  std::string clean;
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
    const std::string_view character = text.substr(at, bytes);
    if (!is_valid_utf8(character)) {
      ++at;
      continue;
    }
    at += bytes;
    const auto first = static_cast<uint8_t>(character.front());
    const bool control =
        first < ' ' || first == 0x7f || (first == 0xc2 && static_cast<uint8_t>(character[1]) < 0xa0);
    if (control) continue;
    if (used == columns) {
      // One too many: the last that fits gives way.
      if (columns == 0) return {};
      while ((static_cast<uint8_t>(clean.back()) & 0xc0) == 0x80) clean.pop_back();
      clean.pop_back();
      return clean + "…";
    }
    clean += character;
    ++used;
  }
  return clean;
}

bool WatchBoard::wants(std::string_view id) const {
  return only_.empty() || std::ranges::find(only_, id) != only_.end();
}

std::vector<std::string> WatchBoard::ids() const {
  std::vector<std::string> all;
  all.reserve(rows_.size());
  for (const auto& [id, row] : rows_) all.push_back(id);
  return all;
}

const WatchBoard::Row* WatchBoard::find(std::string_view id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? nullptr : &found->second;
}

WatchBoard::Row* WatchBoard::row_for(std::string_view id) {
  if (id.empty() || id.size() > 64 || !wants(id)) return nullptr;
  const auto found = rows_.find(id);
  if (found != rows_.end()) return &found->second;
  if (rows_.size() >= kMaxInstances) return nullptr;
  Row& row = rows_[std::string(id)];
  row.id = id;
  row.name = id;
  return &row;
}

void WatchBoard::apply_instance(const json::value& instance) {
  const auto* const object = instance.if_object();
  if (object == nullptr) return;
  Row* const row = row_for(text_of(*object, "id"));
  if (row == nullptr) return;
  if (std::string name = text_of(*object, "name"); !name.empty()) row->name = std::move(name);
  const uint64_t seq = number_of(*object, "lastSeq");
  if (seq < row->seq) return;  // an event was faster
  row->seq = seq;
  row->status = text_of(*object, "status");
  row->phone = text_of(*object, "phone");
  apply_lifecycle(*row, *object);
  if (row->last_event.empty()) row->last_event = text_of(*object, "statusSince");
}

void WatchBoard::keep_only(const std::vector<std::string>& ids) {
  std::erase_if(rows_, [&](const auto& entry) { return std::ranges::find(ids, entry.first) == ids.end(); });
}

void WatchBoard::set_name(std::string_view id, std::string_view name) {
  if (const auto found = rows_.find(id); found != rows_.end() && !name.empty()) found->second.name = name;
}

bool WatchBoard::apply_event(std::string_view event, const json::value& payload) {
  const auto* const object = payload.if_object();
  if (object == nullptr || !event.starts_with("instance:")) return false;
  Row* const row = row_for(text_of(*object, "instanceId"));
  if (row == nullptr) return false;
  const uint64_t seq = number_of(*object, "seq");
  if (seq != 0 && seq < row->seq) return false;
  row->seq = std::max(row->seq, seq);
  if (std::string time = text_of(*object, "timestamp"); !time.empty()) row->last_event = std::move(time);
  if (event == "instance:status:changed") {
    row->status = text_of(*object, "newStatus");
    apply_lifecycle(*row, *object);
    if (row->status != "QR_REQUIRED") {
      row->qr_text.clear();
      row->code.clear();
    }
  } else if (event == "instance:qr:generated") {
    row->qr_text = text_of(*object, "qrText");
    row->qr_expiry = text_of(*object, "expiry");
    row->code.clear();
  } else if (std::string code = code_of(event, *object); !code.empty()) {
    row->code = std::move(code);
    row->qr_text.clear();
  } else if (event == "instance:connected") {
    row->phone = text_of(*object, "phone");
    row->qr_text.clear();
  } else if (event == "instance:error") {
    if (std::string error = text_of(*object, "error"); !error.empty()) row->reason = std::move(error);
  }
  return true;
}

std::vector<std::string> WatchBoard::picture(std::string_view head, int columns, int lines,
                                             bool colours) const {
  const auto wide = static_cast<size_t>(std::max(columns, 20));
  const auto high = static_cast<size_t>(std::max(lines, 4));
  std::vector<std::string> out;
  out.push_back(for_terminal(head, wide));
  size_t name_width = 4;
  for (const auto& [id, row] : rows_) name_width = std::max(name_width, width(for_terminal(row.name, 24)));
  constexpr size_t kStatusWidth = 13;
  constexpr size_t kClockWidth = 10;
  const size_t fixed = name_width + kStatusWidth + kClockWidth + 3;
  const size_t rest = wide > fixed ? wide - fixed : 0;
  out.push_back(for_terminal(padded("NAME", name_width) + " " + padded("STATE", kStatusWidth) + " " +
                                 padded("LAST (UTC)", kClockWidth) + " WHY, AND WHAT COMES NEXT",
                             wide));
  const Row* code = nullptr;
  size_t codes = 0;
  size_t shown = 0;
  for (const auto& [id, row] : rows_) {
    if (!row.qr_text.empty()) {
      ++codes;
      if (code == nullptr) code = &row;
    }
    if (out.size() + 1 >= high) continue;
    ++shown;
    std::string status = padded(row.status.empty() ? "?" : row.status, kStatusWidth);
    if (colours) status.insert(0, colour_of(row.status)).append(kReset);
    std::string line = padded(row.name, name_width) + " ";
    line += status + " ";
    line += padded(clock_of(row.last_event), kClockWidth) + " ";
    line += for_terminal(why(row), rest);
    out.push_back(std::move(line));
  }
  if (rows_.empty()) out.push_back("No instances yet.");
  if (shown < rows_.size()) out.push_back("… and " + std::to_string(rows_.size() - shown) + " more");
  if (code == nullptr) return out;

  const auto blocks =
      manager::qr_half_blocks(code->qr_text, colours ? manager::QrInk::kDark : manager::QrInk::kLight);
  if (!blocks) return out;
  std::string caption = "Scan for " + code->name;
  if (!code->qr_expiry.empty()) caption += ", valid until " + clock_of(code->qr_expiry) + " UTC";
  if (codes > 1) caption += " (" + std::to_string(codes - 1) + " more to scan)";
  const auto needed = static_cast<size_t>(manager::qr_columns(blocks->size()));
  if (wide < needed || high < out.size() + blocks->size() + 2) {
    if (out.size() < high)
      out.push_back(for_terminal(caption + ": the terminal is too small for the code; " +
                                     std::to_string(needed) + "x" +
                                     std::to_string(out.size() + blocks->size() + 2) + " would do",
                                 wide));
    return out;
  }
  out.push_back(for_terminal(caption, wide));
  for (const std::string& line : *blocks)
    out.push_back(colours ? std::string(kInk) + line + std::string(kReset) : line);
  return out;
}

std::vector<std::string> WatchBoard::log_lines(std::string_view event, const json::value& payload) const {
  const auto* const object = payload.if_object();
  const Row* const row = object == nullptr ? nullptr : find(text_of(*object, "instanceId"));
  if (row == nullptr) return {};
  std::string line = for_terminal(text_of(*object, "timestamp")) + " " + for_terminal(row->name) + " ";
  std::vector<std::string> out;
  if (event == "instance:status:changed") {
    line += row->status + (why(*row).empty() ? "" : ": " + why(*row));
  } else if (event == "instance:qr:generated") {
    line += "QR code to scan, valid until " + row->qr_expiry;
    if (auto blocks = manager::qr_half_blocks(row->qr_text, manager::QrInk::kLight)) out = std::move(*blocks);
  } else if (event == "instance:connected") {
    line += "connected as " + row->phone;
  } else if (event == "instance:disconnected") {
    line += "disconnected: " + text_of(*object, "reason");
  } else if (event == "instance:error") {
    line += "error: " + text_of(*object, "error");
  } else if (const std::string code = code_of(event, *object); !code.empty()) {
    line += code;
  } else {
    line += std::string(event);
  }
  out.insert(out.begin(), for_terminal(line, 2'000));
  return out;
}

}  // namespace patchbay::app
