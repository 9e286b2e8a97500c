// Where a client's credentials come from and how they travel. Asked before every connection, so that a token
// may be renewed between two; told when the server refuses, so that another way can be tried. Shard-local;
// replies may come from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.h"
#include "http/client_message.h"

namespace patchbay::socketio {

// Why a namespace was not joined.
struct ConnectRefusal {
  std::string message;    // the server's, or ours; for people
  std::string data_json;  // what the server added, JSON; empty when nothing
  // The server said no, and only a new connect() changes that. Otherwise nobody answered, and the client
  // tries again by itself if reconnection is on.
  bool by_server = false;
};

// What one connection carries. They show up where they travel: queries end in logs of servers and proxies.
struct Credentials {
  std::string auth_json = "{}";  // of the CONNECT packet: an object
  std::vector<std::pair<std::string, std::string>> query{};
  http::Headers headers{};
  bool operator==(const Credentials&) const = default;
};

class AuthPolicy {
 public:
  using Reply = std::move_only_function<void(Result<Credentials>)>;
  virtual ~AuthPolicy() = default;
  // What the next connection carries. An error is a failed attempt; it is tried again later.
  virtual void ask(Reply reply) = 0;
  // The server refused what ask() gave last. True: ask again and try at once. It must come to an end.
  virtual bool refused(const ConnectRefusal& refusal) = 0;
  virtual void accepted() {}
};

// The same payload every time.
std::shared_ptr<AuthPolicy> fixed_auth(const boost::json::object& payload);

// Gives a token, now or later, from any thread.
using TokenReply = std::move_only_function<void(Result<std::string>)>;
using TokenSource = std::function<void(TokenReply)>;
TokenSource fixed_token(std::string token);

struct TokenAuthOptions {
  // At last connect without any credential, for servers in development. Off: a server that refuses every way
  // of giving the token is not asked without.
  bool try_without = false;
};
// The order of Patchbay's setup guide: auth.token, then auth.authorization ("Bearer …"), then the query
// parameter token, then the header Authorization; the next when the server's refusal contains
// "Authentication". The way that worked is the first the next time.
std::shared_ptr<AuthPolicy> token_auth(TokenSource token, TokenAuthOptions options = {});

}  // namespace patchbay::socketio
