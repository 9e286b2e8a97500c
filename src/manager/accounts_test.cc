#include "manager/accounts.h"

#include <gmock/gmock.h>

#include "manager/accounts_fixture.h"

namespace patchbay::manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class AccountsTest : public AccountsFixture {};

TEST_F(AccountsTest, TheFirstUserIsAdministratorAndTheOthersAreNot) {
  const Login first = sign_up("first@example.com");
  const Login second = sign_up("second@example.com");
  EXPECT_EQ(first.account.user.role, Role::kAdministrator);
  EXPECT_EQ(second.account.user.role, Role::kUser);
  EXPECT_NE(first.account.subscription.id, second.account.subscription.id);
  EXPECT_EQ(enter(first.token).role, Role::kAdministrator);
}

TEST_F(AccountsTest, RegistrationCleansWhatItKeepsAndMakesABasicSubscription) {
  const auto login = accounts_.register_user(
      {.email = " Ada@Example.COM ", .password = "secret", .name = "  <b>Ada</b>  "}, "");
  ASSERT_TRUE(login) << login.error().message;
  EXPECT_EQ(login->account.user.email, "ada@example.com");
  EXPECT_EQ(login->account.user.name, "bAda/b");
  EXPECT_TRUE(looks_like_cuid(login->account.user.id));
  EXPECT_EQ(login->account.subscription.name, "bAda/b's Subscription");
  EXPECT_EQ(login->account.subscription.tier, "BASIC");
  EXPECT_EQ(login->account.subscription.max_instances, 5);
}

TEST_F(AccountsTest, AnAddressRegistersOnceWhateverItsCase) {
  sign_up("ada@example.com");
  EXPECT_EQ(code_of(accounts_.register_user({"ADA@example.com", "secret-1", "Ada"}, "")),
            "RESOURCE_ALREADY_EXISTS");
  // The refused one left nothing behind.
  const auto users = store_->read([](store::ReadTransaction& tx) { return tx.count_users(); });
  EXPECT_EQ(users, 1);
}

TEST_F(AccountsTest, UnusableRegistrationsAreRefusedWithoutQuotingThePassword) {
  const Registration wrong[] = {
      {"", "secret-1", "Ada"},
      {"no-at-sign", "secret-1", "Ada"},
      {"ada@localhost", "secret-1", "Ada"},
      {"ada@example.com", "five5", "Ada"},
      {"ada@example.com", std::string(129, 'p'), "Ada"},
      {"ada@example.com", "bad\xff utf8", "Ada"},
      {"ada@example.com", "secret-1", "A"},
      {"ada@example.com", "secret-1", "<>   <>"},
      {"ada@example.com", "secret-1", std::string(101, 'A')},
      {"ada@example.com", "secret-1", std::string(10'000'000, 'A')},
  };
  for (const Registration& each : wrong) {
    const auto refused = accounts_.register_user(each, "");
    EXPECT_EQ(code_of(refused), "VALIDATION_ERROR");
    if (!refused) {
      EXPECT_THAT(refused.error().message, Not(HasSubstr(each.password)));
    }
  }
}

TEST_F(AccountsTest, LoginNeedsTheRightAddressAndPasswordAndSaysNoMore) {
  sign_up("ada@example.com");
  const auto good = accounts_.login("Ada@Example.com", "secret-1", "10.0.0.1");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(enter(good->token).email, "ada@example.com");
  const auto wrong_password = accounts_.login("ada@example.com", "secret-2", "");
  const auto unknown = accounts_.login("bob@example.com", "secret-1", "");
  const auto nonsense = accounts_.login("' OR ''='", "", "");
  for (const auto& refused : {wrong_password, unknown, nonsense}) {
    EXPECT_EQ(code_of(refused), "INVALID_CREDENTIALS");
    EXPECT_EQ(refused.error().message, wrong_password.error().message);
  }
}

TEST_F(AccountsTest, TheReturnedCopyIsFromBeforeTheLoginAndTheTimeIsKept) {
  sign_up("ada@example.com");
  clock_.advance(Milliseconds(1000));
  const auto first = accounts_.login("ada@example.com", "secret-1", "");
  EXPECT_EQ(first->account.user.last_login_at, std::nullopt);
  store_->flush();
  const auto second = accounts_.login("ada@example.com", "secret-1", "");
  EXPECT_EQ(second->account.user.last_login_at, clock_.wall_now());
}

TEST_F(AccountsTest, ADisabledSubscriptionIsToldOnlyToThoseWhoKnowThePassword) {
  const Login ada = sign_up("ada@example.com");
  ASSERT_TRUE(accounts_.set_subscription_active(ada.account.subscription.id, false));
  EXPECT_EQ(code_of(accounts_.login("ada@example.com", "secret-1", "")), "SUBSCRIPTION_INACTIVE");
  EXPECT_EQ(code_of(accounts_.login("ada@example.com", "wrong", "")), "INVALID_CREDENTIALS");
  EXPECT_EQ(refusal(ada.token), "SUBSCRIPTION_INACTIVE");
  EXPECT_THAT(observer_.noted, ElementsAre("subscription " + ada.account.subscription.id));
  ASSERT_TRUE(accounts_.set_subscription_active(ada.account.subscription.id, true));
  EXPECT_EQ(refusal(ada.token), "let in");
  EXPECT_EQ(code_of(accounts_.set_subscription_active("nowhere", false)), "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(AccountsTest, AChangedPasswordEndsOlderTokensAndTellsTheSockets) {
  const Login ada = sign_up("ada@example.com");
  const Caller caller = enter(ada.token);
  EXPECT_EQ(code_of(accounts_.change_password(caller, "wrong", "new-secret")), "INVALID_CREDENTIALS");
  EXPECT_EQ(code_of(accounts_.change_password(caller, "secret-1", "short")), "VALIDATION_ERROR");
  EXPECT_THAT(observer_.noted, IsEmpty());
  EXPECT_EQ(refusal(ada.token), "let in");

  const auto fresh = accounts_.change_password(caller, "secret-1", "new-secret");
  ASSERT_TRUE(fresh) << fresh.error().message;
  EXPECT_EQ(refusal(ada.token), "TOKEN_INVALID");
  EXPECT_EQ(refusal(*fresh), "let in");
  EXPECT_THAT(observer_.noted, ElementsAre("user tokens " + ada.account.user.id));
  EXPECT_EQ(code_of(accounts_.login("ada@example.com", "secret-1", "")), "INVALID_CREDENTIALS");
  EXPECT_EQ(code_of(accounts_.login("ada@example.com", "new-secret", "")), "ok");
}

TEST_F(AccountsTest, ATokenIsRenewedAndMeShowsWhoOneIs) {
  const Login ada = sign_up("ada@example.com");
  clock_.advance(std::chrono::hours(24 * 6));
  const auto renewed = accounts_.refresh(enter(ada.token));
  ASSERT_TRUE(renewed);
  clock_.advance(std::chrono::hours(24 * 6));
  EXPECT_EQ(refusal(ada.token), "TOKEN_EXPIRED");
  const auto me = accounts_.me(enter(*renewed));
  ASSERT_TRUE(me);
  EXPECT_EQ(me->user.email, "ada@example.com");
  EXPECT_EQ(me->subscription.id, ada.account.subscription.id);
}

TEST_F(AccountsTest, AnApiKeyManagesNothing) {
  const Login ada = sign_up("ada@example.com");
  const std::string instance = add_instance(ada, "shop");
  const auto key =
      keys_.create(enter(ada.token), instance, {.name = "bot", .permissions = Permissions::all()});
  ASSERT_TRUE(key) << key.error().message;
  for (const Caller& caller : {enter(key->api_key), Caller::development()}) {
    EXPECT_EQ(code_of(accounts_.me(caller)), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(accounts_.refresh(caller)), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(accounts_.change_password(caller, "secret-1", "new-secret")), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(accounts_.logout(caller)), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(accounts_.list_users(caller, {})), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(accounts_.subscription_usage(caller)), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(keys_.list(caller, instance)), "AUTHENTICATION_ERROR");
    EXPECT_EQ(code_of(keys_.create(caller, instance, {.name = "x"})), "AUTHENTICATION_ERROR");
  }
}

TEST_F(AccountsTest, WhatHappenedToAccountsIsInTheAuditLog) {
  const Login ada = sign_up("ada@example.com");
  ASSERT_TRUE(accounts_.login("ada@example.com", "secret-1", "10.0.0.1"));
  Caller caller = enter(ada.token);
  ASSERT_TRUE(accounts_.change_password(caller, "secret-1", "secret-2"));
  ASSERT_TRUE(accounts_.logout(caller));
  store_->flush();
  const auto entries = store_->read([](store::ReadTransaction& tx) { return tx.audit_entries(10); });
  ASSERT_TRUE(entries);
  std::vector<std::string> actions;
  for (const store::AuditEntry& entry : *entries) {
    actions.push_back(entry.action);
    EXPECT_EQ(entry.resource_id, ada.account.user.id);
  }
  EXPECT_THAT(actions, ElementsAre("user.logout", "user.password_change", "user.login", "user.register"));
  EXPECT_EQ((*entries)[2].ip_address, "10.0.0.1");
}

class UsersTest : public AccountsFixture {
 protected:
  Login admin_login_ = sign_up("admin@example.com", "Admin");
  Caller admin_ = enter(admin_login_.token);

  UserView add_user(const std::string& email) {
    auto user = accounts_.create_user(admin_, {.email = email, .password = "password", .name = "Colleague"});
    EXPECT_TRUE(user) << user.error().message;
    return user.value_or(UserView{});
  }
  std::string token_of(const std::string& email) {
    auto login = accounts_.login(email, "password", "");
    EXPECT_TRUE(login) << login.error().message;
    return login ? login->token : "";
  }
};

TEST_F(UsersTest, AnAdministratorAddsColleaguesToTheSameSubscription) {
  const UserView user = add_user("Bob@Example.com");
  EXPECT_EQ(user.email, "bob@example.com");
  EXPECT_EQ(user.subscription_id, admin_.subscription_id);
  EXPECT_EQ(enter(token_of("bob@example.com")).subscription_id, admin_.subscription_id);
  EXPECT_EQ(code_of(accounts_.create_user(admin_, {"bob@example.com", "password", "Bob"})),
            "USER_ALREADY_EXISTS");
  EXPECT_EQ(code_of(accounts_.create_user(admin_, {"new@example.com", "seven77", "Bob"})),
            "VALIDATION_ERROR");
}

TEST_F(UsersTest, OnlyAdministratorsMayAndOnlyInTheirSubscription) {
  add_user("bob@example.com");
  const Caller bob = enter(token_of("bob@example.com"));
  EXPECT_EQ(code_of(accounts_.list_users(bob, {})), "PERMISSION_DENIED");
  EXPECT_EQ(code_of(accounts_.create_user(bob, {"x@example.com", "password", "Xx"})), "PERMISSION_DENIED");
  EXPECT_EQ(code_of(accounts_.delete_user(bob, admin_.user_id)), "PERMISSION_DENIED");
  const Login stranger = sign_up("stranger@example.com");
  EXPECT_EQ(code_of(accounts_.get_user(admin_, stranger.account.user.id)), "USER_NOT_FOUND");
  EXPECT_EQ(code_of(accounts_.update_user(admin_, stranger.account.user.id, {.name = "Mine"})),
            "USER_NOT_FOUND");
  EXPECT_EQ(code_of(accounts_.delete_user(admin_, stranger.account.user.id)), "USER_NOT_FOUND");
}

TEST_F(UsersTest, ADisabledUserLosesTokensKeysAndSocketsAndOldTokensStayDead) {
  const UserView bob = add_user("bob@example.com");
  const std::string token = token_of("bob@example.com");
  Login as_bob;
  as_bob.account = {.user = bob, .subscription = {.id = bob.subscription_id}};
  const std::string instance = add_instance(as_bob, "bobs");
  const auto key = keys_.create(admin_, instance, {.name = "bot"});
  ASSERT_TRUE(key);
  EXPECT_EQ(refusal(key->api_key), "let in");

  ASSERT_TRUE(accounts_.update_user(admin_, bob.id, {.is_active = false}));
  EXPECT_EQ(refusal(token), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal(key->api_key), "API_KEY_INVALID");
  EXPECT_EQ(code_of(accounts_.login("bob@example.com", "password", "")), "INVALID_CREDENTIALS");
  EXPECT_THAT(observer_.noted, ElementsAre("user disabled " + bob.id));

  ASSERT_TRUE(accounts_.update_user(admin_, bob.id, {.is_active = true}));
  EXPECT_EQ(refusal(token), "TOKEN_INVALID");
  EXPECT_EQ(refusal(key->api_key), "let in");
  EXPECT_EQ(refusal(token_of("bob@example.com")), "let in");
}

TEST_F(UsersTest, UsersAreChangedButNobodyLocksThemselvesOut) {
  const UserView bob = add_user("bob@example.com");
  const auto changed = accounts_.update_user(
      admin_, bob.id, {.email = "Robert@example.com", .name = "Robert", .role = Role::kAdministrator});
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->user.email, "robert@example.com");
  EXPECT_EQ(changed->user.role, Role::kAdministrator);
  EXPECT_EQ(code_of(accounts_.update_user(admin_, bob.id, {})), "VALIDATION_ERROR");
  EXPECT_EQ(code_of(accounts_.update_user(admin_, bob.id, {.email = "admin@example.com"})),
            "USER_ALREADY_EXISTS");
  EXPECT_EQ(code_of(accounts_.update_user(admin_, admin_.user_id, {.role = Role::kUser})),
            "INVALID_OPERATION");
  EXPECT_EQ(code_of(accounts_.update_user(admin_, admin_.user_id, {.is_active = false})),
            "INVALID_OPERATION");
  EXPECT_EQ(code_of(accounts_.delete_user(admin_, admin_.user_id)), "INVALID_OPERATION");
  EXPECT_EQ(code_of(accounts_.update_user(admin_, admin_.user_id, {.name = "Chief"})), "ok");
}

TEST_F(UsersTest, AUserWithInstancesStaysUntilTheyAreGone) {
  const UserView bob = add_user("bob@example.com");
  const std::string token = token_of("bob@example.com");
  Login as_bob;
  as_bob.account = {.user = bob, .subscription = {.id = bob.subscription_id}};
  const std::string instance = add_instance(as_bob, "bobs");
  EXPECT_EQ(code_of(accounts_.delete_user(admin_, bob.id)), "USER_HAS_DEPENDENCIES");
  EXPECT_EQ(refusal(token), "let in");
  ASSERT_TRUE(store_->write_sync([&](store::WriteTransaction& tx) { return tx.delete_instance(instance); }));
  ASSERT_TRUE(accounts_.delete_user(admin_, bob.id));
  EXPECT_EQ(refusal(token), "AUTHENTICATION_ERROR");
  EXPECT_THAT(observer_.noted, ElementsAre("user disabled " + bob.id));
}

TEST_F(UsersTest, ListsAndUsageShowUsersWithTheirInstances) {
  add_user("bob@example.com");
  clock_.advance(Milliseconds(1));
  add_instance(admin_login_, "shop");
  const auto page = accounts_.list_users(admin_, {.ascending = true, .sort_by = UserQuery::SortBy::kEmail});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 2);
  EXPECT_EQ(page->users[0].user.email, "admin@example.com");
  EXPECT_EQ(page->users[0].instance_count, 1);
  const auto details = accounts_.get_user(admin_, admin_.user_id);
  ASSERT_TRUE(details);
  ASSERT_EQ(details->instances.size(), 1u);
  EXPECT_EQ(details->instances[0].name, "shop");
  const auto usage = accounts_.subscription_usage(admin_);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->limits.max_instances, 5);
  EXPECT_EQ(usage->current_instances, 1);
  EXPECT_EQ(usage->current_users, 2);
}

}  // namespace
}  // namespace patchbay::manager
