/** What a journey does inside the machine, as one script for /bin/sh. */

export interface Parts {
  /** The installation page's commands, one a line. */
  commands: string;
  keys: string;
  /** What the unit must say of its clock. */
  clockTrusted: boolean;
}

/** A unit whose camera is ffmpeg with a picture of its own making: there is no /dev/video here. */
const UNIT = `unitId: clinic-east-1
district: fengxian
devices:
  camera:
    source: command
    command: /usr/bin/ffmpeg
    args: ["-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=640x480:rate=5", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    width: 640
    height: 480
`;

const HEAD = `
export LC_ALL=C
cd /
step() {
  name=$1 began=$(date +%s); shift
  echo "==== $name" >>/journey/log
  "$@" >>/journey/log 2>&1; code=$?
  printf '%s\\t%s\\t%s\\n' "$code" "$(($(date +%s) - began))" "$name" >>/journey/out
  return $code
}
need() { step "$@" || { journalctl -u sentinel -u sentinel-update -u sentinel-collect -u sentinel-publish --no-pager >/journey/journal; exit 1; }; }
pi() { nsenter --net=/journey-network runuser -l pi -c "cd digital-sentinel && $1"; }
property() { systemctl show "\${2:-sentinel}" -p "$1" --value; }
get() { /opt/sentinel/current/bin/node -e "fetch('http://127.0.0.1:8080/$1').then(async (r) => console.log(await r.text()), (e) => { console.error(e); process.exit(1); })"; }
is_ready() { [ "$(property ActiveState)" = active ] && [ "$(property NRestarts)" = 0 ]; }
refuses() { ! pi "$1"; }
is_active() { [ "$(property ActiveState)" = active ] && [ "$(property SubState)" = running ]; }
runs_as() { [ "$(ps -o user= -p "$(property MainPID)")" = sentinel ] && grep -q '^Seccomp:[^0-9]*2' "/proc/$(property MainPID)/status"; }
clock_says() { get metrics | grep -q "^sentinel_clock_trusted[^ ]* $1$"; }
camera_works() { for try in $(seq 60); do get readyz | grep -q '"device/code-reader","ok":true' && return 0; sleep 1; done; get readyz; return 1; }
modules_load() (cd /opt/sentinel/current && runuser -u sentinel -- bin/node -e 'require("epoll"); require("i2c-bus"); require("onoff")')
is_up() { systemctl is-active --quiet "$1" && [ "$(property NRestarts "$1")" = 0 ]; }
far_end_stays() { for second in $(seq 15); do sleep 1; is_up sentinel-collect && is_up sentinel-publish || return 1; done; ls -l /var/lib/sentinel-collect/collector.key.json.units.yaml; }
release() { basename "$(readlink "/proc/$(property MainPID)/cwd")"; }
`;

/** How doctor ends where devices are missing; what it must not find is asked for beside. */
const DOCTOR = `
doctor() {
  pi "sudo -u sentinel sentinel doctor --json" >/journey/doctor; [ $? -le 1 ] || return 1
  cat /journey/doctor
  for what in policy "district key" disk program service "service user" "built modules"; do
    grep -q "\\"what\\":\\"$what\\",\\"state\\":\\"ok\\"" /journey/doctor || { echo "not ok: $what"; return 1; }
  done
}
`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** One command of the installation page, as its reader runs it. */
function stepOf(line: string): string {
  const command = line.replace(/\s+#.*$/, "").trim();
  const run = command.includes("sentinel doctor") ? "doctor" : `pi ${quoted(command)}`;
  return `need ${quoted(command)} ${run}`;
}

const WITH_EXAMPLES = (trusted: boolean): string => `
need "ready, with the example file and no device" is_ready
need "runs as user sentinel under filters" runs_as
need "says of the clock what the kernel says" clock_says ${trusted ? 1 : 0}
cat >/etc/sentinel/unit.yaml <<'END'
${UNIT}END
groupdel gpio; groupdel i2c
need "starts without the groups gpio and i2c" systemctl restart sentinel
need "ready, without these groups" is_ready
need "ffmpeg gives pictures under the filters" camera_works
before=$(release)
echo "// another" >>/home/pi/digital-sentinel/src/main.ts
`;

const AFTER_UPDATE = `
need "the update runs, in a release of its own" sh -c '[ "$1" != "$2" ]' - "$before" "$(release)"
need "ready after the update" is_ready
need "the update's modules of lines and bus load" modules_load
`;

/** An update to a program that ends at its start: the installer says no, what ran runs on. */
const BAD_UPDATE = `
before=$(release)
main=/home/pi/digital-sentinel/dist/unit/src/main.js
cp -p "$main" /journey/main.js
echo "process.exit(3);" >>"$main"
mkdir -p /etc/systemd/system/sentinel-update.service.d
printf '[Service]\\nEnvironment=SENTINEL_READY_SECONDS=40\\n' >/etc/systemd/system/sentinel-update.service.d/sooner.conf
need "an update to a program that does not start is refused" refuses "sudo deploy/install.sh"
need "the release before it runs" sh -c '[ "$1" = "$2" ]' - "$before" "$(release)"
need "ready after the way back" is_active
need "is what the command line names" sh -c 'sentinel --version | grep -F "$1"' - "$before"
cp -p /journey/main.js "$main"
`;

/** As install.sh says at its end: certificates of docs/operators/keys.md, and where the broker is. */
const FAR_END_SETTINGS = `
cat >/etc/sentinel/far-end.env <<'END'
SENTINEL_BROKER=mqtts://localhost:8883
SENTINEL_DISTRICT=fengxian
END
for name in ca collector collector-key operator operator-key; do
  install -m 0600 "/home/pi/sentinel-ca/$name.pem" /etc/sentinel/
done
`;

/** The whole script: the page's blocks, with what its reader does and sees between them. */
export function scriptOf({ commands, keys, clockTrusted }: Parts): string {
  const lines = commands.split("\n").filter((line) => line.trim() !== "");
  const start = lines.findIndex((line) => line.includes("sentinel doctor"));
  const update = lines.findIndex((line, index) => index > start && line.includes("build:unit"));
  const farEnd = lines.findIndex((line) => line.includes("--far-end"));
  const started = lines.findIndex((line) => line.includes("sentinel-collect"));
  if (start < 0 || update < 0 || farEnd < 0 || started < farEnd) {
    throw new Error("the installation page has no doctor, update, far end or start of it");
  }
  const steps = (from: number, to?: number): string[] => lines.slice(from, to).map(stepOf);
  return [
    HEAD,
    DOCTOR,
    `cat >/journey/keys.sh <<'END_OF_KEYS'\n${keys}END_OF_KEYS`,
    "chmod 0755 /journey /journey/keys.sh",
    ...steps(0, start),
    `need "the modules of lines and bus load" modules_load`,
    `need "the keys of docs/operators/keys.md" runuser -l pi -c "sh -eu /journey/keys.sh"`,
    ...steps(start, update),
    WITH_EXAMPLES(clockTrusted),
    ...steps(update, farEnd),
    AFTER_UPDATE,
    BAD_UPDATE,
    ...steps(farEnd, started),
    FAR_END_SETTINGS,
    ...steps(started, started + 1),
    `need "collector and publisher stay up under systemd" far_end_stays`,
    `need "and the unit beside them" is_active`,
    ...steps(started + 1),
    `need "configuration and keys are left, and nothing else" sh -c '[ -f /etc/sentinel/district.key ] && [ ! -e /opt/sentinel ] && [ ! -e /usr/local/bin/sentinel ]'`,
    `need "the end" true`,
  ].join("\n");
}
