/**
 * What the scripts of package.json start: makes the checkout ready, then runs a program under the
 * Node of the packages.
 *
 *   node deploy/setup/run.cjs [--for PURPOSE] [PROGRAM ARGUMENT…] [--then PROGRAM ARGUMENT…]
 *
 * PURPOSE says what has to be there first (`start`, `test`, `bench`, …). PROGRAM is a source file, the
 * command of a package, or npm. The scripts `exec` it: the shell between npm and this would not pass
 * a signal on. Nothing here that an old Node cannot read: it has to say that it is old.
 */
"use strict";

var OLDEST = 18;

if (Number(process.versions.node.split(".")[0]) < OLDEST) {
  console.error(
    "\ndigital-sentinel: Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ") is too old: install Node " +
      OLDEST +
      " or newer. It only has to run npm; the Node that runs the programs comes with the packages.\n",
  );
  process.exitCode = 1;
} else {
  void import("./command.mjs").then(function (command) {
    return command.main(process.argv.slice(2));
  });
}
