// GET /api/instances/{id}/events: the durable log of an instance.
#include <boost/json.hpp>

#include "manager/instances.h"
#include "rest/context.h"
#include "rest/instance_id.h"
#include "rest/json_view.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr int64_t kMaxEvents = 1000;
constexpr int64_t kDefaultEvents = 100;

// A code that has run out is not worth drawing; its text stays.
std::string drawn_qr(const Context& context, const manager::InstanceEvent& event) {
  if (event.qr_text.empty()) return {};
  if (context.options.qr_format == QrFormat::kRaw) return event.qr_text;
  const json::object data = parse_object(event.data);
  const json::value* expiry = data.if_contains("expiry");
  if (!expiry || !expiry->is_string()) return {};
  const auto until = parse_iso8601(std::string_view(expiry->get_string()));
  return until && *until > context.now ? context.qr_code(event.qr_text) : std::string();
}

json::object event_json(const Context& context, const manager::InstanceEvent& event) {
  return {{"seq", event.seq},
          {"instanceId", event.instance_id},
          {"type", manager::to_string(event.type)},
          {"timestamp", to_json(event.timestamp)},
          {"payload", parse_object(manager::payload(event, drawn_qr(context, event)))}};
}

Outcome<http::Response> list_events(const Context& context, const http::Request& request,
                                    const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  const json::object query = query_object(request, {"after", "limit"});
  FieldReader fields(query);
  const auto after = static_cast<uint64_t>(fields.integer("after", {}).value_or(0));
  const int64_t limit = fields.integer("limit", {.min = 1, .max = kMaxEvents}).value_or(kDefaultEvents);
  PB_TRY(fields.finish());

  PB_ASSIGN(const manager::EventPage page,
            context.services.instances.events(*context.caller, id, after, static_cast<int>(limit)));
  json::array events;
  for (const manager::InstanceEvent& event : page.events) events.push_back(event_json(context, event));
  return context.ok(json::object{{"events", std::move(events)},
                                 {"firstSeq", page.first_seq},
                                 {"lastSeq", page.last_seq},
                                 {"nextAfter", page.events.empty() ? after : page.events.back().seq},
                                 {"hasMore", page.has_more}});
}

constexpr Route kEventRoutes[] = {
    {http::Method::kGet, "/api/instances/{id}/events", Access::kUser, list_events},
};

}  // namespace

std::span<const Route> event_routes() {
  return kEventRoutes;
}

}  // namespace patchbay::rest
