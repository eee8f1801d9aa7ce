#!/usr/bin/env python3
"""UT/1 for the shell of RIOT's `gnrc_networking` on board `native` or `native64`, its radio a socket for ZEP.

    exec = ["python3", "docs/examples/live-stacks/riot.py", "PATH/gnrc_networking.elf"]

RIOT has no link security in this example, so it is never `secured`. Its board has no flash: what `install` stores is stored here and
set anew after each boot.
"""

import hashlib
import os
import re
import shutil
import sys

from ut1_shell import Adapter, Refused, address, lost


class Riot(Adapter):
    COMMANDS = {
        "hello": ("hello", ["nonce"], []),
        "install": ("install", ["role", "channel", "pan_id"], ["ct", "find", "server", "parent", "trigger", "routing"]),
        "start": ("start", [], []),
        "status": ("status", [], []),
        "link": ("link", ["neighbour"], []),
        "counters": ("counters", [], []),
        "ping": ("ping", [], []),
        "echo": ("echo", ["dest"], ["size"]),
        "send": ("send", ["dest", "port", "data"], []),
        "vendor": ("vendor", ["text"], []),
        "reset": ("reset", [], []),
        "factory_reset": ("factory_reset", [], []),
    }

    def __init__(self, program, arguments):
        radio = ["-z", os.environ["BOOTRACK_ZEP"], "--eui64", os.environ["BOOTRACK_EUI64"]]
        super().__init__([program, *arguments, *radio], restarts=lambda line: line.startswith("main(): This is RIOT!"))
        with open(program, "rb") as file:
            self.hash = hashlib.sha256(file.read()).hexdigest()

    def settle(self):
        self.version = re.sub(r"[^!-~]+", "_", self.run("version")[-1])[:80]
        # By the name `6` RIOT means the first interface; a build with more threads counts higher.
        self.interface = self.find(r"^Iface\s+(\d+)\s", self.run("ifconfig"))[1]
        # RIOT waits 0.864 ms for an acknowledgement, which a socket does not hold.
        self.set("-ack_req", "unset option")
        if "channel" in self.site():
            self.start()

    def set(self, what, done):
        self.find(rf"^success: {done}", self.run(f"ifconfig {self.interface} {what}"))

    def heard(self, line):
        # Its process lives on then, deaf.
        if "FAILED ASSERTION." in line or line.startswith("*** RIOT kernel panic"):
            lost(line)
        reply = re.match(r"(\d+) bytes from ([0-9a-f:]+)(?:%\w+)?: icmp_seq=", line)
        if reply:
            self.event("echo_reply", **{"from": address(reply[2]), "size": int(reply[1]) - 8})

    def look(self):
        if self.running and self.global_address is None and (found := self.addresses()[1]) is not None:
            self.global_address = found
            self.event("address", **{"global": found})

    def addresses(self):
        """The link-local and the global address; of one that is tentative nobody speaks."""
        lines = "\n".join(self.run(f"ifconfig {self.interface}"))
        found = re.findall(r"inet6 addr: ([0-9a-f:]+)\s+scope: (\w+)\s+VAL", lines)
        first = lambda scope: next((address(one) for one, of in found if of == scope), None)
        return first("link"), first("global")

    def hello(self, nonce):
        if not re.fullmatch(r"([0-9a-fA-F]{2}){1,32}", nonce):
            raise Refused("argument")
        told = {"nonce": nonce, "protocol": "UT/1", "vendor": "riot", "firmware": "gnrc_networking", "version": self.version}
        return {**told, "hash": self.hash, "eui64": self.eui64, "roles": "6lr", "features": "vendor", "state": self.state()}

    def start(self):
        site = self.site()
        if "channel" not in site:
            raise Refused("state")
        if not self.running:
            self.set(f"set chan {site['channel']}", "set channel")
            self.set(f"set nid {site['pan_id']}", "set network identifier")
            self.running = True

    def status(self):
        link_local, other = self.addresses()
        neighbours = sum("dev #" in line for line in self.run("nib neigh"))
        told = {"state": self.state(), "secured": 0, "all_secured": 0, "neighbours": neighbours}
        return {**told, "link_local": link_local or "-", "global": other or "-"}

    def link(self, neighbour):
        self.may_ask_for(neighbour)
        written = ":".join(re.findall("..", neighbour)).upper()
        return {"known": int(any(written in line.upper() for line in self.run("nib neigh"))), "secured": 0, "lifetime_s": "-"}

    def counters(self):
        lines = self.run(f"ifconfig {self.interface}")
        told = self.find(r"Statistics for Layer 2\n[\s\S]*?RX packets (\d+) [\s\S]*?TX packets (\d+) ", lines)
        return {"received": told[1], "sent": told[2]}

    def ping(self):
        self.run("version")

    def echo(self, dest, size="8"):
        self.may_ping(size)
        # Its shell waits for the reply, or a second.
        self.type(f"ping -c 1 -s {size} -W 1000 {address(dest)}")

    def send(self, dest, port, data):
        self.may_send(port, data)
        self.find(r"^Success: sent", self.run(f"udp send -b [{address(dest)}]:{port} {data}"))

    def vendor(self, text):
        told = super().vendor(text)
        if self.shell.lines and self.shell.lines[0].startswith("shell: command not found"):
            raise Refused("unknown_command")
        return told

    def reset(self):
        return {"after": lambda: self.restart("reboot")}

    def factory_reset(self):
        self.forget()
        return self.reset()


if __name__ == "__main__":
    found = os.path.abspath(shutil.which(sys.argv[1]) or sys.argv[1])
    Riot(found, sys.argv[2:]).serve()
