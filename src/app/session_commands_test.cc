#include "app/session_commands.h"

#include <functional>
#include <optional>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/secrets.h"
#include "store/temporary_store.h"
#include "whatsapp/credentials.h"
#include "whatsapp/session_bundle.h"

namespace patchbay::app {
namespace {

const std::string kPassphrase = "correct horse battery";

whatsapp::Credentials linked() {
  whatsapp::Credentials it = whatsapp::make_credentials();
  it.jid = "15551234567:12@s.whatsapp.net";
  it.push_name = "Anna";
  // An ADVSignedDeviceIdentity: four fields of octets.
  it.account =
      "\x0a\x07"
      "details\x12\x20" +
      std::string(32, 'k') + "\x1a\x40" + std::string(64, 's') + "\x22\x40" + std::string(64, 'd');
  return it;
}

// The data folder of one server, with the instances i1 and i2 of the user u1@example.com.
class Server {
 public:
  explicit Server(char digit) : key_(64, digit) {
    EXPECT_TRUE(crypto::write_secret_file("master key", folder_.file("master.key"), key_));
    change([](store::WriteTransaction& tx) { return store::fill(tx, 2); });
  }
  void link(const std::string& id, const whatsapp::Credentials& credentials) {
    change([&](store::WriteTransaction& tx) -> Status {
      PB_ASSIGN(auto instance, tx.instance(id));
      instance->state.status = "CONNECTED";
      instance->state.desired_state = "CONNECTED";
      PB_TRY(tx.put_instance_state(id, instance->state, store::kTestTime));
      return tx.put_credentials(id, whatsapp::serialize(credentials));
    });
  }
  void change(const std::function<Status(store::WriteTransaction&)>& how) {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    const Status done = (*store)->write_sync(how);
    EXPECT_TRUE(done) << done.error().message;
  }
  store::Instance instance(const std::string& id) {
    auto found = (*open())->read([&](store::ReadTransaction& tx) { return tx.instance(id); });
    EXPECT_TRUE(found && *found);
    return **found;
  }
  std::optional<std::string> credentials(const std::string& id) {
    auto found = (*open())->read([&](store::ReadTransaction& tx) { return tx.credentials(id); });
    EXPECT_TRUE(found);
    return *found;
  }
  Result<std::unique_ptr<store::Store>> open() {
    return store::open_sqlite_store({.directory = folder_.path(), .secret_box = &box_});
  }
  std::string file(const std::string& name) const { return folder_.file(name); }
  const std::string& path() const { return folder_.path(); }

 private:
  store::TemporaryFolder folder_;
  const std::string key_;
  crypto::SecretBox box_ = *crypto::SecretBox::from_text(key_);
};

class SessionCommands : public testing::Test {
 protected:
  SessionCommand leaving() {
    return {.what = SessionCommand::What::kExport,
            .data_dir = here.path(),
            .passphrase = kPassphrase,
            .instance_id = "i1",
            .out_file = here.file("bundle")};
  }
  SessionCommand arriving() {
    return {.what = SessionCommand::What::kImport,
            .data_dir = there.path(),
            .passphrase = kPassphrase,
            .instance_id = "i2",
            .bundle_file = here.file("bundle")};
  }
  void expect_refused(const Status& status, ErrorCode code, std::string_view words) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, code) << status.error().message;
    EXPECT_NE(status.error().message.find(words), std::string::npos) << status.error().message;
  }

  Server here{'a'};
  Server there{'b'};
  const whatsapp::Credentials account = linked();
  std::string said;
};

TEST_F(SessionCommands, AnAccountMovesFromOneServerToAnother) {
  here.link("i1", account);
  const Status exported = export_session(leaving(), said);
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_NE(said.find("15551234567"), std::string::npos) << said;
  struct stat status{};
  ASSERT_EQ(stat(here.file("bundle").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  const store::Instance left = here.instance("i1");
  EXPECT_EQ(left.state.status, "DISCONNECTED");
  EXPECT_EQ(left.state.desired_state, "DISCONNECTED");
  EXPECT_EQ(left.state.reason_code, "EXPORTED");
  EXPECT_EQ(left.last_seq, 1u);
  EXPECT_EQ(here.credentials("i1"), whatsapp::serialize(account)) << "the link stays where it was";

  const Status imported = import_session(arriving(), said);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(there.credentials("i2"), whatsapp::serialize(account));
  const store::Instance arrived = there.instance("i2");
  EXPECT_EQ(arrived.state.status, "DISCONNECTED");
  EXPECT_EQ(arrived.state.desired_state, "DISCONNECTED");
  EXPECT_EQ(arrived.state.reason_code, "IMPORTED");
  EXPECT_EQ(arrived.state.next_step, "OPERATOR");
  EXPECT_EQ(arrived.state.phone, "15551234567");
  EXPECT_EQ(arrived.state.display_name, "Anna");
}

TEST_F(SessionCommands, KeepLeavesTheInstanceAsItIs) {
  here.link("i1", account);
  SessionCommand command = leaving();
  command.keep = true;
  ASSERT_TRUE(export_session(command, said));
  EXPECT_EQ(here.instance("i1").state.desired_state, "CONNECTED");
  EXPECT_NE(said.find("one place at a time"), std::string::npos) << said;
}

TEST_F(SessionCommands, ALinkedInstanceIsReplacedOnlyWhenToldTo) {
  here.link("i1", account);
  ASSERT_TRUE(export_session(leaving(), said));
  const whatsapp::Credentials other = linked();
  there.link("i2", other);
  expect_refused(import_session(arriving(), said), ErrorCode::kInvalidOperation, "--replace");
  EXPECT_EQ(there.credentials("i2"), whatsapp::serialize(other));
  SessionCommand command = arriving();
  command.replace = true;
  ASSERT_TRUE(import_session(command, said));
  EXPECT_EQ(there.credentials("i2"), whatsapp::serialize(account));
}

TEST_F(SessionCommands, ANewInstanceBelongsToTheSubscriptionOfItsOwner) {
  here.link("i1", account);
  ASSERT_TRUE(export_session(leaving(), said));
  SessionCommand command = arriving();
  command.instance_id.clear();
  command.create_name = "moved";
  command.owner_email = "nobody@example.com";
  expect_refused(import_session(command, said), ErrorCode::kUserNotFound, "nobody@example.com");
  command.owner_email = "U1@example.com";
  command.create_name = "x";
  expect_refused(import_session(command, said), ErrorCode::kValidation, "3 to 50");
  command.create_name = "two";
  expect_refused(import_session(command, said), ErrorCode::kInstanceAlreadyExists, "this name");
  command.create_name = "moved";
  ASSERT_TRUE(import_session(command, said)) << said;
  auto page = (*there.open())->read([](store::ReadTransaction& tx) {
    return tx.instances({.subscription_id = "s1", .paging = {}, .status = {}, .search = "moved"});
  });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].instance.state.phone, "15551234567");
  command.create_name = "fourth";
  there.change([](store::WriteTransaction& tx) -> Status {
    PB_ASSIGN(auto subscription, tx.subscription("s1"));
    subscription->max_instances = 3;
    return tx.put_subscription(*subscription);
  });
  expect_refused(import_session(command, said), ErrorCode::kInstanceLimitReached, "limit of 3");
}

TEST_F(SessionCommands, AnythingWrongLeavesBothServersAsTheyWere) {
  expect_refused(export_session(leaving(), said), ErrorCode::kInvalidOperation, "not linked");
  here.link("i1", account);
  SessionCommand command = leaving();
  command.instance_id = "i9";
  expect_refused(export_session(command, said), ErrorCode::kInstanceNotFound, "i9");
  command = leaving();
  command.passphrase = "short";
  expect_refused(export_session(command, said), ErrorCode::kValidation, "12 to 1024");
  EXPECT_EQ(here.instance("i1").state.desired_state, "CONNECTED");
  {
    const auto running = here.open();
    expect_refused(export_session(leaving(), said), ErrorCode::kConfiguration, "in use by another Patchbay");
  }
  ASSERT_TRUE(export_session(leaving(), said));
  expect_refused(export_session(leaving(), said), ErrorCode::kConfiguration, "File exists");

  command = arriving();
  command.passphrase = "not the passphrase";
  expect_refused(import_session(command, said), ErrorCode::kValidation, "passphrase");
  command = arriving();
  command.bundle_file = here.file("patchbay.lock");
  expect_refused(import_session(command, said), ErrorCode::kValidation, "no bundle");
  command.bundle_file = here.file("nothing");
  expect_refused(import_session(command, said), ErrorCode::kConfiguration, "cannot be read");
  command = arriving();
  command.instance_id = "i9";
  expect_refused(import_session(command, said), ErrorCode::kInstanceNotFound, "i9");
  EXPECT_EQ(there.credentials("i2"), std::nullopt);
  EXPECT_EQ(there.instance("i2").last_seq, 0u);
}

}  // namespace
}  // namespace patchbay::app
