# Sourced by ./patchbay and scripts/*: where things are, how they speak, how they take turns.
# After this file the working directory is the root of the repository.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$ROOT"

TOOLCHAIN="$ROOT/.cache/toolchain"
LOGS="$ROOT/build/logs"
export PATH="$TOOLCHAIN/node_modules/.bin:$PATH"  # empty unless scripts/setup had to fill it
# Next.js sends nothing home, and does not rewrite panel/package-lock.json.
export NEXT_TELEMETRY_DISABLED=1 NEXT_IGNORE_INCORRECT_LOCKFILE=1

say() { printf '\033[1m==> %s\033[0m\n' "$*" | plain_unless_terminal; }
note() { printf '    %s\n' "$*"; }
die() { printf 'patchbay: %s\n' "$*" >&2; exit 1; }

plain_unless_terminal() { if [[ -t 1 ]]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# take_turns NAME: from here to the end of this process nobody else holds the lock NAME; waits for it.
take_turns() {
  mkdir -p build
  local fd
  exec {fd}>"build/.$1.lock"
  flock --nonblock "$fd" && return
  note "another run is busy with $1; waiting for it"
  flock "$fd"
}
