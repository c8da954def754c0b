# What install.sh and settle.sh both do with releases; read by them, not run by itself.
#
#   $opt/releases/<version>-<n>   one complete release each, never changed once it has its name
#   $opt/current                  the release of the command line, a link
#   $opt/legacy                   the service file of an installation from before there were releases
#   $opt/pending                  an update that is not settled: release=, previous=, services=
#   $units/<service>.service      names its release by its real folder: its rename is the switch

# Puts a file in place in one step, on the disk before it counts: a power cut leaves the old or the new.
put() {
  put_new=$(dirname "$2")/.$(basename "$2").new
  cp "$1" "$put_new"
  chmod 0644 "$put_new"
  sync "$put_new"
  mv -f "$put_new" "$2"
  sync "$(dirname "$2")"
}

# The release that a service file names: its folder's name, "legacy", or nothing where there is none.
release_of() {
  [ -f "$units/$1.service" ] || return 0
  release_named=$(sed -n 's|^WorkingDirectory=.*/releases/\([^/]*\)$|\1|p' "$units/$1.service")
  echo "${release_named:-legacy}"
}

# Where the service file of a release lies.
service_file() {
  case $1 in
    legacy) echo "$opt/legacy/$2.service" ;;
    *) echo "$opt/releases/$1/services/$2.service" ;;
  esac
}

# The command line's link. An installation from before there were releases has none.
point_current_at() {
  if [ "$1" = legacy ]; then
    rm -f "$opt/current"
  else
    rm -f "$opt/.current.new"
    ln -s "releases/$1" "$opt/.current.new"
    mv -fT "$opt/.current.new" "$opt/current"
  fi
  sync "$opt"
}

# Switches services to a release: each service file in one rename, then the command line.
switch_to() {
  switch_release=$1
  shift
  for switch_service in "$@"; do
    put "$(service_file "$switch_release" "$switch_service")" "$units/$switch_service.service"
  done
  point_current_at "$switch_release"
}
