// A device that is logged in: what the service tells it first, its queue, its requests, what it sends to
// others. Internal to the module. Shard-local.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sandbox/connection.h"
#include "sandbox/router.h"
#include "sandbox/session.h"

namespace patchbay::sandbox {

class DeviceSession final : public Session {
 public:
  // `passive`: what is queued waits until the client says it is active.
  DeviceSession(Connection& connection, Account& account, Device& device, bool passive);
  ~DeviceSession() override;

  void start() override;
  void on_node(const binary::Node& node) override;
  void on_tick() override {}
  std::string who() const override { return who_; }

  // Whether stanzas are sent as they come.
  bool active() const { return active_ && device_ != nullptr && !connection_.ended(); }
  void send_queued(const binary::Node& node, std::string_view offline = {});
  // Not queued: presences, typing, and whatever else is gone when nobody hears it.
  void send(const binary::Node& node) { connection_.send(node); }

  // Its device was unlinked, or is about to go away.
  void removed();
  // The same credentials have connected elsewhere.
  void replaced();
  // For the phone's scripts: a stream error, the end of the stream, or just gone.
  void end_with(const binary::Node& last) { connection_.end(last); }
  void drop() { connection_.drop(); }
  // An iq that the client must answer.
  void ping();

 private:
  void on_iq(const binary::Node& iq);
  void on_ack(const binary::Node& ack);
  void on_receipt(const binary::Node& receipt);
  void on_message(const binary::Node& message);
  void on_presence(const binary::Node& presence);
  void on_chatstate(const binary::Node& chatstate);
  void remove_companion(const binary::Node& iq, const binary::Node& request);
  void become_active();
  Sender as_sender();
  // Takes what was answered off the queue.
  void answered(std::string_view kind, std::string_view id);
  void violation(std::string_view rule, std::string_view description) {
    connection_.violation(rule, description);
  }

  Connection& connection_;
  Network& network_;
  Account* account_;  // null once the device is gone
  Device* device_;
  const std::string who_;
  const std::function<void(std::string_view rule, std::string_view description)> record_;
  bool active_;
};

}  // namespace patchbay::sandbox
