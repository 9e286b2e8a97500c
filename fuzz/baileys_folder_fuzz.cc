// deps: base whatsapp
// Folders that claim to be Baileys': a creds.json and one prekey, separated by a line feed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "whatsapp/baileys_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), input.size());
  const patchbay::whatsapp::BaileysFile files[] = {
      {"creds.json", std::string(input.substr(0, end))},
      {"pre-key-1.json", std::string(input.substr(std::min(end + 1, input.size())))}};
  (void)patchbay::whatsapp::import_baileys(files);
  return 0;
}
