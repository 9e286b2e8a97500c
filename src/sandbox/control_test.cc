#include "sandbox/control.h"

#include <cstring>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <qrcodegen/qrcodegen.hpp>

#include "sandbox/qr_reader.h"
#include "sandbox/rig.h"

namespace patchbay::sandbox {
namespace {

namespace json = boost::json;
using test::Client;
using test::World;

struct Answer {
  int status = 0;
  json::value body;
  const json::value& data() const { return body.at("data"); }
  std::string code() const { return std::string(body.at("error").at("code").as_string()); }
};

class SandboxControl : public testing::Test {
 protected:
  Answer call(http::Method method, std::string path, std::string body = {}) {
    http::Request request;
    request.method = method;
    request.path = "/api/sandbox" + std::move(path);
    request.body = std::move(body);
    const http::Response response = control.handle(request);
    return {.status = response.status, .body = json::parse(response.body)};
  }
  Answer get(std::string path) { return call(http::Method::kGet, std::move(path)); }
  Answer post(std::string path, std::string body = "{}") {
    return call(http::Method::kPost, std::move(path), std::move(body));
  }
  World world;
  Control control{world.network};
};

// As a panel shows it: four pixels a module, quiet zone of four modules.
std::string qr_png_url(const std::string& text) {
  const auto code = qrcodegen::QrCode::encodeText(text.c_str(), qrcodegen::QrCode::Ecc::MEDIUM);
  constexpr int kScale = 4;
  const int side = (code.getSize() + 8) * kScale;
  std::vector<uint8_t> pixels;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) pixels.push_back(code.getModule(x / kScale - 4, y / kScale - 4) ? 0 : 255);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::string png(size, '\0');
  png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr);
  return "data:image/png;base64," + base64_encode(png);
}

TEST_F(SandboxControl, LinksADeviceByThePictureOfItsCode) {
  EXPECT_EQ(post("/phones", R"({"number":"15550001111","pushName":"Anna"})").status, 201);
  Client client(world);
  const std::string ref = client.begin_pairing();
  const Answer scanned =
      post("/phones/15550001111/scan", json::serialize(json::object{{"image", qr_png_url(client.qr(ref))}}));
  ASSERT_EQ(scanned.status, 200) << json::serialize(scanned.body);
  ASSERT_TRUE(client.answer_pair_success());
  const Answer phone = get("/phones/15550001111");
  EXPECT_EQ(phone.data().at("devices").at(0).at("jid").as_string(), "15550001111:1@s.whatsapp.net");
  EXPECT_EQ(phone.data().at("lastPairing").as_string(), "linked");
}

TEST_F(SandboxControl, SaysWhatIsWrong) {
  post("/phones", R"({"number":"15550001111"})");
  const struct {
    http::Method method;
    const char* path;
    const char* body;
    int status;
  } cases[] = {
      {http::Method::kGet, "/nothing", "", 404},
      {http::Method::kGet, "/phones/1", "", 404},
      {http::Method::kPut, "/phones", "", 405},
      {http::Method::kPost, "/phones", "{", 400},
      {http::Method::kPost, "/phones", "[]", 400},
      {http::Method::kPost, "/phones", R"({"number":"12"})", 400},
      {http::Method::kPost, "/phones", R"({"nmber":"15550001112"})", 400},
      {http::Method::kPost, "/phones", R"({"number":"15550001111"})", 409},
      {http::Method::kPost, "/phones/15550001111/fly", "{}", 404},
      {http::Method::kPost, "/phones/15550001111/scan", "{}", 400},
      {http::Method::kPost, "/phones/15550001111/scan", R"({"qr":"hello"})", 400},
      {http::Method::kPost, "/phones/15550001111/scan", R"({"image":"data:image/png;base64,AAAA"})", 400},
      {http::Method::kPost, "/phones/15550001111/code", R"({"code":"ABCD1234"})", 404},
      {http::Method::kPost, "/phones/15550001111/passkey", R"({"approve":true})", 409},
      {http::Method::kPost, "/phones/15550001111/unlink", R"({"device":3})", 404},
      {http::Method::kPost, "/phones/15550001111/drop", "{}", 404},
      {http::Method::kPost, "/faults", R"({"kind":"fire"})", 400},
      {http::Method::kPost, "/faults", R"({"kind":"delay","delayMs":-1})", 400},
      {http::Method::kPost, "/faults", R"({"kind":"drop","phone":"1"})", 404},
      {http::Method::kDelete, "/faults/77", "", 404},
  };
  for (const auto& each : cases) {
    const Answer answer = call(each.method, each.path, each.body);
    EXPECT_EQ(answer.status, each.status)
        << each.path << " " << each.body << " " << json::serialize(answer.body);
    EXPECT_FALSE(answer.body.at("message").as_string().empty());
  }
}

TEST_F(SandboxControl, KeepsFaultsAndViolations) {
  const Answer added = post("/faults", R"({"kind":"refuse","code":503,"count":null})");
  ASSERT_EQ(added.status, 201);
  EXPECT_EQ(get("/faults").data().at(0).at("kind").as_string(), "refuse");
  EXPECT_TRUE(get("/faults").data().at(0).at("count").is_null());
  EXPECT_EQ(call(http::Method::kDelete, "/faults/1").status, 200);
  world.network.violations().add(
      {.time = {}, .rule = "ack.missing", .device = "", .connection = 1, .description = "x"});
  EXPECT_EQ(get("/violations").data().at("violations").at(0).at("rule").as_string(), "ack.missing");
  EXPECT_EQ(call(http::Method::kDelete, "/violations").status, 200);
  EXPECT_EQ(get("/violations").data().at("total").to_number<int>(), 0);
}

TEST_F(SandboxControl, ResetsToASeedAndKeepsItsRoot) {
  const std::string root(get("").data().at("rootPublicKey").as_string());
  post("/phones", R"({"number":"15550001111"})");
  Client client(world);
  client.begin_pairing();
  EXPECT_EQ(post("/reset", R"({"seed":5})").status, 200);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(get("").data().at("rootPublicKey").as_string(), root);
  EXPECT_EQ(get("").data().at("seed").to_number<int>(), 5);
  EXPECT_TRUE(get("/phones").data().as_array().empty());
}

TEST_F(SandboxControl, BansAndDoesNotLogInUntilItIsOver) {
  post("/phones", R"({"number":"15550001111"})");
  Client client(world);
  ASSERT_TRUE(client.pair(*world.network.find("15550001111")));
  client.log_in();
  EXPECT_EQ(post("/phones/15550001111/ban", R"({"kind":"temporary","seconds":60})").status, 200);
  EXPECT_EQ(client.take("stream:error").attribute("code"), "503");
  client.connect(client.login());
  EXPECT_EQ(client.take("failure").attribute("reason"), "402");
  world.clock.advance(Milliseconds(61'000));
  client.connect(client.login());
  EXPECT_EQ(client.take("success").tag, "success");
}

TEST(QrReader, RefusesWhatIsNoPictureOfACode) {
  EXPECT_FALSE(read_qr_png(""));
  EXPECT_FALSE(read_qr_png(Bytes("\x89PNG\r\n\x1a\n", 8) + Bytes(50, 'x')));
  EXPECT_FALSE(read_qr_data_url("data:image/jpeg;base64,AAAA"));
  EXPECT_FALSE(read_qr_data_url("data:image/png;base64,*"));
  EXPECT_FALSE(read_qr_png(Bytes(kMaxQrImageBytes + 1, 'x')));
}

}  // namespace
}  // namespace patchbay::sandbox
