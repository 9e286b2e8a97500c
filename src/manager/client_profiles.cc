#include "manager/client_profiles.h"

#include <cerrno>
#include <filesystem>

#include <boost/json.hpp>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "manager/caller.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

constexpr size_t kMaxFileBytes = 65'536;

// Closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason_of(int error_number) {
  return strerrordesc_np(error_number);
}

std::unexpected<Error> unusable(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kConfiguration, "the client profile '" + path + "' cannot be used: " + why +
                                             " Mend or remove the file, or choose another with "
                                             "--whatsapp-profile");
}

// At most kMaxFileBytes and one.
Result<std::string> read_some(int fd) {
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::kConfiguration, reason_of(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return text;
}

// The fields that are not the built-in ones, as a JSON object: what nobody chose follows the next release.
std::string chosen_fields(const whatsapp::ClientProfile& profile) {
  boost::json::object fields = boost::json::parse(whatsapp::to_json(profile)).as_object();
  const boost::json::object built_in = boost::json::parse(whatsapp::to_json({})).as_object();
  for (const auto& [name, value] : built_in)
    if (fields.at(name) == value) fields.erase(name);
  return boost::json::serialize(fields);
}

// Whole or not at all: a temporary file, made durable, then renamed into its place.
Status replace_file(const std::string& path, std::string_view text) {
  const std::filesystem::path target(path);
  const std::string folder = target.has_parent_path() ? target.parent_path().string() : ".";
  const std::string temporary = path + "." + random_hex(6);
  const auto complain = [&](int error_number) {
    ::unlink(temporary.c_str());
    return fail(error_number == ENOSPC ? ErrorCode::kStorageFull : ErrorCode::kInternal,
                "The client profile cannot be kept; nothing was changed.",
                path + ": " + reason_of(error_number));
  };
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return complain(errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return complain(errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(file.get()) != 0) return complain(errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return complain(errno);
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    log::warning("the folder of the client profile cannot be made durable", {{"file", path}});
  return {};
}

}  // namespace

Result<whatsapp::ClientProfile> load_client_profile(const std::string& path, bool required) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT && !required) return whatsapp::ClientProfile{};
    return unusable(path, reason_of(errno) + ".");
  }
  auto text = read_some(file.get());
  if (!text) return unusable(path, text.error().message + ".");
  if (text->size() > kMaxFileBytes) return unusable(path, "it is longer than 64 KiB.");
  auto profile = whatsapp::parse_client_profile(*text);
  if (!profile) return unusable(path, profile.error().message);
  return std::move(*profile);
}

ClientProfiles::ClientProfiles(whatsapp::ProfileSource& source, std::string path, store::Store& store,
                               const Clock& clock, std::function<void()> on_change)
    : source_(source),
      path_(std::move(path)),
      store_(store),
      clock_(clock),
      on_change_(std::move(on_change)) {}

std::string ClientProfiles::get() const {
  return whatsapp::to_json(source_.get());
}

Result<std::string> ClientProfiles::change(const Caller& caller, std::string_view json) {
  PB_TRY(require_administrator(caller));
  const std::lock_guard lock(mutex_);
  const whatsapp::ClientProfile before = source_.get();
  PB_ASSIGN(whatsapp::ClientProfile profile, whatsapp::parse_client_profile(json, before));
  std::string text = whatsapp::to_json(profile);
  if (text == whatsapp::to_json(before)) return text;
  const WallTime now = clock_.wall_now();
  PB_TRY(store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    store::AuditEntry entry{.id = make_cuid(now),
                            .action = "whatsapp.profile",
                            .resource = "whatsapp",
                            .resource_id = {},
                            .user_id = caller.user_id,
                            .ip_address = {},
                            .time = now};
    if (!caller.ip_address.empty()) entry.ip_address = caller.ip_address;
    return tx.append_audit(entry);
  }));
  PB_TRY(replace_file(path_, chosen_fields(profile) + "\n"));
  source_.set(std::move(profile));
  log::info("the client profile was changed", {{"user", caller.user_id}, {"profile", text}});
  if (on_change_) on_change_();
  return text;
}

Status ClientProfiles::reload() {
  const std::lock_guard lock(mutex_);
  PB_ASSIGN(whatsapp::ClientProfile profile, load_client_profile(path_, false));
  std::string text = whatsapp::to_json(profile);
  if (text == get()) return {};
  source_.set(std::move(profile));
  log::info("the client profile was read anew", {{"file", path_}, {"profile", text}});
  if (on_change_) on_change_();
  return {};
}

}  // namespace patchbay::manager
