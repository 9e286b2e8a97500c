#include "manager/instance_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/instances_test_support.h"
#include "whatsapp/scripted_engine.h"

namespace patchbay::manager {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Action = whatsapp::Simulation::Action;

constexpr std::string_view kId = "cinstance0000000000000001";

// One instance on an executor that the test moves by hand, over a real store.
class InstanceRuntimeTest : public testing::Test {
 protected:
  InstanceRuntimeTest() {
    caller_ = make_tenant(*store_, "ada");
    store::Instance row;
    row.id = kId;
    row.subscription_id = caller_.subscription_id;
    row.created_by_id = caller_.user_id;
    row.config.name = "sales";
    EXPECT_TRUE(store_->write_sync([&](store::WriteTransaction& tx) { return tx.insert_instance(row); }));
    revive();
  }
  ~InstanceRuntimeTest() override { die(); }

  // As after a start of the process: everything comes from the store.
  void revive() {
    const auto found = store_->read([&](store::ReadTransaction& tx) { return tx.instance(kId); });
    ASSERT_TRUE(found && *found);
    auto credentials = store_->read([&](store::ReadTransaction& tx) { return tx.credentials(kId); });
    ASSERT_TRUE(credentials);
    engine_ =
        std::make_unique<whatsapp::ScriptedEngine>(clock_, whatsapp::ScriptedEngineOptions{.seed = ++seed_});
    runtime_ = std::make_unique<InstanceRuntime>(RuntimeServices{.store = front_,
                                                                 .engine = *engine_,
                                                                 .sink = sink_,
                                                                 .clock = clock_,
                                                                 .pace = pace_,
                                                                 .random = [] { return 0.5; }},
                                                 executor_,
                                                 RuntimeConfig{.id = std::string(kId),
                                                               .subscription_id = caller_.subscription_id,
                                                               .name = "sales",
                                                               .machine = {},
                                                               .session = {},
                                                               .active = true,
                                                               .credentials = std::move(*credentials),
                                                               .record = record_from_store((*found)->state),
                                                               .last_seq = (*found)->last_seq},
                                                 [this] { removed_ = true; });
    runtime_->start({});
    settle();
  }
  // As kill -9 does: no good-bye. What the store already has in hand may still be decided.
  void die() {
    runtime_.reset();
    store_->flush();
    executor_.run_ready();
    engine_.reset();
  }

  // Until neither the store nor the executor has anything to do.
  void settle() {
    for (int i = 0; i < 6; ++i) {
      store_->flush();
      executor_.run_ready();
    }
  }
  void advance(Milliseconds by) {
    for (Milliseconds step = 100ms; by > 0ms; by -= step) {
      executor_.advance(std::min(step, by));
      settle();
    }
  }
  Status operate(Operation operation) {
    std::optional<Status> answer;
    runtime_->operate(operation, std::nullopt, [&](Status status) { answer = std::move(status); });
    for (int i = 0; i < 200 && !answer; ++i) advance(100ms);
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(fail(ErrorCode::kInternal, "no answer"));
  }
  void play(Action action, int count = 1) {
    const Status done = engine_->simulate(
        kId, {.action = action, .phone = "15551234567", .display_name = "Ada", .count = count});
    EXPECT_TRUE(done) << done.error().message;
    settle();
  }
  void link() {
    EXPECT_TRUE(operate(Operation::kConnect));
    advance(1s);
    play(Action::kScan);
    advance(2s);
    ASSERT_EQ(runtime_->live().record.status, InstanceStatus::kConnected);
    sink_.clear();
  }
  std::string status() { return std::string(to_string(runtime_->live().record.status)); }
  store::InstanceState row() {
    const auto found = store_->read([&](store::ReadTransaction& tx) { return tx.instance(kId); });
    return found && *found ? (*found)->state : store::InstanceState{};
  }
  bool has_credentials() {
    const auto found = store_->read([&](store::ReadTransaction& tx) { return tx.credentials(kId); });
    return found && found->has_value();
  }

  Folder folder_;
  std::unique_ptr<store::Store> store_ = open_test_store(folder_);
  RefusingStore front_{*store_};
  RecordingSink sink_{*store_};
  ManualClock clock_;
  ManualExecutor executor_{clock_};
  ConnectPace pace_{clock_, executor_, {}};
  std::unique_ptr<whatsapp::ScriptedEngine> engine_;
  uint64_t seed_ = 0;
  Caller caller_;
  bool removed_ = false;
  std::unique_ptr<InstanceRuntime> runtime_;
};

TEST_F(InstanceRuntimeTest, TellsTheStoryOfAFirstLinkInOrder) {
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(62s);
  play(Action::kScan);
  advance(2s);
  EXPECT_THAT(sink_.story(), ElementsAre("status INIT", "status QR_REQUIRED", "qr 1", "qr 2",
                                         "status CONNECTED", "connected"));
  expect_no_gaps(sink_.events());
  EXPECT_EQ(sink_.events().front().seq, 1u);
  EXPECT_TRUE(sink_.events()[2].qr_text.starts_with(whatsapp::kSimulatedQrPrefix));
  EXPECT_EQ(row().status, "CONNECTED");
  EXPECT_EQ(row().phone, "15551234567");
  EXPECT_TRUE(has_credentials());
}

TEST_F(InstanceRuntimeTest, AnswersAnOperatorOnceTheWishIsDurable) {
  EXPECT_TRUE(operate(Operation::kConnect));
  EXPECT_EQ(row().desired_state, "CONNECTED");
  EXPECT_TRUE(operate(Operation::kDisconnect));
  EXPECT_EQ(row().desired_state, "DISCONNECTED");
  EXPECT_EQ(row().status, "DISCONNECTED");
}

TEST_F(InstanceRuntimeTest, ComesBackAfterAKillWithoutACode) {
  link();
  const uint64_t last = runtime_->live().last_seq;
  die();
  revive();
  advance(2s);
  EXPECT_THAT(sink_.story(),
              ElementsAre("disconnected", "status RECONNECTING", "status CONNECTED", "connected"));
  EXPECT_EQ(sink_.events().front().seq, last + 1) << "the numbers go on";
}

TEST_F(InstanceRuntimeTest, ComesBackFromAKillAtAnyMomentOfTheLink) {
  // The moments lie between the turns of executor and store.
  for (int moment = 0; moment < 24; ++moment) {
    sink_.clear();
    runtime_->operate(Operation::kConnect, std::nullopt, [](Status) {});
    int turn = 0;
    bool scanned = false;
    while (turn < moment) {
      executor_.advance(150ms);
      if (++turn < moment) store_->flush();
      if (!scanned && engine_->simulate(kId, {.action = Action::kScan})) scanned = true;
    }
    die();
    revive();
    advance(3s);
    if (status() == "QR_REQUIRED") {
      play(Action::kScan);
      advance(2s);
    }
    // The wish may have died with the process only if it had not been durable.
    if (row().desired_state == "CONNECTED") {
      EXPECT_EQ(status(), "CONNECTED") << "killed after " << moment << " turns";
    }
    EXPECT_TRUE(operate(Operation::kLogOut));
  }
  const auto log = store_->read([&](store::ReadTransaction& tx) { return tx.events_after(kId, 0, 10'000); });
  uint64_t expected = 0;
  for (const store::Event& event : *log) EXPECT_EQ(event.seq, ++expected);
}

TEST_F(InstanceRuntimeTest, StaysDisconnectedOverARestartWhenSoWanted) {
  link();
  EXPECT_TRUE(operate(Operation::kDisconnect));
  advance(1s);
  die();
  sink_.clear();
  revive();
  advance(10s);
  EXPECT_TRUE(sink_.story().empty());
  EXPECT_EQ(status(), "DISCONNECTED");
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  EXPECT_EQ(status(), "CONNECTED") << "the link was kept";
}

TEST_F(InstanceRuntimeTest, StopsAndStartsWithoutForgettingTheWish) {
  link();
  bool stopped = false;
  runtime_->stop([&] { stopped = true; });
  advance(1s);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(row().desired_state, "CONNECTED");
  EXPECT_EQ(row().status, "RECONNECTING");
  die();
  revive();
  advance(1s);
  EXPECT_EQ(status(), "CONNECTED");
}

TEST_F(InstanceRuntimeTest, ReconnectsAfterALossWithGrowingPauses) {
  link();
  play(Action::kUnreachable, 2);
  play(Action::kDrop);
  advance(5'200ms);
  EXPECT_EQ(runtime_->live().record.connection_attempts, 1);
  advance(40s);
  EXPECT_THAT(sink_.story(),
              ElementsAre("disconnected", "status RECONNECTING", "status CONNECTED", "connected"));
}

TEST_F(InstanceRuntimeTest, ReportsAnUnlinkFromThePhoneAndForgetsTheCredentials) {
  link();
  play(Action::kLogout);
  advance(60s);
  EXPECT_THAT(sink_.story(), ElementsAre("disconnected", "error UNLINKED_BY_PHONE", "status DISCONNECTED"));
  EXPECT_FALSE(has_credentials());
  EXPECT_FALSE(row().phone);
  EXPECT_THAT(row().next_step_text, HasSubstr("scan a new QR code"));
}

TEST_F(InstanceRuntimeTest, LogsOutAndLeavesNothingBehind) {
  link();
  EXPECT_TRUE(operate(Operation::kLogOut));
  EXPECT_FALSE(has_credentials());
  EXPECT_EQ(row().status, "DISCONNECTED");
  EXPECT_EQ(row().desired_state, "LOGGED_OUT");
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  EXPECT_EQ(status(), "QR_REQUIRED");
}

TEST_F(InstanceRuntimeTest, IsRemovedWithItsRowAndItsLog) {
  link();
  EXPECT_TRUE(operate(Operation::kRemove));
  settle();
  EXPECT_TRUE(removed_);
  EXPECT_THAT(sink_.removed(), ElementsAre(kId));
  EXPECT_THAT(sink_.story(), ElementsAre("disconnected", "status DISCONNECTED"));
  const auto found = store_->read([&](store::ReadTransaction& tx) { return tx.instance(kId); });
  EXPECT_FALSE(found->has_value());
}

TEST_F(InstanceRuntimeTest, DoesNothingThatTheStoreRefused) {
  front_.refuse = true;
  EXPECT_EQ(operate(Operation::kConnect).error().code, ErrorCode::kStorageFull);
  advance(10s);
  EXPECT_TRUE(sink_.story().empty());
  EXPECT_FALSE(runtime_->live().has_session);
  EXPECT_EQ(engine_->simulate(kId, {.action = Action::kDrop}).error().code, ErrorCode::kInvalidOperation);
  front_.refuse = false;
  EXPECT_TRUE(operate(Operation::kConnect));
  EXPECT_TRUE(runtime_->live().has_session);
}

TEST_F(InstanceRuntimeTest, TellsNobodyOfALossBeforeTheStoreHasIt) {
  link();
  front_.refuse = true;
  play(Action::kDrop);
  advance(20s);
  EXPECT_TRUE(sink_.story().empty());
  EXPECT_EQ(operate(Operation::kDisconnect).error().code, ErrorCode::kStorageFull) << "operators do not wait";
  front_.refuse = false;
  advance(20s);
  EXPECT_THAT(sink_.story(),
              ElementsAre("disconnected", "status RECONNECTING", "status CONNECTED", "connected"));
  expect_no_gaps(sink_.events());
}

TEST_F(InstanceRuntimeTest, GivesUpALinkWhoseCredentialsCannotBeKept) {
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  front_.accept = 1;  // that the phone accepted, but no more
  play(Action::kScan);
  front_.refuse = false;
  advance(2s);
  EXPECT_EQ(status(), "ERROR");
  EXPECT_THAT(runtime_->live().record.reason.text, HasSubstr("could not be stored"));
  EXPECT_FALSE(has_credentials());
}

TEST_F(InstanceRuntimeTest, ShowsALateSubscriberTheLiveCodeWithItsRealExpiry) {
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(31s);
  const InstanceSnapshot snapshot = runtime_->snapshot();
  EXPECT_EQ(snapshot.state, InstanceStatus::kQrRequired);
  EXPECT_EQ(field_of(snapshot.status.data, "newStatus"), "QR_REQUIRED");
  ASSERT_EQ(snapshot.linking.size(), 1u);
  EXPECT_EQ(snapshot.linking[0].qr_text, sink_.events().back().qr_text);
  EXPECT_EQ(snapshot.linking[0].data, sink_.events().back().data);
  EXPECT_EQ(snapshot.status.seq, sink_.events().back().seq);
  play(Action::kScan);
  advance(50ms);
  EXPECT_TRUE(runtime_->snapshot().linking.empty()) << "a scanned code is worthless";
}

TEST_F(InstanceRuntimeTest, ConnectsOnceHoweverOftenItIsAsked) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  EXPECT_THAT(sink_.story(), ElementsAre("status INIT", "status QR_REQUIRED", "qr 1"));
}

TEST_F(InstanceRuntimeTest, TakesAStalledConnectionForLostAndReplacesIt) {
  link();
  play(Action::kStall);
  advance(100s);
  EXPECT_THAT(sink_.story(),
              ElementsAre("disconnected", "status RECONNECTING", "status CONNECTED", "connected"));
}

TEST_F(InstanceRuntimeTest, AnswersForACodeOnceItIsDurableAndShowsItToLateSubscribers) {
  EXPECT_TRUE(operate(Operation::kConnect));
  std::vector<std::string> answers;
  const auto ask = [&](const char* phone) {
    runtime_->request_pair_code(phone, std::nullopt, [&](Status status) {
      answers.push_back(status ? runtime_->live().record.linking->pair_code->code
                               : std::string(to_string(status.error().code)));
    });
    advance(100ms);
  };
  ask("15551234567");
  advance(1s);
  ask("0");
  ask("15551234567");
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0], "INVALID_OPERATION") << "nothing is shown yet";
  EXPECT_EQ(answers[1], "VALIDATION_ERROR");
  EXPECT_EQ(answers[2].size(), 9u);
  EXPECT_THAT(sink_.story(), ElementsAre("status INIT", "status QR_REQUIRED", "qr 1", "pair code"));
  EXPECT_THAT(sink_.events().back().data, HasSubstr(answers[2]));
  const InstanceSnapshot snapshot = runtime_->snapshot();
  ASSERT_EQ(snapshot.linking.size(), 1u);
  EXPECT_EQ(snapshot.linking[0].type, InstanceEventType::kPairCodeGenerated);
  EXPECT_EQ(snapshot.linking[0].data, sink_.events().back().data);
  play(Action::kScan);
  advance(2s);
  EXPECT_EQ(status(), "CONNECTED");
  EXPECT_TRUE(runtime_->snapshot().linking.empty());
}

TEST_F(InstanceRuntimeTest, TellsTheStoryOfALinkWithAPasskey) {
  play(Action::kPasskey);
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  play(Action::kScan);
  advance(100ms);
  ASSERT_EQ(runtime_->snapshot().linking.size(), 1u);
  EXPECT_EQ(runtime_->snapshot().linking[0].type, InstanceEventType::kPasskeyRequired);
  EXPECT_EQ(runtime_->snapshot().linking[0].data, sink_.events().back().data);
  std::optional<Status> answer;
  runtime_->answer_passkey(R"({"id":"x","response":{}})", std::nullopt,
                           [&](Status status) { answer = std::move(status); });
  advance(100ms);
  ASSERT_TRUE(answer && *answer);
  ASSERT_EQ(runtime_->snapshot().linking.size(), 1u);
  EXPECT_EQ(runtime_->snapshot().linking[0].type, InstanceEventType::kPasskeyCode);
  play(Action::kScan);
  advance(2s);
  EXPECT_THAT(sink_.story(), ElementsAre("status INIT", "status QR_REQUIRED", "qr 1", "passkey",
                                         "passkey code", "status CONNECTED", "connected"));
  expect_no_gaps(sink_.events());
}

TEST_F(InstanceRuntimeTest, TellsWhoWaitsForACodeThatTheAttemptEnded) {
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(1s);
  std::optional<Status> answer;
  runtime_->request_pair_code("15551234567", std::nullopt,
                              [&](Status status) { answer = std::move(status); });
  ASSERT_FALSE(answer);
  runtime_->operate(Operation::kRestart, std::nullopt, [](Status) {});
  advance(10s);
  ASSERT_TRUE(answer);
}

TEST_F(InstanceRuntimeTest, OpensNothingBeforeItsTurnComes) {
  std::vector<ConnectPace::Turn> others;
  for (int i = 0; i < 1'000; ++i)
    others.push_back(pace_.take(ConnectPace::Priority::kOperator, executor_, [] {}).turn);
  EXPECT_TRUE(operate(Operation::kConnect));
  settle();
  EXPECT_EQ(runtime_->live().record.next_step.what, NextStep::What::kConnect);
  EXPECT_THAT(runtime_->live().record.next_step.text, HasSubstr("waits for its turn"));
  advance(2s);
  EXPECT_EQ(status(), "INIT");
  // Whoever is still in line is disconnected without a session to close.
  EXPECT_TRUE(operate(Operation::kDisconnect));
  EXPECT_FALSE(runtime_->live().has_session);
  EXPECT_EQ(status(), "DISCONNECTED");
  EXPECT_TRUE(operate(Operation::kConnect));
  advance(10s);
  EXPECT_EQ(status(), "INIT") << "every place is taken";
  others.clear();
  advance(2s);
  EXPECT_EQ(status(), "QR_REQUIRED");
  EXPECT_EQ(pace_.counts().opening, 0u) << "a code is on show: the place is free again";
}

}  // namespace
}  // namespace patchbay::manager
