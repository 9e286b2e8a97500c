#include "socketio/admin.h"

#include <any>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

namespace json = boost::json;

AdminVerifier secret() {
  return check_password("me", [](std::string_view password) { return password == "secret"; });
}

// The Admin UI's side of the protocol.
class Page {
 public:
  explicit Page(uint16_t port, std::string_view auth = R"({"username":"me","password":"secret"})",
                std::string_view nsp = "/admin")
      : prefix_(std::string(nsp) + ","), client_(port) {
    client_.send("0" + prefix_ + std::string(auth));
    answer_ = client_.read();
    if (is_in()) id_ = answer_.substr(prefix_.size() + 1 + 8, 20);
  }
  bool is_in() const { return answer_.starts_with("0"); }
  const std::string& answer() const { return answer_; }
  const std::string& id() const { return id_; }
  // The arguments of the next event of that name; those of other names are dropped.
  json::array next(std::string_view event) {
    for (;;) {
      const std::string text = client_.read();
      if (!text.starts_with("2" + prefix_)) throw std::runtime_error("unexpected: " + text);
      json::array message = json::parse(text.substr(1 + prefix_.size())).as_array();
      if (message[0] != json::value(event)) continue;
      message.erase(message.begin());
      return message;
    }
  }
  // The first one that `wanted` says yes to.
  json::array next(std::string_view event, const std::function<bool(const json::array&)>& wanted) {
    for (;;)
      if (json::array args = next(event); wanted(args)) return args;
  }
  std::string next_packet() { return client_.read(); }
  void send(std::string_view event) { client_.send("2" + prefix_ + std::string(event)); }
  // Sends a command and gives what its acknowledgement says: "null" when it was carried out.
  std::string command(std::string_view event) {
    client_.send("2" + prefix_ + "7" + std::string(event));
    const std::string ack = "3" + prefix_ + "7[";
    for (;;)
      if (const std::string text = client_.read(); text.starts_with(ack))
        return text.substr(ack.size(), text.size() - ack.size() - 1);
  }

 private:
  std::string prefix_;
  test::Client client_;
  std::string answer_;
  std::string id_;
};

class AdminTest : public test::SocketIoTest {
 public:
  explicit AdminTest(ServerOptions options = {}) : SocketIoTest(std::move(options)) {}
  void start_with(AdminOptions options) {
    if (!options.no_login && !options.verify) options.verify = secret();
    admin.emplace(io, std::move(options));
    start();
  }
  void TearDown() override {
    admin.reset();
    SocketIoTest::TearDown();
  }
  std::optional<AdminUi> admin;
};

AdminOptions development(AdminOptions options = {}) {
  options.mode = AdminMode::kDevelopment;
  options.no_login = true;
  return options;
}

json::object find_by_id(const json::array& sockets, std::string_view id) {
  for (const json::value& socket : sockets)
    if (socket.at("id") == json::value(id)) return socket.as_object();
  return {};
}

// --- Login ------------------------------------------------------------------------------------------------

TEST_F(AdminTest, LetsInWithThePasswordAndThenWithTheSession) {
  start_with({});
  Page page(http->port());
  ASSERT_TRUE(page.is_in()) << page.answer();
  const std::string session(page.next("session").at(0).as_string());
  EXPECT_EQ(session.size(), 16u);
  EXPECT_TRUE(Page(http->port(), R"({"sessionId":")" + session + "\"}").is_in());
}

TEST_F(AdminTest, RefusesEverythingElse) {
  start_with({});
  for (const std::string_view auth :
       {"{}", R"({"username":"me"})", R"({"username":"me","password":"wrong"})",
        R"({"username":"you","password":"secret"})", R"({"sessionId":"0123456789abcdef"})",
        R"({"sessionId":null,"password":["secret"]})"})
    EXPECT_EQ(Page(http->port(), auth).answer(), R"(4/admin,{"message":"invalid credentials"})") << auth;
  const std::string huge(kMaxAdminCredentialBytes + 1, 'x');
  EXPECT_FALSE(Page(http->port(), R"({"username":"me","password":")" + huge + "\"}").is_in());
}

TEST_F(AdminTest, WaitsForAVerifierOnAnotherThreadAndTakesItsSilenceForNo) {
  std::vector<std::jthread> workers;
  start_with({.verify = [&](const AdminCredentials& credentials, AdminReply reply) {
    if (credentials.password == "silent") return;
    workers.emplace_back(
        [right = credentials.password == "secret", reply = std::move(reply)]() mutable { reply(right); });
  }});
  EXPECT_TRUE(Page(http->port()).is_in());
  EXPECT_FALSE(Page(http->port(), R"({"username":"me","password":"wrong"})").is_in());
  EXPECT_FALSE(Page(http->port(), R"({"username":"me","password":"silent"})").is_in());
  admin.reset();
}

TEST_F(AdminTest, BoundsTheLoginsThatAreBeingDecidedOn) {
  net::test::Watched<std::vector<AdminReply>> pending;
  start_with({.verify = [&](const AdminCredentials&, AdminReply reply) {
    pending.change([&](auto& all) { all.push_back(std::move(reply)); });
  }});
  std::vector<test::Client> clients;
  for (size_t i = 0; i < 32; ++i) {
    clients.emplace_back(http->port());
    clients.back().send(R"(0/admin,{"username":"me","password":"secret"})");
  }
  ASSERT_TRUE(pending.wait([](const auto& all) { return all.size() == 32; }));
  EXPECT_EQ(Page(http->port()).answer(), R"(4/admin,{"message":"too many logins at once; try again"})");
  pending.change([](auto& all) {
    for (AdminReply& reply : all) reply(true);
  });
  for (test::Client& client : clients) EXPECT_TRUE(client.read().starts_with("0/admin,"));
  pending.change([](auto& all) { all.clear(); });
}

TEST_F(AdminTest, LetsNobodyInOnceItIsGone) {
  start_with({});
  admin.reset();
  EXPECT_EQ(Page(http->port()).answer(), R"(4/admin,{"message":"invalid credentials"})");
  test::Client client = join();
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])");
}

TEST(AdminUi, RefusesOptionsThatMakeNoSense) {
  net::ShardGroup shards(1);
  Server io(shards, {});
  EXPECT_THROW(AdminUi(io, {}), std::invalid_argument) << "neither a verifier nor no_login";
  EXPECT_THROW(AdminUi(io, {.verify = secret(), .no_login = true}), std::invalid_argument);
  EXPECT_THROW(AdminUi(io, {.namespace_name = "/", .no_login = true}), std::invalid_argument);
  EXPECT_THROW(AdminUi(io, {.no_login = true, .stats_interval = Milliseconds(1)}), std::invalid_argument);
  const AdminUi one(io, {.namespace_name = "/a", .no_login = true});
  const AdminUi two(io, {.namespace_name = "/b", .no_login = true});
  EXPECT_NE(one.server_id(), two.server_id());
}

// --- What is shown in production --------------------------------------------------------------------------

TEST_F(AdminTest, ShowsCountsInProductionAndNothingElse) {
  start_with({.server_id = "node-1", .stats_interval = Milliseconds(50)});
  EXPECT_EQ(io.observer(), nullptr) << "nothing is called for each event";
  test::Client client = join();
  Page page(http->port());
  EXPECT_EQ(page.next_packet().substr(0, 19), R"(2/admin,["session",)");
  EXPECT_EQ(page.next_packet(),
            R"(2/admin,["config",{"supportedFeatures":["EMIT","JOIN","LEAVE","DISCONNECT",)"
            R"("MJOIN","MLEAVE","MDISCONNECT","AGGREGATED_EVENTS"]}])");
  const auto has_both = [](const json::array& args) { return args.at(0).at("clientsCount") == 2; };
  const json::object stats = page.next("server_stats", has_both).at(0).as_object();
  EXPECT_EQ(stats.at("serverId"), "node-1");
  EXPECT_EQ(stats.at("pid"), getpid());
  EXPECT_EQ(stats.at("pollingClientsCount"), 0);
  EXPECT_TRUE(stats.at("uptime").is_double());
  EXPECT_TRUE(stats.at("hostname").is_string());
  EXPECT_EQ(json::serialize(stats.at("namespaces")),
            R"([{"name":"/","socketsCount":1},{"name":"/admin","socketsCount":1}])");
  for (int i = 0; i < 10; ++i) client.ask("hello");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(page.next_packet().starts_with(R"(2/admin,["server_stats",)"));
}

TEST_F(AdminTest, CountsPacketsAndConnectionsBySecond) {
  start_with({.stats_interval = Milliseconds(50)});
  Page page(http->port());
  page.next("server_stats");
  {
    test::Client client = join();
    for (int i = 0; i < 100; ++i) client.ask("hello");
  }
  std::map<std::string, int64_t, std::less<>> sums;
  while (sums["rawDisconnection transport close"] == 0 || sums["packetsIn"] < 100) {
    const json::array stats = page.next("server_stats");
    for (const json::value& event : stats.at(0).at("aggregatedEvents").as_array()) {
      EXPECT_EQ(event.at("timestamp").as_int64() % 1'000, 0);
      std::string kind(event.at("type").as_string());
      if (const auto* const sub = event.as_object().if_contains("subType"))
        kind += " " + std::string(sub->as_string());
      sums[kind] += event.at("count").to_number<int64_t>();
    }
  }
  EXPECT_EQ(sums["rawConnection"], 1);
  EXPECT_GE(sums["packetsOut"], 100);
  EXPECT_GT(sums["bytesIn"], 1'000);
  EXPECT_GT(sums["bytesOut"], 1'000);
}

// --- Development ------------------------------------------------------------------------------------------

TEST_F(AdminTest, ListsTheSocketsOfAllShards) {
  start_with(
      development({.describe = [](const Socket& socket) { return json::object{{"is", socket.id()}}; }}));
  std::vector<test::Client> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(join());
  clients[3].send(R"(21["join","a room"])");
  clients[3].read();
  Page page(http->port(), "{}");
  EXPECT_EQ(page.next("config").at(0).at("supportedFeatures").as_array().back(), "ALL_EVENTS");
  const json::array sockets = page.next("all_sockets").at(0).as_array();
  ASSERT_EQ(sockets.size(), 13u) << "twelve and the page itself";
  std::set<size_t> seen_on;
  for (const test::Client& client : clients) {
    seen_on.insert(client.shard());
    const json::object socket = find_by_id(sockets, client.id());
    ASSERT_FALSE(socket.empty());
    EXPECT_EQ(socket.at("nsp"), "/");
    EXPECT_EQ(socket.at("transport"), "websocket");
    EXPECT_EQ(socket.at("clientId").as_string().size(), 12u);
    EXPECT_EQ(socket.at("data").at("is"), json::value(client.id()));
    EXPECT_EQ(socket.at("handshake").at("address"), "127.0.0.1");
    EXPECT_EQ(socket.at("rooms").at(0), json::value(client.id()));
  }
  EXPECT_GT(seen_on.size(), 1u);
  EXPECT_EQ(json::serialize(find_by_id(sockets, clients[3].id()).at("rooms")),
            "[\"" + clients[3].id() + R"(","a room"])");
  EXPECT_EQ(json::serialize(find_by_id(sockets, page.id()).at("data")), "{}");
}

TEST_F(AdminTest, ShowsWhatHappensToASocketInOrder) {
  start_with(development());
  Page page(http->port(), "{}");
  page.next("all_sockets");
  std::string id;
  {
    test::Client client = join();
    id = client.id();
    EXPECT_EQ(page.next("socket_connected",
                        [&](const json::array& args) { return args.at(0).at("id") == json::value(id); })
                  .at(0)
                  .at("nsp"),
              "/");
    client.send(R"(21["join","r"])");
    client.read();
    io.to("r").emit("news", 1, "two");
    client.read();
  }
  const auto without_date = [](json::array args) {
    EXPECT_EQ(args.back().as_string().size(), 24u);
    args.pop_back();
    return json::serialize(args);
  };
  EXPECT_EQ(without_date(page.next("event_received")), R"(["/",")" + id + R"(",["join","r"]])");
  EXPECT_EQ(without_date(page.next("room_joined")), R"(["/","r",")" + id + "\"]");
  EXPECT_EQ(without_date(page.next("event_sent")), R"(["/",")" + id + R"(",["news",1,"two"]])");
  EXPECT_EQ(without_date(page.next("room_left")), R"(["/","r",")" + id + "\"]");
  EXPECT_EQ(without_date(page.next("socket_disconnected")), R"(["/",")" + id + R"(","transport close"])");
  EXPECT_EQ(without_date(page.next("room_left")), R"(["/",")" + id + R"(",")" + id + "\"]");
}

TEST_F(AdminTest, TellsOfNewDataAndHidesLargeArguments) {
  io.sockets().on("rename", [this](Socket& socket, Event& event) {
    socket.data = std::string(event.args().first().as_string());
    admin->data_changed(socket);
  });
  start_with(development({.describe = [](const Socket& socket) {
    const auto* const name = std::any_cast<std::string>(&socket.data);
    return name == nullptr ? json::object() : json::object{{"name", *name}};
  }}));
  Page page(http->port(), "{}");
  page.next("all_sockets");
  test::Client client = join();
  client.send(R"(2["rename","Ann"])");
  EXPECT_EQ(json::serialize(page.next("socket_updated")),
            R"([{"id":")" + client.id() + R"(","nsp":"/","data":{"name":"Ann"}}])");
  client.send(R"(2["big",")" + std::string(20'000, 'x') + "\"]");
  const json::array big =
      page.next("event_received", [](const json::array& args) { return args.at(2).at(0) == "big"; });
  EXPECT_EQ(big.at(2).at(1), "20005 bytes, too much to show");
}

TEST_F(AdminTest, PassesOnBinaryArguments) {
  start_with(development());
  test::Client admin_client(http->port());
  admin_client.send("0/admin,");
  while (!admin_client.read().starts_with(R"(2/admin,["all_sockets")")) {
  }
  test::Client client = join();
  client.send(R"(51-["photo",{"_placeholder":true,"num":0}])");
  client.send_binary("bytes");
  for (;;) {
    const std::string text = admin_client.read();
    if (!text.starts_with("51-/admin,")) continue;
    EXPECT_TRUE(text.starts_with(R"(51-/admin,["event_received","/",")" + client.id() +
                                 R"(",["photo",{"_placeholder":true,"num":0}],)"))
        << text;
    break;
  }
  EXPECT_EQ(admin_client.read(), "bytes");
}

TEST_F(AdminTest, TellsPagesNothingOfWhatItTellsPages) {
  start_with(development({.stats_interval = Milliseconds(50)}));
  Page first(http->port(), "{}");
  Page second(http->port(), "{}");
  first.next("socket_connected",
             [&](const json::array& args) { return args.at(0).at("id") == json::value(second.id()); });
  second.send(R"(["unknown",1])");
  for (int i = 0; i < 20; ++i) {
    const std::string packet = first.next_packet();
    EXPECT_EQ(packet.find("event_"), std::string::npos) << packet;
  }
}

TEST_F(AdminTest, HoldsToItsBudgetAndRepairsTheList) {
  // One event and one change a second and shard.
  start_with(development({.stats_interval = Milliseconds(50), .max_events_per_second = 4}));
  Page page(http->port(), "{}");
  page.next("all_sockets");
  std::vector<test::Client> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(join());
  for (int i = 0; i < 200; ++i) clients[0].ask("hello");
  size_t events = 0;
  json::array list;
  uint64_t dropped = 0;
  while (list.size() < 41 || dropped < 150) {
    const std::string packet = page.next_packet();
    json::array message = json::parse(packet.substr(packet.find('['))).as_array();
    if (message[0] == "event_received") ++events;
    if (message[0] == "all_sockets") list = message[1].as_array();
    if (message[0] == "server_stats") dropped = message[1].at("droppedEvents").to_number<uint64_t>();
  }
  EXPECT_LT(events, 50u);
  for (const test::Client& client : clients) EXPECT_FALSE(find_by_id(list, client.id()).empty());
}

TEST_F(AdminTest, BoundsTheList) {
  start_with(development({.max_listed_sockets = 8}));
  std::vector<test::Client> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(join());
  EXPECT_LE(Page(http->port(), "{}").next("all_sockets").at(0).as_array().size(), 8u);
}

TEST_F(AdminTest, AListIsRightWhileSocketsComeAndGo) {
  start_with(development({.max_events_per_second = 1'000'000}));
  std::atomic<bool> ending{false};
  std::vector<std::jthread> crowds;
  for (int i = 0; i < 2; ++i)
    crowds.emplace_back([&] {
      while (!ending) {
        test::Client client = join();
        client.send(R"(21["join","r"])");
        client.read();
      }
    });
  std::vector<test::Client> staying;
  for (int i = 0; i < 5; ++i) staying.push_back(join());
  for (int round = 0; round < 10; ++round) {
    Page page(http->port(), "{}");
    std::set<std::string> present;
    bool listed = false;
    // Until the list is there, and some more.
    for (int i = 0; i < 60;) {
      const std::string packet = page.next_packet();
      json::array message = json::parse(packet.substr(packet.find('['))).as_array();
      if (message[0] == "all_sockets") {
        present.clear();
        for (const json::value& socket : message[1].as_array()) present.emplace(socket.at("id").as_string());
        listed = true;
      }
      if (listed) ++i;
      if (message[0] == "socket_connected") present.emplace(message[1].at("id").as_string());
      if (message[0] == "socket_disconnected") present.erase(std::string(message[2].as_string()));
    }
    // Those that have gone are gone here too: what is left is the crowd of the moment.
    EXPECT_LT(present.size(), 20u);
    for (const test::Client& client : staying) EXPECT_TRUE(present.contains(client.id()));
  }
  ending = true;
}

TEST_F(AdminTest, SeesTheUpgradeOfATransport) {
  start_with(development());
  Page page(http->port(), "{}");
  page.next("all_sockets");
  const auto get = [&](std::string_view target, std::string_view body = {}) {
    net::test::TcpClient tcp(http->port());
    tcp.send(std::string(body.empty() ? "GET " : "POST ") + std::string(target) +
             " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             std::string(body));
    return tcp.read_answer().body;
  };
  const std::string polling = "/socket.io/?EIO=4&transport=polling";
  const std::string sid = get(polling).substr(9, 20);
  get(polling + "&sid=" + sid, "40");
  const json::object connected = page.next("socket_connected").at(0).as_object();
  EXPECT_EQ(connected.at("transport"), "polling");
  EXPECT_EQ(connected.at("clientId"), json::value(sid.substr(0, 12)));
  get(polling + "&sid=" + sid);
  websocket::test::WebSocketClient ws(http->port(), "/socket.io/?EIO=4&transport=websocket&sid=" + sid);
  ws.send_text("2probe");
  EXPECT_EQ(ws.read_message(), "3probe");
  ws.send_text("5");
  EXPECT_EQ(json::serialize(page.next("socket_updated")), R"([{"id":")" +
                                                              std::string(connected.at("id").as_string()) +
                                                              R"(","nsp":"/","transport":"websocket"}])");
}

// --- Commands ---------------------------------------------------------------------------------------------

TEST_F(AdminTest, CarriesOutWhatThePageWants) {
  start_with({});
  test::Client one = join();
  test::Client two = join();
  Page page(http->port());
  EXPECT_EQ(page.command(R"(["emit","/",null,"news",{"a":1},2])"), "null");
  EXPECT_EQ(one.read(), R"(2["news",{"a":1},2])");
  EXPECT_EQ(two.read(), R"(2["news",{"a":1},2])");
  EXPECT_EQ(page.command(R"(["join","/","vip",")" + one.id() + "\"]"), "null");
  EXPECT_EQ(page.command(R"(["emit","/","vip","hi"])"), "null");
  EXPECT_EQ(one.read(), R"(2["hi"])");
  EXPECT_EQ(page.command(R"(["join","/","all"])"), "null");
  EXPECT_EQ(page.command(R"(["leave","/","all",")" + one.id() + "\"]"), "null");
  EXPECT_EQ(page.command(R"(["emit","/","all","yo"])"), "null");
  EXPECT_EQ(two.read(), R"(2["yo"])");
  EXPECT_EQ(one.ask("hello"), R"(399["hello"])") << "nothing came for who had left";
  EXPECT_EQ(page.command(R"(["_disconnect","/",false,")" + one.id() + "\"]"), "null");
  EXPECT_EQ(one.read(), "1");
  EXPECT_EQ(page.command(R"(["_disconnect","/",true])"), "null");
  EXPECT_EQ(two.read(), "1");
}

TEST_F(AdminTest, RefusesCommandsThatItDoesNotUnderstand) {
  start_with({});
  Page page(http->port());
  EXPECT_EQ(page.command(R"(["emit","/nowhere",null,"news"])"), R"("there is no such namespace")");
  EXPECT_EQ(page.command(R"(["emit","/",null,"disconnect"])"), R"("not the arguments of 'emit'")");
  EXPECT_EQ(page.command(R"(["join",{}])"), R"("not the arguments of 'join'")");
  EXPECT_EQ(page.command(R"(["_disconnect"])"), R"("not the arguments of '_disconnect'")");
}

TEST_F(AdminTest, OnlyShowsWhenItIsReadOnly) {
  start_with({.read_only = true});
  test::Client client = join();
  Page page(http->port());
  EXPECT_EQ(json::serialize(page.next("config")), R"([{"supportedFeatures":["AGGREGATED_EVENTS"]}])");
  for (const std::string_view command : {R"(["emit","/",null,"news"])", R"(["join","/","r"])",
                                         R"(["leave","/","r"])", R"(["_disconnect","/",true])"})
    EXPECT_EQ(page.command(command), R"("the Admin UI may only look here")") << command;
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "nothing was sent, and it is still there";
}

struct AdminRecoveryTest : AdminTest {
  AdminRecoveryTest() : AdminTest({.connection_state_recovery = RecoveryOptions{}}) {}
};

TEST_F(AdminRecoveryTest, WorksWhereClientsAreRecovered) {
  start_with(development({.stats_interval = Milliseconds(50)}));
  test::Client client = join();
  Page page(http->port(), "{}");
  EXPECT_FALSE(find_by_id(page.next("all_sockets").at(0).as_array(), client.id()).empty());
  page.next("server_stats");
  client.send("1");
  EXPECT_EQ(page.next("socket_disconnected").at(1), json::value(client.id()));
}

}  // namespace
}  // namespace patchbay::socketio
