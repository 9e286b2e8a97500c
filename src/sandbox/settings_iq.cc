// The small namespaces, each with the least answer that is valid.
#include <array>

#include "sandbox/iq.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxBlocked = 10'000;
constexpr size_t kMaxAbout = 700;
constexpr size_t kMaxTokens = 100;

binary::Node answer_privacy(IqContext& context, const binary::Node& iq) {
  constexpr std::array<std::string_view, 8> kCategories{"last",         "online",   "profile", "status",
                                                        "readreceipts", "groupadd", "calladd", "messages"};
  if (const auto* const tokens = iq.child("tokens")) {
    if (tokens->children().size() > kMaxTokens) return error_of(iq, 400, "bad-request");
    for (const binary::Node& token : tokens->children()) {
      const auto jid = binary::parse_jid(token.attribute("jid"));
      Account* const contact = jid ? context.network.find(*jid) : nullptr;
      if (contact == nullptr || contact == &context.account) continue;
      binary::Node given = data("token", context.network.random().bytes(16));
      given.set("type", "trusted_contact");
      given.set("t", token.attribute("t"));
      for (auto& [number, device] : contact->devices)
        if (number != 0)
          context.network.notify(device, "privacy_token", to_string(context.account.jid_like(*jid)),
                                 {parent("tokens", {}, {given})},
                                 {{"sender_lid", to_string(context.account.lid_jid())}});
    }
    return result_of(iq);
  }
  const auto* const privacy = iq.child("privacy");
  if (privacy == nullptr) return error_of(iq, 400, "bad-request");
  if (iq.attribute("type") == "set")
    for (const binary::Node& category : privacy->children())
      for (const std::string_view known : kCategories)
        if (category.attribute("name") == known && category.attribute("value").size() <= 64)
          context.account.privacy[std::string(known)] = category.attribute("value");
  binary::Nodes categories;
  for (const std::string_view name : kCategories) {
    const auto set = context.account.privacy.find(std::string(name));
    categories.push_back(
        leaf("category", {{"name", std::string(name)},
                          {"value", set == context.account.privacy.end() ? "all" : set->second}}));
  }
  return result_of(iq, {parent("privacy", {}, std::move(categories))});
}

binary::Node answer_blocklist(IqContext& context, const binary::Node& iq) {
  auto& blocked = context.account.blocked;
  if (iq.attribute("type") == "set") {
    const auto* const item = iq.child("item");
    if (item == nullptr || !binary::parse_jid(item->attribute("jid")))
      return error_of(iq, 400, "bad-request");
    const std::string jid(item->attribute("jid"));
    if (item->attribute("action") == "unblock") {
      blocked.erase(jid);
    } else if (blocked.size() < kMaxBlocked) {
      blocked.insert(jid);
    }
  }
  binary::Nodes items;
  for (const std::string& jid : blocked) items.push_back(leaf("item", {{"jid", jid}}));
  return result_of(iq, {parent("list", {}, std::move(items))});
}

// Nothing was ever stored here: every collection is empty and up to date.
binary::Node answer_app_state(const binary::Node& iq) {
  const auto* const sync = iq.child("sync");
  if (sync == nullptr) return error_of(iq, 400, "bad-request");
  binary::Nodes collections;
  for (const binary::Node& asked : sync->children()) {
    binary::Node collection = leaf(
        "collection", {{"name", std::string(asked.attribute("name"))},
                       {"type", "result"},
                       {"version", asked.has_attribute("version") ? std::string(asked.attribute("version"))
                                                                  : std::string("0")}});
    collections.push_back(std::move(collection));
  }
  return result_of(iq, {parent("sync", {}, std::move(collections))});
}

binary::Node answer_media(IqContext& context, const binary::Node& iq) {
  return result_of(iq, {parent("media_conn",
                               {{"auth", base64url_encode(context.network.random().bytes(24))},
                                {"ttl", "300"},
                                {"auth_ttl", "21600"},
                                {"max_buckets", "12"}},
                               {leaf("host", {{"hostname", "localhost"}})})});
}

}  // namespace

binary::Node answer_settings(IqContext& context, const binary::Node& iq) {
  const std::string_view xmlns = iq.attribute("xmlns");
  if (xmlns == "w:p" || xmlns == "urn:xmpp:ping" || xmlns == "urn:xmpp:whatsapp:dirty" ||
      xmlns == "w:stats" || xmlns == "disappearing_mode" || xmlns == "w:auth" ||
      xmlns == "urn:xmpp:whatsapp:push")
    return result_of(iq);
  if (xmlns == "privacy") return answer_privacy(context, iq);
  if (xmlns == "blocklist") return answer_blocklist(context, iq);
  if (xmlns == "abt")
    return result_of(iq, {leaf("props", {{"protocol", "1"}, {"hash", "sandbox"}, {"refresh", "86400"}})});
  if (xmlns == "w:profile:picture") {
    if (iq.attribute("type") == "get") return error_of(iq, 404, "item-not-found");
    return result_of(iq, {leaf("picture", {{"id", context.network.next_id()}})});
  }
  if (xmlns == "status") {
    const std::string_view text = iq.child_bytes("status");
    if (iq.attribute("type") == "set") context.account.about = std::string(text.substr(0, kMaxAbout));
    return result_of(iq);
  }
  if (xmlns == "w:m") return answer_media(context, iq);
  if (xmlns == "w:sync:app:state") return answer_app_state(iq);
  return error_of(iq, 501, "feature-not-implemented");
}

}  // namespace patchbay::sandbox
