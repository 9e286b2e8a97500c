// Accounts, keys and the authenticator on a real store under a clock that the test moves. For tests only.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "manager/accounts.h"
#include "manager/api_keys.h"
#include "manager/authenticator.h"
#include "manager/revocations.h"
#include "manager/tokens.h"
#include "manager/usage_recorder.h"
#include "store/temporary_store.h"

namespace patchbay::manager {

class NotedRevocations final : public RevocationObserver {
 public:
  void on_user_revoked(std::string_view id, bool disabled) override {
    noted.push_back((disabled ? "user disabled " : "user tokens ") + std::string(id));
  }
  void on_api_key_revoked(std::string_view id) override { noted.push_back("key " + std::string(id)); }
  void on_api_key_expiry(std::string_view id, std::optional<WallTime> at) override {
    noted.push_back((at ? "expiry " : "no expiry ") + std::string(id));
  }
  void on_subscription_revoked(std::string_view id) override {
    noted.push_back("subscription " + std::string(id));
  }
  std::vector<std::string> noted;
};

class AccountsFixture : public testing::Test {
 protected:
  AccountsFixture() { revocations_.add(observer_); }
  ~AccountsFixture() override {
    revocations_.remove(observer_);
    usage_.stop();
    store_->stop();
  }

  Login sign_up(const std::string& email, const std::string& name = "Ada Lovelace") {
    auto login = accounts_.register_user({.email = email, .password = "secret-1", .name = name}, "127.0.0.1");
    EXPECT_TRUE(login) << login.error().message;
    return login.value_or(Login{});
  }
  Caller enter(const std::string& credential) {
    auto caller = authenticator_.authenticate(credential);
    EXPECT_TRUE(caller) << caller.error().message;
    return caller.value_or(Caller{});
  }
  std::string refusal(const std::string& credential) {
    const auto caller = authenticator_.authenticate(credential);
    return caller ? "let in" : std::string(to_string(caller.error().code));
  }
  // An instance of the user's, straight into the store.
  std::string add_instance(const Login& login, const std::string& name) {
    const std::string id = make_cuid(clock_.wall_now());
    const Status added = store_->write_sync([&](store::WriteTransaction& tx) {
      return tx.insert_instance(
          store::make_instance(id, name, login.account.subscription.id, login.account.user.id));
    });
    EXPECT_TRUE(added) << added.error().message;
    return id;
  }
  void set_tier(const Login& login, const std::string& tier) {
    const Status changed = store_->write_sync([&](store::WriteTransaction& tx) -> Status {
      PB_ASSIGN(auto subscription, tx.subscription(login.account.subscription.id));
      subscription->tier = tier;
      return tx.put_subscription(*subscription);
    });
    EXPECT_TRUE(changed);
  }

  ManualClock clock_;
  store::TemporaryStore store_;
  std::unique_ptr<Tokens> tokens_ = *Tokens::create(
      {.secret = std::string(32, 's'), .public_key_pem = "", .issuer = "", .audience = ""}, clock_);
  Revocations revocations_;
  NotedRevocations observer_;
  UsageRecorder usage_{*store_, clock_};
  Accounts accounts_{*store_, *tokens_, revocations_, clock_};
  ApiKeys keys_{*store_, usage_, revocations_, clock_};
  Authenticator authenticator_{*store_, *tokens_, usage_, clock_};
};

template <typename R>
std::string code_of(const R& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

}  // namespace patchbay::manager
