#include "manager/instance_events.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace patchbay::manager {
namespace {

namespace json = boost::json;

constexpr WallTime kNow{Milliseconds(1'700'000'000'000)};  // 2023-11-14T22:13:20.000Z

InstanceEvent event(InstanceEventType type, std::string data) {
  return {.instance_id = "cinstance",
          .subscription_id = "csubscription",
          .seq = 7,
          .type = type,
          .timestamp = kNow,
          .data = std::move(data),
          .qr_text = {}};
}

TEST(InstanceEventPayload, OfAStatusChangeHasTheFieldsOfTheGuide) {
  const auto data = status_changed_data(
      {.old_status = InstanceStatus::kInit,
       .new_status = InstanceStatus::kQrRequired,
       .timestamp = kNow,
       .error = {},
       .reason = {"QR_REQUIRED", "Waiting."},
       .next_step = {.what = NextStep::What::kScanQr, .text = "Scan.", .at = kNow + Milliseconds(60'000)},
       .phone = {},
       .display_name = {}});
  EXPECT_EQ(json::parse(payload(event(InstanceEventType::kStatusChanged, data))), json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "newStatus": "QR_REQUIRED", "oldStatus": "INIT",
      "metadata": {"error": null, "timestamp": "2023-11-14T22:13:20.000Z"},
      "reason": {"code": "QR_REQUIRED", "text": "Waiting."},
      "nextStep": {"what": "SCAN_QR", "text": "Scan.", "at": "2023-11-14T22:14:20.000Z"}})"));
}

TEST(InstanceEventPayload, OfAConnectionTellsThePhoneAndClearsTheCode) {
  const auto data = status_changed_data({.old_status = InstanceStatus::kQrRequired,
                                         .new_status = InstanceStatus::kConnected,
                                         .timestamp = kNow,
                                         .error = {},
                                         .reason = {"CONNECTED", "Connected."},
                                         .next_step = {},
                                         .phone = "15551234567",
                                         .display_name = "Ada \"A\" \n"});
  const auto object = json::parse(payload(event(InstanceEventType::kStatusChanged, data)));
  EXPECT_EQ(object.at("metadata"), json::parse(R"({
      "error": null, "timestamp": "2023-11-14T22:13:20.000Z", "phone": "15551234567",
      "displayName": "Ada \"A\" \n", "lastConnectedAt": "2023-11-14T22:13:20.000Z",
      "qrCode": null, "qrCodeExpiry": null, "connectionAttempts": 0})"));
  EXPECT_EQ(json::parse(payload(event(InstanceEventType::kConnected, connected_data("1555", "Ada")))),
            json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "phone": "1555", "displayName": "Ada"})"));
}

TEST(InstanceEventPayload, OfAQrCodeTakesThePictureFromTheEdge) {
  const auto data = qr_generated_data("2@abc", kNow + Milliseconds(60'000), 2, 3);
  const auto qr = event(InstanceEventType::kQrGenerated, data);
  EXPECT_EQ(json::parse(payload(qr, "data:image/png;base64,AA==")), json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "qrCode": "data:image/png;base64,AA==", "qrText": "2@abc",
      "expiry": "2023-11-14T22:14:20.000Z", "attempt": 2, "maxAttempts": 3})"));
  EXPECT_FALSE(json::parse(payload(qr)).as_object().contains("qrCode"));
  EXPECT_EQ(qr_text_of(InstanceEventType::kQrGenerated, data), "2@abc");
  EXPECT_EQ(qr_text_of(InstanceEventType::kQrGenerated, "junk"), "");
  EXPECT_EQ(qr_text_of(InstanceEventType::kError, data), "");
}

TEST(InstanceEventPayload, OfALossTellsWhy) {
  const Reason reason{"NETWORK_LOST", "The connection broke."};
  EXPECT_EQ(json::parse(payload(event(InstanceEventType::kDisconnected, disconnected_data(reason)))),
            json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "reason": "The connection broke.", "code": "NETWORK_LOST"})"));
  EXPECT_EQ(json::parse(payload(event(InstanceEventType::kError, error_data(reason)))), json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "error": "The connection broke.", "code": "NETWORK_LOST"})"));
  EXPECT_EQ(payload(event(InstanceEventType::kError, "{}")).back(), '}');
  EXPECT_NO_THROW(json::parse(payload(event(InstanceEventType::kError, "{}"))));
}

TEST(InstanceWords, AreReadBackFromTheirNames) {
  for (const auto type : {InstanceEventType::kStatusChanged, InstanceEventType::kQrGenerated,
                          InstanceEventType::kPairCodeGenerated, InstanceEventType::kPasskeyRequired,
                          InstanceEventType::kPasskeyCode, InstanceEventType::kConnected,
                          InstanceEventType::kDisconnected, InstanceEventType::kError})
    EXPECT_EQ(parse_instance_event_type(to_string(type)), type);
  for (const auto status :
       {InstanceStatus::kInit, InstanceStatus::kQrRequired, InstanceStatus::kConnected,
        InstanceStatus::kDisconnected, InstanceStatus::kReconnecting, InstanceStatus::kError})
    EXPECT_EQ(parse_instance_status(to_string(status)), status);
  for (int what = 0; what <= static_cast<int>(NextStep::What::kOperator); ++what)
    EXPECT_EQ(parse_next_step(to_string(static_cast<NextStep::What>(what))),
              static_cast<NextStep::What>(what));
  EXPECT_EQ(parse_desired_state("LOGGED_OUT"), DesiredState::kLoggedOut);
  EXPECT_FALSE(parse_instance_status("PAUSED"));
}

TEST(InstanceEventPayload, OfTheWaysToLinkHoldsWhatIsOnShowAndUntilWhen) {
  const WallTime expiry = kNow + Milliseconds(60'000);
  EXPECT_EQ(
      json::parse(payload(event(InstanceEventType::kPairCodeGenerated, pair_code_data("ABCD-EFGH", expiry)))),
      json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "pairCode": "ABCD-EFGH", "expiry": "2023-11-14T22:14:20.000Z"})"));
  EXPECT_EQ(json::parse(payload(event(InstanceEventType::kPasskeyRequired,
                                      passkey_required_data(R"({"rpId":"whatsapp.com"})", expiry)))),
            json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "options": {"rpId": "whatsapp.com"}, "expiry": "2023-11-14T22:14:20.000Z"})"));
  EXPECT_EQ(
      json::parse(payload(event(InstanceEventType::kPasskeyCode, passkey_code_data("WXYZ-1234", expiry)))),
      json::parse(R"({
      "instanceId": "cinstance", "timestamp": "2023-11-14T22:13:20.000Z", "seq": 7,
      "verificationCode": "WXYZ-1234", "expiry": "2023-11-14T22:14:20.000Z"})"));
}

TEST(InstanceEventType, KnowsWhatIsForSubscribersOfTheInstanceAlone) {
  EXPECT_TRUE(is_linking(InstanceEventType::kQrGenerated));
  EXPECT_TRUE(is_linking(InstanceEventType::kPairCodeGenerated));
  EXPECT_TRUE(is_linking(InstanceEventType::kPasskeyRequired));
  EXPECT_TRUE(is_linking(InstanceEventType::kPasskeyCode));
  EXPECT_FALSE(is_linking(InstanceEventType::kStatusChanged));
  EXPECT_FALSE(is_linking(InstanceEventType::kConnected));
}

}  // namespace
}  // namespace patchbay::manager
