#include "manager/authenticator.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "manager/accounts_fixture.h"

namespace patchbay::manager {
namespace {

class AuthenticatorTest : public AccountsFixture {
 protected:
  Login ada_ = sign_up("ada@example.com");

  // As another program that shares the secret would make it.
  std::string foreign_token(std::string_view more) const {
    const std::string payload = R"({"exp":1700000600,)" + std::string(more) + "}";
    const std::string input =
        base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(payload);
    return input + "." + base64url_encode(crypto::hmac_sha256(std::string(32, 's'), input));
  }
  std::string user_claim(std::string_view name) const {
    return "\"" + std::string(name) + "\":\"" + ada_.account.user.id + "\"";
  }
};

TEST_F(AuthenticatorTest, ATokenTellsWhoCalls) {
  const Caller caller = enter(ada_.token);
  EXPECT_EQ(caller.kind, Caller::Kind::kUser);
  EXPECT_EQ(caller.user_id, ada_.account.user.id);
  EXPECT_EQ(caller.email, "ada@example.com");
  EXPECT_EQ(caller.subscription_id, ada_.account.subscription.id);
  EXPECT_EQ(caller.permissions, Permissions::all());
  EXPECT_EQ(caller.expires_at, clock_.wall_now() + std::chrono::hours(24 * 7));
  EXPECT_TRUE(caller.may_see("any", ada_.account.subscription.id));
  EXPECT_FALSE(caller.may_see("any", "other"));
}

TEST_F(AuthenticatorTest, TwoDotsMakeATokenAndAnythingElseIsAKey) {
  EXPECT_EQ(refusal(""), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal("a.b.c"), "TOKEN_INVALID");
  EXPECT_EQ(refusal(".."), "TOKEN_INVALID");
  EXPECT_EQ(refusal("a.b"), "API_KEY_INVALID");
  EXPECT_EQ(refusal("a.b.c.d"), "API_KEY_INVALID");
  EXPECT_EQ(refusal("wa_" + std::string(64, '0')), "API_KEY_INVALID");
  EXPECT_EQ(refusal(std::string("\0\xff", 2)), "API_KEY_INVALID");
  EXPECT_EQ(refusal(std::string(10'000'000, 'k')), "API_KEY_INVALID");
  EXPECT_EQ(refusal(ada_.token + std::string(10'000, 'A')), "TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, ErrorsNeverQuoteTheCredential) {
  for (const std::string& credential : {std::string("my-s3cret-key"), std::string("my-s3cret.jw.token")}) {
    const auto refused = authenticator_.authenticate(credential);
    ASSERT_FALSE(refused);
    EXPECT_EQ((refused.error().message + refused.error().detail).find("s3cret"), std::string::npos);
  }
}

TEST_F(AuthenticatorTest, TokensOfProgramsThatShareTheSecretServeUntilThePasswordChanges) {
  const std::string by_user_id = foreign_token(user_claim("userId") + R"(,"iat":1699999999)");
  const std::string by_subject = foreign_token(user_claim("sub"));
  EXPECT_EQ(refusal(by_user_id), "let in");
  EXPECT_EQ(refusal(by_subject), "let in");
  EXPECT_EQ(refusal(foreign_token(R"("userId":"nobody")")), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal(foreign_token(R"("userId":7)")), "TOKEN_INVALID");
  EXPECT_EQ(refusal(foreign_token(R"("role":"ADMINISTRATOR")")), "TOKEN_INVALID");
  // What a token says about roles counts for nothing.
  EXPECT_EQ(enter(foreign_token(user_claim("sub") + R"(,"subscriptionId":"other")")).subscription_id,
            ada_.account.subscription.id);

  ASSERT_TRUE(accounts_.change_password(enter(ada_.token), "secret-1", "secret-2"));
  EXPECT_EQ(refusal(by_user_id), "TOKEN_INVALID");
  EXPECT_EQ(refusal(by_subject), "TOKEN_INVALID") << "without a time of issue nobody can tell";
  clock_.advance(Milliseconds(2'000));
  EXPECT_EQ(refusal(foreign_token(user_claim("userId") + R"(,"iat":1700000001)")), "let in");
  EXPECT_EQ(refusal(foreign_token(user_claim("userId") + R"(,"iat":1700000001,"ver":1)")), "TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, TokensOfAnIdentityProviderServeBesideOurOwn) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  auto tokens = Tokens::create({.secret = std::string(32, 's'),
                                .public_key_pem = std::string(data, static_cast<size_t>(size)),
                                .issuer = "",
                                .audience = ""},
                               clock_);
  BIO_free(bio);
  EVP_PKEY_free(key);
  ASSERT_TRUE(tokens) << tokens.error().message;
  Authenticator both(*store_, **tokens, usage_, clock_);
  EXPECT_EQ(code_of(both.authenticate(ada_.token)), "ok");
}

TEST_F(AuthenticatorTest, AKeyOfADisabledInstanceIsRefused) {
  const std::string instance = add_instance(ada_, "shop");
  const auto key = keys_.create(enter(ada_.token), instance, {.name = "bot"});
  ASSERT_TRUE(key);
  store::InstanceConfig config;
  config.name = "shop";
  config.is_active = false;
  ASSERT_TRUE(store_->write_sync([&](store::WriteTransaction& tx) {
    return tx.put_instance_config(instance, config, clock_.wall_now());
  }));
  EXPECT_EQ(refusal(key->api_key), "INSTANCE_NOT_FOUND");
}

TEST_F(AuthenticatorTest, AKeySeesItsOwnInstanceOnly) {
  const std::string instance = add_instance(ada_, "shop");
  const auto key = keys_.create(enter(ada_.token), instance, {.name = "bot"});
  ASSERT_TRUE(key);
  const Caller bot = enter(key->api_key);
  EXPECT_TRUE(bot.may_see(instance, ada_.account.subscription.id));
  EXPECT_FALSE(bot.may_see(add_instance(ada_, "other"), ada_.account.subscription.id));
  EXPECT_TRUE(Caller::development().may_see(instance, ada_.account.subscription.id));
}

TEST_F(AuthenticatorTest, AWeakSecretOrAnUnusableKeyIsRefusedAtTheStart) {
  EXPECT_EQ(code_of(Tokens::create({.secret = "short"}, clock_)), "CONFIGURATION_ERROR");
  EXPECT_EQ(code_of(Tokens::create({.secret = std::string(32, 's'), .public_key_pem = "junk"}, clock_)),
            "CONFIGURATION_ERROR");
}

TEST_F(AuthenticatorTest, TimesSeenAreWrittenTogetherOnceTheIntervalIsOver) {
  store_->flush();
  const uint64_t writes = store_->metrics().writes;
  for (int i = 0; i < 50; ++i) enter(ada_.token);
  EXPECT_EQ(store_->metrics().writes, writes);
  clock_.advance(Milliseconds(5'000));
  enter(ada_.token);
  store_->flush();
  EXPECT_EQ(store_->metrics().writes, writes + 1);
  const auto user = store_->read([&](store::ReadTransaction& tx) { return tx.user(ada_.account.user.id); });
  EXPECT_EQ((*user)->last_login_at, clock_.wall_now());
}

}  // namespace
}  // namespace patchbay::manager
