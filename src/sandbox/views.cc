#include "sandbox/views.h"

#include "sandbox/device_session.h"
#include "sandbox/phone.h"

namespace patchbay::sandbox {

namespace json = boost::json;

json::object state_json(const Network& network) {
  const auto& options = network.options();
  const auto& version = options.min_version;
  json::object state{{"rootPublicKey", to_hex(crypto::view(network.root()))},
                     {"socketPath", "/ws/chat"},
                     {"minVersion", std::to_string(version[0]) + "." + std::to_string(version[1]) + "." +
                                        std::to_string(version[2])},
                     {"time", to_iso8601(network.wall_now())},
                     {"phones", network.accounts().size()},
                     {"connections", network.connection_count()},
                     {"violations", network.violations().total()},
                     {"faults", network.faults().entries().size()}};
  state["seed"] = options.seed ? json::value(*options.seed) : json::value(nullptr);
  return state;
}

json::object phone_json(Network& network, Account& account) {
  const Phone phone(network, account);
  json::array devices;
  for (const auto& [number, device] : account.devices) {
    if (number == 0) continue;
    devices.push_back(json::object{{"number", number},
                                   {"jid", to_string(account.jid(number))},
                                   {"lid", to_string(account.lid_jid(number))},
                                   {"keyIndex", device.key_index},
                                   {"identity", to_hex(crypto::view(device.keys.identity))},
                                   {"os", device.os},
                                   {"platform", device.platform},
                                   {"pushName", device.push_name},
                                   {"linkedAt", to_iso8601(device.linked_at)},
                                   {"connected", device.session != nullptr},
                                   {"active", device.session != nullptr && device.session->active()},
                                   {"available", device.available},
                                   {"prekeys", device.keys.prekeys.size()},
                                   {"signedPrekey", device.keys.signed_prekey.id},
                                   {"queued", device.queue.size()},
                                   {"received", device.received}});
  }
  json::object view{{"number", account.number},
                    {"jid", to_string(account.jid())},
                    {"lid", to_string(account.lid_jid())},
                    {"pushName", account.push_name},
                    {"businessName", account.business_name},
                    {"state", to_string(account.state)},
                    {"online", account.online},
                    {"passkey", account.passkey},
                    {"lastPairing", account.last_pairing},
                    {"received", account.devices.at(0).received},
                    {"devices", std::move(devices)}};
  if (std::string options = phone.passkey_options(); !options.empty()) view["passkeyOptions"] = options;
  if (std::string code = phone.verification_code(); !code.empty()) view["verificationCode"] = code;
  return view;
}

json::array faults_json(const FaultBook& faults) {
  json::array list;
  for (const auto& [id, fault, used] : faults.entries()) {
    json::object view{{"id", id}, {"kind", to_string(fault.kind)}, {"used", used}};
    view["phone"] = fault.phone.empty() ? json::value(nullptr) : json::value(fault.phone);
    view["count"] = fault.count ? json::value(*fault.count) : json::value(nullptr);
    if (fault.after_frames != 0) view["afterFrames"] = fault.after_frames;
    if (fault.delay_ms != 0) view["delayMs"] = fault.delay_ms;
    if (fault.code != 0) view["code"] = fault.code;
    if (fault.bytes != 0) view["bytes"] = fault.bytes;
    if (!fault.conflict.empty()) view["conflict"] = fault.conflict;
    list.push_back(std::move(view));
  }
  return list;
}

json::object violations_json(const ViolationLog& violations) {
  json::array list;
  for (const Violation& each : violations.kept()) {
    list.push_back(
        json::object{{"time", to_iso8601(each.time)},
                     {"rule", each.rule},
                     {"device", each.device.empty() ? json::value(nullptr) : json::value(each.device)},
                     {"connection", each.connection},
                     {"description", each.description}});
  }
  return {{"total", violations.total()}, {"violations", std::move(list)}};
}

}  // namespace patchbay::sandbox
