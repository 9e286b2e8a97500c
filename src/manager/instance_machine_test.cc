#include "manager/instance_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/instance_machine_driver.h"

namespace patchbay::manager {
namespace {

using testing::HasSubstr;

TEST(InstanceMachine, WalksFromTheFirstConnectToConnected) {
  Driver d;
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "INIT open +status");
  EXPECT_EQ(d.next(), "AWAIT_CONNECTION");
  EXPECT_EQ(d.qr(1).outcome(), "QR_REQUIRED +status +qr");
  EXPECT_EQ(d.next(), "SCAN_QR");
  EXPECT_EQ(d.record().next_step.at, d.now.wall + 60s);
  EXPECT_EQ(d.wait(60s).qr(2).outcome(), "QR_REQUIRED +qr");
  EXPECT_EQ(d.record().qr_text, "2@2");
  EXPECT_EQ(d.feed(PhonePaired{}).outcome(), "QR_REQUIRED");
  EXPECT_EQ(d.next(), "FINISH_PAIRING");
  EXPECT_FALSE(d.record().qr_text);
  EXPECT_EQ(d.connected().outcome(), "CONNECTED +status +connected");
  EXPECT_EQ(d.record().phone, "1555");
  EXPECT_EQ(d.record().display_name, "Ada");
  EXPECT_EQ(d.record().last_connected_at, d.now.wall);
  EXPECT_EQ(d.record().connection_attempts, 0);
  EXPECT_EQ(d.next(), "WATCH_LIVENESS");
}

TEST(InstanceMachine, NeverOpensASecondSessionForASecondConnect) {
  Driver d;
  d.feed(Operation::kConnect).qr();
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "QR_REQUIRED");
  EXPECT_TRUE(d.effects.commands.empty());
  EXPECT_TRUE(d.record().qr_text) << "the code stays valid";
}

TEST(InstanceMachine, WaitsForTheOldSessionBeforeItOpensTheNext) {
  Driver d;
  d.link().feed(Operation::kDisconnect);
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "INIT +status");
  EXPECT_EQ(d.next(), "CONNECT");
  EXPECT_EQ(d.end(CloseReason::kLocalRequest).outcome(), "INIT open");
}

TEST(InstanceMachine, DoesNotWaitForeverForAnOldSession) {
  Driver d;
  d.link().feed(Operation::kRestart);
  EXPECT_EQ(d.expire().outcome(), "INIT drop open");
}

TEST(InstanceMachine, GrowsTheDelayOfReconnectionUpToItsBound) {
  Driver d;
  d.link().drop();
  for (const auto expected : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s}) {
    EXPECT_EQ(*d.machine.deadline() - d.now.steady, expected);
    EXPECT_EQ(d.record().next_step.at, d.now.wall + expected);
    EXPECT_EQ(d.next(), "RECONNECT");
    EXPECT_EQ(d.expire().outcome(), "RECONNECTING open");
    d.end(CloseReason::kUnreachable, false, true);
    EXPECT_TRUE(d.effects.events.empty()) << "a failed attempt is no news to clients";
  }
  EXPECT_EQ(d.record().connection_attempts, 9);
}

TEST(InstanceMachine, SpreadsTheDelayByAFifthEitherWayWithinTheBound) {
  Driver d;
  d.random = 0;
  d.link().drop();
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 4s);
  d.random = 0.999;
  d.expire().drop();
  EXPECT_GT(*d.machine.deadline() - d.now.steady, 11'900ms);
  for (int i = 0; i < 40; ++i) d.expire().drop();
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 300s);
}

TEST(InstanceMachine, StartsSmallAgainOnlyAfterAStableConnection) {
  Driver d;
  d.link().drop().expire().connected();
  d.wait(59s).drop();
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 10s) << "it flaps";
  d.expire().connected();
  d.wait(60s).feed(DeadlinePassed{}).drop();
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 5s);
}

TEST(InstanceMachine, TakesASilentConnectionForLost) {
  Driver d;
  d.link();
  for (int i = 0; i < 10; ++i) d.wait(30s).feed(SessionAlive{}).feed(DeadlinePassed{});
  EXPECT_EQ(d.status(), "CONNECTED");
  EXPECT_EQ(d.record().next_step.at, d.now.wall + 90s);
  EXPECT_EQ(d.wait(89s).feed(DeadlinePassed{}).outcome(), "CONNECTED");
  EXPECT_EQ(d.wait(1s).feed(DeadlinePassed{}).outcome(), "RECONNECTING drop +disconnected +status");
  EXPECT_EQ(d.record().reason.code, "TIMED_OUT");
}

TEST(InstanceMachine, GivesUpOnAnEngineThatShowsNoNewCode) {
  Driver d;
  d.feed(Operation::kConnect).qr();
  EXPECT_EQ(d.wait(69s).feed(DeadlinePassed{}).outcome(), "QR_REQUIRED");
  EXPECT_EQ(d.wait(1s).feed(DeadlinePassed{}).outcome(), "DISCONNECTED drop +disconnected +error +status");
  EXPECT_EQ(d.record().reason.code, "QR_EXHAUSTED");
}

TEST(InstanceMachine, DoesNotRetryWhatOnlyAnOperatorCanMend) {
  const struct {
    CloseReason reason;
    bool gone;
    std::string_view status;
    std::string_view remedy;
  } cases[] = {
      {CloseReason::kUnlinkedByPhone, true, "DISCONNECTED", "scan a new QR code"},
      {CloseReason::kQrExhausted, false, "DISCONNECTED", "scan a QR code before"},
      {CloseReason::kReplaced, false, "ERROR", "Stop the other place"},
      {CloseReason::kBanned, true, "ERROR", "Settle the ban"},
      {CloseReason::kClientOutdated, false, "ERROR", "Update the server"},
      {CloseReason::kRefused, false, "ERROR", "Check the account"},
      {CloseReason::kInternal, false, "ERROR", "log out and link again"},
  };
  for (const auto& one : cases) {
    Driver d;
    d.link().end(one.reason, one.gone);
    EXPECT_EQ(d.status(), one.status);
    EXPECT_EQ(d.next(), "OPERATOR");
    EXPECT_THAT(d.record().next_step.text, HasSubstr(one.remedy));
    EXPECT_EQ(d.record().reason.code, to_string(one.reason));
    EXPECT_EQ(d.record().last_error, "It ended.");
    EXPECT_EQ(d.effects.delete_credentials, one.gone);
    EXPECT_EQ(d.record().phone.has_value(), !one.gone);
    EXPECT_FALSE(d.machine.deadline());
    EXPECT_EQ(d.record().desired, DesiredState::kConnected) << "only operators change what is wanted";
    // Nor does a new process.
    Driver next({}, d.record(), !one.gone);
    EXPECT_TRUE(next.feed(ProcessStarts{}).effects.events.empty());
    EXPECT_FALSE(next.machine.deadline());
    EXPECT_EQ(next.feed(Operation::kConnect).outcome(), "INIT open +status");
  }
}

TEST(InstanceMachine, WaitsOutATemporaryBan) {
  Driver d;
  d.link().feed(whatsapp::SessionEnd{
      .reason = CloseReason::kTemporarilyBanned, .text = "Banned.", .retry_after = 3'600s});
  EXPECT_EQ(d.status(), "ERROR");
  EXPECT_EQ(d.next(), "RECONNECT");
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 3'600s);
}

TEST(InstanceMachine, LeavesReconnectionToTheOperatorWhenSoSet) {
  Driver d({.auto_reconnect = false});
  d.link().drop();
  EXPECT_EQ(d.outcome(), "DISCONNECTED +disconnected +error +status");
  EXPECT_EQ(d.next(), "OPERATOR");
  EXPECT_THAT(d.record().next_step.text, HasSubstr("autoReconnect"));
}

TEST(InstanceMachine, ForgetsEverythingAtALogoutEvenWhenWhatsAppIsSilent) {
  Driver d;
  d.link().feed(Operation::kLogOut);
  EXPECT_EQ(d.record().desired, DesiredState::kLoggedOut);
  EXPECT_EQ(d.next(), "FINISH_LOGOUT");
  EXPECT_FALSE(d.effects.logged_out);
  EXPECT_EQ(d.expire().outcome(), "DISCONNECTED drop forget +disconnected +status");
  EXPECT_TRUE(d.effects.logged_out);
  EXPECT_FALSE(d.record().phone);
  EXPECT_FALSE(d.record().display_name);
  EXPECT_FALSE(d.record().last_connected_at);
  EXPECT_THAT(d.record().next_step.text, HasSubstr("Linked devices"));
}

TEST(InstanceMachine, HasNothingMoreToDoAfterALogoutThatWhatsAppConfirmed) {
  Driver d;
  d.link().feed(Operation::kLogOut).end(CloseReason::kLoggedOut, true);
  EXPECT_EQ(d.status(), "DISCONNECTED");
  EXPECT_EQ(d.next(), "NONE");
}

TEST(InstanceMachine, FinishesALogoutThatACrashCutShort) {
  Driver before;
  before.link().feed(Operation::kLogOut);
  Driver after({}, before.record(), true);
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "DISCONNECTED forget +disconnected +status");
}

TEST(InstanceMachine, IsRemovedOnlyOnceItsSessionIsGone) {
  Driver d;
  d.link();
  EXPECT_EQ(d.feed(Operation::kRemove).outcome(), "CONNECTED logout");
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "refused SERVICE_UNAVAILABLE");
  EXPECT_EQ(d.end(CloseReason::kNetworkLost).outcome(), "DISCONNECTED forget removed +disconnected +status");
  Driver opening;
  opening.feed(Operation::kConnect).feed(Operation::kRemove);
  EXPECT_FALSE(opening.effects.removed);
  EXPECT_EQ(opening.expire().outcome(), "DISCONNECTED drop removed");
}

TEST(InstanceMachine, ComesBackAfterACrashInEveryWantedState) {
  Driver connected;
  connected.link();
  Driver waiting;
  waiting.link().drop();
  Driver failing;
  failing.link().end(CloseReason::kInternal, false, true);
  for (const Driver* before : {&connected, &waiting, &failing}) {
    Driver after({}, before->record(), true);
    after.feed(ProcessStarts{.delay = 250ms});
    EXPECT_EQ(after.status(), "RECONNECTING");
    EXPECT_EQ(*after.machine.deadline() - after.now.steady, 250ms);
    EXPECT_EQ(after.expire().outcome(), "RECONNECTING open");
    EXPECT_EQ(after.connected().status(), "CONNECTED");
  }
  Driver unlinked;
  unlinked.feed(Operation::kConnect).qr();
  Driver after({}, unlinked.record(), false);
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "INIT +status");
  EXPECT_FALSE(after.record().qr_text) << "a code of the dead process is worthless";
  EXPECT_EQ(after.expire().outcome(), "INIT open");
}

TEST(InstanceMachine, StaysAsTheOperatorLeftIt) {
  Driver before;
  before.link().feed(Operation::kDisconnect);
  Driver after({}, before.record(), true);
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "DISCONNECTED");
  EXPECT_FALSE(after.machine.deadline());
}

TEST(InstanceMachine, StopsWithoutForgettingWhatIsWanted) {
  Driver d;
  d.link();
  EXPECT_EQ(d.feed(ProcessStops{}).outcome(), "RECONNECTING close +disconnected +status");
  EXPECT_EQ(d.record().desired, DesiredState::kConnected);
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "refused SERVICE_UNAVAILABLE");
  EXPECT_EQ(d.end(CloseReason::kLocalRequest).outcome(), "RECONNECTING stopped");
  Driver after({}, d.record(), true);
  EXPECT_EQ(after.feed(ProcessStarts{}).expire().outcome(), "RECONNECTING open");
}

TEST(InstanceMachine, StopsWithinItsBoundWhenTheSessionHangs) {
  Driver d;
  d.link().feed(ProcessStops{});
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 5s);
  EXPECT_EQ(d.expire().outcome(), "RECONNECTING drop stopped");
}

TEST(InstanceMachine, NeverMakesANewIdentityOverDamagedCredentials) {
  Driver before;
  before.link();
  Driver d({}, before.record(), false);
  d.feed(ProcessStarts{.credentials_damaged = true});
  EXPECT_EQ(d.status(), "ERROR");
  EXPECT_EQ(d.record().reason.code, "CREDENTIALS_DAMAGED");
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "refused INVALID_OPERATION");
  EXPECT_EQ(d.feed(Operation::kRestart).outcome(), "refused INVALID_OPERATION");
  EXPECT_EQ(d.feed(Operation::kLogOut).outcome(), "DISCONNECTED forget +disconnected +status");
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "INIT open +status");
}

TEST(InstanceMachine, ComesBackByItselfOnceDamagedCredentialsAreReadableAgain) {
  Driver before;
  before.link();
  Driver damaged({}, before.record(), false);
  damaged.feed(ProcessStarts{.credentials_damaged = true});
  Driver still({}, damaged.record(), false);
  EXPECT_EQ(still.feed(ProcessStarts{.credentials_damaged = true}).status(), "ERROR");
  Driver mended({}, still.record(), true);
  EXPECT_EQ(mended.feed(ProcessStarts{}).expire().outcome(), "RECONNECTING open");
  EXPECT_FALSE(mended.record().last_error);
}

TEST(InstanceMachine, RestsAfterDamageThatWasMendedWhenNobodyWantsAConnection) {
  Driver before;
  before.link().feed(Operation::kDisconnect).end(CloseReason::kLocalRequest);
  Driver damaged({}, before.record(), false);
  damaged.feed(ProcessStarts{.credentials_damaged = true});
  EXPECT_EQ(damaged.status(), "ERROR");
  Driver mended({}, damaged.record(), true);
  mended.feed(ProcessStarts{});
  EXPECT_EQ(mended.status(), "DISCONNECTED");
  EXPECT_EQ(mended.record().reason.code, "SERVER_START");
}

TEST(InstanceMachine, RestsWhileDeactivatedAndResumesWhatIsWanted) {
  Driver d;
  d.link().feed(Operation::kDeactivate).end(CloseReason::kLocalRequest);
  EXPECT_EQ(d.feed(Operation::kConnect).outcome(), "refused INVALID_OPERATION");
  EXPECT_EQ(d.feed(Operation::kActivate).outcome(), "INIT open +status");
}

TEST(InstanceMachine, TellsALossBeforeTheStatusThatFollows) {
  Driver d;
  d.link().drop();
  ASSERT_EQ(d.effects.events.size(), 2u);
  EXPECT_THAT(d.effects.events[0].data, HasSubstr("\"code\":\"NETWORK_LOST\""));
  EXPECT_THAT(d.effects.events[1].data, HasSubstr("\"newStatus\":\"RECONNECTING\""));
  EXPECT_THAT(d.effects.events[1].data, HasSubstr("\"error\":\"It ended.\""));
}

}  // namespace
}  // namespace patchbay::manager
