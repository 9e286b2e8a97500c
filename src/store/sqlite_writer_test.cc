#include "store/sqlite_writer.h"

#include <atomic>
#include <csignal>
#include <future>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/temporary_store.h"

namespace patchbay::store {
namespace {

Status add_event(WriteTransaction& tx, const std::string& payload) {
  const auto seq = tx.append_event("i1", "test", payload, kTestTime);
  if (!seq) return std::unexpected(seq.error());
  return {};
}

std::vector<Event> all_events(Store& store) {
  std::vector<Event> events;
  for (uint64_t after = 0;;) {
    const auto more = store.read([&](ReadTransaction& tx) { return tx.events_after("i1", after, 10'000); });
    EXPECT_TRUE(more) << more.error().message;
    if (!more || more->empty()) return events;
    events.insert(events.end(), more->begin(), more->end());
    after = events.back().seq;
  }
}

// Keeps the writer thread busy until release() is called, so that what is queued meanwhile becomes one group.
class Gate {
 public:
  explicit Gate(Store& store) {
    store.write(
        [this](WriteTransaction&) -> Status {
          entered_.set_value();
          opened_.get_future().wait();
          return {};
        },
        nullptr);
    entered_.get_future().wait();
  }
  void release() { opened_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

TEST(SqliteWriter, WhatWaitsTogetherIsCommittedTogetherAndAnsweredInOrder) {
  TemporaryStore store;
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  Gate gate(*store);
  std::vector<int> answers;  // by the writer thread until flush()
  for (int i = 0; i < 100; ++i)
    store->write([i](WriteTransaction& tx) { return add_event(tx, std::to_string(i)); },
                 [i, &answers](const Status& status) {
                   if (status) answers.push_back(i);
                 });
  const uint64_t commits = store->metrics().commits;
  EXPECT_EQ(store->metrics().queue_depth, 100u);
  gate.release();
  store->flush();
  EXPECT_EQ(store->metrics().commits, commits + 2) << "the gate's and one for all that waited";
  EXPECT_EQ(store->metrics().largest_group, 100u);
  ASSERT_EQ(answers.size(), 100u);
  EXPECT_TRUE(std::is_sorted(answers.begin(), answers.end()));
  const auto events = all_events(*store);
  ASSERT_EQ(events.size(), 100u);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, i + 1);
    EXPECT_EQ(events[i].payload_json, std::to_string(i));
  }
}

TEST(SqliteWriter, OneThatFailsIsUndoneAloneAndLeavesNoGapInTheNumbers) {
  TemporaryStore store;
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  Gate gate(*store);
  std::vector<std::string> answers;
  const auto note = [&answers](const Status& status) {
    answers.push_back(status ? "ok" : std::string(to_string(status.error().code)));
  };
  store->write([](WriteTransaction& tx) { return add_event(tx, "1"); }, note);
  store->write(
      [](WriteTransaction& tx) -> Status {
        PB_TRY(add_event(tx, "never"));
        return fail(ErrorCode::kInvalidOperation, "changed my mind");
      },
      note);
  store->write([](WriteTransaction& tx) { return tx.insert_user(make_user("u1", "s1")); }, note);
  store->write(
      [](WriteTransaction& tx) -> Status {
        PB_TRY(add_event(tx, "never"));
        throw std::runtime_error("a defect");
      },
      note);
  store->write([](WriteTransaction& tx) { return add_event(tx, "2"); }, note);
  gate.release();
  store->flush();
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "INVALID_OPERATION", "USER_ALREADY_EXISTS",
                                               "INTERNAL_ERROR", "ok"}));
  const auto events = all_events(*store);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].payload_json, "1");
  EXPECT_EQ(events[1].payload_json, "2");
  EXPECT_EQ(events[1].seq, 2u);
  EXPECT_EQ(store->metrics().failed_writes, 3u);
}

TEST(SqliteWriter, WriteSyncGivesBackValuesAndErrors) {
  TemporaryStore store;
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  const auto seq =
      store->write_sync([](WriteTransaction& tx) { return tx.append_event("i1", "t", "{}", kTestTime); });
  EXPECT_EQ(seq, 1u);
  const auto lost =
      store->write_sync([](WriteTransaction& tx) { return tx.append_event("i9", "t", "{}", kTestTime); });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kInstanceNotFound);
}

TEST(SqliteWriter, AFullQueueRefusesAtOnceAndRecovers) {
  TemporaryStore store({.directory = "", .max_queued_writes = 3});
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  Gate gate(*store);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 5; ++i)
    store->write([](WriteTransaction& tx) { return add_event(tx, "{}"); },
                 [&](const Status& status) {
                   if (status) {
                     ++accepted;
                   } else {
                     EXPECT_EQ(status.error().code, ErrorCode::kServiceUnavailable);
                     ++refused;
                   }
                 });
  EXPECT_EQ(refused, 2);
  gate.release();
  store->flush();
  EXPECT_EQ(accepted, 3);
  EXPECT_EQ(store->metrics().refused_writes, 2u);
  EXPECT_TRUE(store->write_sync([](WriteTransaction& tx) { return add_event(tx, "{}"); }));
}

TEST(SqliteWriter, StoppingFinishesWhatIsQueuedAndRefusesWhatComesAfter) {
  TemporaryStore store;
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  Gate gate(*store);
  int done = 0;
  for (int i = 0; i < 10; ++i)
    store->write([](WriteTransaction& tx) { return add_event(tx, "{}"); },
                 [&](const Status& status) { done += status.has_value(); });
  gate.release();
  store->stop();
  EXPECT_EQ(done, 10);
  const auto late = store->write_sync([](WriteTransaction& tx) { return add_event(tx, "{}"); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kServiceUnavailable);
  EXPECT_EQ(all_events(*store).size(), 10u) << "reads go on";
  store->stop();
}

TEST(SqliteWriter, AnAnswerMayQueueTheNextChange) {
  TemporaryStore store;
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  std::promise<void> second;
  store->write([](WriteTransaction& tx) { return add_event(tx, "1"); },
               [&](const Status&) {
                 store->write([](WriteTransaction& tx) { return add_event(tx, "2"); },
                              [&](const Status&) { second.set_value(); });
               });
  second.get_future().wait();
  EXPECT_EQ(all_events(*store).size(), 2u);
}

TEST(SqliteWriter, WhenTheDiskIsFullEverythingInTheGroupFailsNothingIsHalfDoneAndSpaceHealsIt) {
  TemporaryStore store({.directory = "", .max_pages = 120});
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx, 2); }));
  const std::string big(20'000, 'x');
  // Fill up.
  uint64_t last = 0;
  for (;;) {
    const auto seq =
        store->write_sync([&](WriteTransaction& tx) { return tx.append_event("i1", "t", big, kTestTime); });
    if (!seq) {
      EXPECT_EQ(to_string(seq.error().code), "STORAGE_FULL") << seq.error().detail;
      break;
    }
    last = *seq;
    ASSERT_LT(last, 100u) << "the limit does not bite";
  }
  ASSERT_GT(last, 1u);
  // A group with one that does not fit.
  Gate gate(*store);
  std::vector<std::string> answers;
  const auto note = [&answers](const Status& status) {
    answers.push_back(status ? "ok" : std::string(to_string(status.error().code)));
  };
  store->write([](WriteTransaction& tx) { return tx.delete_credentials("i1"); }, note);
  store->write([&](WriteTransaction& tx) { return add_event(tx, big); }, note);
  gate.release();
  store->flush();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1], "STORAGE_FULL");
  // Reads go on, and nothing of what failed is there.
  const auto bounds = store->read([](ReadTransaction& tx) { return tx.event_bounds("i1"); });
  ASSERT_TRUE(bounds && *bounds);
  EXPECT_EQ((*bounds)->last_seq, last);
  EXPECT_EQ(all_events(*store).size(), last);
  EXPECT_TRUE(store->check_health());
  // Space returns, and the numbers go on where they stood.
  ASSERT_TRUE(
      store->write_sync([](WriteTransaction& tx) { return tx.prune_events_of("i1", kTestTime, 1, 1'000); }));
  const auto next =
      store->write_sync([&](WriteTransaction& tx) { return tx.append_event("i1", "t", big, kTestTime); });
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_EQ(*next, last + 1);
}

TEST(SqliteWriter, ReadersSeeWholeStatesWhileOthersWrite) {
  TemporaryStore store({.directory = "", .readers = 3});
  ASSERT_TRUE(store->write_sync([](WriteTransaction& tx) { return fill(tx, 2); }));
  std::atomic<bool> writing{true};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 6; ++reader)
    threads.emplace_back([&] {
      while (writing) {
        // Both instances get their events in one change: their counters never differ.
        const Status equal = store->read([](ReadTransaction& tx) -> Status {
          PB_ASSIGN(const auto first, tx.event_bounds("i1"));
          std::this_thread::yield();
          PB_ASSIGN(const auto second, tx.event_bounds("i2"));
          if (first->last_seq != second->last_seq) return fail(ErrorCode::kInternal, "torn");
          return {};
        });
        if (!equal) ++failures;
      }
    });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer)
    writers.emplace_back([&] {
      for (int i = 0; i < 60; ++i) {
        const Status written = store->write_sync([](WriteTransaction& tx) -> Status {
          PB_ASSIGN(const auto a, tx.append_event("i1", "t", "{}", kTestTime));
          PB_ASSIGN(const auto b, tx.append_event("i2", "t", "{}", kTestTime));
          return a == b ? Status{} : fail(ErrorCode::kInternal, "numbers differ");
        });
        if (!written) ++failures;
      }
    });
  for (std::thread& thread : writers) thread.join();
  writing = false;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(all_events(*store).size(), 180u);
  const StoreMetrics metrics = store->metrics();
  EXPECT_GE(metrics.reads, 1u);
  EXPECT_LE(metrics.commits, metrics.writes);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PB_THREAD_SANITIZER 1
#endif
#endif

#ifndef PB_THREAD_SANITIZER  // it does not follow threads into a forked child
// The child writes without pause and tells each number over a pipe once it is acknowledged; then it is
// killed.
TEST(SqliteWriter, EveryAcknowledgedWriteSurvivesKillMinusNine) {
  const crypto::SecretBox box = *crypto::SecretBox::from_text(std::string(64, 'a'));
  TemporaryFolder folder;
  const SqliteOptions options{.directory = folder.path(), .secret_box = &box};
  {
    auto store = open_sqlite_store(options);
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  }
  uint64_t acknowledged_before = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      auto store = open_sqlite_store(options);
      if (!store) _exit(1);
      for (;;) {
        (*store)->write([](WriteTransaction& tx) { return add_event(tx, R"({"some":"payload"})"); },
                        [fd = pipe_ends[1]](const Status& status) {
                          const char answer = status ? '+' : '-';
                          if (write(fd, &answer, 1) != 1) _exit(2);
                        });
        if ((*store)->metrics().queue_depth > 200) (*store)->flush();
      }
    }
    close(pipe_ends[1]);
    // Another number of acknowledgements each round, so that the kill falls elsewhere.
    uint64_t acknowledged = 0;
    char answer = 0;
    while (acknowledged < 150u + 137u * static_cast<unsigned>(round) && read(pipe_ends[0], &answer, 1) == 1) {
      ASSERT_EQ(answer, '+');
      ++acknowledged;
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    while (read(pipe_ends[0], &answer, 1) == 1) ++acknowledged;  // those still in the pipe count too
    close(pipe_ends[0]);

    auto store = open_sqlite_store(options);
    ASSERT_TRUE(store) << store.error().message;
    const auto events = all_events(**store);
    EXPECT_GE(events.size(), acknowledged_before + acknowledged);
    for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].seq, i + 1) << "a gap";
    acknowledged_before = events.size();
  }
}
#endif

}  // namespace
}  // namespace patchbay::store
