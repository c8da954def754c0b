#!/bin/sh
# Settles an update that deploy/install.sh has switched to: starts the new release, waits until its
# services are ready and stay so, and goes back to the release before where they do not. Run by
# sentinel-update.service, so that it ends whatever becomes of the installer or its terminal, and
# again at the next boot where a power cut came between. As root.
#
#   settle.sh [--root DIR]     exit 0: settled, or nothing to settle; 1: gone back, or not ready
set -eu
umask 022

root=
[ "${1:-}" != --root ] || root=${2:?"settle.sh: --root needs a folder"}
here=$(cd "$(dirname "$0")" && pwd)
opt=$root/opt/sentinel
units=$root/etc/systemd/system
. "$here/release.sh"

# How long a service may take until it is ready and has stayed so, and how long it has to stay so:
# longer than the watchdog of the unit (WatchdogSec=), which finds one that stands still.
ready_seconds=${SENTINEL_READY_SECONDS:-120}
settle_seconds=${SENTINEL_SETTLE_SECONDS:-15}

[ -f "$opt/pending" ] || exit 0
release= previous= services=
while IFS='=' read -r name value; do
  case $name in
    release) release=$value ;;
    previous) previous=$value ;;
    services) services=$value ;;
  esac
done <"$opt/pending"

settled() { rm -f "$opt/pending"; sync "$opt"; }
say() { echo "sentinel update: $*"; }

main_pid() { systemctl show -p MainPID --value "$1.service"; }

# Whether the service's process runs from this release.
runs_from() {
  [ "$(readlink "/proc/$(main_pid "$1")/cwd" 2>/dev/null)" = "$root/opt/sentinel/releases/$2" ]
}

# Ready, and ready for as long as it takes, by the same process.
ready() {
  waited=0 stayed=0 pid=
  while [ "$waited" -lt "$ready_seconds" ]; do
    if systemctl is-active --quiet "$1.service" && [ "$(main_pid "$1")" = "${pid:-$(main_pid "$1")}" ]; then
      pid=$(main_pid "$1")
      [ "$stayed" -lt "$settle_seconds" ] || return 0
      stayed=$((stayed + 1))
    else
      stayed=0 pid=
    fi
    waited=$((waited + 1))
    sleep 1
  done
  return 1
}

# "restart" fails or waits where the service does not become ready: what counts is asked below.
start() { timeout "$ready_seconds" systemctl restart "$1.service" || true; }

go_back() {
  # shellcheck disable=SC2086 # one word a service
  switch_to "$previous" $services
  systemctl daemon-reload
  settled
  for service in $services; do
    if runs_from "$service" "$release" || ! systemctl is-active --quiet "$service.service"; then
      start "$service"
    fi
  done
}

for service in $services; do
  [ "$(release_of "$service")" != "$release" ] || continue
  # The installer, or a way back, was cut short among several services.
  if [ -n "$previous" ]; then
    say "the switch to $release was not finished: $previous goes on"
    go_back
    exit 0
  fi
  # shellcheck disable=SC2086
  switch_to "$release" $services
done
point_current_at "$release"
systemctl daemon-reload

failed=
for service in $services; do
  runs_from "$service" "$release" || start "$service"
  ready "$service" || { failed=$service; break; }
  say "$service is ready in $release"
done
if [ -z "$failed" ]; then
  settled
  exit 0
fi

say "$failed was not ready within $ready_seconds s in $release (journalctl -u $failed)"
if [ -z "$previous" ]; then
  say "there is no release to go back to"
  settled
  exit 1
fi
say "going back to $previous"
go_back
exit 1
