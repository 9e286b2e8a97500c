#include "socketio/args.h"

#include <cmath>
#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "socketio/json_scan.h"
#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

TEST(Args, WriteNullForNumbersThatJsonHasNot) {
  const double infinity = std::numeric_limits<double>::infinity();
  const boost::json::value value = {1.5, infinity, {{"a", -infinity}}, boost::json::array{std::nan("")}};
  EXPECT_EQ(make_args(value, infinity, uint64_t{18446744073709551615u}, -1).json,
            R"([1.5E0,null,{"a":null},[null]],null,18446744073709551615,-1)");
}

// Latin-1, a sequence that is cut off before a quotation mark, a surrogate and what is no lead byte.
constexpr std::string_view kNotUtf8 = "caf\xe9 \xe2\x82 \xed\xa0\x80 \xff \xc3";

TEST(Args, RepairTextThatIsNotUtf8WhereverItStands) {
  const std::string text(kNotUtf8);
  const std::string repaired = to_valid_utf8(text);
  EXPECT_EQ(make_args(text).json, '"' + repaired + '"');
  EXPECT_EQ(make_args(boost::json::value(text)).json, '"' + repaired + '"');
  EXPECT_EQ(make_args(boost::json::object{{text, {text, 1}}}).json,
            "{\"" + repaired + "\":[\"" + repaired + "\",1]}");
  EXPECT_EQ(make_args(boost::json::array{text, "\u20ac"}).json, "[\"" + repaired + "\",\"\u20ac\"]");
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(make_args(boost::json::array{infinity, text}).json, "[null,\"" + repaired + "\"]");
}

using ArgsTest = test::SocketIoTest;

TEST_F(ArgsTest, ATreeThatIsNotUtf8CostsNoReceiverItsConnection) {
  io.sockets().on(
      "ask", [](Socket&, Event& event) { event.ack(boost::json::object{{"name", std::string(kNotUtf8)}}); });
  start();
  test::Client client = join();
  io.emit("all", boost::json::value(std::string(kNotUtf8)));
  const std::string repaired = to_valid_utf8(kNotUtf8);
  EXPECT_EQ(client.read(), "2[\"all\",\"" + repaired + "\"]");
  EXPECT_EQ(client.ask("ask"), "399[{\"name\":\"" + repaired + "\"}]");
}

}  // namespace
}  // namespace patchbay::socketio
