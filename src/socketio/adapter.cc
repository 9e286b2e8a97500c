#include "socketio/adapter.h"

#include "socketio/namespace.h"

namespace patchbay::socketio {

void LocalAdapter::broadcast(std::shared_ptr<const BroadcastMessage> message) {
  nsp_.local_broadcast(message);
}
void LocalAdapter::broadcast_with_ack(std::shared_ptr<const BroadcastMessage> message, Milliseconds timeout,
                                      BroadcastAckHandler handler) {
  nsp_.local_broadcast_with_ack(message, timeout, std::move(handler));
}
void LocalAdapter::fetch_sockets(Selection selection, Milliseconds, FetchHandler handler) {
  nsp_.local_fetch_sockets(std::move(selection), std::move(handler));
}
void LocalAdapter::sockets_join(Selection selection, std::vector<std::string> rooms) {
  nsp_.local_sockets_join(std::move(selection), std::move(rooms));
}
void LocalAdapter::sockets_leave(Selection selection, std::vector<std::string> rooms) {
  nsp_.local_sockets_leave(std::move(selection), std::move(rooms));
}
void LocalAdapter::disconnect_sockets(Selection selection, bool close) {
  nsp_.local_disconnect_sockets(std::move(selection), close);
}
void LocalAdapter::server_side_emit(std::string_view, Args, Milliseconds, ServerSideAckHandler handler) {
  if (handler) handler({});
}

}  // namespace patchbay::socketio
