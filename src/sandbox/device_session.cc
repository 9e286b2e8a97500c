#include "sandbox/device_session.h"

#include <algorithm>

#include "sandbox/iq.h"
#include "sandbox/router.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
DeviceSession::DeviceSession(Connection& connection, Account& account, Device& device, bool passive)
    : connection_(connection),
      network_(connection.network()),
      account_(&account),
      device_(&device),
      who_(to_string(account.jid(device.number))),
      record_([this](std::string_view rule, std::string_view description) { violation(rule, description); }),
      active_(!passive) {
  if (device.session != nullptr) device.session->replaced();
  device.session = this;
}

DeviceSession::~DeviceSession() {
  if (device_ != nullptr && device_->session == this) {
    device_->session = nullptr;
    device_->available = false;
  }
}

void DeviceSession::removed() {
  device_ = nullptr;
  account_ = nullptr;
  binary::Node error = leaf("stream:error", {{"code", "401"}});
  error.content = binary::Nodes{leaf("conflict", {{"type", "device_removed"}})};
  connection_.end(error);
}

Sender DeviceSession::as_sender() {
  return {.network = network_, .account = *account_, .device = *device_, .violation = record_};
}

void DeviceSession::replaced() {
  device_ = nullptr;
  account_ = nullptr;
  binary::Node error = leaf("stream:error");
  error.content = binary::Nodes{leaf("conflict", {{"type", "replaced"}})};
  connection_.end(error);
}

void DeviceSession::ping() {
  connection_.ask(
      parent("iq", {{"from", std::string(binary::kUserServer)}, {"type", "get"}, {"xmlns", "urn:xmpp:ping"}},
             {leaf("ping")}));
}

void DeviceSession::start() {
  connection_.send(leaf("success", {{"t", network_.unix_time()},
                                    {"lid", to_string(account_->lid_jid(device_->number))},
                                    {"props", "27"},
                                    {"abprops", "18"},
                                    {"location", "sbx"},
                                    {"companion_enc_static", base64_encode(network_.random().bytes(32))},
                                    {"display_name", account_->push_name}}));
  connection_.send(parent("ib", {{"from", std::string(binary::kUserServer)}},
                          {parent("edge_routing", {}, {data("routing_info", network_.random().bytes(8))})}));
  const auto count = [this](std::string_view tag) {
    return std::to_string(std::ranges::count_if(
        device_->queue, [tag](const Device::Queued& queued) { return queued.node.tag == tag; }));
  };
  connection_.send(parent("ib", {{"from", std::string(binary::kUserServer)}},
                          {leaf("offline_preview", {{"count", std::to_string(device_->queue.size())},
                                                    {"message", count("message")},
                                                    {"notification", count("notification")},
                                                    {"receipt", count("receipt")},
                                                    {"appdata", "0"}})}));
  if (active_) become_active();
}

void DeviceSession::become_active() {
  active_ = true;
  size_t index = 0;
  for (const auto& [node, bytes] : device_->queue) send_queued(node, std::to_string(index++));
  connection_.send(parent("ib", {{"from", std::string(binary::kUserServer)}},
                          {leaf("offline", {{"count", std::to_string(device_->queue.size())}})}));
  network_.check_prekeys(*device_);
}

void DeviceSession::send_queued(const binary::Node& node, std::string_view offline) {
  connection_.expect(node.tag, std::string(node.attribute("id")));
  if (offline.empty()) return connection_.send(node);
  binary::Node marked = node;
  marked.set("offline", offline);
  connection_.send(marked);
}

// --- What the device sends --------------------------------------------------------------------------------

void DeviceSession::on_node(const binary::Node& node) {
  if (device_ == nullptr || connection_.ended()) return;
  if (node.tag == "iq") return on_iq(node);
  if (node.tag == "ack") return on_ack(node);
  if (node.tag == "receipt") return on_receipt(node);
  if (node.tag == "message") return on_message(node);
  if (node.tag == "presence") return on_presence(node);
  if (node.tag == "chatstate") return on_chatstate(node);
  if (node.tag == "call") {
    return connection_.send(leaf("ack", {{"class", "call"},
                                         {"id", std::string(node.attribute("id"))},
                                         {"from", std::string(node.attribute("to"))}}));
  }
  if (node.tag == "ib" || node.tag == "xmlstreamend") return;
  violation("stanza.unknown", "a stanza that there is not: " + describe(node, 300));
}

void DeviceSession::on_iq(const binary::Node& iq) {
  if (connection_.take_iq_answer(iq)) return;
  if (!connection_.check_iq(iq)) return;
  if (iq.attribute("to").empty() || !binary::parse_jid(iq.attribute("to")))
    violation("iq.to-missing", "an iq is addressed to nobody: " + describe(iq, 300));
  const std::string_view xmlns = iq.attribute("xmlns");
  IqContext context{.network = network_, .account = *account_, .device = *device_, .violation = record_};
  if (xmlns.empty()) {
    violation("iq.xmlns-missing", "an iq has no xmlns: " + describe(iq, 300));
    return connection_.send(error_of(iq, 400, "bad-request"));
  }
  if (xmlns == "encrypt") return connection_.send(answer_encrypt(context, iq));
  if (xmlns == "usync") return connection_.send(answer_usync(context, iq));
  if (xmlns == "w:g2") return connection_.send(answer_groups(context, iq));
  if (xmlns == "passive") {
    const bool activate = iq.child("active") != nullptr;
    connection_.send(result_of(iq));
    if (activate && !active_ && !connection_.ended()) become_active();
    if (!activate) active_ = false;
    return;
  }
  if (xmlns == "md") {
    if (const auto* const request = iq.child("remove-companion-device"))
      return remove_companion(iq, *request);
    return connection_.send(error_of(iq, 501, "feature-not-implemented"));
  }
  connection_.send(answer_settings(context, iq));
}

void DeviceSession::remove_companion(const binary::Node& iq, const binary::Node& request) {
  const auto jid = binary::parse_jid(request.attribute("jid"));
  if (!jid || network_.find(*jid) != account_ || request.attribute("reason").empty()) {
    violation("iq.malformed", "remove-companion-device needs a jid of the own account and a reason");
    return connection_.send(error_of(iq, 400, "bad-request"));
  }
  connection_.send(result_of(iq));
  // This session may be over after it.
  network_.unlink(*account_, jid->device);
}

void DeviceSession::answered(std::string_view kind, std::string_view id) {
  switch (connection_.answers().answered(std::string(kind), std::string(id))) {
    case Answers::Verdict::kUnknown:
      return violation("ack.unknown", "an answer to " + std::string(kind) + " " +
                                          std::string(id.substr(0, 256)) + ", which was not sent");
    case Answers::Verdict::kRepeated:
    case Answers::Verdict::kExpected:
      break;
  }
  const auto found = std::ranges::find_if(device_->queue, [&](const Device::Queued& queued) {
    return queued.node.tag == kind && queued.node.attribute("id") == id;
  });
  if (found == device_->queue.end()) return;
  device_->queued_bytes -= found->bytes;
  device_->queue.erase(found);
}

void DeviceSession::on_ack(const binary::Node& ack) {
  const std::string_view kind = ack.attribute("class");
  if (kind.empty() || ack.attribute("id").empty()) {
    return violation("ack.malformed", "an ack needs a class and an id: " + describe(ack, 300));
  }
  answered(kind, ack.attribute("id"));
}

void DeviceSession::on_receipt(const binary::Node& receipt) {
  const std::string id(receipt.attribute("id"));
  // A receipt for something that was read long ago answers nothing.
  const std::string_view type = receipt.attribute("type");
  if (connection_.answers().expects("message", id) || type.empty() || type == "inactive" || type == "sender")
    if (!id.empty() && type != "read" && type != "played" && type != "read-self") answered("message", id);
  Sender sender = as_sender();
  connection_.send(route_receipt(sender, receipt));
}

void DeviceSession::on_message(const binary::Node& message) {
  Sender sender = as_sender();
  connection_.send(route_message(sender, message));
}

void DeviceSession::on_presence(const binary::Node& presence) {
  Sender sender = as_sender();
  route_presence(sender, presence);
}

void DeviceSession::on_chatstate(const binary::Node& chatstate) {
  Sender sender = as_sender();
  route_chatstate(sender, chatstate);
}

}  // namespace patchbay::sandbox
