#!/usr/bin/env python3
"""UT/1 for OpenThread's command line (`ot-cli-ftd` of its simulation, or of a dongle behind a program that speaks with it).

    exec = ["python3", "docs/examples/live-stacks/openthread.py", "PATH/ot-cli-ftd", "1"]

A Thread device knows nothing of the selective order. What its command line has is mapped: `install` and `provision` make the active
dataset, `join` attaches. `secured` says that the device has a role in a Thread network.
"""

import hashlib
import os
import re
import shutil
import sys

from ut1_shell import Adapter, Refused, address

ATTACHED = ("child", "router", "leader")


class OpenThread(Adapter):
    COMMANDS = {
        "hello": ("hello", ["nonce"], []),
        "install": ("install", ["role", "channel", "pan_id"], ["ct", "find", "server", "parent", "trigger", "routing"]),
        "provision": ("provision", ["key", "index", "level"], []),
        "start": ("start", [], []),
        "join": ("join", [], []),
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

    def __init__(self, command):
        ends = lambda line: re.fullmatch(r"Done|Error \d+: \w+", line)
        super().__init__(command, ends=ends, is_log=lambda line: re.match(r"(\S+ )?\[[CWNID-]\] ", line))
        with open(command[0], "rb") as file:
            self.hash = hashlib.sha256(file.read()).hexdigest()

    def run(self, line):
        *lines, end = super().run(line)
        if end != "Done":
            # UT/1 has words of its own for some of OpenThread's errors.
            name = end.split(": ")[1].lower()
            raise Refused({"invalidargs": "argument", "invalidstate": "state"}.get(name, name))
        return lines

    def settle(self):
        self.bound, self.told_role = None, "disabled"
        self.version = re.sub(r"[^!-~]+", "_", self.run("version")[0])[:80]
        self.run(f"extaddr {self.eui64}")
        self.run("udp linksecurity disable")
        site = self.site()
        if "channel" in site:
            self.start()
            if "key" in site and site["trigger"] == "boot" and self.role() == "disabled":
                self.join()

    def heard(self, line):
        reply = re.match(r"(\d+) bytes from ([0-9a-f:]+): icmp_seq=", line)
        datagram = re.match(r"(\d+) bytes from ([0-9a-f:]+) (\d+) (.*)", line)
        if reply:
            self.event("echo_reply", **{"from": address(reply[2]), "size": int(reply[1]) - 8})
        elif datagram:
            data = datagram[4].encode()[:160].hex() or "-"
            self.event("received", **{"from": address(datagram[2]), "port": datagram[3], "size": datagram[1], "data": data})

    def look(self):
        if self.running and (role := self.role()) != self.told_role:
            was, self.told_role = self.told_role, role
            if role in ATTACHED and was not in ATTACHED:
                self.event("address", **{"global": self.mesh_local()})
                self.event("keyed", index=1, level=5)

    def role(self):
        return self.find(r"^(disabled|detached|child|router|leader)$", self.run("state"))[1]

    def mesh_local(self):
        return address(self.find(r"^[0-9a-f:]+$", self.run("ipaddr mleid"))[0])

    def hello(self, nonce):
        if not re.fullmatch(r"([0-9a-fA-F]{2}){1,32}", nonce):
            raise Refused("argument")
        told = {"nonce": nonce, "protocol": "UT/1", "vendor": "openthread", "firmware": "ot-cli", "version": self.version}
        return {**told, "hash": self.hash, "eui64": self.eui64, "roles": "router", "features": "vendor", "state": self.state()}

    def state(self):
        role = self.role()
        return "secured" if role in ATTACHED else "joining" if role == "detached" else super().state()

    def provision(self, key, index, level):
        if not re.fullmatch(r"[0-9a-fA-F]{32}", key) or (index, level) != ("1", "5"):
            raise Refused("argument")  # Thread has one key index and one level at this place
        if "channel" not in self.site() or self.role() in ATTACHED:
            raise Refused("state")
        self.store(key=key)

    def start(self):
        site = self.site()
        if "channel" not in site:
            raise Refused("state")
        if not self.running:
            for line in (f"channel {site['channel']}", f"panid {site['pan_id']}", "ifconfig up"):
                self.run(line)
            self.running = True

    def join(self):
        site = self.site()
        if not self.running or "key" not in site or self.role() != "disabled":
            raise Refused("state")
        pan_id = int(site["pan_id"], 16)
        dataset = ["clear", "activetimestamp 1", f"channel {site['channel']}", f"panid {site['pan_id']}", f"networkkey {site['key']}"]
        # A device that hands its network out to a joiner needs these three too.
        dataset += [f"pskc {site['key']}", "channelmask 0x07fff800", "securitypolicy 672 onrc"]
        dataset += [f"extpanid b007b007b007{pan_id:04x}", f"networkname bootrack-{pan_id:04x}", f"meshlocalprefix fd00:{pan_id:x}:0:1::"]
        if not site.get("committed"):
            for part in [*dataset, "commit active"]:
                self.run(f"dataset {part}")
            self.store(committed=True)
        self.run("thread start")

    def status(self):
        role, neighbours = self.role(), len(re.findall(r"0x[0-9a-f]{4}", " ".join(self.run("neighbor list"))))
        link_local = address(self.find(r"^[0-9a-f:]+$", self.run("ipaddr linklocal"))[0])
        told = {"state": self.state(), "secured": int(role in ATTACHED), "all_secured": 0, "role": role, "neighbours": neighbours}
        return {**told, "link_local": link_local, "global": self.mesh_local() if role in ATTACHED else "-"}

    def link(self, neighbour):
        self.may_ask_for(neighbour)
        known = int(any(neighbour.lower() in line for line in self.run("neighbor table")))
        return {"known": known, "secured": known, "lifetime_s": "-"}

    def counters(self):
        lines = self.run("counters mac")
        names = {"sent": "TxTotal", "received": "RxTotal", "no_ack": "TxDirectMaxRetryExpiry", "channel_busy": "TxErrCca"}
        names |= {"dropped_duplicate": "RxDuplicated", "refused_mic": "RxErrSec"}
        return {key: self.find(rf"^ *{name}: (\d+)$", lines)[1] for key, name in names.items()}

    def ping(self):
        self.run("state")

    def echo(self, dest, size="8"):
        self.may_ping(size)
        self.run(f"ping async {address(dest)} {size} 1")

    def send(self, dest, port, data):
        self.may_send(port, data)
        if self.bound != port:
            # One socket; what comes to it is told. Plain datagrams to its port are let in.
            closing = ["udp close"] if self.bound else []
            for line in [*closing, "udp open", f"udp bind :: {port}", f"unsecureport add {port}"]:
                self.run(line)
            self.bound = port
        self.run(f"udp send {address(dest)} {port} -x {data}")

    def reset(self):
        return {"after": lambda: self.restart("reset")}

    def factory_reset(self):
        self.forget()
        return {"after": lambda: self.restart("factoryreset")}


if __name__ == "__main__":
    program = shutil.which(sys.argv[1]) or sys.argv[1]
    OpenThread([os.path.abspath(program), *sys.argv[2:]]).serve()
