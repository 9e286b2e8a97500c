#include "noise/handshake.h"

#include <string>

#include <gtest/gtest.h>

#include "base/test_vectors.h"
#include "noise/certificate.h"
#include "noise/handshake_ends.h"
#include "noise/symmetric_state.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {
namespace {

using crypto::Key32;
using crypto::KeyPair;
using proto::HandshakeMessage;

KeyPair pair_of(std::string_view name) {
  return crypto::key_pair_from_private(crypto::to_key(unhex(wa_vectors("noise").at(name))).value());
}
Bytes vector_of(std::string_view name) {
  return unhex(wa_vectors("noise").at(name));
}

// --- Known answers ---

Initiator::Options vector_options() {
  return {.ephemeral = pair_of("clientEphemeralPriv"),
          .static_pair = pair_of("clientStaticPriv"),
          .client_payload = vector_of("clientPayload"),
          .root = crypto::to_key(vector_of("rootPub")).value(),
          .now = kNow};
}

TEST(KnownAnswers, TheClientSpeaksByteForByte) {
  Initiator client(vector_options());
  EXPECT_EQ(kIntro, vector_of("intro"));
  EXPECT_EQ(to_hex(client.start()), to_hex(vector_of("message1")));
  const Result<Bytes> finish = client.on_server_hello(vector_of("message2"));
  ASSERT_TRUE(finish) << finish.error().message;
  EXPECT_EQ(to_hex(*finish), to_hex(vector_of("message3")));
  EXPECT_EQ(client.server_static(), pair_of("serverStaticPriv").public_key);
  EXPECT_FALSE(client.used_ik());

  Cipher cipher = client.take_cipher();
  for (const auto& frame : wa_vectors("noise").at("clientToServer").as_array())
    EXPECT_EQ(cipher.encrypt(unhex(frame.at("plain"))), unhex(frame.at("cipher")));
  for (const auto& frame : wa_vectors("noise").at("serverToClient").as_array())
    EXPECT_EQ(cipher.decrypt(unhex(frame.at("cipher"))), unhex(frame.at("plain")));
}

// The chain inside message 2 is not among the vectors; the client's keys open it.
Bytes vector_chain() {
  const KeyPair ephemeral = pair_of("clientEphemeralPriv");
  HandshakeMessage message;
  EXPECT_TRUE(message.ParseFromString(vector_of("message2")));
  const auto& hello = message.server_hello();
  SymmetricState symmetric("Noise_XX_25519_AESGCM_SHA256");
  symmetric.mix_hash(kIntro);
  symmetric.mix_hash(crypto::view(ephemeral.public_key));
  symmetric.mix_hash(hello.ephemeral());
  EXPECT_TRUE(symmetric.mix_key(ephemeral.private_key, crypto::to_key(hello.ephemeral()).value()));
  const Bytes server_static = symmetric.decrypt_and_hash(hello.static_key()).value();
  EXPECT_TRUE(symmetric.mix_key(ephemeral.private_key, crypto::to_key(server_static).value()));
  return symmetric.decrypt_and_hash(hello.payload()).value();
}

TEST(KnownAnswers, TheServerSpeaksByteForByte) {
  Responder server({.ephemeral = pair_of("serverEphemeralPriv"),
                    .static_pair = pair_of("serverStaticPriv"),
                    .certificate_chain = vector_chain()});
  const Result<Bytes> hello = server.on_client_hello(vector_of("message1"));
  ASSERT_TRUE(hello) << hello.error().message;
  EXPECT_EQ(to_hex(*hello), to_hex(vector_of("message2")));
  EXPECT_FALSE(server.done());
  ASSERT_TRUE(server.on_client_finish(vector_of("message3")));
  EXPECT_TRUE(server.done());
  EXPECT_EQ(server.client_static(), pair_of("clientStaticPriv").public_key);
  EXPECT_EQ(server.client_payload(), vector_of("clientPayload"));

  Cipher cipher = server.take_cipher();
  for (const auto& frame : wa_vectors("noise").at("clientToServer").as_array())
    EXPECT_EQ(cipher.decrypt(unhex(frame.at("cipher"))), unhex(frame.at("plain")));
  for (const auto& frame : wa_vectors("noise").at("serverToClient").as_array())
    EXPECT_EQ(cipher.encrypt(unhex(frame.at("plain"))), unhex(frame.at("cipher")));
}

TEST(KnownAnswers, TheChainIsRefusedUnderAnyOtherRoot) {
  for (const Key32& root : {kWhatsAppRoot, crypto::make_key_pair().public_key, Key32{}}) {
    Initiator::Options options = vector_options();
    options.root = root;
    Initiator client(std::move(options));
    client.start();
    const Result<Bytes> finish = client.on_server_hello(vector_of("message2"));
    ASSERT_FALSE(finish);
    EXPECT_EQ(finish.error().code, ErrorCode::kAuthentication);
    EXPECT_EQ(finish.error().message,
              "The server did not prove that it is who it claims to be: the intermediate certificate is not "
              "signed by the trusted root.");
  }
}

// --- Both ends against each other ---

// Server hello and client finish, when the client has to send one.
void run(const Ends& ends, Initiator& client, Responder& server) {
  const Result<Bytes> hello = server.on_client_hello(client.start());
  ASSERT_TRUE(hello) << hello.error().message;
  const Result<Bytes> finish = client.on_server_hello(*hello);
  ASSERT_TRUE(finish) << finish.error().message;
  EXPECT_EQ(finish->empty(), server.done());
  if (!server.done()) {
    ASSERT_TRUE(server.on_client_finish(*finish));
  }
  expect_same_secrets(ends, client, server);
}

TEST(Handshake, XxMakesTheSameSecretsAtBothEnds) {
  const Ends ends;
  Initiator client = ends.client();
  Responder server = ends.server();
  run(ends, client, server);
  EXPECT_FALSE(client.used_ik());
}

TEST(Handshake, IkIsDoneInOneRoundTrip) {
  Ends ends;
  ends.known_server = ends.server_static.public_key;
  Initiator client = ends.client();
  Responder server = ends.server();
  run(ends, client, server);
  EXPECT_TRUE(client.used_ik());
}

TEST(Handshake, IkThatIsRefusedGoesOnAsXxFallback) {
  Ends ends;
  ends.known_server = ends.server_static.public_key;
  ends.accept_ik = false;
  Initiator client = ends.client();
  Responder server = ends.server();
  run(ends, client, server);
  EXPECT_FALSE(client.used_ik());
}

TEST(Handshake, AServerWithANewKeyGoesOnAsXxFallback) {
  Ends ends;
  ends.known_server = crypto::make_key_pair().public_key;
  Initiator client = ends.client();
  Responder server = ends.server();
  run(ends, client, server);
  EXPECT_FALSE(client.used_ik());
}

TEST(Handshake, XxFallbackAsksForTheCertificateChainAgain) {
  Ends ends;
  ends.known_server = crypto::make_key_pair().public_key;
  Initiator client = ends.client();
  ends.root = crypto::make_key_pair();
  Responder server = ends.server();
  const Result<Bytes> finish = client.on_server_hello(server.on_client_hello(client.start()).value());
  ASSERT_FALSE(finish);
  EXPECT_EQ(finish.error().code, ErrorCode::kAuthentication);
}

TEST(Handshake, AKnownKeyThatIsNoneMeansXx) {
  Ends ends;
  ends.known_server = small_order_key();
  Initiator client = ends.client();
  Responder server = ends.server();
  const Bytes hello = client.start();
  HandshakeMessage parsed;
  ASSERT_TRUE(parsed.ParseFromString(hello));
  EXPECT_FALSE(parsed.client_hello().has_static_key());
  EXPECT_FALSE(parsed.client_hello().has_payload());
  EXPECT_TRUE(client.on_server_hello(server.on_client_hello(hello).value()));
}

TEST(Handshake, ACertificateOutOfItsTimeIsRefused) {
  const Ends ends;
  Initiator client({.ephemeral = crypto::make_key_pair(),
                    .static_pair = ends.client_static,
                    .client_payload = "client payload",
                    .root = ends.root.public_key,
                    .now = kNow + Milliseconds(5'000)});
  Responder server = ends.server();
  const Result<Bytes> finish = client.on_server_hello(server.on_client_hello(client.start()).value());
  ASSERT_FALSE(finish);
  EXPECT_EQ(finish.error().code, ErrorCode::kAuthentication);
}

TEST(Handshake, GarbageAndTooMuchAreRefused) {
  const std::string garbage(50, '\xff');
  const std::string too_much(kMaxHandshakeBytes + 1, '\0');
  for (const std::string& message : {std::string(), garbage, too_much}) {
    const ErrorCode code = message == too_much ? ErrorCode::kPayloadTooLarge : ErrorCode::kBadRequest;
    const Ends ends;
    Initiator client = ends.client();
    client.start();
    const auto at_client = client.on_server_hello(message);
    ASSERT_FALSE(at_client);
    EXPECT_EQ(at_client.error().code, code);

    Responder server = ends.server();
    const auto at_server = server.on_client_hello(message);
    ASSERT_FALSE(at_server);
    EXPECT_EQ(at_server.error().code, code);

    Initiator other = ends.client();
    Responder answering = ends.server();
    ASSERT_TRUE(answering.on_client_hello(other.start()));
    const auto at_finish = answering.on_client_finish(message);
    ASSERT_FALSE(at_finish);
    EXPECT_EQ(at_finish.error().code, code);
  }
}

TEST(Handshake, MessagesInTheWrongOrderAreRefused) {
  const Ends ends;
  Initiator client = ends.client();
  Responder server = ends.server();
  EXPECT_FALSE(client.on_server_hello("too early"));
  EXPECT_FALSE(server.on_client_finish("too early"));
  const Bytes start = client.start();
  const Bytes hello = server.on_client_hello(start).value();
  EXPECT_FALSE(server.on_client_hello(start));
  const Bytes finish = client.on_server_hello(hello).value();
  EXPECT_FALSE(client.on_server_hello(hello));
  EXPECT_TRUE(server.on_client_finish(finish));
  EXPECT_FALSE(server.on_client_finish(finish));
  expect_same_secrets(ends, client, server);
}

TEST(HandshakeDeathTest, ACipherIsTakenOnceAndAfterTheHandshake) {
  const Ends ends;
  Initiator client = ends.client();
  EXPECT_DEATH(client.take_cipher(), "after the handshake");
  EXPECT_DEATH(ends.server().take_cipher(), "after the handshake");
  client.start();
  EXPECT_DEATH(client.start(), "start\\(\\) comes once");
}

TEST(IntroHeader, RoutingInformationStandsInFront) {
  EXPECT_EQ(intro_header(), "WA\x06\x03");
  EXPECT_EQ(intro_header("abc"), std::string("ED\0\1\0\0\3abcWA\6\3", 14));
  EXPECT_EQ(intro_header(std::string(kMaxRoutingInfoBytes, 'r')).size(), 4 + 3 + kMaxRoutingInfoBytes + 4);
  EXPECT_EQ(intro_header(std::string(kMaxRoutingInfoBytes + 1, 'r')), kIntro);
}

}  // namespace
}  // namespace patchbay::noise
