// A real store in a folder of its own under /tmp that goes away with this object, and a few records to fill
// it with. For tests only; one thread.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/ids.h"
#include "crypto/secret_box.h"
#include "store/sqlite_store.h"
#include "store/store.h"

namespace patchbay::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char pattern[] = "/tmp/patchbay-store-XXXXXX";
    if (mkdtemp(pattern) == nullptr) throw std::runtime_error("no folder under /tmp");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class TemporaryStore {
 public:
  explicit TemporaryStore(SqliteOptions options = {}) : options_(std::move(options)) {
    options_.directory = folder_.path();
    options_.secret_box = &box_;
    reopen();
  }

  // Ends the store and opens it again on the same files.
  void reopen() {
    store_.reset();
    auto opened = open_sqlite_store(options_);
    if (!opened) throw std::runtime_error(opened.error().message + " " + opened.error().detail);
    store_ = std::move(*opened);
  }
  void close() { store_.reset(); }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  const TemporaryFolder& folder() const { return folder_; }
  SqliteOptions& options() { return options_; }

 private:
  TemporaryFolder folder_;
  crypto::SecretBox box_ = *crypto::SecretBox::from_text(std::string(64, 'a'));
  SqliteOptions options_;
  std::unique_ptr<Store> store_;
};

inline constexpr WallTime kTestTime = WallTime(Milliseconds(1'700'000'000'000));

inline Subscription make_subscription(std::string id) {
  Subscription subscription;
  subscription.name = id + " & Co";
  subscription.id = std::move(id);
  subscription.created_at = subscription.updated_at = kTestTime;
  return subscription;
}

inline User make_user(std::string id, std::string subscription_id) {
  User user;
  user.email = id + "@example.com";
  user.name = "User " + id;
  user.password_hash = "hash of " + id;
  user.id = std::move(id);
  user.subscription_id = std::move(subscription_id);
  user.created_at = user.updated_at = kTestTime;
  return user;
}

inline Instance make_instance(std::string id, std::string name, std::string subscription_id,
                              std::string user_id) {
  Instance instance;
  instance.id = std::move(id);
  instance.config.name = std::move(name);
  instance.subscription_id = std::move(subscription_id);
  instance.created_by_id = std::move(user_id);
  instance.created_at = instance.updated_at = instance.state.status_since = kTestTime;
  return instance;
}

inline ApiKey make_api_key(std::string id, std::string instance_id) {
  ApiKey key;
  key.key_hash = "hash of " + id;
  key.clear_key = "wa_clear_" + id;
  key.name = "Key " + id;
  key.id = std::move(id);
  key.instance_id = std::move(instance_id);
  key.created_at = key.updated_at = kTestTime;
  return key;
}

// Subscription "s1" with user "u1", who made the instances "i1" … of the names "one", "two", "three".
inline Status fill(WriteTransaction& tx, int instances = 1) {
  static constexpr const char* kNames[] = {"one", "two", "three"};
  PB_TRY(tx.insert_subscription(make_subscription("s1")));
  PB_TRY(tx.insert_user(make_user("u1", "s1")));
  for (int i = 0; i < instances; ++i) {
    const std::string number = std::to_string(i + 1);
    PB_TRY(tx.insert_instance(make_instance("i" + number, i < 3 ? kNames[i] : "n" + number, "s1", "u1")));
  }
  return {};
}

}  // namespace patchbay::store
