#include "store/sqlite_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/temporary_store.h"

namespace patchbay::store {
namespace {

using testing::ElementsAre;

class Records : public testing::Test {
 protected:
  template <typename F>
  auto write(F function) {
    return store_->write_sync(function);
  }
  template <typename F>
  auto read(F function) {
    return store_->read(function);
  }
  void fill_with(int instances) {
    ASSERT_TRUE(write([&](WriteTransaction& tx) { return fill(tx, instances); }));
  }
  std::vector<std::string> names(InstanceFilter filter) {
    filter.subscription_id = "s1";
    const auto page = read([&](ReadTransaction& tx) { return tx.instances(filter); });
    EXPECT_TRUE(page) << page.error().detail;
    std::vector<std::string> names;
    for (const InstanceRow& row : page->items) names.push_back(row.instance.config.name);
    return names;
  }
  template <typename R>
  static void expect_code(const R& result, ErrorCode code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().detail;
  }

  TemporaryStore store_;
};

TEST_F(Records, AUserComesBackAsItWasStored) {
  User user = make_user("u1", "s1");
  user.role = "ADMINISTRATOR";
  user.token_version = 7;
  user.tokens_valid_from = kTestTime + Milliseconds(1);
  user.name = std::string("Zoë \"<&>' \0 end", 16);
  user.last_login_at = kTestTime + Milliseconds(2);
  ASSERT_TRUE(write([&](WriteTransaction& tx) -> Status {
    PB_TRY(tx.insert_subscription(make_subscription("s1")));
    return tx.insert_user(user);
  }));
  const auto found = read([](ReadTransaction& tx) { return tx.user_by_email("u1@example.com"); });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->user.name, user.name);
  EXPECT_EQ((*found)->user.role, "ADMINISTRATOR");
  EXPECT_EQ((*found)->user.token_version, 7);
  EXPECT_EQ((*found)->user.tokens_valid_from, user.tokens_valid_from);
  EXPECT_EQ((*found)->user.last_login_at, user.last_login_at);
  EXPECT_EQ((*found)->subscription.name, "s1 & Co");
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.user_by_email("nobody@example.com"); }));
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.user_by_email("' OR 1=1 --"); }));
}

TEST_F(Records, AnEmailBelongsToOneUser) {
  fill_with(0);
  User second = make_user("u2", "s1");
  second.email = "u1@example.com";
  expect_code(write([&](WriteTransaction& tx) { return tx.insert_user(second); }),
              ErrorCode::kUserAlreadyExists);
  second.email = "u2@example.com";
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.insert_user(second); }));
  second.email = "u1@example.com";
  expect_code(write([&](WriteTransaction& tx) { return tx.put_user(second); }),
              ErrorCode::kUserAlreadyExists);
}

TEST_F(Records, ChangesOfWhatIsNotThereSaySo) {
  fill_with(1);
  expect_code(write([](WriteTransaction& tx) { return tx.put_user(make_user("u9", "s1")); }),
              ErrorCode::kUserNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.delete_user("u9"); }), ErrorCode::kUserNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.insert_user(make_user("u9", "s9")); }),
              ErrorCode::kSubscriptionNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.put_subscription(make_subscription("s9")); }),
              ErrorCode::kSubscriptionNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.put_instance_state("i9", {}, kTestTime); }),
              ErrorCode::kInstanceNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.put_instance_config("i9", {}, kTestTime); }),
              ErrorCode::kInstanceNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.delete_instance("i9"); }),
              ErrorCode::kInstanceNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.put_credentials("i9", "x"); }),
              ErrorCode::kInstanceNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.insert_api_key(make_api_key("k1", "i9")); }),
              ErrorCode::kInstanceNotFound);
  expect_code(write([](WriteTransaction& tx) { return tx.put_api_key(make_api_key("k9", "i1")); }),
              ErrorCode::kApiKeyInvalid);
  expect_code(write([](WriteTransaction& tx) { return tx.delete_api_key("i1", "k9"); }),
              ErrorCode::kApiKeyInvalid);
}

TEST_F(Records, AUserWhoseInstancesExistCannotBeDeletedButASubscriptionTakesEverythingAlong) {
  fill_with(1);
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    PB_TRY(tx.insert_api_key(make_api_key("k1", "i1")));
    PB_TRY(tx.put_credentials("i1", "secret"));
    PB_ASSIGN(const auto seq, tx.append_event("i1", "t", "{}", kTestTime));
    return seq == 1 ? Status{} : fail(ErrorCode::kInternal, "seq");
  }));
  expect_code(write([](WriteTransaction& tx) { return tx.delete_user("u1"); }),
              ErrorCode::kUserHasDependencies);
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.delete_subscription("s1"); }));
  EXPECT_EQ(read([](ReadTransaction& tx) { return tx.count_users(); }), 0);
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.instance("i1"); }));
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.api_key_by_hash("hash of k1"); }));
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.credentials("i1"); }));
}

TEST_F(Records, AnInstanceComesBackAsItWasStored) {
  fill_with(1);
  InstanceState state;
  state.status = "QR_REQUIRED";
  state.desired_state = "CONNECTED";
  state.status_since = kTestTime + Milliseconds(1);
  state.phone = "15551234567";
  state.display_name = "Shop";
  state.last_connected_at = kTestTime + Milliseconds(2);
  state.last_disconnected_at = kTestTime + Milliseconds(3);
  state.qr_code = "2@abc";
  state.qr_code_expiry = kTestTime + Milliseconds(4);
  state.connection_attempts = 5;
  state.last_error = "lost";
  state.last_error_at = kTestTime + Milliseconds(6);
  state.reason_code = "QR";
  state.reason_text = "A code is shown.";
  state.next_step = "SCAN_QR";
  state.next_step_text = "Scan it.";
  state.next_step_at = kTestTime + Milliseconds(7);
  const InstanceConfig config{.name = "renamed",
                              .description = "d",
                              .settings_json = R"({"a":1})",
                              .metadata_json = R"({"b":2})",
                              .is_active = false};
  ASSERT_TRUE(write([&](WriteTransaction& tx) -> Status {
    PB_TRY(tx.put_instance_state("i1", state, kTestTime + Milliseconds(8)));
    return tx.put_instance_config("i1", config, kTestTime + Milliseconds(9));
  }));
  store_.reopen();
  const auto found = read([](ReadTransaction& tx) { return tx.instance_row("i1", "s1"); });
  ASSERT_TRUE(found && *found);
  const Instance& instance = (*found)->instance;
  EXPECT_EQ(instance.updated_at, kTestTime + Milliseconds(9));
  EXPECT_EQ(instance.config.name, "renamed");
  EXPECT_EQ(instance.config.description, "d");
  EXPECT_EQ(instance.config.settings_json, R"({"a":1})");
  EXPECT_EQ(instance.config.metadata_json, R"({"b":2})");
  EXPECT_FALSE(instance.config.is_active);
  EXPECT_EQ(instance.state.status, "QR_REQUIRED");
  EXPECT_EQ(instance.state.desired_state, "CONNECTED");
  EXPECT_EQ(instance.state.status_since, state.status_since);
  EXPECT_EQ(instance.state.phone, state.phone);
  EXPECT_EQ(instance.state.display_name, state.display_name);
  EXPECT_EQ(instance.state.last_connected_at, state.last_connected_at);
  EXPECT_EQ(instance.state.last_disconnected_at, state.last_disconnected_at);
  EXPECT_EQ(instance.state.qr_code, state.qr_code);
  EXPECT_EQ(instance.state.qr_code_expiry, state.qr_code_expiry);
  EXPECT_EQ(instance.state.connection_attempts, 5);
  EXPECT_EQ(instance.state.last_error, state.last_error);
  EXPECT_EQ(instance.state.last_error_at, state.last_error_at);
  EXPECT_EQ(instance.state.reason_code, "QR");
  EXPECT_EQ(instance.state.reason_text, state.reason_text);
  EXPECT_EQ(instance.state.next_step, "SCAN_QR");
  EXPECT_EQ(instance.state.next_step_text, "Scan it.");
  EXPECT_EQ(instance.state.next_step_at, state.next_step_at);
  EXPECT_EQ((*found)->created_by.email, "u1@example.com");
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.instance_row("i1", "s2"); })) << "another tenant's";
}

TEST_F(Records, InstancesArePagedSortedFilteredAndSearched) {
  fill_with(3);
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    PB_TRY(tx.insert_subscription(make_subscription("s2")));
    PB_TRY(tx.insert_user(make_user("u2", "s2")));
    PB_TRY(tx.insert_instance(make_instance("x1", "one", "s2", "u2")));  // the same name elsewhere is fine
    InstanceState connected;
    connected.status = "CONNECTED";
    connected.phone = "4915123_4567";
    connected.display_name = "Max & Söhne 50%";
    connected.last_connected_at = kTestTime;
    return tx.put_instance_state("i2", connected, kTestTime + Milliseconds(5));
  }));
  using SortBy = InstanceFilter::SortBy;
  EXPECT_THAT(names({}), ElementsAre("three", "two", "one")) << "newest first";
  EXPECT_THAT(names({.subscription_id = "", .sort_by = SortBy::kName, .paging = {.ascending = true}}),
              ElementsAre("one", "three", "two"));
  EXPECT_THAT(names({.subscription_id = "", .sort_by = SortBy::kUpdatedAt}),
              ElementsAre("two", "three", "one"));
  EXPECT_THAT(names({.subscription_id = "", .sort_by = SortBy::kStatus, .paging = {.ascending = true}}),
              ElementsAre("two", "one", "three"));
  EXPECT_THAT(names({.subscription_id = "", .sort_by = SortBy::kLastConnectedAt}),
              ElementsAre("two", "three", "one"));
  EXPECT_THAT(names({.subscription_id = "", .status = "CONNECTED"}), ElementsAre("two"));
  EXPECT_THAT(names({.subscription_id = "", .created_by_id = "u2"}), ElementsAre());
  for (const char* const found : {"TW", "max &", "SöHNE", "50%", "%", "5123_45", "_"})
    EXPECT_THAT(names({.subscription_id = "", .search = found}), ElementsAre("two")) << found;
  for (const char* const not_found : {"5_%", "5123x45", "_o", "\\", "'"})
    EXPECT_THAT(names({.subscription_id = "", .search = not_found}), ElementsAre()) << not_found;
  EXPECT_THAT(names({.subscription_id = "", .paging = {.page = 2, .per_page = 2}}), ElementsAre("one"));
  EXPECT_THAT(names({.subscription_id = "", .paging = {.page = 999'999'999'999, .per_page = 2}}),
              ElementsAre());
  EXPECT_THAT(names({.subscription_id = "", .paging = {.page = -5, .per_page = 0}}), ElementsAre("three"));
  const auto page = read([](ReadTransaction& tx) {
    return tx.instances({.subscription_id = "s1", .paging = {.page = 1, .per_page = 1}});
  });
  EXPECT_EQ(page->total, 3);
  EXPECT_EQ(page->items.size(), 1u);
}

TEST_F(Records, ANameIsTakenOncePerSubscription) {
  fill_with(2);
  expect_code(
      write([](WriteTransaction& tx) { return tx.insert_instance(make_instance("i9", "one", "s1", "u1")); }),
      ErrorCode::kInstanceAlreadyExists);
  InstanceConfig taken;
  taken.name = "one";
  expect_code(write([&](WriteTransaction& tx) { return tx.put_instance_config("i2", taken, kTestTime); }),
              ErrorCode::kInstanceAlreadyExists);
}

TEST_F(Records, EveryInstanceIsVisitedAtTheStart) {
  fill_with(3);
  std::vector<std::string> ids;
  ASSERT_TRUE(read([&](ReadTransaction& tx) {
    return tx.for_each_instance([&](const Instance& instance) -> Status {
      ids.push_back(instance.id);
      return {};
    });
  }));
  EXPECT_THAT(ids, ElementsAre("i1", "i2", "i3"));
}

TEST_F(Records, EventNumbersCountPerInstanceAndSurviveForgetting) {
  fill_with(2);
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    for (int i = 0; i < 10; ++i) {
      PB_ASSIGN(const auto seq,
                tx.append_event("i1", "t" + std::to_string(i), R"({"n":1})", kTestTime + Milliseconds(i)));
      if (seq != static_cast<uint64_t>(i + 1)) return fail(ErrorCode::kInternal, "number");
    }
    PB_ASSIGN(const auto other, tx.append_event("i2", "t", "{}", kTestTime));
    return other == 1 ? Status{} : fail(ErrorCode::kInternal, "shared counter");
  }));
  const auto some = read([](ReadTransaction& tx) { return tx.events_after("i1", 7, 2); });
  ASSERT_EQ(some->size(), 2u);
  EXPECT_EQ((*some)[0].seq, 8u);
  EXPECT_EQ((*some)[0].type, "t7");
  EXPECT_EQ((*some)[0].payload_json, R"({"n":1})");
  EXPECT_EQ((*some)[0].time, kTestTime + Milliseconds(7));
  EXPECT_TRUE(read([](ReadTransaction& tx) { return tx.events_after("i1", UINT64_MAX, 5); })->empty());
  EXPECT_TRUE(read([](ReadTransaction& tx) { return tx.events_after("i9", 0, 5); })->empty());

  // By count: the newest four stay. By age: everything before the sixth goes.
  EXPECT_EQ(write([](WriteTransaction& tx) { return tx.prune_events(WallTime{}, 4, 4); }), 4)
      << "a bounded round";
  EXPECT_EQ(write([](WriteTransaction& tx) { return tx.prune_events(WallTime{}, 4, 4); }), 2) << "the rest";
  EXPECT_EQ(
      write([](WriteTransaction& tx) { return tx.prune_events(kTestTime + Milliseconds(8), 100, 1000); }), 3)
      << "two of i1 and the one of i2";
  auto bounds = read([](ReadTransaction& tx) { return tx.event_bounds("i1"); });
  EXPECT_EQ((*bounds)->first_seq, 9u);
  EXPECT_EQ((*bounds)->last_seq, 10u);
  EXPECT_EQ(write([](WriteTransaction& tx) { return tx.prune_events_of("i1", WallTime::max(), 0, 1000); }),
            2);
  bounds = read([](ReadTransaction& tx) { return tx.event_bounds("i1"); });
  EXPECT_EQ((*bounds)->first_seq, 0u);
  EXPECT_EQ((*bounds)->last_seq, 10u);
  EXPECT_EQ(write([](WriteTransaction& tx) { return tx.append_event("i1", "t", "{}", kTestTime); }), 11u);
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.event_bounds("i9"); }));
}

TEST_F(Records, ANewInstanceInThePlaceOfADeletedOneHasNothingOfIt) {
  fill_with(1);
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    PB_TRY(tx.put_credentials("i1", "old"));
    PB_ASSIGN(const auto seq, tx.append_event("i1", "t", "{}", kTestTime));
    (void)seq;
    PB_TRY(tx.delete_instance("i1"));
    return tx.insert_instance(make_instance("i1", "one", "s1", "u1"));
  }));
  EXPECT_TRUE(read([](ReadTransaction& tx) { return tx.events_after("i1", 0, 10); })->empty());
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.credentials("i1"); }));
  EXPECT_EQ(write([](WriteTransaction& tx) { return tx.append_event("i1", "t", "{}", kTestTime); }), 1u);
}

TEST_F(Records, CredentialsAreReplacedAndDeletedWhole) {
  fill_with(1);
  const std::string binary("\0\xff key", 6);
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.credentials("i1"); }));
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.put_credentials("i1", "first"); }));
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.put_credentials("i1", binary); }));
  EXPECT_EQ(*read([](ReadTransaction& tx) { return tx.credentials("i1"); }), binary);
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.delete_credentials("i1"); }));
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.delete_credentials("i1"); }));
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.credentials("i1"); }));
}

TEST_F(Records, AnApiKeyIsFoundByItsHashWithAllThatDecides) {
  fill_with(1);
  ApiKey key = make_api_key("k1", "i1");
  key.permissions_json = R"({"messages":true})";
  key.expires_at = kTestTime + Milliseconds(1);
  key.rate_limit = 17;
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.insert_api_key(key); }));
  ApiKey twin = make_api_key("k2", "i1");
  twin.key_hash = key.key_hash;
  expect_code(write([&](WriteTransaction& tx) { return tx.insert_api_key(twin); }),
              ErrorCode::kResourceAlreadyExists);

  const auto context = read([](ReadTransaction& tx) { return tx.api_key_by_hash("hash of k1"); });
  ASSERT_TRUE(context && *context);
  EXPECT_EQ((*context)->key.id, "k1");
  EXPECT_EQ((*context)->key.clear_key, "") << "not needed to let anybody in";
  EXPECT_EQ((*context)->key.expires_at, key.expires_at);
  EXPECT_TRUE((*context)->instance_is_active);
  EXPECT_EQ((*context)->creator.id, "u1");
  EXPECT_EQ((*context)->subscription.id, "s1");
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.api_key_by_hash("other"); }));

  const auto listed = read([](ReadTransaction& tx) { return tx.api_keys("i1"); });
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ((*listed)[0].clear_key, "wa_clear_k1");
  EXPECT_EQ((*listed)[0].rate_limit, 17);
  EXPECT_FALSE(*read([](ReadTransaction& tx) { return tx.api_key("i2", "k1"); })) << "another instance's";

  // An update without the clear text keeps it.
  ApiKey changed = (*context)->key;
  changed.name = "renamed";
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.put_api_key(changed); }));
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.api_key("i1", "k1"); }))->clear_key, "wa_clear_k1");
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.api_key("i1", "k1"); }))->name, "renamed");
}

TEST_F(Records, UsageAddsUpAndTimesOnlyMoveForward) {
  fill_with(1);
  const WallTime later = kTestTime + Milliseconds(10);
  ASSERT_TRUE(write([&](WriteTransaction& tx) -> Status {
    PB_TRY(tx.insert_api_key(make_api_key("k1", "i1")));
    const ApiKeyUsage usage[] = {{"k1", 3, later}, {"gone", 9, later}, {"k1", 2, kTestTime}};
    PB_TRY(tx.add_api_key_usage(usage));
    const UserSeen seen[] = {{"u1", later}, {"gone", later}, {"u1", kTestTime}};
    return tx.touch_users(seen);
  }));
  const auto key = read([](ReadTransaction& tx) { return tx.api_key("i1", "k1"); });
  EXPECT_EQ((*key)->usage_count, 5);
  EXPECT_EQ((*key)->last_used_at, later);
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.user("u1"); }))->last_login_at, later);
}

TEST_F(Records, UsersAreListedWithTheirInstances) {
  fill_with(2);
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.insert_user(make_user("u2", "s1")); }));
  const auto page = read([](ReadTransaction& tx) {
    return tx.users(
        {.subscription_id = "s1", .sort_by = UserFilter::SortBy::kEmail, .paging = {.ascending = true}});
  });
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 2);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].user.id, "u1");
  EXPECT_EQ(page->items[0].instance_count, 2);
  EXPECT_EQ(page->items[1].instance_count, 0);
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.subscription("s1"); }))->current_instances, 2);
}

TEST_F(Records, TheAuditLogKeepsTheNewestFirst) {
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    PB_TRY(tx.append_audit(
        {.id = "a1", .action = "user.login", .resource = "user", .user_id = "u1", .time = kTestTime}));
    return tx.append_audit(
        {.id = "a2", .action = "user.logout", .resource = "user", .ip_address = "::1", .time = kTestTime});
  }));
  const auto entries = read([](ReadTransaction& tx) { return tx.audit_entries(10); });
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].id, "a2");
  EXPECT_EQ((*entries)[0].ip_address, "::1");
  EXPECT_EQ((*entries)[0].user_id, std::nullopt);
  EXPECT_EQ((*entries)[1].user_id, "u1");
}

// --- What is held ---

TEST_F(Records, WhatIsHeldComesBackInOrderAndOnce) {
  fill_with(2);
  const auto hold = [&](std::string_view instance, std::string key, std::string bytes) {
    return write([&](WriteTransaction& tx) {
      return tx.hold_stanza(instance, {.key = key, .bytes = bytes, .received_at = kTestTime});
    });
  };
  ASSERT_TRUE(hold("i1", "b", "first"));
  ASSERT_TRUE(hold("i1", "a", "second"));
  ASSERT_TRUE(hold("i1", "b", "again"));
  ASSERT_TRUE(hold("i2", "b", "of another"));
  ASSERT_TRUE(write([](WriteTransaction& tx) {
    return tx.hold_stanza("i1",
                          {.key = "c", .bytes = "no message", .is_message = false, .received_at = kTestTime});
  }));
  expect_code(hold("i9", "b", "x"), ErrorCode::kInstanceNotFound);
  const auto held = read([](ReadTransaction& tx) { return tx.held_stanzas("i1", 10); });
  ASSERT_TRUE(held);
  ASSERT_EQ(held->size(), 3u);
  EXPECT_EQ(held->at(0).key, "b");
  EXPECT_EQ(held->at(0).bytes, "first");
  EXPECT_EQ(held->at(0).received_at, kTestTime);
  EXPECT_TRUE(held->at(0).is_message);
  EXPECT_EQ(held->at(1).bytes, "second");
  EXPECT_FALSE(held->at(2).is_message);
  EXPECT_EQ(read([](ReadTransaction& tx) { return tx.held_stanzas("i1", 1); })->size(), 1u);
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.instance("i1"); }))->held_messages, 2);
}

TEST_F(Records, AnInstanceHoldsNoMoreThanItMay) {
  fill_with(2);
  const std::string half(kMaxHeldBytes / 2, 'x');
  const auto hold = [&](std::string_view instance, std::string key, std::string_view bytes) {
    return write([&](WriteTransaction& tx) {
      return tx.hold_stanza(instance, {.key = key, .bytes = std::string(bytes), .received_at = kTestTime});
    });
  };
  ASSERT_TRUE(hold("i1", "1", half));
  ASSERT_TRUE(hold("i1", "2", half));
  expect_code(hold("i1", "3", "x"), ErrorCode::kResourceConflict);
  EXPECT_TRUE(hold("i1", "2", half)) << "it is held already";
  EXPECT_TRUE(hold("i2", "3", "x")) << "the limit is that of an instance";
  ASSERT_TRUE(write([](WriteTransaction& tx) -> Status {
    for (int i = 1; i < kMaxHeldStanzas; ++i)
      PB_TRY(tx.hold_stanza("i2", {.key = "n" + std::to_string(i), .bytes = {}, .received_at = kTestTime}));
    return {};
  }));
  expect_code(hold("i2", "one more", "x"), ErrorCode::kResourceConflict);
}

TEST_F(Records, WhatIsHeldGoesWithTheCredentials) {
  fill_with(1);
  const HeldStanza stanza{.key = "k", .bytes = "x", .received_at = kTestTime};
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.hold_stanza("i1", stanza); }));
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.delete_credentials("i1"); }));
  EXPECT_TRUE(read([](ReadTransaction& tx) { return tx.held_stanzas("i1", 10); })->empty());
  EXPECT_EQ((*read([](ReadTransaction& tx) { return tx.instance("i1"); }))->held_messages, 0);
  ASSERT_TRUE(write([&](WriteTransaction& tx) { return tx.hold_stanza("i1", stanza); }));
  ASSERT_TRUE(write([](WriteTransaction& tx) { return tx.delete_instance("i1"); }));
  EXPECT_TRUE(read([](ReadTransaction& tx) { return tx.held_stanzas("i1", 10); })->empty());
}

}  // namespace
}  // namespace patchbay::store
