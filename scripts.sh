#!/usr/bin/env bash
# Runs a command of camadas from any folder: ./scripts.sh <command> [flags].
# A machine that has no Node 24, or a clone that has no packages, is given them first.
set -euo pipefail

node_major_min=24
node_major_fetching_min=20 # What npm 10 and 11, which fetch Node 24, need themselves.

here=${BASH_SOURCE[0]}
while [ -L "$here" ]; do # macOS before 12.3 has no `readlink -f`.
  target=$(readlink "$here")
  case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
root=$(cd -P -- "$(dirname "$here")" >/dev/null && pwd)
fetched_node=$root/.camadas/node/node_modules/node/bin
stamp=$root/node_modules/.made-from-package-lock.json # npm ci begins by deleting it.
lock=$root/.camadas/install.lock                      # A symbolic link to the owner's process id.
lock_waits_max=3000                                   # Of 0.2 s: ten minutes.

say() { printf 'camadas: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

node_major() { # 0 where there is none; `node --version` says v24.1.0.
  local version
  version=$(node --version 2>/dev/null) || version=v0
  version=${version#v}
  printf '%s\n' "${version%%.*}"
}
has_node() { [ "$(node_major)" -ge "$node_major_min" ]; }
has_packages() { cmp -s "$root/package-lock.json" "$stamp"; }

use_fetched_node() {
  if ! has_node && [ -x "$fetched_node/node" ]; then PATH=$fetched_node:$PATH; fi
}

# macOS has no flock, but making a symbolic link is atomic everywhere and carries its owner.
is_alive() { [ -d "/proc/$1" ] || ps -p "$1" >/dev/null 2>&1; }
owner_is_dead() {
  local owner
  owner=$(readlink "$lock") && ! is_alive "$owner"
}
take_lock() {
  local waits=0
  mkdir -p "$root/.camadas"
  until ln -s "$$" "$lock" 2>/dev/null; do
    # One waiter at a time may remove a dead owner's lock, and looks again: it may be a new one.
    if owner_is_dead && mkdir "$lock.breaking" 2>/dev/null; then
      ! owner_is_dead || rm -f "$lock"
      rmdir "$lock.breaking"
    fi
    waits=$((waits + 1))
    [ "$waits" -le "$lock_waits_max" ] || fail "another installation has not ended: see $lock, and delete $lock*"
    sleep 0.2
  done
  trap 'rm -f "$lock"' EXIT
}
release_lock() {
  rm -f "$lock"
  trap - EXIT
}

fetch_node() {
  if [ "$(node_major)" -lt "$node_major_fetching_min" ] || ! command -v npm >/dev/null; then
    fail "Node.js $node_major_min is needed (or $node_major_fetching_min with npm, to fetch it): install it from https://nodejs.org and run this again."
  fi
  say "fetching Node.js $node_major_min into .camadas/node (once)"
  npm install --prefix "$root/.camadas/node" --no-save --ignore-scripts --no-audit --no-fund \
    --loglevel=error "node@$node_major_min" >/dev/null
  # The package's install script fetches the program for this machine. npm may be set not to run
  # such scripts, so this one, and no other, is run by name.
  (cd "$root/.camadas/node/node_modules/node" &&
    npm_config_audit=false npm_config_fund=false npm_config_loglevel=error \
      node installArchSpecificPackage >/dev/null)
  use_fetched_node
  has_node || fail "the Node.js fetched into .camadas/node does not run here: install Node.js $node_major_min from https://nodejs.org."
}

install_packages() {
  command -v npm >/dev/null || fail "npm is missing, which comes with Node.js: install it and run this again."
  say "installing packages from package-lock.json"
  # Development packages too, whatever NODE_ENV says: tests and checks are commands like any other.
  local flags=(--include=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
  # `npm ci` refuses a lock without the optional packages of every other system, which is how npm
  # writes it where the registry lacks some. `npm install` keeps to the same versions and hashes.
  (cd "$root" && { npm ci "${flags[@]}" >/dev/null 2>&1 || npm install --no-save "${flags[@]}" >/dev/null; })
  cp "$root/package-lock.json" "$stamp"
}

use_fetched_node
if ! has_node || ! has_packages; then
  take_lock
  use_fetched_node # Whoever held the lock before may have done all of it.
  has_node || fetch_node
  has_packages || install_packages
  release_lock
fi
export PATH
exec node "$root/bin/cli.ts" "$@"
