#include "app/watch_options.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>

namespace patchbay::app {
namespace {

constexpr size_t kMaxCredentialBytes = 16 * 1024;

std::string trimmed(std::string text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.pop_back();
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

}  // namespace

void describe_watch(CLI::App& command, WatchOptions& options) {
  command.add_option("--url", options.url, "address of the server")
      ->envname("PATCHBAY_URL")
      ->capture_default_str();
  command.add_option("--token-file", options.token_file, "file with a login token or an API key");
  command.add_option("--token", options.token,
                     "login token; other users of this machine may see it for a moment: better give "
                     "PATCHBAY_TOKEN or --token-file");
  command.add_option("--api-key", options.api_key,
                     "API key; as --token. It hears of its own instance: name it");
  command.add_option("--instance", options.instances,
                     "id of an instance; repeatable. Without: all of the subscription");
  command.add_flag("--json", options.json, "one JSON object a line instead of a table");
  command.add_option("--ca-file", options.ca_file, "PEM certificates to trust instead of the system's");
  command.add_flag("--insecure", options.insecure,
                   "trust any certificate; whoever sits in between reads the token");
}

bool is_api_key(const std::string& credential) {
  return credential.starts_with("wa_");
}

Result<std::string> read_credential(const WatchOptions& options) {
  const char* const variable = std::getenv("PATCHBAY_TOKEN");
  const std::string environment = variable == nullptr ? "" : variable;
  const int given = !options.token.empty() + !options.api_key.empty() + !options.token_file.empty();
  if (given > 1)
    return fail(ErrorCode::kConfiguration,
                "--token, --token-file and --api-key exclude one another; give one");
  std::string credential = !options.token.empty() ? options.token : options.api_key;
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    std::stringstream text;
    text << file.rdbuf();
    credential = trimmed(text.str());
    if (!file || credential.empty())
      return fail(ErrorCode::kConfiguration, "cannot read a token from '" + options.token_file + "'");
  }
  if (credential.empty()) credential = trimmed(environment);
  if (credential.empty())
    return fail(
        ErrorCode::kConfiguration,
        "a token is needed: set PATCHBAY_TOKEN or give --token-file. POST /api/auth/login answers with one");
  if (credential.size() > kMaxCredentialBytes)
    return fail(ErrorCode::kConfiguration, "the token is longer than any token is; is this the right file?");
  for (const char c : credential)
    if (c <= ' ' || c > '~')
      return fail(ErrorCode::kConfiguration,
                  "the token holds a space, a line end or a character that no token has");
  if (is_api_key(credential) && options.instances.empty())
    return fail(ErrorCode::kConfiguration,
                "an API key hears of its own instance only; name it with --instance");
  return credential;
}

void hide_secrets(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    for (const std::string_view name : {"--token", "--api-key"}) {
      char* const argument = argv[i];
      if (argument == name && i + 1 < argc) {
        std::memset(argv[i + 1], 'x', std::strlen(argv[i + 1]));
      } else if (const size_t size = name.size();
                 std::strncmp(argument, name.data(), size) == 0 && argument[size] == '=') {
        std::memset(argument + size + 1, 'x', std::strlen(argument + size + 1));
      }
    }
  }
}

}  // namespace patchbay::app
