// Changes the master key of a stopped server: the database and the key file together, so that a crash at any
// moment leaves a state that the next start, or a second run, completes or takes back by itself. What decides
// is the database: it knows the key it is encrypted under, and the files hold every key that may be that one.
// Files in the data folder, in order: master.key.old and master.key.new are written (old and new key), the
// database is encrypted anew in one transaction, master.key.new becomes master.key, master.key.old goes.
// One thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "crypto/secret_box.h"
#include "store/master_key.h"

namespace patchbay::app {

struct MasterKeyChange {
  std::string data_dir;
  // PATCHBAY_MASTER_KEY: the key is the operator's and in no file. Empty: it is in the data folder.
  std::string current_key;
  // PATCHBAY_NEW_MASTER_KEY. Empty: a new one is made, which only a key file can take.
  std::string new_key;
};

// The steps one by one, each durable when it returns; rotate_master_key() takes them all. An object that goes
// away before the last leaves what a crash would.
class MasterKeyRotation {
 public:
  // Locks the folder, settles what an earlier run left, and checks both keys. Changes nothing else.
  static Result<MasterKeyRotation> begin(const MasterKeyChange& change);

  // The database is under the new key already: nothing is left to do.
  bool is_done() const { return done_; }
  Status keep_both_keys();
  Result<store::StoppedDatabase::Rekeyed> encrypt_anew();
  Status install_new_key();
  Status forget_old_key();

 private:
  MasterKeyRotation(std::unique_ptr<store::StoppedDatabase> database, std::string folder, std::string old_key,
                    std::string new_key, const crypto::SecretBox& from, const crypto::SecretBox& to,
                    bool in_file)
      : database_(std::move(database)),
        folder_(std::move(folder)),
        old_key_(std::move(old_key)),
        new_key_(std::move(new_key)),
        from_(from),
        to_(to),
        in_file_(in_file) {}

  std::unique_ptr<store::StoppedDatabase> database_;
  std::string folder_;
  std::string old_key_;
  std::string new_key_;
  crypto::SecretBox from_;
  crypto::SecretBox to_;
  bool in_file_;
  bool done_ = false;
};

// At the start of the server, before the key file is read: completes a change of the key that was
// interrupted after the database was encrypted anew, takes back one that was interrupted before. Does
// nothing, and locks nothing, when none was. kConfiguration when no key that is there is the database's.
Status settle_master_key(const std::string& data_dir);

// `patchbay rotate-master-key`: all of it, with words on standard output. The exit code.
int rotate_master_key(const MasterKeyChange& change);

}  // namespace patchbay::app
