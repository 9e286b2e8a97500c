// One HTTP connection of the server: bytes in, requests to the handler one at a time, answers out in order.
// Shard-local. Internal to the module: the outside sees Exchange.
#pragma once

#include <memory>
#include <string>

#include "http/server.h"

namespace patchbay::http {

class Connection final : public net::Stream::Handler, public net::Disposable, private net::TimerNode {
 public:
  Connection(Server& server, net::Shard& shard, net::StreamPtr stream);
  ~Connection() override;

  void start();
  // Instead of start(): answers 503 and closes.
  void turn_away();
  // Ends the connection now; the exchange in progress is told.
  void close();

 private:
  friend class Exchange;
  friend class Server;

  // net::Stream::Handler
  void on_data(std::span<char> bytes) override;
  void on_closed(net::CloseCause cause) override;
  // net::TimerNode: the deadline of what is going on
  void on_timer() override;

  // Feeds `bytes`, dispatching what is complete; keeps what was not consumed because a request is being
  // answered.
  void consume(std::string_view bytes);
  void dispatch();
  void respond(Response response);
  void write_response(const Response& response, bool head, bool keep_alive);
  void refuse(int status, std::string_view code, std::string_view message);
  void continue_with_pending();
  void finish();
  net::StreamPtr release_stream();

  Server& server_;
  net::Shard& shard_;
  net::StreamPtr stream_;
  RequestParser parser_;
  ExchangePtr exchange_;     // the request that is being answered
  std::string pending_;      // bytes after it
  std::string_view rest_;    // the same while consume() is on the stack
  bool in_request_ = false;  // at least one byte of the next request has come
  bool keep_alive_ = false;
  bool head_ = false;
  bool consuming_ = false;  // consume() is on the stack
  size_t index_ = 0;        // in the server's list
};

}  // namespace patchbay::http
