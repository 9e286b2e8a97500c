// Where the server's own secrets come from: a value of the environment, a file of the operator's, or a file
// in the data folder that is made at the first start. Never replaced silently: what depends on a lost secret
// is an error. Start-up only; one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::crypto {

struct SecretSource {
  std::string name;               // for messages: "token secret"
  std::string environment_name;   // for messages: "PATCHBAY_JWT_SECRET"
  std::string environment_value;  // used when not empty
  std::string file;               // of the operator's; used when not empty and the environment gave nothing
  std::string generated_file;     // <data-dir>/…: read, or made
  // Whether a missing generated file may be made. False once data exists that depends on the secret.
  bool may_generate = false;
  size_t min_bytes = 32;
};

// The secret as text without its line end, `min_bytes` to 4,096 bytes. A file must belong to this user (or
// root) and be closed to group and others. A new secret is 64 hexadecimal digits (32 random octets), durable
// before this returns, mode 0600. kConfiguration says which file or variable is wrong and what to do; it
// never quotes contents.
Result<std::string> load_secret(const SecretSource& source);

// One such file, under the same rules; `name` is for messages. Nothing when there is none. Writing replaces
// it whole and durably, or not at all.
Result<std::optional<std::string>> read_secret_file(const std::string& name, const std::string& path,
                                                    size_t min_bytes = 32);
Status write_secret_file(const std::string& name, const std::string& path, std::string_view secret);

}  // namespace patchbay::crypto
