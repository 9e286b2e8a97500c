#include "whatsapp/scripted_engine.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using Action = Simulation::Action;
using testing::ElementsAre;

// Writes down what a session tells, in a word each.
struct Listener final : SessionObserver {
  std::vector<std::string> heard;
  std::vector<QrCode> codes;
  PairCode pair_code;
  PasskeyRequest passkey;
  std::string passkey_code;
  Identity identity;
  std::string credentials;
  std::move_only_function<void(bool)> stored;
  SessionEnd last_end;
  bool store_at_once = true;
  std::unique_ptr<Session>* destroy_on_close = nullptr;

  void on_qr(const QrCode& code) override {
    heard.push_back("qr " + std::to_string(code.attempt));
    codes.push_back(code);
  }
  void on_pair_code(const PairCode& code) override {
    heard.push_back("pair code");
    pair_code = code;
  }
  void on_passkey_request(const PasskeyRequest& request) override {
    heard.push_back("passkey");
    passkey = request;
  }
  void on_passkey_code(const PasskeyCode& code) override {
    heard.push_back("passkey code");
    passkey_code = code.code;
  }
  void on_pair_success(const Identity&) override { heard.push_back("paired"); }
  void on_credentials(std::string blob, std::move_only_function<void(bool)> done) override {
    heard.push_back("credentials");
    credentials = std::move(blob);
    if (store_at_once) {
      done(true);
    } else {
      stored = std::move(done);
    }
  }
  void on_connected(const Identity& who) override {
    heard.push_back("connected");
    identity = who;
  }
  void on_alive() override { heard.push_back("alive"); }
  void on_message(const IncomingMessage&) override { heard.push_back("message"); }
  void on_stanza(HeldStanza, std::move_only_function<void(bool)> stored) override { stored(true); }
  void on_closed(const SessionEnd& end) override {
    heard.push_back("closed " + std::string(to_string(end.reason)));
    last_end = end;
    if (destroy_on_close) destroy_on_close->reset();
  }
};

class ScriptedEngineTest : public testing::Test {
 protected:
  void open(std::string credentials = {}) {
    session_ = engine_.open({.instance_id = "a", .credentials = std::move(credentials), .settings = {}},
                            listener_, executor_);
  }
  void play(Action action, int count = 1) {
    const Status done = engine_.simulate("a", {.action = action, .count = count});
    EXPECT_TRUE(done) << done.error().message;
  }
  void link() {
    open();
    executor_.advance(1s);
    ASSERT_TRUE(
        engine_.simulate("a", {.action = Action::kScan, .phone = "15551234567", .display_name = "Ada"}));
    executor_.advance(2s);
    ASSERT_EQ(listener_.heard.back(), "connected");
    listener_.heard.clear();
  }

  ManualClock clock_;
  ManualExecutor executor_{clock_};
  ScriptedEngine engine_{clock_, {.seed = 7}};
  Listener listener_;
  std::unique_ptr<Session> session_;
};

TEST_F(ScriptedEngineTest, CodesRotateAndRunOut) {
  open();
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1"));
  executor_.advance(60s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "qr 2"));
  executor_.advance(120s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "qr 2", "qr 3", "closed QR_EXHAUSTED"));
  EXPECT_FALSE(listener_.last_end.retry_makes_sense);
  EXPECT_NE(listener_.codes[0].text, listener_.codes[1].text);
}

TEST_F(ScriptedEngineTest, CodesLookLikeWhatsAppsAndAreMarkedAsSimulated) {
  open();
  executor_.advance(1s);
  const std::string& text = listener_.codes.at(0).text;
  EXPECT_TRUE(text.starts_with(kSimulatedQrPrefix)) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), ','), 3);
  EXPECT_EQ(listener_.codes[0].valid_for, 60s);
  EXPECT_EQ(listener_.codes[0].max_attempts, 3);
}

TEST_F(ScriptedEngineTest, TheSameSeedTellsTheSameStory) {
  open();
  executor_.advance(1s);
  ScriptedEngine twin(clock_, {.seed = 7});
  ScriptedEngine other(clock_, {.seed = 8});
  Listener heard_twin;
  Listener heard_other;
  const auto twin_session =
      twin.open({.instance_id = "a", .credentials = {}, .settings = {}}, heard_twin, executor_);
  const auto other_session =
      other.open({.instance_id = "a", .credentials = {}, .settings = {}}, heard_other, executor_);
  executor_.advance(1s);
  EXPECT_EQ(heard_twin.codes.at(0).text, listener_.codes.at(0).text);
  EXPECT_NE(heard_other.codes.at(0).text, listener_.codes.at(0).text);
}

TEST_F(ScriptedEngineTest, AScanPairsStoresCredentialsAndConnectsWithoutAVisibleRestart) {
  open();
  executor_.advance(1s);
  ASSERT_TRUE(
      engine_.simulate("a", {.action = Action::kScan, .phone = "15551234567", .display_name = "Ada"}));
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "paired", "credentials", "connected"));
  EXPECT_EQ(listener_.identity.phone, "15551234567");
  EXPECT_EQ(listener_.identity.display_name, "Ada");
  EXPECT_TRUE(listener_.identity.jid.starts_with("15551234567:"));
}

TEST_F(ScriptedEngineTest, NothingGoesOnBeforeTheCredentialsAreDurable) {
  listener_.store_at_once = false;
  open();
  executor_.advance(1s);
  play(Action::kScan);
  executor_.advance(30s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "paired", "credentials"));
  listener_.stored(true);
  executor_.advance(1s);
  EXPECT_EQ(listener_.heard.back(), "connected");
}

TEST_F(ScriptedEngineTest, CredentialsThatCannotBeStoredEndTheSession) {
  listener_.store_at_once = false;
  open();
  executor_.advance(1s);
  play(Action::kScan);
  executor_.advance(1s);
  listener_.stored(false);
  executor_.advance(1s);
  EXPECT_EQ(listener_.heard.back(), "closed INTERNAL");
  EXPECT_TRUE(listener_.last_end.credentials_gone);
}

TEST_F(ScriptedEngineTest, CredentialsComeBackInAnotherProcessWithoutACode) {
  link();
  session_.reset();
  ScriptedEngine another(clock_, {.seed = 99});
  Listener listener;
  const auto session = another.open(
      {.instance_id = "a", .credentials = listener_.credentials, .settings = {}}, listener, executor_);
  executor_.advance(1s);
  EXPECT_THAT(listener.heard, ElementsAre("connected"));
  EXPECT_EQ(listener.identity.phone, "15551234567");
}

TEST_F(ScriptedEngineTest, DamagedCredentialsAreAnErrorNeverANewIdentity) {
  for (const std::string damaged :
       {"x", "patchbay-simulated-credentials-v1", "patchbay-simulated-credentials-v1\n!!"}) {
    listener_.heard.clear();
    open(damaged);
    executor_.advance(1s);
    EXPECT_THAT(listener_.heard, ElementsAre("closed INTERNAL")) << damaged;
    EXPECT_FALSE(listener_.last_end.credentials_gone);
  }
}

TEST_F(ScriptedEngineTest, ScenesEndALiveSessionWithTheirReason) {
  const struct {
    Action action;
    std::string_view heard;
    bool credentials_gone;
    bool retry;
  } cases[] = {
      {Action::kDrop, "closed NETWORK_LOST", false, true},
      {Action::kFail, "closed INTERNAL", false, true},
      {Action::kLogout, "closed UNLINKED_BY_PHONE", true, false},
      {Action::kReplaced, "closed REPLACED", false, false},
      {Action::kBan, "closed BANNED", true, false},
      {Action::kOutdated, "closed CLIENT_OUTDATED", false, false},
  };
  for (const auto& scene : cases) {
    link();
    play(scene.action);
    executor_.advance(1s);
    EXPECT_THAT(listener_.heard, ElementsAre(scene.heard));
    EXPECT_EQ(listener_.last_end.credentials_gone, scene.credentials_gone) << scene.heard;
    EXPECT_EQ(listener_.last_end.retry_makes_sense, scene.retry) << scene.heard;
    session_.reset();
  }
}

TEST_F(ScriptedEngineTest, TheNextConnectionsFailAsOrderedAndThenSucceed) {
  link();
  play(Action::kUnreachable, 2);
  const std::string credentials = listener_.credentials;
  for (const char* expected : {"closed UNREACHABLE", "closed UNREACHABLE", "connected"}) {
    session_.reset();
    listener_.heard.clear();
    open(credentials);
    executor_.advance(1s);
    EXPECT_THAT(listener_.heard, ElementsAre(expected));
  }
}

TEST_F(ScriptedEngineTest, ASessionBeingOpenedIsRefusedAtOnce) {
  open();
  play(Action::kRefuse);
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("closed REFUSED"));
}

TEST_F(ScriptedEngineTest, AnUnlinkedPhoneIsNoticedAtTheNextLogin) {
  link();
  session_.reset();
  listener_.heard.clear();
  play(Action::kLogout);
  open(listener_.credentials);
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("closed UNLINKED_BY_PHONE"));
}

TEST_F(ScriptedEngineTest, SignsOfLifeComeUntilTheConnectionStalls) {
  link();
  executor_.advance(60s);
  EXPECT_THAT(listener_.heard, ElementsAre("alive", "alive"));
  play(Action::kStall);
  executor_.advance(300s);
  EXPECT_THAT(listener_.heard, ElementsAre("alive", "alive"));
}

TEST_F(ScriptedEngineTest, ClosingKeepsCredentialsAndLoggingOutGivesThemUp) {
  link();
  session_->close();
  session_->close();
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("closed LOCAL_REQUEST"));
  EXPECT_FALSE(listener_.last_end.credentials_gone);
  session_.reset();
  link();
  session_->log_out();
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("closed LOGGED_OUT"));
  EXPECT_TRUE(listener_.last_end.credentials_gone);
}

TEST_F(ScriptedEngineTest, ADestroyedSessionIsSilent) {
  open();
  session_.reset();
  executor_.advance(300s);
  EXPECT_TRUE(listener_.heard.empty());
  link();
  listener_.destroy_on_close = &session_;
  play(Action::kDrop);
  executor_.advance(300s);
  EXPECT_THAT(listener_.heard, ElementsAre("closed NETWORK_LOST"));
}

TEST_F(ScriptedEngineTest, TextIsSentOnlyWhileConnected) {
  std::vector<std::string> outcomes;
  const auto send = [&] {
    session_->send_text("15550000001@s.whatsapp.net", "hello", [&](Result<SentMessage> sent) {
      outcomes.push_back(sent ? sent->id.substr(0, 4) : std::string(to_string(sent.error().code)));
    });
  };
  open();
  send();
  executor_.advance(1s);
  session_.reset();
  link();
  send();
  executor_.advance(1s);
  send();
  play(Action::kDrop);
  executor_.advance(1s);
  EXPECT_THAT(outcomes, ElementsAre("INSTANCE_NOT_CONNECTED", "3EB0", "INSTANCE_NOT_CONNECTED"));
}

TEST_F(ScriptedEngineTest, AScanWithoutACodeIsRefusedWithAnExplanation) {
  EXPECT_EQ(engine_.simulate("a", {.action = Action::kScan}).error().code, ErrorCode::kInvalidOperation);
  link();
  const Status scan = engine_.simulate("a", {.action = Action::kScan});
  EXPECT_EQ(scan.error().code, ErrorCode::kInvalidOperation);
  EXPECT_THAT(scan.error().message, testing::HasSubstr("QR code is shown"));
  EXPECT_EQ(engine_.simulate("a", {.action = Action::kRefuse, .count = 0}).error().code,
            ErrorCode::kValidation);
}

TEST_F(ScriptedEngineTest, ACodeForThePhoneReplacesTheQrCodesAndIsTheLast) {
  std::vector<std::string> answers;
  const auto request = [&](std::string_view phone) {
    session_->request_pair_code(phone, [&](Status done) {
      answers.push_back(done ? "done" : std::string(to_string(done.error().code)));
    });
  };
  open();
  request("15551234567");
  executor_.advance(1s);
  request("0155512");
  request("15551234567");
  executor_.advance(1s);
  EXPECT_THAT(answers, ElementsAre("INVALID_OPERATION", "VALIDATION_ERROR", "done"));
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "pair code"));
  EXPECT_THAT(listener_.pair_code.code, testing::MatchesRegex("[1-9A-Z]{4}-[1-9A-Z]{4}"));
  executor_.advance(170s);
  EXPECT_EQ(listener_.heard.size(), 2u) << "no QR code beside it";
  executor_.advance(10s);
  EXPECT_EQ(listener_.heard.back(), "closed QR_EXHAUSTED");
}

TEST_F(ScriptedEngineTest, ACodeTypedInLinksThePhoneItWasAskedFor) {
  open();
  executor_.advance(1s);
  session_->request_pair_code("491701234567", [](Status) {});
  executor_.advance(1s);
  play(Action::kScan);
  executor_.advance(1s);
  EXPECT_EQ(listener_.heard.back(), "connected");
  EXPECT_EQ(listener_.identity.phone, "491701234567");
}

TEST_F(ScriptedEngineTest, AnAccountWithAPasskeyIsLinkedOnceItWasGivenAndConfirmed) {
  std::vector<std::string> answers;
  const auto answer = [&](std::string_view json) {
    session_->answer_passkey(json, [&](Status done) {
      answers.push_back(done ? "done" : std::string(to_string(done.error().code)));
    });
    executor_.advance(1ms);
  };
  play(Action::kPasskey);
  open();
  executor_.advance(1s);
  answer("{}");
  play(Action::kScan);
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "passkey"));
  EXPECT_THAT(listener_.passkey.options_json, testing::HasSubstr("\"rpId\":\"whatsapp.com\""));
  EXPECT_FALSE(engine_.simulate("a", {.action = Action::kScan}));
  answer("{\"id\":\"x\"}");
  answer(R"({"id":"x","type":"public-key","response":{}})");
  EXPECT_THAT(answers, ElementsAre("INVALID_OPERATION", "VALIDATION_ERROR", "done"));
  EXPECT_EQ(listener_.heard.back(), "passkey code");
  play(Action::kScan);
  executor_.advance(1s);
  EXPECT_THAT(listener_.heard,
              ElementsAre("qr 1", "passkey", "passkey code", "paired", "credentials", "connected"));
}

TEST_F(ScriptedEngineTest, ACodeThatNobodyConfirmsOnThePhoneEndsTheAttempt) {
  play(Action::kPasskey);
  open();
  executor_.advance(1s);
  play(Action::kScan);
  executor_.advance(299s);
  session_->answer_passkey(R"({"id":"x","response":{}})", [](Status) {});
  executor_.advance(299s);
  EXPECT_EQ(listener_.heard.back(), "passkey code");
  executor_.advance(1s);
  EXPECT_EQ(listener_.heard.back(), "closed PASSKEY_EXPIRED");
}

TEST_F(ScriptedEngineTest, APasskeyThatIsNotGivenEndsTheAttempt) {
  play(Action::kPasskey);
  open();
  executor_.advance(1s);
  play(Action::kScan);
  executor_.advance(300s);
  EXPECT_THAT(listener_.heard, ElementsAre("qr 1", "passkey", "closed PASSKEY_EXPIRED"));
  EXPECT_FALSE(listener_.last_end.retry_makes_sense);
}

}  // namespace
}  // namespace patchbay::whatsapp
