// xmlns="w:g2": the least that lets members create a group, see it, change who is in it and leave.
#include "sandbox/iq.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxSubject = 100;
constexpr size_t kMaxDescription = 2'048;

binary::Node group_node(Network& network, const Group& group) {
  const Account* const creator = network.find(group.creator);
  binary::Node node = leaf("group", {{"id", group.id},
                                     {"subject", group.subject},
                                     {"s_t", std::to_string(to_unix_ms(group.subject_set) / 1'000)},
                                     {"creation", std::to_string(to_unix_ms(group.created) / 1'000)},
                                     {"addressing_mode", "lid"},
                                     {"size", std::to_string(group.members.size())}});
  if (creator != nullptr) {
    node.set("creator", to_string(creator->lid_jid()));
    node.set("creator_pn", to_string(creator->jid()));
    node.set("s_o", to_string(creator->lid_jid()));
  }
  binary::Nodes parts;
  for (const auto& [number, administrator] : group.members) {
    const Account* const member = network.find(number);
    if (member == nullptr) continue;
    binary::Node participant = leaf(
        "participant", {{"jid", to_string(member->lid_jid())}, {"phone_number", to_string(member->jid())}});
    if (administrator) participant.set("type", number == group.creator ? "superadmin" : "admin");
    parts.push_back(std::move(participant));
  }
  if (!group.description.empty())
    parts.push_back(parent("description", {{"id", "1"}}, {data("body", group.description)}));
  node.content = std::move(parts);
  return node;
}

void tell_members(IqContext& context, const Group& group, const binary::Node& change) {
  for (const auto& [number, administrator] : group.members) {
    Account* const member = context.network.find(number);
    if (member == nullptr) continue;
    for (auto& [device_number, device] : member->devices)
      if (device_number != 0)
        context.network.notify(device, "w:gp2", group.jid(), {change},
                               {{"participant", to_string(context.account.lid_jid())},
                                {"participant_pn", to_string(context.account.jid())},
                                {"addressing_mode", "lid"}});
  }
}

binary::Node create(IqContext& context, const binary::Node& iq, const binary::Node& request) {
  const std::string_view subject = request.attribute("subject");
  if (subject.empty() || subject.size() > kMaxSubject) {
    context.violation("iq.malformed", "a group's subject has 1 to 100 bytes");
    return error_of(iq, 400, "bad-request");
  }
  const NetworkOptions& options = context.network.options();
  if (context.network.groups().size() >= options.max_groups ||
      request.children().size() > options.max_group_members)
    return error_of(iq, 429, "rate-overlimit");
  Group group;
  do {
    group.id =
        "12036" + std::to_string(1'000'000'000'000 + context.network.random().below(8'999'999'999'999));
  } while (context.network.groups().contains(group.id));
  group.subject = subject;
  group.creator = context.account.number;
  group.created = group.subject_set = context.network.wall_now();
  group.members[context.account.number] = true;
  for (const binary::Node& participant : request.children()) {
    if (participant.tag != "participant") continue;
    const auto jid = binary::parse_jid(participant.attribute("jid"));
    const Account* const member = jid ? context.network.find(*jid) : nullptr;
    if (member != nullptr) group.members.emplace(member->number, false);
  }
  const Group& made = context.network.groups()[group.id] = group;
  const binary::Node described = group_node(context.network, made);
  tell_members(
      context, made,
      parent("create", {{"type", "new"}, {"key", std::string(request.attribute("key"))}}, {described}));
  return result_of(iq, {described});
}

binary::Node change_members(IqContext& context, const binary::Node& iq, Group& group,
                            const binary::Node& request) {
  const std::string& what = request.tag;
  binary::Nodes answers;
  binary::Nodes changed;
  const Group before = group;
  for (const binary::Node& participant : request.children()) {
    const auto jid = binary::parse_jid(participant.attribute("jid"));
    const Account* const member = jid ? context.network.find(*jid) : nullptr;
    binary::Node answer = leaf("participant", {{"jid", std::string(participant.attribute("jid"))}});
    const bool inside = member != nullptr && group.members.contains(member->number);
    if (member == nullptr) {
      answer.set("error", "404");
    } else if (what == "add" ? inside : !inside) {
      answer.set("error", what == "add" ? "409" : "404");
    } else if (what == "add" && group.members.size() >= context.network.options().max_group_members) {
      answer.set("error", "500");
    } else {
      if (what == "remove") {
        group.members.erase(member->number);
      } else {
        group.members[member->number] = what == "promote";
      }
      changed.push_back(leaf("participant", {{"jid", to_string(member->lid_jid())},
                                             {"phone_number", to_string(member->jid())}}));
    }
    answers.push_back(std::move(answer));
  }
  if (!changed.empty())
    tell_members(context, what == "remove" ? before : group, parent(what, {}, std::move(changed)));
  return result_of(iq, {parent(what, {}, std::move(answers))});
}

binary::Node leave(IqContext& context, const binary::Node& iq, const binary::Node& request) {
  binary::Nodes left;
  for (const binary::Node& named : request.children()) {
    std::string_view id = named.attribute("id");
    id = id.substr(0, id.find('@'));
    const auto found = context.network.groups().find(std::string(id));
    if (found == context.network.groups().end() || found->second.members.erase(context.account.number) == 0)
      continue;
    tell_members(context, found->second,
                 parent("remove", {},
                        {leaf("participant", {{"jid", to_string(context.account.lid_jid())},
                                              {"phone_number", to_string(context.account.jid())}})}));
    left.push_back(leaf("group", {{"id", found->second.jid()}}));
    if (found->second.members.empty()) context.network.groups().erase(found);
  }
  return result_of(iq, {parent("leave", {}, std::move(left))});
}

binary::Node participating(IqContext& context, const binary::Node& iq) {
  binary::Nodes groups;
  for (const auto& [id, group] : context.network.groups())
    if (group.members.contains(context.account.number)) groups.push_back(group_node(context.network, group));
  return result_of(iq, {parent("groups", {}, std::move(groups))});
}

}  // namespace

binary::Node answer_groups(IqContext& context, const binary::Node& iq) {
  const auto to = binary::parse_jid(iq.attribute("to"));
  if (!to || to->server != binary::kGroupServer) {
    context.violation("iq.malformed", "a request of w:g2 is for a group or @g.us: " + describe(iq, 300));
    return error_of(iq, 400, "bad-request");
  }
  if (to->user.empty()) {
    if (const auto* const request = iq.child("create")) return create(context, iq, *request);
    if (const auto* const request = iq.child("leave")) return leave(context, iq, *request);
    if (iq.child("participating") != nullptr) return participating(context, iq);
    return error_of(iq, 501, "feature-not-implemented");
  }
  const auto found = context.network.groups().find(to->user);
  if (found == context.network.groups().end()) return error_of(iq, 404, "item-not-found");
  Group& group = found->second;
  const auto own = group.members.find(context.account.number);
  if (own == group.members.end()) return error_of(iq, 403, "forbidden");
  if (iq.attribute("type") == "get") {
    if (iq.child("query") != nullptr) return result_of(iq, {group_node(context.network, group)});
    return error_of(iq, 501, "feature-not-implemented");
  }
  if (!own->second) return error_of(iq, 403, "forbidden");
  for (const char* const change : {"add", "remove", "promote", "demote"})
    if (const auto* const request = iq.child(change)) return change_members(context, iq, group, *request);
  if (iq.child("subject") != nullptr) {
    const std::string_view subject = iq.child_bytes("subject");
    if (subject.empty() || subject.size() > kMaxSubject) return error_of(iq, 406, "not-acceptable");
    group.subject = subject;
    group.subject_set = context.network.wall_now();
    tell_members(context, group,
                 leaf("subject", {{"subject", group.subject}, {"s_t", context.network.unix_time()}}));
    return result_of(iq);
  }
  if (const auto* const description = iq.child("description")) {
    group.description = std::string(description->child_bytes("body").substr(0, kMaxDescription));
    return result_of(iq);
  }
  return error_of(iq, 501, "feature-not-implemented");
}

}  // namespace patchbay::sandbox
