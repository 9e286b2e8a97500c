#include "whatsapp/native_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "http/server.h"
#include "net/test_client.h"
#include "websocket/connection.h"
#include "websocket/handshake.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using namespace test;
using net::test::on_shard;
using testing::ElementsAre;

struct Heard {
  std::vector<std::string> words;
  std::string qr;
  std::string credentials;
  std::optional<SessionEnd> end;
  std::vector<std::string> answers;
};

// A server that speaks WhatsApp's wire on a real socket, and a session that talks to it.
class NativeEngineTest : public testing::Test, public http::Handler, public SessionObserver {
 protected:
  struct Line final : websocket::Connection::Handler {
    Line(NativeEngineTest& owner, std::unique_ptr<Peer> talking) : test(owner), peer(std::move(talking)) {}
    void on_message(bool, std::string_view payload) override {
      const Bytes back = peer->feed(payload);
      if (!back.empty()) connection->send_binary(back);
      test.converse(*this);
    }
    void on_closed(uint16_t, std::string_view) override {}
    void say(const Node& node) { connection->send_binary(peer->encode(node)); }
    NativeEngineTest& test;
    std::unique_ptr<Peer> peer;
    websocket::Connection::Ptr connection;
    bool greeted = false;
  };

  NativeEngineTest() {
    server = std::make_unique<http::Server>(shards, *this, http::ServerOptions{});
    shards.start();
    EXPECT_TRUE(server->start());
    profile.set({.first_prekeys = 20});
  }
  ~NativeEngineTest() override {
    on_shard(shard, [this] {
      session.reset();
      lines.clear();
    });
    server->stop();
    workers.stop();
    shards.stop();
  }

  void make_engine(std::string url) {
    auto made =
        NativeEngine::create({.url = std::move(url), .noise_root = authority.root.public_key},
                             {.resolver = resolver, .workers = workers, .clock = clock, .profile = profile});
    ASSERT_TRUE(made) << made.error().message;
    engine = std::move(*made);
  }
  void open(std::string credentials = {}, SessionSettings settings = {}) {
    if (!engine) make_engine("ws://127.0.0.1:" + std::to_string(server->port()) + "/ws/chat");
    on_shard(shard, [&] {
      session =
          engine->open({.instance_id = "i", .credentials = credentials, .settings = settings}, *this, shard);
    });
  }
  bool hears(std::string_view word) {
    return heard.wait([&](const Heard& h) { return std::ranges::find(h.words, word) != h.words.end(); });
  }
  SessionEnd ended() {
    EXPECT_TRUE(heard.wait([](const Heard& h) { return h.end.has_value(); }));
    return heard.get().end.value_or(SessionEnd{});
  }

  // The server's part: greets, scans at once when it may, answers what it is asked.
  void converse(Line& line) {
    if (!line.peer->is_open()) return;
    if (!std::exchange(line.greeted, true)) {
      if (line.peer->payload().has_username()) {
        line.say(element("success", {{"lid", "99887766554433:12@lid"}}));
      } else {
        line.say(element(
            "iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "qr"}},
            {element("pair-device", {}, {bytes_element("ref", "ref1"), bytes_element("ref", "ref2")})}));
      }
    }
    for (const Node& node : std::exchange(line.peer->received, {})) {
      if (node.tag != "iq") continue;
      const std::string id(node.attribute("id"));
      if (node.child("pair-device-sign") != nullptr) {
        line.say(element("stream:error", {{"code", "515"}}));
      } else if (node.attribute("type") != "result") {
        Node answer = element("iq", {{"type", "result"}, {"id", id}});
        if (node.child("count") != nullptr) answer.content = Nodes{element("count", {{"value", "0"}})};
        if (node.child("link_code_companion_reg") != nullptr)
          answer.content =
              Nodes{element("link_code_companion_reg", {}, {bytes_element("link_code_pairing_ref", "r")})};
        line.say(answer);
        if (node.child("list") != nullptr) heard.change([](Heard& h) { h.words.push_back("upload"); });
      }
    }
  }
  void scan() {
    const QrContent code = read_qr(heard.get().qr);
    on_shard(shard, [&] {
      lines.back()->say(
          Phone::pair_success(phone.device_identity(code.identity, crypto::view(code.adv_secret))));
    });
  }

  void handle(const http::ExchangePtr& exchange) override {
    origin = exchange->request().header("origin").value_or("");
    const auto answer = websocket::check_upgrade(exchange->request());
    if (!answer || refuse) return exchange->respond(http::error_response(403, "X", "not you"));
    auto line = std::make_unique<Line>(
        *this, std::make_unique<Peer>(authority, authority.chain(clock.wall_now()), true));
    http::Exchange::Upgrade upgrade = exchange->take_stream();
    line->connection = websocket::Connection::accept(exchange->shard(), std::move(upgrade.stream), *answer,
                                                     std::move(upgrade.leftover), {}, *line);
    lines.push_back(std::move(line));
  }

  void word(std::string what) {
    heard.change([&](Heard& h) { h.words.push_back(std::move(what)); });
  }
  void on_qr(const QrCode& code) override {
    heard.change([&](Heard& h) { h.qr = code.text; });
    word("qr");
  }
  void on_pair_code(const PairCode&) override { word("pair code"); }
  void on_passkey_request(const PasskeyRequest&) override { word("passkey"); }
  void on_passkey_code(const PasskeyCode&) override { word("passkey code"); }
  void on_pair_success(const Identity&) override { word("paired"); }
  void on_credentials(std::string credentials, std::move_only_function<void(bool)> stored) override {
    heard.change([&](Heard& h) { h.credentials = std::move(credentials); });
    word("credentials");
    stored(!refuse_storing);
  }
  void on_connected(const Identity&) override { word("connected"); }
  void on_alive() override { word("alive"); }
  void on_message(const IncomingMessage&) override { word("message"); }
  void on_stanza(HeldStanza, std::move_only_function<void(bool)> stored) override {
    word("stanza");
    stored(true);
  }
  void on_closed(const SessionEnd& end) override {
    session.reset();  // as owners do
    heard.change([&](Heard& h) { h.end = end; });
  }

  net::ShardGroup shards{1};
  net::Shard& shard = shards[0];
  net::Resolver resolver;
  WorkerPool workers{1, 10};
  SystemClock clock;
  ProfileSource profile;
  Authority authority;
  Phone phone;
  std::unique_ptr<http::Server> server;
  std::vector<std::unique_ptr<Line>> lines;
  std::unique_ptr<NativeEngine> engine;
  std::unique_ptr<Session> session;
  net::test::Watched<Heard> heard;
  std::string origin;
  bool refuse = false;
  bool refuse_storing = false;
};

TEST_F(NativeEngineTest, LinksRestartsConnectsAndLogsOut) {
  open();
  ASSERT_TRUE(hears("qr"));
  EXPECT_EQ(origin, "https://web.whatsapp.com");
  scan();
  ASSERT_TRUE(hears("connected"));
  ASSERT_TRUE(hears("upload"));
  const auto kept = parse_credentials(heard.get().credentials);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->is_linked());
  on_shard(shard, [this] { session->log_out(); });
  const SessionEnd end = ended();
  EXPECT_EQ(end.reason, CloseReason::kLoggedOut);
  EXPECT_TRUE(end.credentials_gone);
}

TEST_F(NativeEngineTest, LogsInWithWhatWasStoredAndSaysThatItCannotSendYet) {
  open(serialize(linked_credentials()));
  ASSERT_TRUE(hears("connected"));
  on_shard(shard, [this] {
    session->send_text("4917@s.whatsapp.net", "hello", [this](Result<SentMessage> sent) {
      heard.change(
          [&](Heard& h) { h.answers.push_back(sent ? "sent" : std::string(to_string(sent.error().code))); });
    });
  });
  ASSERT_TRUE(heard.wait([](const Heard& h) { return !h.answers.empty(); }));
  EXPECT_EQ(heard.get().answers.front(), "SERVICE_UNAVAILABLE");
  on_shard(shard, [this] { session->close(); });
  EXPECT_EQ(ended().reason, CloseReason::kLocalRequest);
}

TEST_F(NativeEngineTest, GivesACodeToTypeIn) {
  open();
  ASSERT_TRUE(hears("qr"));
  on_shard(shard, [this] {
    session->request_pair_code("15551234567", [this](Status status) { word(status ? "given" : "refused"); });
  });
  ASSERT_TRUE(hears("given"));
  EXPECT_THAT(heard.get().words, ElementsAre("qr", "pair code", "given"));
}

TEST_F(NativeEngineTest, TellsThatNobodyListens) {
  make_engine("ws://127.0.0.1:1/");
  open();
  const SessionEnd end = ended();
  EXPECT_EQ(end.reason, CloseReason::kUnreachable);
  EXPECT_TRUE(end.retry_makes_sense);
}

TEST_F(NativeEngineTest, TellsThatTheServerWantsNoWebSocket) {
  refuse = true;
  open();
  EXPECT_EQ(ended().reason, CloseReason::kUnreachable);
}

TEST_F(NativeEngineTest, TellsThatTheConnectionWentAway) {
  open(serialize(linked_credentials()));
  ASSERT_TRUE(hears("connected"));
  on_shard(shard, [this] { lines.back()->connection.reset(); });
  const SessionEnd end = ended();
  EXPECT_EQ(end.reason, CloseReason::kNetworkLost);
  EXPECT_TRUE(end.retry_makes_sense);
}

TEST_F(NativeEngineTest, CredentialsThatCannotBeStoredEndTheSession) {
  refuse_storing = true;
  open();
  ASSERT_TRUE(hears("qr"));
  scan();
  const SessionEnd end = ended();
  EXPECT_EQ(end.reason, CloseReason::kInternal);
  EXPECT_TRUE(end.credentials_gone);
}

TEST_F(NativeEngineTest, ASessionThatIsDestroyedSaysNothingMore) {
  open();
  ASSERT_TRUE(hears("qr"));
  on_shard(shard, [this] {
    session->request_pair_code("15551234567", [this](Status) { word("answered"); });
    session->close();
    session.reset();
  });
  open(serialize(linked_credentials()));
  ASSERT_TRUE(hears("connected"));
  EXPECT_THAT(heard.get().words, testing::Not(testing::Contains("answered")));
  EXPECT_FALSE(heard.get().end);
}

TEST_F(NativeEngineTest, AnAddressThatIsNoneIsRefusedAtOnce) {
  for (const char* const url : {"", "http://127.0.0.1/", "wss://", "ws://user:secret@127.0.0.1/"}) {
    const auto made = NativeEngine::create(
        {.url = url}, {.resolver = resolver, .workers = workers, .clock = clock, .profile = profile});
    ASSERT_FALSE(made) << url;
    EXPECT_EQ(made.error().code, ErrorCode::kConfiguration);
    EXPECT_EQ(made.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace patchbay::whatsapp
