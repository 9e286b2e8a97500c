// deps: proto noise
// Handshakes with fixed keys: an initiator that is fed an arbitrary server hello, a responder that is fed an
// arbitrary client hello and client finish, and both against each other with one message changed on its way.
// Nothing arbitrary is accepted; when both ends finish, they share their keys and the genuine payload.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <utility>

#include "noise/certificate.h"
#include "noise/handshake.h"
#include "proto/handshake.pb.h"

namespace {

using namespace patchbay;
using noise::Initiator;
using noise::Responder;
using proto::HandshakeMessage;

const WallTime kNow = from_unix_ms(1'700'000'000'000);

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

crypto::KeyPair fixed_pair(uint8_t octet) {
  crypto::Key32 key;
  key.fill(octet);
  return crypto::key_pair_from_private(key);
}

const crypto::KeyPair kRoot = fixed_pair(1);
const crypto::KeyPair kClientStatic = fixed_pair(2);
const crypto::KeyPair kClientEphemeral = fixed_pair(3);
const crypto::KeyPair kServerStatic = fixed_pair(4);
const crypto::KeyPair kServerEphemeral = fixed_pair(5);
const crypto::KeyPair kIntermediate = fixed_pair(6);

Initiator initiator(bool ik) {
  Initiator::Options options{.ephemeral = kClientEphemeral,
                             .static_pair = kClientStatic,
                             .client_payload = "client payload",
                             .root = kRoot.public_key,
                             .now = kNow};
  if (ik) options.server_static = kServerStatic.public_key;
  return Initiator(std::move(options));
}

Responder responder(bool accept_ik) {
  static const Bytes chain = noise::issue_certificate_chain(kRoot, kIntermediate, kServerStatic.public_key,
                                                            {.not_before = kNow, .not_after = kNow});
  return Responder({.ephemeral = kServerEphemeral,
                    .static_pair = kServerStatic,
                    .certificate_chain = chain,
                    .accept_ik = accept_ik});
}

void check_error(const Error& error) {
  check(error.message.size() < 200);
  check(error.code == ErrorCode::kAuthentication || error.code == ErrorCode::kBadRequest ||
        error.code == ErrorCode::kPayloadTooLarge);
}

// The message itself, and the same octets as the fields of a well-formed one.
HandshakeMessage as_fields(std::string_view input, size_t first, size_t second) {
  const size_t a = std::min(first, input.size());
  const size_t b = std::min(second, input.size() - a);
  const std::string ephemeral(input.substr(0, a));
  const std::string key(input.substr(a, b));
  const std::string payload(input.substr(a + b));
  HandshakeMessage message;
  message.mutable_client_hello()->set_ephemeral(ephemeral);
  message.mutable_client_hello()->set_static_key(key);
  message.mutable_client_hello()->set_payload(payload);
  message.mutable_server_hello()->set_ephemeral(ephemeral);
  message.mutable_server_hello()->set_static_key(key);
  message.mutable_server_hello()->set_payload(payload);
  message.mutable_client_finish()->set_static_key(key);
  message.mutable_client_finish()->set_payload(payload);
  return message;
}

void arbitrary(std::string_view message, bool ik) {
  Initiator client = initiator(ik);
  const Bytes start = client.start();
  const auto finish = client.on_server_hello(message);
  check(!finish);  // nobody without the server's keys makes a hello that opens
  check_error(finish.error());
  check(!client.on_server_hello(message));

  Responder server = responder(ik);
  const auto hello = server.on_client_hello(message);
  check(!server.done());
  if (!hello) {
    check_error(hello.error());
    check(!server.on_client_finish(message));
  }

  Responder waiting = responder(ik);
  check(static_cast<bool>(waiting.on_client_hello(initiator(false).start())));
  const auto status = waiting.on_client_finish(message);
  check(!status && !waiting.done());
  check_error(status.error());
}

// Changes message `which` by XOR with `change` from `offset` on.
void changed(std::string_view change, size_t offset, int which, bool ik, bool accept_ik) {
  const auto pass = [&](Bytes message, int number) {
    if (number == which)
      for (size_t i = 0; i < change.size() && offset + i < message.size(); ++i)
        message[offset + i] = static_cast<char>(message[offset + i] ^ change[i]);
    return message;
  };
  Initiator client = initiator(ik);
  Responder server = responder(accept_ik);
  const auto hello = server.on_client_hello(pass(client.start(), 0));
  if (!hello) return check_error(hello.error());
  const auto finish = client.on_server_hello(pass(*hello, 1));
  if (!finish) return check_error(finish.error());
  if (!finish->empty()) {
    // The server believes to be done only when it took the hello for IK.
    if (server.done()) return;
    const Status status = server.on_client_finish(pass(*finish, 2));
    if (!status) return check_error(status.error());
  }
  check(server.done());
  check(server.client_payload() == "client payload" && server.client_static() == kClientStatic.public_key);
  check(client.server_static() == kServerStatic.public_key);
  noise::Cipher client_cipher = client.take_cipher();
  noise::Cipher server_cipher = server.take_cipher();
  check(server_cipher.decrypt(client_cipher.encrypt("to the server")) == "to the server");
  check(client_cipher.decrypt(server_cipher.encrypt("to the client")) == "to the client");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  const bool ik = (data[0] & 4) != 0;
  switch (data[0] & 3) {
    case 0:
      arbitrary(input, ik);
      break;
    case 1:
      arbitrary(as_fields(input, data[1], data[2]).SerializeAsString(), ik);
      break;
    default:
      changed(input, data[2], data[1] % 3, ik, (data[0] & 8) != 0);
  }
  return 0;
}
