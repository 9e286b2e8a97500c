#include "sandbox/faults.h"

#include <algorithm>
#include <array>
#include <utility>

namespace patchbay::sandbox {
namespace {

constexpr std::array<std::pair<FaultKind, std::string_view>, 15> kNames{{
    {FaultKind::kRefuseTcp, "refuse-tcp"},
    {FaultKind::kRefuseHttp, "refuse-http"},
    {FaultKind::kExpiredCertificate, "expired-certificate"},
    {FaultKind::kWrongRoot, "wrong-root"},
    {FaultKind::kWrongLeaf, "wrong-leaf"},
    {FaultKind::kRefuse, "refuse"},
    {FaultKind::kDowngrade, "downgrade"},
    {FaultKind::kDrop, "drop"},
    {FaultKind::kStall, "stall"},
    {FaultKind::kCorrupt, "corrupt"},
    {FaultKind::kReplay, "replay"},
    {FaultKind::kStreamError, "stream-error"},
    {FaultKind::kEnd, "end"},
    {FaultKind::kDelay, "delay"},
    {FaultKind::kSplit, "split"},
}};

bool is_refusal(const Fault& fault) {
  return fault.kind == FaultKind::kRefuseTcp || fault.kind == FaultKind::kRefuseHttp;
}

Status check(const Fault& fault) {
  const auto refuse = [](std::string what) { return fail(ErrorCode::kValidation, std::move(what)); };
  if (!fault.phone.empty() && needs_no_account(fault.kind))
    return refuse("'" + std::string(to_string(fault.kind)) +
                  "' happens before a client says who it is; leave 'phone' away");
  if (fault.count && *fault.count == 0) return refuse("'count' is at least 1, or null for all connections");
  if (fault.kind == FaultKind::kDelay && (fault.delay_ms == 0 || fault.delay_ms > FaultBook::kMaxDelayMs))
    return refuse("'delayMs' is 1 to " + std::to_string(FaultBook::kMaxDelayMs));
  if (fault.kind == FaultKind::kSplit && (fault.bytes == 0 || fault.bytes > 65'536))
    return refuse("'bytes' is 1 to 65536");
  if (fault.kind == FaultKind::kRefuse && (fault.code < 400 || fault.code > 599))
    return refuse("'code' is a failure's reason, 400 to 599");
  if (fault.kind == FaultKind::kRefuseHttp && (fault.code < 400 || fault.code > 599))
    return refuse("'code' is an HTTP status, 400 to 599");
  if (fault.kind == FaultKind::kStreamError && fault.conflict.empty() &&
      (fault.code < 400 || fault.code > 599))
    return refuse("a stream error has a 'code', 400 to 599, or a 'conflict'");
  return {};
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  return std::ranges::find(kNames, kind, &std::pair<FaultKind, std::string_view>::first)->second;
}

std::optional<FaultKind> parse_fault_kind(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &std::pair<FaultKind, std::string_view>::second);
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

bool needs_no_account(FaultKind kind) {
  return kind <= FaultKind::kWrongLeaf;
}

Result<uint64_t> FaultBook::add(Fault fault) {
  PB_TRY(check(fault));
  if (entries_.size() >= kMaxFaults)
    return fail(ErrorCode::kResourceConflict,
                "there are " + std::to_string(kMaxFaults) + " faults already; remove some");
  entries_.push_back({.id = ++last_id_, .fault = std::move(fault), .used = 0});
  return last_id_;
}

bool FaultBook::remove(uint64_t id) {
  return std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; }) > 0;
}

template <typename Applies>
std::vector<Fault> FaultBook::take(Applies applies, size_t most) {
  std::vector<Fault> taken;
  for (Entry& entry : entries_) {
    if (taken.size() == most) break;
    if (!applies(entry.fault)) continue;
    taken.push_back(entry.fault);
    ++entry.used;
  }
  std::erase_if(entries_,
                [](const Entry& entry) { return entry.fault.count && entry.used >= *entry.fault.count; });
  return taken;
}

std::optional<Fault> FaultBook::take_refusal() {
  auto taken = take(is_refusal, 1);
  if (taken.empty()) return std::nullopt;
  return std::move(taken.front());
}

std::vector<Fault> FaultBook::take_for_connection() {
  return take([](const Fault& fault) { return fault.phone.empty() && !is_refusal(fault); }, kMaxFaults);
}

std::vector<Fault> FaultBook::take_for_account(std::string_view phone) {
  return take([phone](const Fault& fault) { return !fault.phone.empty() && fault.phone == phone; },
              kMaxFaults);
}

}  // namespace patchbay::sandbox
