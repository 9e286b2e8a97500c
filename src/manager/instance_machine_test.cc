#include "manager/instance_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/instance_machine_driver.h"

namespace patchbay::manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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

// Every way in which a session ends, as engine.h and §6.4 of the protocol have it.
TEST(InstanceMachine, KnowsWhatFollowsFromEveryEnd) {
  const struct {
    CloseReason reason;
    bool gone;
    bool retry;
    std::optional<Milliseconds> retry_after;
    std::string_view outcome;
    std::string_view next;
    Milliseconds waits;  // until the next attempt; 0: none comes by itself
    std::string_view says;
  } cases[] = {
      // clang-format off
      {CloseReason::kLocalRequest, false, false, {}, "DISCONNECTED +disconnected +error +status", "OPERATOR", 0s, "Connect again"},
      {CloseReason::kLoggedOut, true, false, {}, "DISCONNECTED forget +disconnected +error +status", "OPERATOR", 0s, "scan a new QR code"},
      {CloseReason::kNetworkLost, false, true, {}, "RECONNECTING +disconnected +status", "RECONNECT", 5s, "by itself"},
      {CloseReason::kUnreachable, false, true, {}, "RECONNECTING +disconnected +status", "RECONNECT", 5s, "by itself"},
      {CloseReason::kTimedOut, false, true, {}, "RECONNECTING +disconnected +status", "RECONNECT", 5s, "by itself"},
      {CloseReason::kServerBusy, false, true, {}, "RECONNECTING +disconnected +status", "RECONNECT", 5s, "by itself"},
      {CloseReason::kServerBusy, false, true, 60s, "RECONNECTING +disconnected +status", "RECONNECT", 60s, "by itself"},
      {CloseReason::kPasskeyExpired, false, false, {}, "DISCONNECTED +disconnected +error +status", "OPERATOR", 0s, "passkey step"},
      {CloseReason::kQrExhausted, false, false, {}, "DISCONNECTED +disconnected +error +status", "OPERATOR", 0s, "new codes"},
      {CloseReason::kUnlinkedByPhone, true, false, {}, "DISCONNECTED forget +disconnected +error +status", "OPERATOR", 0s, "scan a new QR code"},
      {CloseReason::kReplaced, false, false, {}, "ERROR +disconnected +error +status", "OPERATOR", 0s, "Stop the other place"},
      {CloseReason::kBanned, true, false, {}, "ERROR forget +disconnected +error +status", "OPERATOR", 0s, "Settle the ban"},
      {CloseReason::kTemporarilyBanned, false, false, 3'600s, "ERROR +disconnected +error +status", "RECONNECT", 3'600s, "by itself"},
      {CloseReason::kTemporarilyBanned, false, false, {}, "ERROR +disconnected +error +status", "OPERATOR", 0s, "Wait until the ban"},
      {CloseReason::kClientOutdated, false, false, {}, "ERROR +disconnected +error +status", "OPERATOR", 0s, "PUT /api/whatsapp/profile"},
      {CloseReason::kRefused, false, false, {}, "ERROR +disconnected +error +status", "OPERATOR", 0s, "Check the account"},
      {CloseReason::kInternal, false, true, {}, "ERROR +disconnected +error +status", "RECONNECT", 5s, "by itself"},
      {CloseReason::kInternal, false, false, {}, "ERROR +disconnected +error +status", "OPERATOR", 0s, "log out and link again"},
      // clang-format on
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(to_string(one.reason));
    Driver d;
    d.link().feed(whatsapp::SessionEnd{.reason = one.reason,
                                       .text = "It ended.",
                                       .credentials_gone = one.gone,
                                       .retry_makes_sense = one.retry,
                                       .retry_after = one.retry_after});
    EXPECT_EQ(d.outcome(), one.outcome);
    EXPECT_EQ(d.next(), one.next);
    EXPECT_THAT(d.record().next_step.text, HasSubstr(one.says));
    EXPECT_EQ(d.record().reason.code, to_string(one.reason));
    EXPECT_EQ(d.record().last_error, "It ended.");
    EXPECT_EQ(d.record().phone.has_value(), !one.gone);
    EXPECT_EQ(d.record().desired, DesiredState::kConnected) << "only operators change what is wanted";
    ASSERT_EQ(d.machine.deadline().has_value(), one.waits > 0s);
    if (one.waits > 0s) {
      EXPECT_EQ(*d.machine.deadline() - d.now.steady, one.waits);
      EXPECT_THAT(d.expire().outcome(), HasSubstr(" open"));
      continue;
    }
    // Nor does a new process try what only an operator can mend; but it may be a newer client.
    const bool outdated = one.reason == CloseReason::kClientOutdated;
    Driver next({}, d.record(), !one.gone);
    next.feed(ProcessStarts{});
    EXPECT_EQ(next.outcome(), outdated ? "RECONNECTING open +status" : d.status());
    if (!outdated) {
      EXPECT_EQ(next.feed(Operation::kConnect).outcome(), "INIT open +status");
    }
  }
}

TEST(InstanceMachine, TriesAgainWithANewClientProfileWhenTheOldOneWasRefused) {
  Driver d;
  d.link().end(CloseReason::kClientOutdated);
  EXPECT_EQ(d.feed(ProfileChanged{}).outcome(), "RECONNECTING open +status");
  EXPECT_FALSE(d.effects.open_first);
  EXPECT_EQ(d.record().reason.code, "PROFILE_CHANGED");
  EXPECT_EQ(d.feed(ProfileChanged{}).outcome(), "RECONNECTING") << "it is at it";
  d.end(CloseReason::kClientOutdated);
  d.feed(Operation::kDisconnect);
  EXPECT_EQ(d.feed(ProfileChanged{}).outcome(), "DISCONNECTED") << "nobody wants it";
  Driver other;
  other.link().end(CloseReason::kReplaced);
  EXPECT_EQ(other.feed(ProfileChanged{}).outcome(), "ERROR") << "a profile does not mend that";
}

TEST(InstanceMachine, IsNotTakenForSlowWhileItWaitsForItsTurn) {
  Driver d;
  d.link().drop().expire();
  d.feed(TurnAwaited{.estimate = 40s});
  EXPECT_TRUE(d.effects.events.empty());
  EXPECT_FALSE(d.effects.record_changed) << "no write for a place in a line";
  EXPECT_EQ(d.next(), "CONNECT");
  EXPECT_EQ(d.record().next_step.at, d.now.wall + 40s);
  EXPECT_THAT(d.record().next_step.text, HasSubstr("waits for its turn"));
  d.wait(100s).feed(DeadlinePassed{});
  EXPECT_EQ(d.outcome(), "RECONNECTING");
  d.feed(TurnCame{});
  EXPECT_EQ(d.next(), "AWAIT_CONNECTION");
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 60s);
}

TEST(InstanceMachine, ShowsACodeToTypeInInsteadOfTheQrCode) {
  Driver d;
  d.feed(Operation::kConnect).qr();
  EXPECT_EQ(d.record().linking->method, Linking::Method::kQr);
  EXPECT_EQ(d.pair_code().outcome(), "QR_REQUIRED +code");
  EXPECT_EQ(d.next(), "ENTER_CODE");
  EXPECT_EQ(d.record().reason.code, "PAIR_CODE_REQUIRED");
  EXPECT_FALSE(d.record().qr_text);
  ASSERT_TRUE(d.record().linking->pair_code);
  EXPECT_EQ(d.record().linking->pair_code->code, "ABCD-EFGH");
  EXPECT_EQ(d.record().linking->pair_code->expiry, d.now.wall + 180s);
  EXPECT_THAT(d.effects.events[0].data, HasSubstr("ABCD-EFGH"));
  // It runs out, and with it the attempt.
  EXPECT_EQ(d.wait(180s).end(CloseReason::kQrExhausted).outcome(),
            "DISCONNECTED +disconnected +error +status");
  EXPECT_THAT(d.record().next_step.text, HasSubstr("Connect again for new codes"));
  EXPECT_FALSE(d.record().linking);
  d.feed(Operation::kConnect).qr().pair_code().feed(PhonePaired{});
  EXPECT_EQ(d.record().linking->method, Linking::Method::kCode) << "how it is being linked";
  EXPECT_FALSE(d.record().linking->pair_code) << "a used code is worthless";
  d.connected();
  EXPECT_FALSE(d.record().linking);
}

TEST(InstanceMachine, AsksForThePasskeyInWordsAndShowsTheCodeToCompare) {
  Driver d;
  d.feed(Operation::kConnect).qr();
  EXPECT_EQ(d.passkey().outcome(), "QR_REQUIRED +passkey");
  EXPECT_EQ(d.next(), "PROVIDE_PASSKEY");
  EXPECT_EQ(d.record().reason.code, "PASSKEY_REQUIRED");
  EXPECT_THAT(d.record().next_step.text, HasSubstr("web.whatsapp.com"));
  EXPECT_THAT(d.effects.events[0].data, HasSubstr(R"("options":{"rpId":"whatsapp.com"})"));
  EXPECT_FALSE(d.record().qr_text);
  EXPECT_TRUE(d.machine.awaits_passkey());
  EXPECT_EQ(d.passkey_code().outcome(), "QR_REQUIRED +compare");
  EXPECT_FALSE(d.machine.awaits_passkey());
  EXPECT_EQ(d.next(), "COMPARE_CODE");
  EXPECT_EQ(d.record().linking->passkey->verification_code, "WXYZ-1234");
  // From then on its own time, as the engine says; what stands here only catches an engine that hangs.
  EXPECT_EQ(d.record().linking->passkey->expiry, d.now.wall + 300s);
  EXPECT_EQ(d.record().next_step.at, d.now.wall + 300s);
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 310s);
  EXPECT_EQ(d.feed(PhonePaired{}).next(), "FINISH_PAIRING");
  EXPECT_EQ(d.connected().outcome(), "CONNECTED +status +connected");
}

TEST(InstanceMachine, NeverGoesBackToQrCodesSilentlyWhenThePasskeyIsMissing) {
  Driver d;
  d.feed(Operation::kConnect).qr().passkey();
  EXPECT_EQ(*d.machine.deadline() - d.now.steady, 310s);
  EXPECT_EQ(d.expire().outcome(), "DISCONNECTED drop +disconnected +error +status");
  EXPECT_EQ(d.record().reason.code, "PASSKEY_EXPIRED");
  EXPECT_THAT(d.record().next_step.text, HasSubstr("linked only with its passkey"));
  d.feed(Operation::kConnect).qr();
  EXPECT_THAT(d.record().next_step.text, HasSubstr("demanded its passkey before"));
  d.feed(PhonePaired{}).connected();
  d.end(CloseReason::kUnlinkedByPhone, true).feed(Operation::kConnect).qr();
  EXPECT_THAT(d.record().next_step.text, Not(HasSubstr("passkey")));
}

TEST(InstanceMachine, NeverGoesBackToQrCodesSilentlyWhenThePasskeyStepIsCutOff) {
  for (const bool given : {false, true}) {
    Driver d;
    d.feed(Operation::kConnect).qr().passkey();
    if (given) d.passkey_code();
    EXPECT_EQ(d.drop().outcome(), "DISCONNECTED +disconnected +error +status");
    EXPECT_EQ(d.record().reason.code, "REFUSED");
    EXPECT_THAT(d.record().reason.text, HasSubstr("lost in the passkey step: It ended."));
    EXPECT_EQ(d.next(), "OPERATOR");
    EXPECT_THAT(d.record().next_step.text, HasSubstr("passkey"));
    EXPECT_FALSE(d.machine.deadline());
  }
}

TEST(InstanceMachine, RestsAfterALinkThatWasRefusedUntilSomebodyWantsANewCode) {
  Driver d;
  d.feed(Operation::kConnect).qr().pair_code();
  EXPECT_EQ(d.end(CloseReason::kRefused).outcome(), "DISCONNECTED +disconnected +error +status");
  EXPECT_EQ(d.record().reason.code, "REFUSED");
  EXPECT_EQ(d.next(), "OPERATOR");
  EXPECT_THAT(d.record().next_step.text, HasSubstr("Connect again for a new code"));
  EXPECT_THAT(d.record().next_step.text, Not(HasSubstr("log out")));
  d.feed(Operation::kConnect).qr().feed(PhonePaired{});
  EXPECT_EQ(d.end(CloseReason::kRefused).status(), "DISCONNECTED");
  d.feed(Operation::kConnect).qr().feed(PhonePaired{});
  d.machine.set_linked();
  EXPECT_EQ(d.end(CloseReason::kRefused).status(), "ERROR") << "the login of a link that stands";
}

TEST(InstanceMachine, GivesUpOnAPasskeyRequestThatItDoesNotUnderstand) {
  for (const std::string& options :
       {std::string("not JSON"), std::string("[1]"), std::string(70'000, ' ') + "{}"}) {
    Driver d;
    d.feed(Operation::kConnect)
        .qr()
        .feed(whatsapp::PasskeyRequest{.options_json = options, .valid_for = 300s});
    EXPECT_EQ(d.outcome(), "ERROR drop +error +status");
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
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "DISCONNECTED open +disconnected +status");
  EXPECT_TRUE(after.machine.is_logging_out());
  EXPECT_EQ(after.end(CloseReason::kLoggedOut, true).outcome(), "DISCONNECTED forget");
}

TEST(InstanceMachine, OpensAConnectionToUnlinkWhenThereIsNone) {
  Driver d;
  d.link().feed(Operation::kDisconnect).end(CloseReason::kLocalRequest);
  EXPECT_EQ(d.feed(Operation::kLogOut).outcome(), "DISCONNECTED open");
  EXPECT_TRUE(d.effects.open_first);
  EXPECT_EQ(d.next(), "FINISH_LOGOUT");
  EXPECT_FALSE(d.effects.logged_out);
  EXPECT_EQ(d.connected().outcome(), "DISCONNECTED") << "the session logs out by itself";
  EXPECT_EQ(d.end(CloseReason::kLoggedOut, true).outcome(), "DISCONNECTED forget");
  EXPECT_TRUE(d.effects.logged_out);
  EXPECT_EQ(d.next(), "NONE");
}

TEST(InstanceMachine, LogsOutAlsoWhenWhatsAppCannotBeTold) {
  Driver unreachable;
  unreachable.link().drop().feed(Operation::kLogOut);
  EXPECT_EQ(unreachable.end(CloseReason::kUnreachable, false, true).outcome(),
            "DISCONNECTED forget +disconnected +status");
  EXPECT_THAT(unreachable.record().next_step.text, HasSubstr("Linked devices"));
  Driver silent;
  silent.link().drop().feed(Operation::kRemove);
  EXPECT_EQ(silent.expire().outcome(), "DISCONNECTED drop forget removed +disconnected +status");
}

TEST(InstanceMachine, UnlinksOnceTheConnectionThatClosesIsClosed) {
  Driver d;
  d.link().feed(Operation::kDisconnect);
  EXPECT_EQ(d.feed(Operation::kLogOut).outcome(), "DISCONNECTED");
  EXPECT_EQ(d.end(CloseReason::kLocalRequest).outcome(), "DISCONNECTED open");
  EXPECT_EQ(d.end(CloseReason::kLoggedOut, true).outcome(), "DISCONNECTED forget");
}

TEST(InstanceMachine, DoesNotEndALinkThatIsUsedElsewhere) {
  Driver replaced;
  replaced.link().end(CloseReason::kReplaced);
  EXPECT_EQ(replaced.feed(Operation::kLogOut).outcome(), "DISCONNECTED forget +disconnected +status");
  MachineRecord exported{.reason = {"EXPORTED", "The account was exported."}};
  Driver moved({}, exported, true);
  moved.feed(Operation::kDisconnect).feed(Operation::kDeactivate).feed(Operation::kActivate);
  EXPECT_EQ(moved.feed(Operation::kRemove).outcome(), "DISCONNECTED forget removed")
      << "whatever came between";
}

TEST(InstanceMachine, WaitsForTheEndOfABanAlsoAcrossARestart) {
  Driver before;
  before.link().feed(whatsapp::SessionEnd{
      .reason = CloseReason::kTemporarilyBanned, .text = "Banned.", .retry_after = 3'600s});
  const auto over = before.record().next_step.at;
  EXPECT_EQ(before.wait(60s).feed(ProcessStops{}).outcome(), "ERROR stopped");
  Driver after({}, before.record(), true);
  after.now = before.now;
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "ERROR");
  EXPECT_EQ(after.record().reason.code, "TEMPORARILY_BANNED");
  EXPECT_EQ(after.record().next_step.at, over);
  EXPECT_EQ(after.expire().outcome(), "RECONNECTING open +status");
  EXPECT_EQ(after.now.wall, over);
  Driver late({}, before.record(), true);
  late.now = before.now;
  late.wait(7'200s);
  EXPECT_EQ(late.feed(ProcessStarts{}).outcome(), "RECONNECTING open +status");
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
    after.feed(ProcessStarts{});
    EXPECT_EQ(after.status(), "RECONNECTING");
    EXPECT_THAT(after.effects.commands, ElementsAre(SessionCommand::kOpen));
    EXPECT_FALSE(after.effects.open_first) << "operators go first";
    EXPECT_EQ(after.connected().status(), "CONNECTED");
  }
  Driver unlinked;
  unlinked.feed(Operation::kConnect).qr();
  Driver after({}, unlinked.record(), false);
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "INIT open +status");
  EXPECT_FALSE(after.record().qr_text) << "a code of the dead process is worthless";
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
  EXPECT_EQ(after.feed(ProcessStarts{}).outcome(), "RECONNECTING open");
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
  EXPECT_EQ(mended.feed(ProcessStarts{}).outcome(), "RECONNECTING open +status");
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
