#!/bin/sh
# `npm start` and `npm test` of the last commit on the machines people have: Debian without a compiler,
# with its own Node and npm, or with another npm. By hand, as root; takes minutes and 2 GB in TMPDIR.
#
#   tests/journey/two-commands.sh                        both releases, Debian's own npm
#   tests/journey/two-commands.sh trixie 11              one release, npm 11 in place of its own
#   tests/journey/two-commands.sh trixie own FILE…       and these test files (`all`: the whole of npm test)
#
# Needs mmdebstrap. Packages come as they come to this machine: its certificates and ~/.npmrc are lent.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "two-commands: run it as root" >&2; exit 2; }
command -v mmdebstrap >/dev/null || { echo "two-commands: apt-get install mmdebstrap" >&2; exit 2; }
if [ $# = 0 ]; then
  "$0" bookworm && "$0" trixie
  exit
fi
release=$1
npm=${2:-own}
shift "$(($# < 2 ? $# : 2))"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/two-commands-XXXXXX")
machine=$work/machine
leave() {
  trap - EXIT INT TERM
  # Nothing of the real machine may be reached any more when the folder goes.
  for mounted in dev proc; do
    # What is just being ended may still hold a terminal: out of the way at once, freed when it lets go.
    ! grep -q " $machine/$mounted" /proc/mounts || umount --recursive --lazy "$machine/$mounted"
  done
  grep -q " $machine/" /proc/mounts || rm -rf --one-file-system "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM

step() { echo "== $release, npm $npm: $*"; }
within() { chroot "$machine" "$@"; }

step "a minimal Debian with nodejs, npm and git"
mmdebstrap --quiet --variant=minbase --include=nodejs,npm,git,ca-certificates "$release" "$machine"
for tool in make gcc g++; do
  ! within sh -c "command -v $tool" || { echo "two-commands: $tool is there" >&2; exit 1; }
done
mount -t proc proc "$machine/proc"
mount --rbind /dev "$machine/dev"
mount --make-rslave "$machine/dev"
cp /etc/resolv.conf /etc/hosts "$machine/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$machine/etc/ssl/certs/"
within useradd --create-home visitor
for home in /root /home/visitor; do
  [ ! -f "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$machine$home/.npmrc"
done
git -c safe.directory='*' clone --quiet "$here" "$machine/home/visitor/checkout"
within chown -R visitor: /home/visitor
as() {
  user=$1
  shift
  within su - "$user" -c "cd /home/visitor/checkout && export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt && $*"
}
[ "$npm" = own ] || as root "cd / && npm install --global --silent npm@$npm"
step "Node $(as visitor node --version), npm $(as visitor npm --version)"

step "npm start, as a user without rights"
cat >"$machine/tmp/start.sh" <<'END'
npm start >/tmp/start.log 2>&1 &
command=$!
while ! grep -q 'http://' /tmp/start.log; do
  kill -0 "$command" 2>/dev/null || { cat /tmp/start.log; exit 1; }
  sleep 1
done
url=$(grep -o 'http://[^ ]*' /tmp/start.log)
node -e 'fetch(process.argv[1]).then(async (answer) => {
  const page = await answer.text();
  if (answer.status !== 200 || !page.includes("<!doctype html>")) throw new Error(`${answer.status}: ${page}`);
})' "$url" || exit 1
kill "$command"
wait "$command"
# Nothing may be left of it a moment later.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  node -e 'fetch(process.argv[1]).then(() => process.exit(1), () => process.exit(0))' "$url" && exit
  sleep 1
done
echo "two-commands: $url still answers after npm start was ended"
exit 1
END
as visitor sh /tmp/start.sh
step "npm start served its page and ended after $(($(date +%s) - $(stat -c %Y "$machine/tmp/start.sh"))) s"

[ $# -gt 0 ] || exit 0
step "npm test names what Debian has to bring"
as visitor npm test 2>&1 | grep "As root: apt-get update && apt-get install "
step "root installs it"
as root node deploy/setup/run.cjs --for test
if [ "$*" = all ]; then
  step "npm test"
  as visitor npm test
else
  step "npm run check, and $*"
  as visitor "npm run check && npm run suite -- $*"
fi
step "done"
