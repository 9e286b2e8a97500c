#include "crypto/secrets.h"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"

namespace patchbay::crypto {
namespace {

constexpr size_t kMaxBytes = 4'096;
constexpr size_t kGeneratedBytes = 32;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

std::unexpected<Error> refuse(std::string message, int error_number = 0) {
  if (error_number != 0) message += " (" + std::generic_category().message(error_number) + ")";
  return fail(ErrorCode::kConfiguration, std::move(message));
}

Result<std::string> check_length(std::string secret, const SecretSource& source, const std::string& where) {
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.size() < source.min_bytes)
    return refuse("The " + source.name + " in " + where + " is " + std::to_string(secret.size()) +
                  " bytes long; it needs at least " + std::to_string(source.min_bytes) +
                  ". `openssl rand -hex 32` makes a good one.");
  if (secret.size() > kMaxBytes)
    return refuse("The " + source.name + " in " + where + " is longer than " + std::to_string(kMaxBytes) +
                  " bytes.");
  return secret;
}

// Nothing when there is no such file.
Result<std::optional<std::string>> read_file(const SecretSource& source, const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) {
    if (errno == ENOENT) return std::nullopt;
    return refuse("The file of the " + source.name + ", " + path + ", cannot be opened.", errno);
  }
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return refuse("The file " + path + " cannot be examined.", errno);
  if (!S_ISREG(status.st_mode)) return refuse("The " + source.name + " at " + path + " is no regular file.");
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return refuse("The file of the " + source.name + ", " + path +
                  ", belongs to another user; make it belong to the user that runs the server.");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse("The file of the " + source.name + ", " + path +
                  ", is open to other users of this machine. Close it (`chmod 600 " + path +
                  "`), and replace the secret if others may have read it.");
  std::string text(kMaxBytes + 3, '\0');  // room for a line end, and for noticing that it is too long
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return refuse("The file of the " + source.name + ", " + path + ", cannot be read.", errno);
    }
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  PB_ASSIGN(auto secret, check_length(std::move(text), source, path));
  return secret;
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return refuse("The file " + path + " cannot be written.", errno);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status sync_folder(const std::string& folder) {
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() || fsync(directory.get()) != 0)
    return refuse("The folder " + folder + " cannot be made durable.", errno);
  return {};
}

Result<std::string> generate(const SecretSource& source) {
  std::string secret = random_hex(kGeneratedBytes);
  PB_TRY(write_secret_file(source.name, source.generated_file, secret));
  log::info("made a new secret", {{"name", source.name}, {"file", source.generated_file}});
  return secret;
}

}  // namespace

Result<std::string> load_secret(const SecretSource& source) {
  if (!source.environment_value.empty())
    return check_length(source.environment_value, source, source.environment_name);
  if (!source.file.empty()) {
    PB_ASSIGN(auto secret, read_file(source, source.file));
    if (!secret) return refuse("The file of the " + source.name + ", " + source.file + ", does not exist.");
    return std::move(*secret);
  }
  PB_ASSIGN(auto secret, read_file(source, source.generated_file));
  if (secret) return std::move(*secret);
  if (!source.may_generate)
    return refuse(
        "The " + source.name + " is missing: " + source.generated_file +
        " is gone, but there is data that depends on it. Restore the file from a backup, or give the secret "
        "in " +
        source.environment_name + ".");
  return generate(source);
}

Result<std::optional<std::string>> read_secret_file(const std::string& name, const std::string& path,
                                                    size_t min_bytes) {
  return read_file({.name = name,
                    .environment_name = {},
                    .environment_value = {},
                    .file = path,
                    .generated_file = {},
                    .min_bytes = min_bytes},
                   path);
}

// A temporary file, made durable, then renamed into its place.
Status write_secret_file(const std::string& name, const std::string& path, std::string_view secret) {
  const std::filesystem::path folder =
      std::filesystem::path(path).has_parent_path() ? std::filesystem::path(path).parent_path() : ".";
  const std::string temporary = path + "." + random_hex(6);
  const auto complain = [&](int error_number) {
    ::unlink(temporary.c_str());
    return refuse(
        "The " + name + " cannot be kept in " + path + "; the folder must exist, be writable and have space.",
        error_number);
  };
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.ok()) return complain(errno);
  if (const Status written = write_all(file.get(), std::string(secret) + "\n", path); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (fsync(file.get()) != 0 || !file.close()) return complain(errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return complain(errno);
  return sync_folder(folder.string());
}

}  // namespace patchbay::crypto
