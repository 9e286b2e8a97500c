#include "manager/api_keys.h"

#include <gmock/gmock.h>

#include "manager/accounts_fixture.h"

namespace patchbay::manager {
namespace {

using testing::ElementsAre;

class ApiKeysTest : public AccountsFixture {
 protected:
  Login login_ = sign_up("ada@example.com");
  Caller ada_ = enter(login_.token);
  std::string instance_ = add_instance(login_, "shop");

  ApiKeyView make(const NewApiKey& request = {.name = "bot", .permissions = {.messages_send = true}}) {
    auto key = keys_.create(ada_, instance_, request);
    EXPECT_TRUE(key) << key.error().message;
    return key.value_or(ApiKeyView{});
  }
};

TEST_F(ApiKeysTest, AKeyIsMadeShownInListsAndLetsIn) {
  const ApiKeyView made = make();
  EXPECT_THAT(made.api_key, testing::MatchesRegex("wa_[0-9a-f]+"));
  EXPECT_EQ(made.api_key.size(), 67u);
  const auto listed = keys_.list(ada_, instance_);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ((*listed)[0].api_key, made.api_key);
  EXPECT_TRUE((*listed)[0].permissions.messages_send);

  const Caller bot = enter(made.api_key);
  EXPECT_EQ(bot.kind, Caller::Kind::kApiKey);
  EXPECT_EQ(bot.instance_id, instance_);
  EXPECT_EQ(bot.subscription_id, ada_.subscription_id);
  EXPECT_EQ(code_of(require_permission(bot, Permission::kMessagesSend)), "ok");
  EXPECT_EQ(code_of(require_permission(bot, Permission::kContactsCheck)), "PERMISSION_DENIED");
  EXPECT_EQ(code_of(require_permission(ada_, Permission::kMessagesSend)), "AUTHENTICATION_ERROR");
}

TEST_F(ApiKeysTest, TheTierLimitsHowManyKeysAnInstanceHas) {
  make();
  EXPECT_EQ(code_of(keys_.create(ada_, instance_, {.name = "second"})), "SUBSCRIPTION_LIMIT_EXCEEDED");
  // Disabled ones count too.
  const auto first = keys_.list(ada_, instance_);
  ASSERT_TRUE(keys_.update(ada_, instance_, (*first)[0].id, {.is_active = false}));
  EXPECT_EQ(code_of(keys_.create(ada_, instance_, {.name = "second"})), "SUBSCRIPTION_LIMIT_EXCEEDED");
  set_tier(login_, "PRO");
  for (int i = 0; i < 4; ++i) make();
  EXPECT_EQ(code_of(keys_.create(ada_, instance_, {.name = "sixth"})), "SUBSCRIPTION_LIMIT_EXCEEDED");
}

TEST_F(ApiKeysTest, UnusableValuesAreRefused) {
  const WallTime now = clock_.wall_now();
  const NewApiKey wrong[] = {{.name = ""},
                             {.name = "  "},
                             {.name = std::string(101, 'n')},
                             {.name = "bot", .rate_limit = 0},
                             {.name = "bot", .rate_limit = 10'001},
                             {.name = "bot", .expires_at = now}};
  for (const NewApiKey& each : wrong)
    EXPECT_EQ(code_of(keys_.create(ada_, instance_, each)), "VALIDATION_ERROR");
  const ApiKeyView key = make();
  EXPECT_EQ(code_of(keys_.update(ada_, instance_, key.id, {.rate_limit = -1})), "VALIDATION_ERROR");
  EXPECT_EQ(code_of(keys_.update(ada_, instance_, key.id, {.name = ""})), "VALIDATION_ERROR");
}

TEST_F(ApiKeysTest, ForeignInstancesAndKeysDoNotExist) {
  const ApiKeyView key = make();
  const Caller stranger = enter(sign_up("eve@example.com").token);
  EXPECT_EQ(code_of(keys_.list(stranger, instance_)), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.create(stranger, instance_, {.name = "mine"})), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.get(stranger, instance_, key.id)), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.update(stranger, instance_, key.id, {.is_active = false})), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.remove(stranger, instance_, key.id)), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.regenerate(stranger, instance_, key.id)), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.stats(stranger, instance_, key.id)), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(code_of(keys_.get(ada_, instance_, "unknown")), "API_KEY_INVALID");
  EXPECT_EQ(code_of(keys_.get(ada_, add_instance(login_, "other"), key.id)), "API_KEY_INVALID");
  EXPECT_EQ(refusal(key.api_key), "let in");
}

TEST_F(ApiKeysTest, AnUpdateChangesWhatItNamesAndNothingElse) {
  const ApiKeyView before = make({.name = "bot", .permissions = Permissions::all(), .rate_limit = 7});
  clock_.advance(Milliseconds(5));
  auto after = keys_.update(ada_, instance_, before.id, {});
  EXPECT_EQ(after->updated_at, before.updated_at) << "an empty change is none";
  after = keys_.update(ada_, instance_, before.id,
                       {.name = "robot", .permissions = Permissions{.instance_info = true}});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->name, "robot");
  EXPECT_EQ(after->permissions, Permissions{.instance_info = true});
  EXPECT_EQ(after->rate_limit, 7);
  EXPECT_EQ(after->api_key, before.api_key);
  EXPECT_EQ(after->updated_at, clock_.wall_now());
  EXPECT_THAT(observer_.noted, testing::IsEmpty());
}

TEST_F(ApiKeysTest, ADisabledExpiredOrDeletedKeyIsRefusedAtOnceAndItsSocketsAreTold) {
  set_tier(login_, "PRO");
  const ApiKeyView disabled = make();
  ASSERT_TRUE(keys_.update(ada_, instance_, disabled.id, {.is_active = false}));
  EXPECT_EQ(refusal(disabled.api_key), "API_KEY_INVALID");

  const ApiKeyView deleted = make();
  ASSERT_TRUE(keys_.remove(ada_, instance_, deleted.id));
  EXPECT_EQ(refusal(deleted.api_key), "API_KEY_INVALID");
  EXPECT_EQ(code_of(keys_.remove(ada_, instance_, deleted.id)), "API_KEY_INVALID");

  const ApiKeyView expiring = make({.name = "x", .expires_at = clock_.wall_now() + Milliseconds(10)});
  EXPECT_EQ(enter(expiring.api_key).expires_at, expiring.expires_at);
  clock_.advance(Milliseconds(10));
  EXPECT_EQ(refusal(expiring.api_key), "API_KEY_EXPIRED");
  ASSERT_TRUE(keys_.update(ada_, instance_, expiring.id, {.clear_expiry = true}));
  EXPECT_EQ(refusal(expiring.api_key), "let in");

  ASSERT_TRUE(keys_.update(ada_, instance_, expiring.id, {.name = "y"}));
  ASSERT_TRUE(
      keys_.update(ada_, instance_, expiring.id, {.expires_at = clock_.wall_now() + Milliseconds(10)}));

  EXPECT_THAT(observer_.noted, ElementsAre("key " + disabled.id, "key " + deleted.id,
                                           "no expiry " + expiring.id, "expiry " + expiring.id));
}

TEST_F(ApiKeysTest, UseIsCountedAtOnceThoughItIsWrittenLater) {
  const ApiKeyView key = make({.name = "bot", .rate_limit = 10});
  auto stats = keys_.stats(ada_, instance_, key.id);
  EXPECT_EQ(stats->is_recently_active, std::nullopt);
  const uint64_t writes = store_->metrics().writes;
  for (int i = 0; i < 3; ++i) enter(key.api_key);
  stats = keys_.stats(ada_, instance_, key.id);
  EXPECT_EQ(stats->total_usage, 3);
  EXPECT_EQ(stats->usage_percentage, 30);
  EXPECT_EQ(stats->last_used_at, clock_.wall_now());
  EXPECT_EQ(stats->is_recently_active, true);
  EXPECT_EQ(store_->metrics().writes, writes) << "a write per request";

  usage_.stop();
  EXPECT_EQ(keys_.stats(ada_, instance_, key.id)->total_usage, 3);
  clock_.advance(std::chrono::hours(24));
  EXPECT_EQ(keys_.stats(ada_, instance_, key.id)->is_recently_active, false);
}

TEST_F(ApiKeysTest, ARenewedKeyReplacesTheOldTextAndStartsAtZero) {
  const ApiKeyView before = make({.name = "bot", .permissions = Permissions::all(), .rate_limit = 9});
  enter(before.api_key);
  const auto after = keys_.regenerate(ada_, instance_, before.id);
  ASSERT_TRUE(after);
  EXPECT_NE(after->api_key, before.api_key);
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->rate_limit, 9);
  EXPECT_EQ(after->usage_count, 0);
  EXPECT_EQ(after->last_used_at, std::nullopt);
  EXPECT_EQ(refusal(before.api_key), "API_KEY_INVALID");
  EXPECT_EQ(refusal(after->api_key), "let in");
  EXPECT_EQ(keys_.list(ada_, instance_)->at(0).api_key, after->api_key);
  EXPECT_THAT(observer_.noted, ElementsAre("key " + before.id));
}

}  // namespace
}  // namespace patchbay::manager
