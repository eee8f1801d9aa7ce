"""The test binaries that cargo builds: imported by ci/tests and ci/feature-sets."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Binary(NamedTuple):
    package: str
    folder: Path
    # As cargo has it: "lib", "bin", "test" or "example".
    kind: str
    name: str
    program: str
    # Its package's manifest names it among those that wait for the clock.
    real_time: bool

    def __str__(self):
        return f"{self.package} {self.kind} {self.name}"

    def run(self, *arguments, niceness=0):
        """What it printed, and whether all of its tests passed."""
        done = subprocess.run(
            ["nice", "-n", str(niceness), self.program, *arguments],
            cwd=self.folder,
            # As cargo does it: some crates look their folder up at run time.
            env=dict(os.environ, CARGO_MANIFEST_DIR=str(self.folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout, done.returncode == 0


def cargo(*arguments):
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def packages():
    """By package ID: its name, its folder, the tests that it says wait for the clock."""
    known = {}
    for package in json.loads(cargo("metadata", "--format-version", "1", "--no-deps", "--locked"))["packages"]:
        waiting = ((package["metadata"] or {}).get("real-time") or {}).get("tests", [])
        there = {target["name"] for target in package["targets"] if "test" in target["kind"]}
        for name in waiting:
            if name not in there:
                sys.exit(f"{package['manifest_path']}: package.metadata.real-time: there is no test {name}")
        known[package["id"]] = (package["name"], Path(package["manifest_path"]).parent, set(waiting))
    return known


def built(*arguments):
    """The binaries that `cargo test ARGUMENTS` would run, built."""
    known, found = packages(), []
    for line in cargo("test", *arguments, "--no-run", "--message-format", "json-render-diagnostics").splitlines():
        message = json.loads(line)
        if message.get("reason") != "compiler-artifact" or not message["profile"]["test"] or not message["executable"]:
            continue
        name, folder, waiting = known[message["package_id"]]
        target = message["target"]
        kind = target["kind"][0]
        real_time = kind == "test" and target["name"] in waiting
        found.append(Binary(name, folder, kind, target["name"], message["executable"], real_time))
    return found
