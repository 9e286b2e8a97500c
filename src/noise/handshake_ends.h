// Two ends of a handshake that trust each other. For tests only.
#pragma once

#include <optional>
#include <string_view>

#include <gtest/gtest.h>

#include "noise/certificate.h"
#include "noise/handshake.h"

namespace patchbay::noise {

inline const WallTime kNow = from_unix_ms(1'700'000'000'000);

// u = 1.
inline crypto::Key32 small_order_key() {
  return crypto::Key32{1};
}

struct Ends {
  crypto::KeyPair root = crypto::make_key_pair();
  crypto::KeyPair client_static = crypto::make_key_pair();
  crypto::KeyPair server_static = crypto::make_key_pair();
  std::optional<crypto::Key32> known_server;
  bool accept_ik = true;

  Initiator client() const {
    return Initiator({.ephemeral = crypto::make_key_pair(),
                      .static_pair = client_static,
                      .client_payload = "client payload",
                      .root = root.public_key,
                      .now = kNow,
                      .server_static = known_server});
  }
  Responder server() const {
    return Responder(
        {.ephemeral = crypto::make_key_pair(),
         .static_pair = server_static,
         .certificate_chain = issue_certificate_chain(
             root, crypto::make_key_pair(), server_static.public_key,
             {.not_before = kNow - Milliseconds(1'000), .not_after = kNow + Milliseconds(1'000)}),
         .accept_ik = accept_ik});
  }
};

inline void expect_same_secrets(const Ends& ends, Initiator& client, Responder& server) {
  ASSERT_TRUE(server.done());
  EXPECT_EQ(server.client_static(), ends.client_static.public_key);
  EXPECT_EQ(server.client_payload(), "client payload");
  EXPECT_EQ(client.server_static(), ends.server_static.public_key);
  Cipher client_cipher = client.take_cipher();
  Cipher server_cipher = server.take_cipher();
  for (const std::string_view text : {"one", "two", ""}) {
    EXPECT_EQ(server_cipher.decrypt(client_cipher.encrypt(text)), text);
    EXPECT_EQ(client_cipher.decrypt(server_cipher.encrypt(text)), text);
  }
}

}  // namespace patchbay::noise
