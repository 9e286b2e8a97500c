#include "manager/instances.h"

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

// The service as the server runs it: real store, real threads, a simulated WhatsApp in a hurry.
class InstancesTest : public testing::Test {
 protected:
  InstancesTest() {
    boot();
    ada_ = make_tenant(*store_, "ada", 12);
    eve_ = make_tenant(*store_, "eve", 12);
  }
  ~InstancesTest() override { crash(); }

  void boot() {
    store_ = open_test_store(folder_);
    sink_ = std::make_unique<RecordingSink>(*store_);
    engine_ = std::make_unique<whatsapp::ScriptedEngine>(
        clock_,
        whatsapp::ScriptedEngineOptions{
            .connect_delay = 2ms, .qr_validity = qr_validity_, .pairing_delay = 2ms, .close_delay = 1ms});
    std::vector<Executor*> executors;
    for (int i = 0; i < 2; ++i) {
      threads_.push_back(std::make_unique<ThreadExecutor>(clock_));
      executors.push_back(threads_.back().get());
    }
    instances_ = std::make_unique<Instances>(
        *store_, *engine_, *sink_, clock_, executors,
        InstancesOptions{
            .reconnect_first_delay = 5ms, .events_kept = events_kept_, .prune_interval = prune_interval_});
    const Status started = instances_->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  // As kill -9: threads end wherever they are, nobody says good-bye.
  void crash() {
    for (auto& thread : threads_) thread->end();
    instances_.reset();
    threads_.clear();
    engine_.reset();
    sink_.reset();
    store_.reset();
  }

  std::string make(const std::string& name) {
    const auto made = instances_->create(ada_, {.name = name});
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->instance.id : "";
  }
  InstanceStatus status(const std::string& id) {
    const auto got = instances_->get(ada_, id);
    return got ? got->instance.status : InstanceStatus::kError;
  }
  bool reaches(const std::string& id, InstanceStatus wanted) {
    return eventually([&] { return status(id) == wanted; });
  }
  void link(const std::string& id, const std::string& phone = "15551234567") {
    ASSERT_TRUE(instances_->connect(ada_, id));
    ASSERT_TRUE(reaches(id, InstanceStatus::kQrRequired));
    ASSERT_TRUE(engine_->play(id, {.action = Action::kScan, .phone = phone, .display_name = "Ada"}));
    ASSERT_TRUE(reaches(id, InstanceStatus::kConnected));
  }

  Folder folder_;
  SystemClock clock_;
  Milliseconds qr_validity_{60'000};
  Milliseconds prune_interval_{600'000};
  uint64_t events_kept_ = 10'000;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<RecordingSink> sink_;
  std::unique_ptr<whatsapp::ScriptedEngine> engine_;
  std::vector<std::unique_ptr<ThreadExecutor>> threads_;
  std::unique_ptr<Instances> instances_;
  Caller ada_;
  Caller eve_;
};

TEST_F(InstancesTest, AreCreatedAtRestWithTheirCreatorAndSubscription) {
  const auto made =
      instances_->create(ada_, {.name = "sales", .display_name = "Sales desk", .description = "Front"});
  ASSERT_TRUE(made);
  EXPECT_TRUE(looks_like_cuid(made->instance.id));
  EXPECT_EQ(made->instance.status, InstanceStatus::kDisconnected);
  EXPECT_EQ(made->instance.settings_json, "{}");
  EXPECT_EQ(made->instance.display_name, "Sales desk");
  EXPECT_EQ(made->created_by.email, "ada@example.com");
  EXPECT_EQ(made->subscription.name, "ada");
  const auto got = instances_->get(ada_, made->instance.id);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->instance.description, "Front");
  EXPECT_FALSE(got->real_time.exists);
}

TEST_F(InstancesTest, RefuseBadNamesTakenNamesAndMoreThanTheLimit) {
  for (const std::string bad : {"", "ab", "with space", "umlaut-ä", "a/b/c"})
    EXPECT_EQ(instances_->create(ada_, {.name = bad}).error().code, ErrorCode::kValidation) << bad;
  EXPECT_EQ(instances_->create(ada_, {.name = std::string(51, 'a')}).error().code, ErrorCode::kValidation);
  EXPECT_EQ(instances_->create(ada_, {.name = "abc", .description = std::string(2'001, 'x')}).error().code,
            ErrorCode::kValidation);
  EXPECT_EQ(instances_->create(ada_, {.name = "abc", .settings = InstanceSettings{.connect_timeout_ms = 1}})
                .error()
                .code,
            ErrorCode::kValidation);
  make("sales");
  EXPECT_EQ(instances_->create(ada_, {.name = "sales"}).error().code, ErrorCode::kInstanceAlreadyExists);
  EXPECT_TRUE(instances_->create(eve_, {.name = "sales"})) << "names are a matter of the subscription";
  for (int i = 1; i < 12; ++i) make("more-" + std::to_string(i));
  EXPECT_EQ(instances_->create(ada_, {.name = "one-too-many"}).error().code,
            ErrorCode::kInstanceLimitReached);
}

TEST_F(InstancesTest, OfOthersDoNotExist) {
  const std::string id = make("sales");
  const auto code = [](const auto& result) { return result.error().code; };
  EXPECT_EQ(code(instances_->get(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->connect(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->disconnect(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->restart(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->log_out(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->remove(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->update(eve_, id, {.name = "mine"})), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->qr(eve_, id)), ErrorCode::kInstanceNotFound);
  EXPECT_EQ(code(instances_->events(eve_, id, 0, 10)), ErrorCode::kInstanceNotFound);
  EXPECT_TRUE(instances_->list(eve_, {})->instances.empty());
  Caller key = ada_;
  key.kind = Caller::Kind::kApiKey;
  key.instance_id = id;
  EXPECT_EQ(code(instances_->connect(key, id)), ErrorCode::kAuthentication) << "management belongs to users";
}

TEST_F(InstancesTest, GoThroughQrAndScanToConnected) {
  const std::string id = make("sales");
  ASSERT_TRUE(instances_->connect(ada_, id));
  ASSERT_TRUE(reaches(id, InstanceStatus::kQrRequired));
  const auto code = instances_->qr(ada_, id);
  ASSERT_TRUE(code && *code);
  EXPECT_TRUE((*code)->text.starts_with(whatsapp::kSimulatedQrPrefix));
  const auto waiting = instances_->get(ada_, id);
  EXPECT_EQ(waiting->instance.qr_code, (*code)->text);
  EXPECT_TRUE(eventually([&] { return instances_->get(ada_, id)->real_time.qr_attempts == 1; }));
  EXPECT_EQ(waiting->instance.next_step.what, NextStep::What::kScanQr);
  ASSERT_TRUE(engine_->play(id, {.action = Action::kScan, .phone = "15551234567", .display_name = "Ada"}));
  ASSERT_TRUE(reaches(id, InstanceStatus::kConnected));
  const auto got = instances_->get(ada_, id);
  EXPECT_EQ(got->instance.phone, "15551234567");
  EXPECT_TRUE(got->real_time.is_connected);
  EXPECT_FALSE(got->instance.qr_code);
  EXPECT_FALSE(*instances_->qr(ada_, id));
  EXPECT_TRUE(eventually(
      [&] { return instances_->totals().by_status[static_cast<int>(InstanceStatus::kConnected)] == 1; }));
  const auto log = instances_->events(ada_, id, 0, 100);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->events.size(), 5u);
  EXPECT_EQ(log->last_seq, 5u);
  const auto page = instances_->events(ada_, id, 2, 2);
  EXPECT_EQ(page->events.front().seq, 3u);
  EXPECT_TRUE(page->has_more);
}

TEST_F(InstancesTest, AreListedBySearchStatusAndPage) {
  const std::string sales = make("sales");
  make("support");
  make("Sales-2");
  link(sales);
  const auto names = [&](const InstanceQuery& query) {
    std::vector<std::string> out;
    const auto page = instances_->list(ada_, query);
    EXPECT_TRUE(page) << page.error().message;
    if (page)
      for (const auto& one : page->instances) out.push_back(one.instance.name);
    return out;
  };
  EXPECT_THAT(names({.ascending = true, .search = "SALES"}), ElementsAre("sales", "Sales-2"));
  EXPECT_THAT(names({.search = "1234567"}), ElementsAre("sales"));
  EXPECT_THAT(names({.status = InstanceStatus::kConnected}), ElementsAre("sales"));
  EXPECT_THAT(names({.status = InstanceStatus::kReconnecting}), ElementsAre());
  EXPECT_THAT(names({.page = 2, .per_page = 2, .ascending = true}), ElementsAre("Sales-2"));
  EXPECT_THAT(names({.search = "%"}), ElementsAre()) << "no wildcards";
  EXPECT_EQ(instances_->list(ada_, {.per_page = 101}).error().code, ErrorCode::kValidation);
}

TEST_F(InstancesTest, TakeNewNamesAndSettings) {
  const std::string id = make("sales");
  const auto changed = instances_->update(
      ada_, id, {.name = "sales-2", .settings_json = R"({"autoReconnect":false,"unknown":1})"});
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->instance.name, "sales-2");
  EXPECT_EQ(changed->instance.settings_json, R"({"autoReconnect":false})");
  link(id);
  ASSERT_TRUE(engine_->play(id, {.action = Action::kDrop}));
  ASSERT_TRUE(reaches(id, InstanceStatus::kDisconnected));
  EXPECT_THAT(instances_->get(ada_, id)->instance.next_step.text, HasSubstr("autoReconnect"));
  for (const std::string bad : {"[]", "{", R"({"connectTimeoutMs":5})", R"({"autoReconnect":"yes"})"})
    EXPECT_EQ(instances_->update(ada_, id, {.settings_json = bad}).error().code, ErrorCode::kValidation)
        << bad;
  EXPECT_EQ(instances_->update(ada_, id, {}).error().code, ErrorCode::kValidation);
}

TEST_F(InstancesTest, RestWhileDeactivated) {
  const std::string id = make("sales");
  link(id);
  ASSERT_TRUE(instances_->update(ada_, id, {.is_active = false}));
  EXPECT_EQ(status(id), InstanceStatus::kDisconnected);
  EXPECT_EQ(instances_->connect(ada_, id).error().code, ErrorCode::kInvalidOperation);
  crash();
  boot();
  EXPECT_EQ(status(id), InstanceStatus::kDisconnected);
  ASSERT_TRUE(instances_->update(ada_, id, {.is_active = true}));
  EXPECT_TRUE(reaches(id, InstanceStatus::kConnected)) << "the wish was kept";
}

TEST_F(InstancesTest, AreDeletedWhateverTheirState) {
  const std::string resting = make("resting");
  const std::string waiting = make("waiting");
  const std::string connected = make("connected");
  ASSERT_TRUE(instances_->connect(ada_, waiting));
  link(connected);
  for (const std::string& id : {resting, waiting, connected}) {
    const auto name = instances_->remove(ada_, id);
    ASSERT_TRUE(name) << name.error().message;
    EXPECT_EQ(instances_->get(ada_, id).error().code, ErrorCode::kInstanceNotFound);
  }
  EXPECT_EQ(instances_->list(ada_, {})->total, 0);
  EXPECT_TRUE(eventually([&] { return sink_->removed().size() == 3; }));
  EXPECT_TRUE(eventually([&] { return !instances_->subscription_of(connected); }));
}

TEST_F(InstancesTest, LogOutAnswersWhenTheCredentialsAreGone) {
  const std::string id = make("sales");
  link(id);
  ASSERT_TRUE(instances_->log_out(ada_, id));
  EXPECT_EQ(status(id), InstanceStatus::kDisconnected);
  EXPECT_FALSE(*store_->read([&](store::ReadTransaction& tx) { return tx.credentials(id); }));
}

TEST_F(InstancesTest, ComeBackAfterAKillAsTheirOperatorsLeftThem) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 5; ++i) {
    wanted.push_back(make("wanted-" + std::to_string(i)));
    link(wanted.back(), "1555000000" + std::to_string(i));
  }
  const std::string unwanted = make("unwanted");
  link(unwanted);
  ASSERT_TRUE(instances_->disconnect(ada_, unwanted));
  for (int round = 0; round < 3; ++round) {
    crash();
    boot();
    for (const std::string& id : wanted) EXPECT_TRUE(reaches(id, InstanceStatus::kConnected));
    EXPECT_EQ(status(unwanted), InstanceStatus::kDisconnected);
  }
  for (const std::string& id : wanted) {
    const auto log = instances_->events(ada_, id, 0, 1'000);
    uint64_t seq = 0;
    for (const InstanceEvent& event : log->events) EXPECT_EQ(event.seq, ++seq);
    EXPECT_EQ(instances_->get(ada_, id)->instance.desired_state, DesiredState::kConnected);
  }
}

TEST_F(InstancesTest, ComeBackAfterAGracefulStop) {
  const std::string id = make("sales");
  link(id);
  instances_->stop();
  EXPECT_EQ(instances_->connect(ada_, id).error().code, ErrorCode::kServiceUnavailable);
  EXPECT_THAT(sink_->story().back(), "status RECONNECTING");
  crash();
  boot();
  EXPECT_TRUE(reaches(id, InstanceStatus::kConnected));
}

TEST_F(InstancesTest, SurviveManyCommandsAtOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(make("busy-" + std::to_string(i)));
  std::atomic<int> failures{0};
  std::vector<std::thread> operators;
  for (int worker = 0; worker < 4; ++worker)
    operators.emplace_back([&, worker] {
      for (int i = 0; i < 40; ++i) {
        const std::string& id = ids[static_cast<size_t>((worker + i) % 4)];
        const int what = (worker * 7 + i * 3) % 6;
        const Status done = what == 0   ? instances_->connect(ada_, id)
                            : what == 1 ? instances_->disconnect(ada_, id)
                            : what == 2 ? instances_->restart(ada_, id)
                            : what == 3 ? instances_->log_out(ada_, id)
                                        : instances_->connect(ada_, id);
        if (!done) ++failures;
        // The scan fails unless a code happens to be shown.
        if (what > 3) (void)engine_->play(id, {.action = Action::kScan});
        (void)instances_->list(ada_, {});
        (void)instances_->totals();
      }
    });
  for (std::thread& one : operators) one.join();
  EXPECT_EQ(failures, 0);
  expect_no_gaps(sink_->events());
  for (const std::string& id : ids) {
    ASSERT_TRUE(instances_->log_out(ada_, id));
    EXPECT_EQ(status(id), InstanceStatus::kDisconnected);
  }
}

TEST_F(InstancesTest, ShowASubscriberThePresent) {
  const std::string id = make("sales");
  ASSERT_TRUE(instances_->connect(ada_, id));
  ASSERT_TRUE(reaches(id, InstanceStatus::kQrRequired));
  ASSERT_TRUE(eventually([&] {
    const auto story = sink_->story();
    return !story.empty() && story.back() == "qr 1";
  }));
  EXPECT_EQ(instances_->subscription_of(id), ada_.subscription_id);
  std::promise<Result<InstanceSnapshot>> promise;
  auto answer = promise.get_future();
  instances_->snapshot(id, [promise = std::move(promise)](Result<InstanceSnapshot> got) mutable {
    promise.set_value(std::move(got));
  });
  const auto snapshot = answer.get();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->state, InstanceStatus::kQrRequired);
  ASSERT_EQ(snapshot->linking.size(), 1u);
  EXPECT_EQ(snapshot->name, "sales");
  bool found = true;
  instances_->snapshot("cnone", [&](Result<InstanceSnapshot> got) { found = got.has_value(); });
  EXPECT_FALSE(found) << "answered at once";
}

TEST_F(InstancesTest, KeepOnlySoManyEvents) {
  const std::string id = make("sales");
  link(id);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(instances_->restart(ada_, id));
    ASSERT_TRUE(reaches(id, InstanceStatus::kConnected));
  }
  crash();
  events_kept_ = 3;
  prune_interval_ = 5ms;
  boot();
  ASSERT_TRUE(reaches(id, InstanceStatus::kConnected));
  EXPECT_TRUE(eventually([&] { return instances_->events(ada_, id, 0, 100)->events.size() <= 3; }));
  const auto log = instances_->events(ada_, id, 0, 100);
  EXPECT_GT(log->first_seq, 1u);
  EXPECT_EQ(log->events.back().seq, log->last_seq);
}

}  // namespace
}  // namespace patchbay::manager
