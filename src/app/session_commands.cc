#include "app/session_commands.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "app/command.h"
#include "app/master_key.h"
#include "base/clock.h"
#include "crypto/secret_box.h"
#include "crypto/secrets.h"
#include "manager/account_moves.h"
#include "store/sqlite_store.h"
#include "store/store.h"
#include "whatsapp/baileys_folder.h"
#include "whatsapp/credentials.h"
#include "whatsapp/session_bundle.h"

namespace patchbay::app {
namespace {

std::unexpected<Error> refuse(std::string message, int error_number = 0) {
  if (error_number != 0) message += " (" + std::generic_category().message(error_number) + ")";
  return fail(ErrorCode::kConfiguration, std::move(message));
}

// The database of a server that does not run: opening it takes the folder's lock.
struct OpenedStore {
  std::unique_ptr<crypto::SecretBox> box;
  std::unique_ptr<store::Store> store;
};

Result<OpenedStore> open_store(const SessionCommand& command) {
  if (!store::sqlite_store_exists(command.data_dir))
    return refuse("There is no database in the data folder " + command.data_dir +
                  "; name the right one with --data-dir.");
  if (command.master_key.empty()) PB_TRY(settle_master_key(command.data_dir));
  PB_ASSIGN(const std::string key, crypto::load_secret({.name = "master key",
                                                        .environment_name = "PATCHBAY_MASTER_KEY",
                                                        .environment_value = command.master_key,
                                                        .file = {},
                                                        .generated_file = command.data_dir + "/master.key"}));
  PB_ASSIGN(crypto::SecretBox box, crypto::SecretBox::from_text(key));
  OpenedStore opened{.box = std::make_unique<crypto::SecretBox>(box), .store = nullptr};
  PB_ASSIGN(opened.store, store::open_sqlite_store(
                              {.directory = command.data_dir, .secret_box = opened.box.get(), .readers = 1}));
  return opened;
}

// From the terminal, without showing what is typed.
Result<std::string> ask(const char* prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  termios shown{};
  if (terminal < 0 || tcgetattr(terminal, &shown) != 0) {
    if (terminal >= 0) ::close(terminal);
    return refuse(
        "The passphrase of the bundle is missing: give it in PATCHBAY_BUNDLE_PASSPHRASE or with "
        "--passphrase-file.");
  }
  (void)!::write(terminal, prompt, std::char_traits<char>::length(prompt));
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(terminal, TCSAFLUSH, &hidden);
  std::string text;
  for (char c = 0; text.size() <= whatsapp::kMaxPassphraseBytes;) {
    const ssize_t got = ::read(terminal, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    text += c;
  }
  tcsetattr(terminal, TCSAFLUSH, &shown);
  (void)!::write(terminal, "\n", 1);
  ::close(terminal);
  return text;
}

Result<std::string> passphrase_of(const SessionCommand& command) {
  if (!command.passphrase.empty()) return command.passphrase;
  if (!command.passphrase_file.empty()) {
    PB_ASSIGN(auto text,
              crypto::read_secret_file("passphrase", command.passphrase_file, whatsapp::kMinPassphraseBytes));
    if (!text) return refuse("The file " + command.passphrase_file + " does not exist.");
    return std::move(*text);
  }
  PB_ASSIGN(std::string text, ask("Passphrase of the bundle: "));
  if (command.what == SessionCommand::What::kImport) return text;
  PB_ASSIGN(const std::string again, ask("The same once more: "));
  if (text != again) return refuse("The two passphrases differ; nothing was written.");
  return text;
}

// A new file that only this user can read; it replaces none.
Status write_bundle(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return refuse("The bundle cannot be written to " + path + ".", errno);
  int error_number = 0;
  while (!bytes.empty() && error_number == 0) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) error_number = errno;
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (error_number == 0 && ::fsync(fd) != 0) error_number = errno;
  if (::close(fd) != 0 && error_number == 0) error_number = errno;
  if (error_number == 0) return {};
  ::unlink(path.c_str());
  return refuse("The bundle cannot be written to " + path + ".", error_number);
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  std::array<char, 65'536> part{};
  while (bytes.size() <= limit && file.read(part.data(), part.size()).gcount() > 0)
    bytes.append(part.data(), static_cast<size_t>(file.gcount()));
  if (file.bad() || (!file.eof() && bytes.empty()))
    return refuse("The file " + path + " cannot be read; check its path and permissions.");
  if (bytes.size() > limit)
    return refuse("The file " + path + " is larger than " + std::to_string(limit) + " bytes.");
  return bytes;
}

Result<whatsapp::BaileysImport> read_baileys(const std::string& folder) {
  std::error_code error;
  std::vector<whatsapp::BaileysFile> files;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (files.size() > whatsapp::kMaxBaileysFiles) break;  // refused below
    std::error_code no_file;
    if (!entry->is_regular_file(no_file)) continue;
    whatsapp::BaileysFile file{.name = entry->path().filename().string(), .text = {}};
    if (whatsapp::is_wanted_by_import(file.name)) {
      PB_ASSIGN(file.text, read_file(entry->path().string(), whatsapp::kMaxBaileysFileBytes));
    }
    files.push_back(std::move(file));
  }
  if (error)
    return refuse("The folder " + folder + " cannot be read; check its path and permissions (" +
                  error.message() + ").");
  return whatsapp::import_baileys(files);
}

struct Arriving {
  whatsapp::Credentials credentials;
  std::string origin;
  std::vector<std::string> dropped;
};

Result<Arriving> read_arriving(const SessionCommand& command) {
  if (!command.baileys_folder.empty()) {
    PB_ASSIGN(auto found, read_baileys(command.baileys_folder));
    return Arriving{std::move(found.credentials), "Baileys", std::move(found.dropped)};
  }
  PB_ASSIGN(const std::string bytes, read_file(command.bundle_file, whatsapp::kMaxBundleBytes));
  // What is no bundle is said before anybody types a passphrase.
  PB_TRY(whatsapp::read_bundle_header(bytes));
  PB_ASSIGN(const std::string passphrase, passphrase_of(command));
  PB_ASSIGN(auto opened, whatsapp::open_bundle(bytes, passphrase));
  return Arriving{std::move(opened.credentials), "a bundle", {}};
}

}  // namespace

Status export_session(const SessionCommand& command, std::string& said) {
  PB_ASSIGN(const OpenedStore opened, open_store(command));
  PB_ASSIGN(const auto instance,
            opened.store->read([&](store::ReadTransaction& tx) { return tx.instance(command.instance_id); }));
  if (!instance)
    return fail(ErrorCode::kInstanceNotFound,
                "There is no instance with the id " + command.instance_id + ".");
  PB_ASSIGN(auto record, opened.store->read([&](store::ReadTransaction& tx) {
    return tx.credentials(command.instance_id);
  }));
  if (!record)
    return fail(ErrorCode::kInvalidOperation, "The instance '" + instance->config.name +
                                                  "' is not linked to a phone; there is nothing to export.");
  PB_ASSIGN(const auto credentials, whatsapp::parse_credentials(*record));
  PB_ASSIGN(const std::string passphrase, passphrase_of(command));
  const WallTime now = SystemClock().wall_now();
  PB_ASSIGN(const Bytes bundle, whatsapp::seal_bundle({.instance_id = instance->id,
                                                       .instance_name = instance->config.name,
                                                       .jid = {},
                                                       .phone = {},
                                                       .created_at = now},
                                                      credentials, passphrase));
  PB_TRY(write_bundle(command.out_file, bundle));
  if (!command.keep) {
    const Status noted = opened.store->write_sync(
        [&](store::WriteTransaction& tx) { return manager::note_departure(tx, instance->id, now); });
    if (!noted) {
      ::unlink(command.out_file.c_str());
      return noted;
    }
  }
  said += "Wrote " + command.out_file + ": the account " + whatsapp::phone_of(credentials) +
          " of the instance '" + instance->config.name + "'.\n";
  said += command.keep
              ? "The instance stays as it is here. WhatsApp lets one place at a time use the link: do "
                "not connect the copy while this one is connected.\n"
              : "The instance is disconnected here from now on, so that two places do not fight for "
                "the link.\n";
  return {};
}

Status import_session(const SessionCommand& command, std::string& said) {
  PB_ASSIGN(const OpenedStore opened, open_store(command));
  PB_ASSIGN(Arriving arriving, read_arriving(command));
  const whatsapp::Credentials& credentials = arriving.credentials;
  const manager::ArrivingAccount account{
      .credentials = whatsapp::serialize(credentials),
      .phone = whatsapp::phone_of(credentials),
      .display_name = credentials.push_name.empty() ? credentials.business_name : credentials.push_name,
      .origin = arriving.origin};
  const WallTime now = SystemClock().wall_now();
  PB_ASSIGN(
      const std::string id, opened.store->write_sync([&](store::WriteTransaction& tx) -> Result<std::string> {
        std::string target = command.instance_id;
        if (!command.create_name.empty()) {
          PB_ASSIGN(target, manager::create_for_arrival(tx, command.owner_email, command.create_name, now));
        }
        PB_TRY(manager::put_arrival(tx, target, account, command.replace, now));
        return target;
      }));
  said += "Imported the account " + account.phone + " into the instance " + id + ", with " +
          std::to_string(credentials.prekeys.size()) + " prekeys.\n";
  for (const std::string& what : arriving.dropped) said += "Not taken over: " + what + ".\n";
  said +=
      "Stop the place that used the account until now, start the server and connect the instance; nothing "
      "has "
      "to be scanned.\n";
  return {};
}

int run(const SessionCommand& command) {
  umask(0077);
  std::string said;
  const Status done = command.what == SessionCommand::What::kExport ? export_session(command, said)
                                                                    : import_session(command, said);
  if (!done) return report(done.error());
  std::fputs(said.c_str(), stdout);
  return 0;
}

}  // namespace patchbay::app
