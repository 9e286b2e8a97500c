#include "app/offline_options.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

namespace patchbay::app {
namespace {

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void add_data_dir(CLI::App& command, std::string& target) {
  command.add_option("--data-dir", target, "folder of the database; its server must be stopped")
      ->envname("PATCHBAY_DATA_DIR")
      ->capture_default_str();
}

void add_passphrase_file(CLI::App& command, std::string& target) {
  command.add_option(
      "--passphrase-file", target,
      "file with the passphrase, mode 600; otherwise PATCHBAY_BUNDLE_PASSPHRASE, or it is asked "
      "for");
}

}  // namespace

void describe_offline_commands(CLI::App& app, OfflineCommand& command) {
  // CLI11 writes into these while it parses; they live as long as its callbacks.
  auto change = std::make_shared<MasterKeyChange>();
  change->data_dir = "data";
  CLI::App* const rotate = app.add_subcommand(
      "rotate-master-key", "encrypt the secrets of a stopped server under a new master key");
  rotate->footer("The new key comes from PATCHBAY_NEW_MASTER_KEY; without it, one is made.");
  add_data_dir(*rotate, change->data_dir);
  rotate->callback([change, &command] { command = *change; });

  CLI::App* const session = app.add_subcommand("session", "move linked accounts between servers");
  session->require_subcommand(1);

  auto leaving = std::make_shared<SessionCommand>();
  leaving->what = SessionCommand::What::kExport;
  CLI::App* const out = session->add_subcommand("export", "write an account to an encrypted file");
  add_data_dir(*out, leaving->data_dir);
  add_passphrase_file(*out, leaving->passphrase_file);
  out->add_option("--instance", leaving->instance_id, "id of the instance")->required();
  out->add_option("--out", leaving->out_file, "the file, which must not exist")->required();
  out->add_flag("--keep", leaving->keep, "do not disconnect the instance here");
  out->callback([leaving, &command] { command = *leaving; });

  auto arriving = std::make_shared<SessionCommand>();
  arriving->what = SessionCommand::What::kImport;
  CLI::App* const in = session->add_subcommand("import", "read an account from such a file, or from Baileys");
  add_data_dir(*in, arriving->data_dir);
  add_passphrase_file(*in, arriving->passphrase_file);
  CLI::Option* const bundle = in->add_option("file", arriving->bundle_file, "written by session export");
  CLI::Option* const baileys = in->add_option(
      "--baileys", arriving->baileys_folder, "folder of Baileys' useMultiFileAuthState(), instead of a file");
  bundle->excludes(baileys);
  CLI::Option* const instance =
      in->add_option("--instance", arriving->instance_id, "id of the instance to import into");
  CLI::Option* const create =
      in->add_option("--create", arriving->create_name, "make a new instance of this name");
  CLI::Option* const owner =
      in->add_option("--owner", arriving->owner_email, "email address of the user who owns the new instance");
  create->excludes(instance)->needs(owner);
  owner->needs(create);
  in->add_flag("--replace", arriving->replace, "replace the link that the instance has");
  in->callback([arriving, bundle, baileys, instance, create, &command] {
    if (bundle->count() + baileys->count() == 0)
      throw CLI::RequiredError("a file that session export has written, or --baileys FOLDER,");
    if (instance->count() + create->count() == 0)
      throw CLI::RequiredError("--instance ID, or --create NAME with --owner EMAIL,");
    command = *arriving;
  });
}

int run(OfflineCommand command) {
  if (auto* const change = std::get_if<MasterKeyChange>(&command)) {
    change->current_key = from_environment("PATCHBAY_MASTER_KEY");
    change->new_key = from_environment("PATCHBAY_NEW_MASTER_KEY");
    return rotate_master_key(*change);
  }
  if (auto* const session = std::get_if<SessionCommand>(&command)) {
    session->master_key = from_environment("PATCHBAY_MASTER_KEY");
    session->passphrase = from_environment("PATCHBAY_BUNDLE_PASSPHRASE");
    return run(*session);
  }
  return 2;
}

}  // namespace patchbay::app
