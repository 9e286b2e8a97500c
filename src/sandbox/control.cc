#include "sandbox/control.h"

#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/error_code.h"
#include "sandbox/phone.h"
#include "sandbox/qr_reader.h"
#include "sandbox/views.h"

namespace patchbay::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "/api/sandbox";
constexpr size_t kMaxDepth = 16;

// --- Reading ----------------------------------------------------------------------------------------------

Result<json::object> read_body(const http::Request& request) {
  if (request.body.size() > Control::kMaxBodyBytes)
    return fail(ErrorCode::kPayloadTooLarge, "a request to the sandbox has at most 3 MiB");
  if (request.body.empty()) return json::object{};
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::value value = json::parse(request.body, error, {}, options);
  if (error) return fail(ErrorCode::kBadRequest, "the body is no JSON: " + error.message());
  if (!value.is_object()) return fail(ErrorCode::kValidation, "the body is a JSON object");
  return std::move(value.as_object());
}

// The fields of a body, each taken once; what is left over is an error, so that a misspelt field is not
// overlooked.
class Fields {
 public:
  explicit Fields(json::object body) : body_(std::move(body)) {}

  std::optional<std::string> text(std::string_view name) {
    const auto value = take(name);
    if (!value || value->is_null()) return std::nullopt;
    if (value->is_string()) return std::string(value->as_string());
    refuse(name, "is text");
    return std::nullopt;
  }
  std::optional<bool> boolean(std::string_view name) {
    const auto value = take(name);
    if (!value || value->is_null()) return std::nullopt;
    if (value->is_bool()) return value->as_bool();
    refuse(name, "is true or false");
    return std::nullopt;
  }
  std::optional<uint64_t> number(std::string_view name,
                                 uint64_t most = std::numeric_limits<uint32_t>::max()) {
    const auto value = take(name);
    if (!value || value->is_null()) return std::nullopt;
    if (value->is_uint64() && value->as_uint64() <= most) return value->as_uint64();
    if (value->is_int64() && value->as_int64() >= 0 && static_cast<uint64_t>(value->as_int64()) <= most)
      return static_cast<uint64_t>(value->as_int64());
    refuse(name, "is a whole number from 0 to " + std::to_string(most));
    return std::nullopt;
  }
  std::optional<json::value> take(std::string_view name) {
    const auto found = body_.find(name);
    if (found == body_.end()) return std::nullopt;
    json::value value = std::move(found->value());
    body_.erase(found);
    return value;
  }
  bool has(std::string_view name) const { return body_.contains(name); }
  void refuse(std::string_view name, std::string_view rule) {
    if (problem_.empty()) problem_ = "'" + std::string(name) + "' " + std::string(rule);
  }
  Status finish() {
    if (problem_.empty() && !body_.empty())
      problem_ = "there is no field '" + std::string(body_.begin()->key()) + "'";
    if (problem_.empty()) return {};
    return fail(ErrorCode::kValidation, problem_);
  }

 private:
  json::object body_;
  std::string problem_;
};

// --- Answering --------------------------------------------------------------------------------------------

struct Answer {
  json::value data;
  int status = 200;
};

http::Response to_response(const Network& network, Result<Answer> answer) {
  if (!answer) {
    const Error& error = answer.error();
    return http::error_response(http_status(error.code), to_string(error.code), error.message);
  }
  http::Response response;
  response.status = answer->status;
  response.set("content-type", "application/json");
  response.set("cache-control", "no-store");
  response.body = json::serialize(json::object{
      {"success", true}, {"timestamp", to_iso8601(network.wall_now())}, {"data", std::move(answer->data)}});
  return response;
}

// --- Phones -----------------------------------------------------------------------------------------------

Result<Answer> list_phones(Network& network) {
  json::array list;
  for (const auto& [number, account] : network.accounts()) list.push_back(phone_json(network, *account));
  return Answer{std::move(list)};
}

Result<Answer> create_phone(Network& network, Fields& fields) {
  Network::NewPhone phone{.number = fields.text("number").value_or(""),
                          .push_name = fields.text("pushName").value_or(""),
                          .business_name = fields.text("businessName").value_or(""),
                          .passkey = fields.boolean("passkey").value_or(false)};
  PB_TRY(fields.finish());
  PB_ASSIGN(Account* const account, network.create_phone(phone));
  return Answer{phone_json(network, *account), 201};
}

std::optional<uint16_t> device_field(Fields& fields) {
  const auto number = fields.number("device", 0xffff);
  if (!number) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

Status scan(Phone& phone, Fields& fields) {
  const auto text = fields.text("qr");
  const auto image = fields.text("image");
  PB_TRY(fields.finish());
  if (text.has_value() == image.has_value())
    return fail(ErrorCode::kValidation,
                "give 'qr', the text of the code, or 'image', a PNG of it as a data URL");
  if (text) return phone.scan(*text);
  PB_ASSIGN(const std::string read, read_qr_data_url(*image));
  return phone.scan(read);
}

Status ban(Phone& phone, Fields& fields) {
  const std::string kind = fields.text("kind").value_or("ban");
  const auto seconds = fields.number("seconds", 365 * 86'400);
  PB_TRY(fields.finish());
  if (kind == "ban") {
    phone.ban();
  } else if (kind == "lock") {
    phone.lock();
  } else if (kind == "temporary") {
    phone.ban_for(std::chrono::seconds(seconds.value_or(3'600)));
  } else {
    return fail(ErrorCode::kValidation, "'kind' is ban, lock or temporary");
  }
  return {};
}

Status act(Account& account, Phone& phone, std::string_view action, Fields& fields) {
  if (action == "scan") return scan(phone, fields);
  if (action == "ban") return ban(phone, fields);
  if (action == "code") {
    const auto code = fields.text("code");
    PB_TRY(fields.finish());
    if (!code) return fail(ErrorCode::kValidation, "'code' is the eight characters that the client shows");
    return phone.enter_code(*code);
  }
  if (action == "passkey") {
    const auto approve = fields.boolean("approve");
    PB_TRY(fields.finish());
    if (!approve) return fail(ErrorCode::kValidation, "'approve' is true or false");
    return phone.decide_passkey(*approve);
  }
  if (action == "unlink") {
    const auto device = device_field(fields);
    PB_TRY(fields.finish());
    if (!device) return fail(ErrorCode::kValidation, "'device' is the number of a linked device");
    return phone.unlink(*device);
  }
  if (action == "take-over" || action == "drop" || action == "end" || action == "ping") {
    const auto device = device_field(fields);
    PB_TRY(fields.finish());
    if (action == "take-over") return phone.take_over(device);
    if (action == "drop") return phone.drop(device);
    if (action == "end") return phone.end_stream(device);
    return phone.ping(device);
  }
  if (action == "stream-error") {
    const auto device = device_field(fields);
    const auto code = fields.number("code", 999);
    const auto conflict = fields.text("conflict").value_or("");
    PB_TRY(fields.finish());
    if (!code && conflict.empty()) return fail(ErrorCode::kValidation, "give 'code', or 'conflict', or both");
    return phone.stream_error(device, static_cast<uint32_t>(code.value_or(0)), conflict.substr(0, 64));
  }
  PB_TRY(fields.finish());
  if (action == "unban") {
    phone.unban();
  } else if (action == "offline" || action == "online") {
    account.online = action == "online";
  } else {
    return fail(ErrorCode::kResourceNotFound,
                "a phone cannot do '" + std::string(action.substr(0, 64)) + "'");
  }
  return {};
}

Result<Answer> on_phone(Network& network, Account& account, std::string_view action, Fields& fields) {
  Phone phone(network, account);
  if (action == "passkey-assertion") {
    const auto options = fields.take("options");
    PB_TRY(fields.finish());
    PB_ASSIGN(const std::string assertion,
              phone.passkey_assertion(!options               ? std::string()
                                      : options->is_string() ? std::string(options->as_string())
                                                             : json::serialize(*options)));
    return Answer{json::object{{"assertion", json::parse(assertion)}}};
  }
  PB_TRY(act(account, phone, action, fields));
  return Answer{phone_json(network, account)};
}

// --- Faults and the rest ----------------------------------------------------------------------------------

Result<Answer> add_fault(Network& network, Fields& fields) {
  const std::string name = fields.text("kind").value_or("");
  const auto kind = parse_fault_kind(name);
  if (!kind)
    return fail(ErrorCode::kValidation, "'kind' is none of the faults that there are (docs/sandbox.md)");
  Fault fault{.kind = *kind};
  fault.phone = fields.text("phone").value_or("");
  if (fields.has("count")) {
    // null is for all connections.
    const auto count = fields.number("count");
    fault.count = count ? std::optional(static_cast<uint32_t>(*count)) : std::nullopt;
  }
  fault.after_frames = static_cast<uint32_t>(fields.number("afterFrames").value_or(0));
  fault.delay_ms = static_cast<uint32_t>(fields.number("delayMs").value_or(0));
  fault.code =
      static_cast<uint32_t>(fields.number("code").value_or(*kind == FaultKind::kRefuseHttp ? 503 : 0));
  fault.bytes = static_cast<uint32_t>(fields.number("bytes").value_or(0));
  fault.conflict = fields.text("conflict").value_or("");
  PB_TRY(fields.finish());
  if (fault.conflict.size() > 64) return fail(ErrorCode::kValidation, "'conflict' has at most 64 bytes");
  if (!fault.phone.empty() && network.find(fault.phone) == nullptr)
    return fail(ErrorCode::kResourceNotFound, "there is no phone " + fault.phone.substr(0, 64));
  PB_ASSIGN(const uint64_t id, network.faults().add(std::move(fault)));
  return Answer{json::object{{"id", id}}, 201};
}

Result<Answer> reset(Network& network, Fields& fields) {
  const auto seed = fields.number("seed", std::numeric_limits<int64_t>::max());
  PB_TRY(fields.finish());
  network.reset(seed);
  return Answer{state_json(network)};
}

std::optional<uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::stoull(std::string(text));
}

// The path's segments after /api/sandbox.
std::vector<std::string_view> segments_of(std::string_view path) {
  path.remove_prefix(std::min(path.size(), kPrefix.size()));
  std::vector<std::string_view> segments;
  while (!path.empty() && segments.size() < 5) {
    path.remove_prefix(1);
    const size_t slash = path.find('/');
    if (const std::string_view segment = path.substr(0, slash); !segment.empty()) segments.push_back(segment);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return segments;
}

Result<Answer> dispatch(Network& network, const http::Request& request) {
  using http::Method;
  const std::vector<std::string_view> path = segments_of(request.path);
  const Method method = request.method == Method::kHead ? Method::kGet : request.method;
  const auto not_found = [&] { return fail(ErrorCode::kResourceNotFound, "the sandbox has no such path"); };
  const auto not_allowed = [&] {
    return fail(ErrorCode::kMethodNotAllowed, "the path does not take this method");
  };
  PB_ASSIGN(json::object body, read_body(request));
  Fields fields(std::move(body));

  if (path.empty()) {
    if (method != Method::kGet) return not_allowed();
    return Answer{state_json(network)};
  }
  const std::string_view resource = path[0];
  if (resource == "phones" && path.size() == 1) {
    if (method == Method::kGet) return list_phones(network);
    if (method == Method::kPost) return create_phone(network, fields);
    return not_allowed();
  }
  if (resource == "phones" && path.size() <= 3) {
    Account* const account = network.find(path[1]);
    if (account == nullptr)
      return fail(ErrorCode::kResourceNotFound, "there is no phone " + std::string(path[1].substr(0, 64)));
    if (path.size() == 3) {
      if (method != Method::kPost) return not_allowed();
      return on_phone(network, *account, path[2], fields);
    }
    if (method == Method::kGet) return Answer{phone_json(network, *account)};
    if (method != Method::kDelete) return not_allowed();
    network.remove_phone(*account);
    return Answer{json::object{}};
  }
  if (resource == "faults" && path.size() == 1) {
    if (method == Method::kGet) return Answer{faults_json(network.faults())};
    if (method == Method::kPost) return add_fault(network, fields);
    if (method != Method::kDelete) return not_allowed();
    network.faults().clear();
    return Answer{json::object{}};
  }
  if (resource == "faults" && path.size() == 2) {
    if (method != Method::kDelete) return not_allowed();
    const auto id = parse_number(path[1]);
    if (!id || !network.faults().remove(*id))
      return fail(ErrorCode::kResourceNotFound, "there is no such fault");
    return Answer{json::object{}};
  }
  if (resource == "violations" && path.size() == 1) {
    if (method == Method::kGet) return Answer{violations_json(network.violations())};
    if (method != Method::kDelete) return not_allowed();
    network.violations().clear();
    return Answer{json::object{}};
  }
  if (resource == "reset" && path.size() == 1) {
    if (method != Method::kPost) return not_allowed();
    return reset(network, fields);
  }
  return not_found();
}

}  // namespace

http::Response Control::handle(const http::Request& request) {
  return to_response(network_, dispatch(network_, request));
}

}  // namespace patchbay::sandbox
