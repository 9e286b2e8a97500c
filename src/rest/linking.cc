// The ways to link a phone besides the QR code: a code to type into it, and the account's passkey.
#include <algorithm>

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

constexpr size_t kMaxAssertionBytes = 65'536;

// "+49 (170) 123-4567" as people write it: the digits alone.
std::string digits_of(std::string_view text) {
  std::string digits(text);
  if (digits.starts_with('+')) digits.erase(0, 1);
  std::erase_if(digits, [](char c) { return c == ' ' || c == '-' || c == '(' || c == ')' || c == '.'; });
  return digits;
}

Outcome<http::Response> request_pair_code(const Context& context, const http::Request& request,
                                          const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  const auto given =
      fields.text("phone", {.presence = Presence::kRequired, .min_characters = 7, .max_characters = 32});
  const std::string phone = digits_of(given.value_or(""));
  const bool good = phone.size() >= 7 && phone.size() <= 15 && phone.front() != '0' &&
                    phone.find_first_not_of("0123456789") == std::string::npos;
  if (given && !good)
    fields.refuse("phone",
                  "must be the number with its country code, 7 to 15 digits, without a leading zero");
  PB_TRY(fields.finish());

  PB_ASSIGN(const manager::Linking::PairCode code,
            context.services.instances.request_pair_code(*context.caller, id, phone));
  return context.ok(json::object{
      {"message", context.options.simulation
                      ? "A sandbox's code: type it into one of its phones; a real one does not take it"
                      : "Type this code into WhatsApp: Settings, Linked devices, Link a device, Link with "
                        "phone number instead"},
      {"instanceId", id},
      {"pairCode", code.code},
      {"pairCodeExpiry", to_json(code.expiry)},
      {"simulation", context.options.simulation}});
}

// The browser's answer as an object, or as the text of one: what people paste.
Outcome<http::Response> answer_passkey(const Context& context, const http::Request& request,
                                       const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  std::string assertion;
  if (const json::value* const given = body.if_contains("assertion"); given && given->is_object()) {
    assertion = json::serialize(*given);
  } else {
    assertion = fields
                    .text("assertion", {.presence = Presence::kRequired,
                                        .min_characters = 2,
                                        .max_characters = kMaxAssertionBytes,
                                        .secret = true,
                                        .multiline = true})
                    .value_or("");
    boost::system::error_code error;
    const json::value parsed = json::parse(assertion, error);
    if (!assertion.empty() && (error || !parsed.is_object()))
      fields.refuse("assertion", "must be the JSON object that the browser gave", true);
  }
  if (assertion.size() > kMaxAssertionBytes)
    fields.refuse("assertion", "must be at most 65536 bytes of JSON", true);
  PB_TRY(fields.finish());

  PB_TRY(context.services.instances.answer_passkey(*context.caller, id, assertion));
  return context.ok(json::object{
      {"message", "The passkey was handed in; compare the verification code with the one on the phone"},
      {"instanceId", id}});
}

constexpr Route kLinkingRoutes[] = {
    {http::Method::kPost, "/api/instances/{id}/pair-code", Access::kUser, request_pair_code},
    {http::Method::kPost, "/api/instances/{id}/passkey", Access::kUser, answer_passkey},
};

}  // namespace

std::span<const Route> linking_routes() {
  return kLinkingRoutes;
}

}  // namespace patchbay::rest
