// Takes over a device that Baileys (the npm package, version 6 and 7) has linked, from the files of its
// "multi-file auth state": creds.json and pre-key-<id>.json, JSON with octets as {"type":"Buffer","data":…}.
// What is not taken over, because nothing here keeps it yet, is named. No I/O: files come as text. Pure
// functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "whatsapp/credentials.h"

namespace patchbay::whatsapp {

struct BaileysFile {
  std::string name;  // in the folder, without it
  std::string text;  // may be empty for files that are not wanted
};

struct BaileysImport {
  Credentials credentials;
  // What stays behind, one sentence each, for people.
  std::vector<std::string> dropped;
};

// Whether import_baileys() reads what is in a file of this name; others it only counts.
bool is_wanted_by_import(std::string_view name);

// kValidation names the file and what is wrong with it, without a secret: not Baileys', cut off, never linked
// to a phone, a public key that does not belong to its private one. Each file at most kMaxBaileysFileBytes.
Result<BaileysImport> import_baileys(std::span<const BaileysFile> files);
inline constexpr size_t kMaxBaileysFileBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxBaileysFiles = 200'000;

}  // namespace patchbay::whatsapp
