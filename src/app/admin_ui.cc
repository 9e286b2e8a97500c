#include "app/admin_ui.h"

#include "base/log.h"
#include "crypto/password.h"

namespace patchbay::app {
namespace {

// What is given may be the hash already, so that the password itself is nowhere on the machine.
Result<std::string> hash_of(const std::string& password) {
  if (password.starts_with("$argon2id$")) return password;
  auto hash = crypto::hash_password(password);
  if (!hash)
    return fail(ErrorCode::kConfiguration,
                "PATCHBAY_ADMIN_UI_PASSWORD cannot be used: " + hash.error().message);
  return hash;
}

socketio::AdminVerifier verifier(std::string user, std::string hash, WorkerPool& workers) {
  return [user = std::move(user), hash = std::move(hash), &workers](
             const socketio::AdminCredentials& credentials, socketio::AdminReply reply) {
    // A pool that is full drops the reply, which is a refusal.
    const bool queued = workers.try_post([user, hash, credentials, reply = std::move(reply)]() mutable {
      // The hash first, whatever the name: the time tells nothing.
      const bool password = crypto::verify_password(hash, credentials.password);
      const bool accepted = password && credentials.username == user;
      log::info(accepted ? "login to the Admin UI" : "login to the Admin UI refused");
      reply(accepted);
    });
    if (!queued) log::warning("the workers are too busy for a login to the Admin UI");
  };
}

}  // namespace

Result<std::unique_ptr<socketio::AdminUi>> make_admin_ui(const Config& config, socketio::Server& io,
                                                         WorkerPool& workers) {
  if (!config.admin_ui) return nullptr;
  socketio::AdminOptions options{.read_only = config.admin_ui_read_only};
  if (config.admin_ui_live) options.mode = socketio::AdminMode::kDevelopment;
  if (config.admin_ui_password.empty()) {
    options.no_login = true;
  } else {
    PB_ASSIGN(std::string hash, hash_of(config.admin_ui_password));
    options.verify = verifier(config.admin_ui_user, std::move(hash), workers);
  }
  return std::make_unique<socketio::AdminUi>(io, std::move(options));
}

}  // namespace patchbay::app
