// Keeps a second Patchbay out of a data folder. Internal to the module. Belongs to one thread.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace patchbay::store {

// Holds the folder for this process, until it ends, however it ends.
class FolderLock {
 public:
  // kConfiguration names the process that holds it.
  static Result<FolderLock> take(const std::string& directory);

  FolderLock() = default;
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FolderLock();

 private:
  int fd_ = -1;
};

}  // namespace patchbay::store
