// Structs as arguments: what is read from JSON, what is written, and what an error says.
#include "socketio/typed.h"

#include <map>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <gtest/gtest.h>

#include "socketio/test_server.h"

namespace patchbay::socketio {

// Described in the way an application would.
enum class Kind { text, image };
BOOST_DESCRIBE_ENUM(Kind, text, image)

struct Part {
  std::string name;
  std::vector<int> sizes;
};
BOOST_DESCRIBE_STRUCT(Part, (), (name, sizes))

struct Post {
  std::string room;
  Kind kind = Kind::text;
  std::optional<std::string> note;
  std::vector<Part> parts;
};
BOOST_DESCRIBE_STRUCT(Post, (), (room, kind, note, parts))

namespace {

template <typename T>
Result<T> read(std::string_view json, size_t index = 0) {
  return get<T>(ArgsView(json, {}), index);
}

TEST(Typed, WritesDescribedStructsAsObjectsWithTheirMembers) {
  const Post post{.room = "a", .kind = Kind::image, .parts = {{.name = "p", .sizes = {1, 2}}}};
  EXPECT_EQ(make_args(7, post, std::vector<Part>{}).json,
            R"(7,{"room":"a","kind":"image","note":null,"parts":[{"name":"p","sizes":[1,2]}]},[])");
}

TEST(Typed, ReadsDescribedStructsNestedOnesIncluded) {
  const auto post =
      read<Post>(R"("first",{"room":"a","kind":"image","note":"n","parts":[{"name":"p","sizes":[3]}]})", 1);
  ASSERT_TRUE(post) << post.error().message;
  EXPECT_EQ(post->room, "a");
  EXPECT_EQ(post->kind, Kind::image);
  EXPECT_EQ(post->note, "n");
  ASSERT_EQ(post->parts.size(), 1u);
  EXPECT_EQ(post->parts[0].name, "p");
  EXPECT_EQ(post->parts[0].sizes, std::vector<int>{3});
}

TEST(Typed, IgnoresMembersItDoesNotKnowAndDoesWithoutOptionalOnes) {
  for (const std::string_view json : {R"({"room":"a","kind":"text","parts":[],"sent":1,"by":{"id":7}})",
                                      R"({"room":"a","kind":"text","parts":[],"note":null})"}) {
    const auto post = read<Post>(json);
    ASSERT_TRUE(post) << post.error().message;
    EXPECT_EQ(post->note, std::nullopt);
  }
  EXPECT_EQ(read<std::optional<std::string>>(""), std::nullopt);
}

TEST(Typed, SaysWhichValueIsMissingOrWrong) {
  const std::map<std::string_view, std::string_view> cases = {
      {"", "argument 0 is missing"},
      {"7", "argument 0 does not have the form that is wanted: value is not an object"},
      {R"({"room":"a","kind":"text"})", "argument 0.parts is missing"},
      {R"({"room":1,"kind":"text","parts":[]})",
       "argument 0.room does not have the form that is wanted: value is not a string"},
      {R"({"room":"a","kind":"film","parts":[]})",
       "argument 0.kind does not have the form that is wanted: unknown name"},
      {R"({"room":"a","kind":"text","parts":{}})",
       "argument 0.parts does not have the form that is wanted: value is not an array"},
      {R"({"room":"a","kind":"text","parts":[{"name":"p","sizes":[]},{"name":"q"}]})",
       "argument 0.parts[1].sizes is missing"},
      {R"({"room":"a","kind":"text","parts":[],"note":5})",
       "argument 0.note does not have the form that is wanted: value is not a string"},
  };
  for (const auto& [json, message] : cases) {
    const auto post = read<Post>(json);
    ASSERT_FALSE(post) << json;
    EXPECT_EQ(post.error().message, message) << json;
    EXPECT_EQ(post.error().code, ErrorCode::kValidation);
  }
}

TEST(Typed, ReadsTheAuthOfAHandshake) {
  const Handshake handshake{.request = nullptr, .auth_json = R"({"name":"p","sizes":[1]})"};
  EXPECT_EQ(get_auth<Part>(handshake)->name, "p");
  EXPECT_EQ(get_auth<Post>(handshake).error().message, "auth.room is missing");
}

using test::Client;
using test::SocketIoTest;

TEST_F(SocketIoTest, HandsDescribedStructsToHandlersOfANamespaceAndOfASocket) {
  on<Post>(io.of("/"), "post", [](Socket& socket, Post post, Event& event) {
    socket.emit("posted", post);
    event.ack(post.room);
  });
  io.on_connection([](Socket& socket) {
    on<std::vector<Part>>(socket, "parts", [](std::vector<Part> parts, Event& event) {
      event.ack(parts.size(), parts.empty() ? Part{} : parts.front());
    });
  });
  start();
  Client client = join();
  client.send(R"(21["post",{"room":"a","kind":"image","parts":[]}])");
  EXPECT_EQ(client.read(), R"(2["posted",{"room":"a","kind":"image","note":null,"parts":[]}])");
  EXPECT_EQ(client.read(), R"(31["a"])");
  client.send(R"(22["parts",[{"name":"p","sizes":[4]}]])");
  EXPECT_EQ(client.read(), R"(32[1,{"name":"p","sizes":[4]}])");
  client.send(R"(23["parts",[7]])");
  EXPECT_EQ(
      client.read(),
      R"(33[{"ok":false,"error":"argument 0[0] does not have the form that is wanted: value is not an object"}])");
}

}  // namespace
}  // namespace patchbay::socketio
