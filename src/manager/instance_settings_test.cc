#include "manager/instance_settings.h"

#include <gtest/gtest.h>

namespace patchbay::manager {
namespace {

TEST(InstanceSettings, SurviveTheWayThroughJson) {
  InstanceSettings settings;
  settings.auto_reconnect = false;
  settings.keep_alive_interval_ms = 10'000;
  const InstanceSettings read = settings_from_json(settings_to_json(settings));
  EXPECT_FALSE(read.auto_reconnect);
  EXPECT_EQ(read.keep_alive_interval_ms, 10'000);
  EXPECT_EQ(read.connect_timeout_ms, 60'000);
}

TEST(InstanceSettings, OutOfRangeAreRefusedByName) {
  InstanceSettings settings;
  settings.connect_timeout_ms = 9'999;
  const Status status = check_settings(settings);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kValidation);
  EXPECT_NE(status.error().message.find("connectTimeoutMs"), std::string::npos);
  EXPECT_FALSE(clean_settings_json(R"({"keepAliveIntervalMs":60001})"));
  EXPECT_FALSE(clean_settings_json(R"({"keepAliveIntervalMs":10000.5})"));
  EXPECT_FALSE(clean_settings_json(std::string(5'000, ' ') + "{}"));
}

TEST(InstanceSettings, ThatWereDamagedBecomeDefaults) {
  for (const char* text : {"", "null", "[1]", R"({"connectTimeoutMs":"x","autoReconnect":1})"}) {
    const InstanceSettings read = settings_from_json(text);
    EXPECT_TRUE(read.auto_reconnect);
    EXPECT_EQ(read.connect_timeout_ms, 60'000);
  }
}

TEST(InstanceSettings, DecideTheDeadlinesOfTheMachine) {
  InstanceSettings settings;
  settings.connect_timeout_ms = 20'000;
  settings.keep_alive_interval_ms = 15'000;
  MachineOptions machine;
  apply_settings(settings, machine);
  EXPECT_EQ(machine.connect_timeout, Milliseconds(20'000));
  EXPECT_EQ(machine.liveness_timeout, Milliseconds(45'000));
  EXPECT_EQ(session_settings(settings).keep_alive_interval, Milliseconds(15'000));
}

}  // namespace
}  // namespace patchbay::manager
