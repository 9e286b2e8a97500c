#include "app/master_key.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "app/command.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"
#include "crypto/secrets.h"
#include "store/sqlite_store.h"

namespace patchbay::app {
namespace {

constexpr const char* kName = "master key";
constexpr size_t kNewKeyBytes = 32;

std::string file_of(const std::string& folder, std::string_view suffix = {}) {
  return folder + "/master.key" + std::string(suffix);
}

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

Status remove(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error)
    return fail(ErrorCode::kConfiguration, "The file " + path + " cannot be removed.", error.message());
  return {};
}

Result<bool> is_key_of(store::StoppedDatabase& database, const std::string& path) {
  PB_ASSIGN(const auto text, crypto::read_secret_file(kName, path));
  if (!text) return false;
  PB_ASSIGN(const crypto::SecretBox box, crypto::SecretBox::from_text(*text));
  return database.is_under(box);
}

// Durable before the old one is removed: rename() alone may come to the disk after it.
Status replace_key_file(const std::string& folder) {
  PB_ASSIGN(const auto key, crypto::read_secret_file(kName, file_of(folder, ".new")));
  if (!key) return fail(ErrorCode::kConfiguration, "The file " + file_of(folder, ".new") + " is gone.");
  PB_TRY(crypto::write_secret_file(kName, file_of(folder), *key));
  return remove(file_of(folder, ".new"));
}

bool was_interrupted(const std::string& folder) {
  return exists(file_of(folder, ".new")) || exists(file_of(folder, ".old"));
}

// A key file that was being written when the process was killed: "master.key", ".new" or ".old" with twelve
// hexadecimal digits behind.
bool is_remnant(std::string_view name) {
  if (!name.starts_with("master.key")) return false;
  name.remove_prefix(std::string_view("master.key").size());
  if (name.starts_with(".new.") || name.starts_with(".old.")) name.remove_prefix(4);
  return name.size() == 13 && name.front() == '.' && from_hex(name.substr(1));
}

std::vector<std::string> remnants(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    if (is_remnant(entry->path().filename().string())) found.push_back(entry->path().string());
  return found;
}

Status settle(store::StoppedDatabase& database, const std::string& folder) {
  for (const std::string& remnant : remnants(folder)) PB_TRY(remove(remnant));
  if (!was_interrupted(folder)) return {};
  PB_ASSIGN(const bool installed, is_key_of(database, file_of(folder)));
  if (installed) {
    // Either nothing was encrypted anew, or the new key is in its place already.
    PB_TRY(remove(file_of(folder, ".new")));
    PB_TRY(remove(file_of(folder, ".old")));
    log::info("cleared up after a change of the master key that was interrupted", {{"folder", folder}});
    return {};
  }
  PB_ASSIGN(const bool encrypted_anew, is_key_of(database, file_of(folder, ".new")));
  if (encrypted_anew) {
    PB_TRY(replace_key_file(folder));
    PB_TRY(remove(file_of(folder, ".old")));
    log::info("completed a change of the master key that was interrupted", {{"folder", folder}});
    return {};
  }
  return fail(ErrorCode::kConfiguration,
              "The database in " + folder +
                  " was made under none of the keys in master.key, master.key.new and master.key.old there. "
                  "Restore the database and the key from the same backup, and remove the other two files.");
}

}  // namespace

Status settle_master_key(const std::string& data_dir) {
  if (!was_interrupted(data_dir) && remnants(data_dir).empty()) return {};
  if (!store::sqlite_store_exists(data_dir)) return {};  // then nothing depends on any key
  PB_ASSIGN(const auto database, store::StoppedDatabase::open(data_dir));
  return settle(*database, data_dir);
}

Result<MasterKeyRotation> MasterKeyRotation::begin(const MasterKeyChange& change) {
  const bool in_file = change.current_key.empty();
  if (!in_file && change.new_key.empty())
    return fail(ErrorCode::kConfiguration,
                "The master key comes from PATCHBAY_MASTER_KEY; give the new one in PATCHBAY_NEW_MASTER_KEY "
                "(`openssl rand -hex 32` makes one).");
  PB_ASSIGN(auto database, store::StoppedDatabase::open(change.data_dir));
  if (in_file) PB_TRY(settle(*database, change.data_dir));
  PB_ASSIGN(std::string old_key, crypto::load_secret({.name = kName,
                                                      .environment_name = "PATCHBAY_MASTER_KEY",
                                                      .environment_value = change.current_key,
                                                      .file = {},
                                                      .generated_file = file_of(change.data_dir)}));
  PB_ASSIGN(const crypto::SecretBox from, crypto::SecretBox::from_text(old_key));
  std::string new_key = change.new_key.empty() ? random_hex(kNewKeyBytes) : change.new_key;
  auto to = crypto::SecretBox::from_text(new_key);
  if (!to) {
    to.error().message = "PATCHBAY_NEW_MASTER_KEY: " + to.error().message;
    return std::unexpected(std::move(to).error());
  }
  PB_ASSIGN(const bool under_new, database->is_under(*to));
  PB_ASSIGN(const bool under_old, database->is_under(from));
  if (!under_new && !under_old)
    return fail(ErrorCode::kConfiguration,
                "The database in " + change.data_dir +
                    " was made under another master key than the current one; nothing was changed.");
  MasterKeyRotation rotation(std::move(database), change.data_dir, std::move(old_key), std::move(new_key),
                             from, *to, in_file);
  // A key file that is not the database's is put right in any case.
  rotation.done_ = under_new && (under_old || !in_file);
  return rotation;
}

Status MasterKeyRotation::keep_both_keys() {
  if (!in_file_) return {};
  PB_TRY(crypto::write_secret_file(kName, file_of(folder_, ".old"), old_key_));
  return crypto::write_secret_file(kName, file_of(folder_, ".new"), new_key_);
}

Result<store::StoppedDatabase::Rekeyed> MasterKeyRotation::encrypt_anew() {
  PB_ASSIGN(const bool already, database_->is_under(to_));
  if (already) return store::StoppedDatabase::Rekeyed{};
  return database_->rekey(from_, to_);
}

Status MasterKeyRotation::install_new_key() {
  return in_file_ ? replace_key_file(folder_) : Status();
}

Status MasterKeyRotation::forget_old_key() {
  return in_file_ ? remove(file_of(folder_, ".old")) : Status();
}

int rotate_master_key(const MasterKeyChange& change) {
  umask(0077);
  const auto rotate = [&]() -> Result<int> {
    PB_ASSIGN(MasterKeyRotation rotation, MasterKeyRotation::begin(change));
    if (rotation.is_done()) {
      std::printf("The database is encrypted under the new key already; nothing was changed.\n");
      return 0;
    }
    PB_TRY(rotation.keep_both_keys());
    PB_ASSIGN(const auto done, rotation.encrypt_anew());
    PB_TRY(rotation.install_new_key());
    PB_TRY(rotation.forget_old_key());
    std::printf("Encrypted %lld values under the new master key.\n", static_cast<long long>(done.values));
    if (done.unreadable > 0)
      std::printf(
          "%lld values could not be read under the old key and stay as they were; the log names them.\n",
          static_cast<long long>(done.unreadable));
    std::printf(
        change.current_key.empty()
            ? "The new key is in %s/master.key. Keep the old one with backups made before.\n"
            : "Start the server with the new key in PATCHBAY_MASTER_KEY (folder %s). Keep the old one "
              "with backups made before.\n",
        change.data_dir.c_str());
    return 0;
  };
  const auto result = rotate();
  return result ? *result : report(result.error());
}

}  // namespace patchbay::app
