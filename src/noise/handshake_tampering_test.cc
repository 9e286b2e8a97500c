// Handshake messages that somebody touched on their way, and keys that are no keys.
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "noise/handshake.h"
#include "noise/handshake_ends.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {
namespace {

using proto::HandshakeMessage;

using Spoil = std::function<void(HandshakeMessage&)>;

Bytes spoiled(const Bytes& message, const Spoil& spoil) {
  HandshakeMessage parsed;
  EXPECT_TRUE(parsed.ParseFromString(message));
  spoil(parsed);
  return parsed.SerializeAsString();
}
void flip(std::string* octets) {
  octets->back() = static_cast<char>(octets->back() ^ 1);
}

struct Case {
  const char* what;
  Spoil spoil;
  ErrorCode code;
  std::string message;
};

std::vector<Case> server_hello_cases() {
  const auto small = std::string(crypto::view(small_order_key()));
  return {
      {"another ephemeral key", [](auto& m) { flip(m.mutable_server_hello()->mutable_ephemeral()); },
       ErrorCode::kAuthentication, "The handshake failed: the server's static key cannot be decrypted."},
      {"an ephemeral key of small order", [=](auto& m) { m.mutable_server_hello()->set_ephemeral(small); },
       ErrorCode::kAuthentication,
       "The handshake failed: the server's ephemeral key is a point of small order."},
      {"a short ephemeral key", [](auto& m) { m.mutable_server_hello()->mutable_ephemeral()->pop_back(); },
       ErrorCode::kBadRequest, "The handshake failed: the server's ephemeral key is not 32 octets."},
      {"no ephemeral key", [](auto& m) { m.mutable_server_hello()->clear_ephemeral(); },
       ErrorCode::kBadRequest, "The handshake failed: the server's ephemeral key is not 32 octets."},
      {"another static key", [](auto& m) { flip(m.mutable_server_hello()->mutable_static_key()); },
       ErrorCode::kAuthentication, "The handshake failed: the server's static key cannot be decrypted."},
      {"no static key", [](auto& m) { m.mutable_server_hello()->clear_static_key(); },
       ErrorCode::kAuthentication, "The handshake failed: the server's static key cannot be decrypted."},
      {"another chain", [](auto& m) { flip(m.mutable_server_hello()->mutable_payload()); },
       ErrorCode::kAuthentication,
       "The handshake failed: the server's certificate chain cannot be decrypted."},
      {"no chain", [](auto& m) { m.mutable_server_hello()->clear_payload(); }, ErrorCode::kAuthentication,
       "The handshake failed: the server's certificate chain cannot be decrypted."},
      {"no server hello", [](auto& m) { m.clear_server_hello(); }, ErrorCode::kBadRequest,
       "The handshake failed: the server's answer is no server hello."},
  };
}

TEST(Tampering, EveryPartOfTheServerHelloIsProtected) {
  for (const Case& c : server_hello_cases()) {
    const Ends ends;
    Initiator client = ends.client();
    Responder server = ends.server();
    const Bytes hello = spoiled(server.on_client_hello(client.start()).value(), c.spoil);
    const Result<Bytes> finish = client.on_server_hello(hello);
    ASSERT_FALSE(finish) << c.what;
    EXPECT_EQ(finish.error().code, c.code) << c.what;
    EXPECT_EQ(finish.error().message, c.message) << c.what;
  }
}

TEST(Tampering, EveryPartOfTheClientHelloIsProtected) {
  const Ends ends;
  Initiator client = ends.client();
  Responder server = ends.server();
  const Bytes hello =
      spoiled(client.start(), [](auto& m) { flip(m.mutable_client_hello()->mutable_ephemeral()); });
  EXPECT_FALSE(client.on_server_hello(server.on_client_hello(hello).value()));
}

TEST(Tampering, EveryPartOfTheClientFinishIsProtected) {
  const std::vector<Case> cases = {
      {"another static key", [](auto& m) { flip(m.mutable_client_finish()->mutable_static_key()); },
       ErrorCode::kAuthentication, "The handshake failed: the client's static key cannot be decrypted."},
      {"no static key", [](auto& m) { m.mutable_client_finish()->clear_static_key(); },
       ErrorCode::kAuthentication, "The handshake failed: the client's static key cannot be decrypted."},
      {"another payload", [](auto& m) { flip(m.mutable_client_finish()->mutable_payload()); },
       ErrorCode::kAuthentication, "The handshake failed: the client's payload cannot be decrypted."},
      {"no payload", [](auto& m) { m.mutable_client_finish()->clear_payload(); }, ErrorCode::kAuthentication,
       "The handshake failed: the client's payload cannot be decrypted."},
      {"no client finish", [](auto& m) { m.clear_client_finish(); }, ErrorCode::kBadRequest,
       "The handshake failed: the client's last message is no client finish."},
  };
  for (const Case& c : cases) {
    const Ends ends;
    Initiator client = ends.client();
    Responder server = ends.server();
    const Bytes finish = client.on_server_hello(server.on_client_hello(client.start()).value()).value();
    const Status status = server.on_client_finish(spoiled(finish, c.spoil));
    ASSERT_FALSE(status) << c.what;
    EXPECT_EQ(status.error().code, c.code) << c.what;
    EXPECT_EQ(status.error().message, c.message) << c.what;
    EXPECT_FALSE(server.done());
    EXPECT_EQ(server.client_payload(), "");
    // It was the only try.
    EXPECT_FALSE(server.on_client_finish(finish));
  }
}

// A hello that is not the client's ends in XXfallback, whose transcript the client does not share.
TEST(Tampering, EveryPartOfTheIkHelloIsProtected) {
  for (const Spoil& spoil : {Spoil([](auto& m) { flip(m.mutable_client_hello()->mutable_static_key()); }),
                             Spoil([](auto& m) { flip(m.mutable_client_hello()->mutable_payload()); }),
                             Spoil([](auto& m) { m.mutable_client_hello()->set_static_key(""); })}) {
    Ends ends;
    ends.known_server = ends.server_static.public_key;
    Initiator client = ends.client();
    Responder server = ends.server();
    const Bytes hello = server.on_client_hello(spoiled(client.start(), spoil)).value();
    EXPECT_FALSE(server.done());
    const Result<Bytes> finish = client.on_server_hello(hello);
    // The ephemeral keys are genuine, so the fallback succeeds; what was touched is not believed.
    ASSERT_TRUE(finish) << finish.error().message;
    EXPECT_FALSE(client.used_ik());
    ASSERT_TRUE(server.on_client_finish(*finish));
    expect_same_secrets(ends, client, server);
  }
  Ends ends;
  ends.known_server = ends.server_static.public_key;
  Initiator client = ends.client();
  Responder server = ends.server();
  const Bytes hello =
      spoiled(client.start(), [](auto& m) { flip(m.mutable_client_hello()->mutable_ephemeral()); });
  EXPECT_FALSE(client.on_server_hello(server.on_client_hello(hello).value()));
}

TEST(Tampering, EveryPartOfTheIkAnswerIsProtected) {
  const auto small = std::string(crypto::view(small_order_key()));
  const std::vector<Case> cases = {
      {"another ephemeral key", [](auto& m) { flip(m.mutable_server_hello()->mutable_ephemeral()); },
       ErrorCode::kAuthentication, "The handshake failed: the server's payload cannot be decrypted."},
      {"an ephemeral key of small order", [=](auto& m) { m.mutable_server_hello()->set_ephemeral(small); },
       ErrorCode::kAuthentication,
       "The handshake failed: the server's ephemeral key is a point of small order."},
      {"another payload", [](auto& m) { flip(m.mutable_server_hello()->mutable_payload()); },
       ErrorCode::kAuthentication, "The handshake failed: the server's payload cannot be decrypted."},
      {"no payload", [](auto& m) { m.mutable_server_hello()->clear_payload(); }, ErrorCode::kAuthentication,
       "The handshake failed: the server's payload cannot be decrypted."},
      {"a static key", [](auto& m) { m.mutable_server_hello()->set_static_key(std::string(48, 's')); },
       ErrorCode::kAuthentication, "The handshake failed: the server's static key cannot be decrypted."},
      {"an empty static key", [](auto& m) { m.mutable_server_hello()->set_static_key(""); },
       ErrorCode::kAuthentication, "The handshake failed: the server's static key cannot be decrypted."},
  };
  for (const Case& c : cases) {
    Ends ends;
    ends.known_server = ends.server_static.public_key;
    Initiator client = ends.client();
    Responder server = ends.server();
    const Bytes hello = spoiled(server.on_client_hello(client.start()).value(), c.spoil);
    EXPECT_TRUE(server.done());
    const Result<Bytes> finish = client.on_server_hello(hello);
    ASSERT_FALSE(finish) << c.what;
    EXPECT_EQ(finish.error().code, c.code) << c.what;
    EXPECT_EQ(finish.error().message, c.message) << c.what;
    EXPECT_FALSE(client.used_ik());
  }
}

// A recorded hello opens no session for who has not the client's private key.
TEST(Tampering, AnIkHelloThatIsReplayedGivesNoSharedSecret) {
  Ends ends;
  ends.known_server = ends.server_static.public_key;
  Initiator client = ends.client();
  Responder first = ends.server();
  Responder second = ends.server();
  const Bytes hello = client.start();
  ASSERT_TRUE(client.on_server_hello(first.on_client_hello(hello).value()));
  ASSERT_TRUE(second.on_client_hello(hello));
  Cipher client_cipher = client.take_cipher();
  EXPECT_FALSE(second.take_cipher().decrypt(client_cipher.encrypt("for the first")));
}

TEST(Responder, RefusesKeysOfSmallOrder) {
  const auto small = std::string(crypto::view(small_order_key()));
  for (const bool ik : {false, true}) {
    const Ends ends;
    HandshakeMessage message;
    message.mutable_client_hello()->set_ephemeral(small);
    if (ik) {
      message.mutable_client_hello()->set_static_key(std::string(48, 's'));
      message.mutable_client_hello()->set_payload(std::string(48, 'p'));
    }
    Responder server = ends.server();
    const Result<Bytes> hello = server.on_client_hello(message.SerializeAsString());
    ASSERT_FALSE(hello);
    EXPECT_EQ(hello.error().code, ErrorCode::kAuthentication);
    EXPECT_EQ(hello.error().message,
              "The handshake failed: the client's ephemeral key is a point of small order.");
  }

  // The client's static key, honestly encrypted.
  Ends ends;
  ends.client_static = {.private_key = crypto::make_key_pair().private_key, .public_key = small_order_key()};
  Initiator client = ends.client();
  Responder server = ends.server();
  const Bytes finish = client.on_server_hello(server.on_client_hello(client.start()).value()).value();
  const Status status = server.on_client_finish(finish);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "The handshake failed: the client's static key is a point of small order.");
}

TEST(Initiator, RefusesAServersStaticKeyOfSmallOrder) {
  Ends ends;
  ends.server_static = {.private_key = crypto::make_key_pair().private_key, .public_key = small_order_key()};
  Initiator client = ends.client();
  Responder server = ends.server();
  const Result<Bytes> finish = client.on_server_hello(server.on_client_hello(client.start()).value());
  ASSERT_FALSE(finish);
  EXPECT_EQ(finish.error().message,
            "The handshake failed: the server's static key is a point of small order.");
}

TEST(Responder, RefusesAHelloThatIsNeitherOfXxNorOfIk) {
  for (const bool with_static : {false, true}) {
    HandshakeMessage message;
    auto& hello = *message.mutable_client_hello();
    hello.set_ephemeral(std::string(crypto::view(crypto::make_key_pair().public_key)));
    with_static ? hello.set_static_key("s") : hello.set_payload("p");
    Responder server = Ends().server();
    const Result<Bytes> answer = server.on_client_hello(message.SerializeAsString());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "The handshake failed: the client hello is neither of XX nor of IK.");
  }
}

}  // namespace
}  // namespace patchbay::noise
