#include "socketio/auth_policies.h"

#include <boost/json/object.hpp>

#include "socketio/json_scan.h"
#include "socketio/json_value.h"

namespace patchbay::socketio {
namespace {

class FixedAuth final : public AuthPolicy {
 public:
  explicit FixedAuth(std::string payload) : payload_(std::move(payload)) {}
  void ask(Reply reply) override { reply(Credentials{.auth_json = payload_}); }
  bool refused(const ConnectRefusal&) override { return false; }

 private:
  const std::string payload_;
};

enum class Way { kAuthToken, kAuthAuthorization, kQuery, kHeader, kNone };

Credentials credentials(Way way, const std::string& token) {
  Credentials result;
  switch (way) {
    case Way::kAuthToken:
      result.auth_json = "{\"token\":";
      append_json_string(result.auth_json, token);
      result.auth_json += '}';
      break;
    case Way::kAuthAuthorization:
      result.auth_json = "{\"authorization\":";
      append_json_string(result.auth_json, "Bearer " + token);
      result.auth_json += '}';
      break;
    case Way::kQuery:
      result.query.emplace_back("token", token);
      break;
    case Way::kHeader:
      result.headers.emplace_back("Authorization", "Bearer " + token);
      break;
    case Way::kNone:
      break;
  }
  return result;
}

class TokenAuth final : public AuthPolicy {
 public:
  TokenAuth(TokenSource token, TokenAuthOptions options)
      : token_(std::move(token)), ways_(options.try_without ? 5u : 4u) {}

  void ask(Reply reply) override {
    // Nothing of *this in there: the answer may come when it is gone.
    token_([way = static_cast<Way>(way_), reply = std::move(reply)](Result<std::string> token) mutable {
      if (!token) return reply(std::unexpected(std::move(token).error()));
      reply(credentials(way, *token));
    });
  }
  bool refused(const ConnectRefusal& refusal) override {
    if (refusal.message.find("Authentication") == std::string::npos) return false;
    way_ = (way_ + 1) % ways_;
    if (++tried_ < ways_) return true;
    tried_ = 0;
    return false;
  }
  void accepted() override { tried_ = 0; }

 private:
  const TokenSource token_;
  const unsigned ways_;
  unsigned way_ = 0;
  unsigned tried_ = 0;  // ways refused in a row
};

}  // namespace

std::shared_ptr<AuthPolicy> fixed_auth(const boost::json::object& payload) {
  return std::make_shared<FixedAuth>(serialize_json(payload));
}

TokenSource fixed_token(std::string token) {
  return [token = std::move(token)](TokenReply reply) { reply(token); };
}

std::shared_ptr<AuthPolicy> token_auth(TokenSource token, TokenAuthOptions options) {
  return std::make_shared<TokenAuth>(std::move(token), options);
}

}  // namespace patchbay::socketio
