// `patchbay session export` and `import`: an account moves from one server to another as one encrypted file,
// or is taken over from Baileys. Work on the database of a stopped server. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace patchbay::app {

struct SessionCommand {
  enum class What { kExport, kImport };
  What what = What::kExport;
  std::string data_dir = "data";
  std::string master_key;       // PATCHBAY_MASTER_KEY; empty: the file in the data folder
  std::string passphrase;       // PATCHBAY_BUNDLE_PASSPHRASE; empty: the file below, or asked for
  std::string passphrase_file;  // mode 0600
  std::string instance_id;      // of an instance that exists
  // --- Export ---
  std::string out_file;
  bool keep = false;  // the instance stays as it is here
  // --- Import ---
  std::string bundle_file;
  std::string baileys_folder;  // instead of a bundle
  std::string create_name;     // a new instance instead of instance_id
  std::string owner_email;     // of it
  bool replace = false;        // an instance that is linked already
};

// The exit code; words on standard output, complaints on standard error.
int run(const SessionCommand& command);

// The same without words: for tests. What was said goes to `said`, a line each.
Status export_session(const SessionCommand& command, std::string& said);
Status import_session(const SessionCommand& command, std::string& said);

}  // namespace patchbay::app
