#include "store/folder_lock.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace patchbay::store {
namespace {

std::unexpected<Error> refuse_folder(std::string message, int error_number = 0) {
  if (error_number != 0) message += " (" + std::generic_category().message(error_number) + ")";
  return fail(ErrorCode::kConfiguration, std::move(message));
}

}  // namespace

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FolderLock> FolderLock::take(const std::string& directory) {
  const std::string path = directory + "/patchbay.lock";
  FolderLock lock;
  lock.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.fd_ < 0)
    return refuse_folder(
        "The data folder " + directory + " cannot be written to; check its owner and permissions.", errno);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return refuse_folder("The data folder " + directory + " cannot be locked.", errno);
    char pid[16] = {};
    const ssize_t size = ::pread(lock.fd_, pid, sizeof pid - 1, 0);
    return refuse_folder(
        "The data folder " + directory + " is in use by another Patchbay" +
        (size > 0 ? " (process " + std::string(pid, static_cast<size_t>(size)) + ")" : std::string()) +
        ". Stop that one, or give this one another folder with --data-dir.");
  }
  const std::string pid = std::to_string(getpid());
  // For the message above only; nothing depends on it.
  if (::ftruncate(lock.fd_, 0) == 0) (void)!::pwrite(lock.fd_, pid.data(), pid.size(), 0);
  return lock;
}

}  // namespace patchbay::store
