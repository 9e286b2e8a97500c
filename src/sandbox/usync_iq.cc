// xmlns="usync": docs/protocol/whatsapp.md, device lists and number checks.
#include "sandbox/iq.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxUsers = 3'000;
constexpr size_t kMaxProtocols = 16;

std::string digits_of(std::string_view text) {
  text = text.substr(0, text.find('@'));
  std::string digits;
  for (const char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

binary::Node devices_of(Network& network, const Account& account) {
  binary::Nodes list;
  for (const auto& [number, device] : account.devices) {
    binary::Node node = leaf("device", {{"id", std::to_string(number)}});
    if (number != 0) node.set("key-index", std::to_string(device.key_index));
    list.push_back(std::move(node));
  }
  return parent("devices", {}, {parent("device-list", {}, std::move(list)), network.key_index_list(account)});
}

}  // namespace

binary::Node answer_usync(IqContext& context, const binary::Node& iq) {
  const auto bad = [&](std::string_view what) {
    context.violation("iq.malformed", "usync: " + std::string(what));
    return error_of(iq, 400, "bad-request");
  };
  const auto* const usync = iq.child("usync");
  const auto* const query = usync == nullptr ? nullptr : usync->child("query");
  const auto* const list = usync == nullptr ? nullptr : usync->child("list");
  if (query == nullptr || list == nullptr) return bad("no query or no list");
  for (const char* const required : {"sid", "mode", "context", "last", "index"})
    if (!usync->has_attribute(required)) return bad(std::string("no attribute ") + required);
  if (query->children().empty() || query->children().size() > kMaxProtocols)
    return bad("an empty query, or one for more than 16 things");
  if (list->children().size() > kMaxUsers) return bad("more than 3000 users");

  binary::Nodes users;
  for (const binary::Node& asked : list->children()) {
    std::string_view by_jid = asked.attribute("jid");
    const auto* const contact = asked.child("contact");
    const bool by_number = by_jid.empty() && contact != nullptr && !contact->bytes().empty();
    if (asked.tag != "user" || (by_jid.empty() && !by_number))
      return bad("a user without jid and without number");
    const auto jid = by_number ? std::optional(binary::Jid{.user = digits_of(contact->bytes()),
                                                           .server = std::string(binary::kUserServer)})
                               : binary::parse_jid(by_jid);
    if (!jid) return bad("a user's jid is none");
    const Account* const account = context.network.find(*jid);
    const auto* const contact_query = query->child("contact");
    const bool wants_lid = contact_query != nullptr && contact_query->attribute("addressing_mode") == "lid";
    binary::Node user = leaf("user", {{"jid", by_number ? to_string(*jid) : std::string(by_jid)}});
    if (by_number && account != nullptr && wants_lid) {
      user.set("jid", to_string(account->lid_jid()));
      user.set("pn_jid", to_string(account->jid()));
    }
    binary::Nodes answers;
    for (const binary::Node& protocol : query->children()) {
      if (protocol.tag == "contact") {
        answers.push_back(leaf("contact", {{"type", account == nullptr ? "out" : "in"}}));
      } else if (account == nullptr) {
        answers.push_back(
            parent(protocol.tag, {}, {leaf("error", {{"code", "404"}, {"text", "item-not-found"}})}));
      } else if (protocol.tag == "devices") {
        answers.push_back(devices_of(context.network, *account));
      } else if (protocol.tag == "lid") {
        answers.push_back(leaf("lid", {{"val", to_string(account->lid_jid())}}));
      } else if (protocol.tag == "status") {
        answers.push_back(data("status", account->about));
      } else if (protocol.tag == "business") {
        answers.push_back(leaf("business"));
      } else if (protocol.tag == "disappearing_mode") {
        answers.push_back(leaf("disappearing_mode", {{"duration", "0"}, {"t", "0"}}));
      }
    }
    user.content = std::move(answers);
    users.push_back(std::move(user));
  }
  binary::Nodes results;
  for (const binary::Node& protocol : query->children()) results.push_back(leaf(protocol.tag));
  return result_of(
      iq, {parent("usync",
                  {{"sid", std::string(usync->attribute("sid"))},
                   {"mode", std::string(usync->attribute("mode"))},
                   {"context", std::string(usync->attribute("context"))},
                   {"index", "0"},
                   {"last", "true"}},
                  {parent("result", {}, std::move(results)), parent("list", {}, std::move(users))})});
}

}  // namespace patchbay::sandbox
