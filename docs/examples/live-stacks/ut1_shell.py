"""What the adapters of this folder share: UT/1 on standard input and output, and a stack's shell behind pipes.

An adapter answers each request once, within the two seconds that the tester waits. A shell that is not done by then makes the answer
`error code=busy`; what it says later belongs to its own command and to none after it. What the shell says is log. A stack that ends
by itself ends the adapter with status 3, so that the rack loses the board instead of blaming a silent device.
"""

import collections
import ctypes
import ipaddress
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time

PROMPT = "> "
ANSWERS_WITHIN = 1.5  # seconds; the tester waits for 2
RESTARTS_WITHIN = 4.0  # seconds; the tester waits for 5
LOOKS_EVERY = 0.5  # seconds between two looks of an idle adapter at its stack
LOST = 3  # exit status
MAX_LINE = 512  # octets of a line of UT/1, its LF included
MAX_DATA = 160  # octets of a line for the shell


class Refused(Exception):
    """The answer is `error code=` of this."""


def lost(why):
    print(f"the stack is lost: {why}", file=sys.stderr, flush=True)
    sys.exit(LOST)


def encode(text):
    """Text as a value of UT/1: `%` and two hex digits for what may not stand there, `-` for no text."""
    if text in ("", "-"):
        return "-" if text == "" else "%2d"
    return "".join(chr(o) if 0x20 < o < 0x7F and o != 0x25 else f"%{o:02x}" for o in text.encode())


def decode(value):
    """The line for the shell that a value stands for."""
    octets = re.sub(rb"%([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), value.encode())
    if value == "-" or re.search(r"%(?![0-9a-fA-F]{2})", value) or not re.fullmatch(rb"[ -~]{1,%d}" % MAX_DATA, octets):
        raise Refused("argument")
    return octets.decode()


class Shell:
    """A stack's process. `ends(line)` says whether a line ends a command's output; without it the prompt does. `restarts(line)` says
    whether a line tells of a boot, `is_log(line)` whether it belongs to no command. `heard(line)` is called for each line."""

    def __init__(self, command, heard, ends=None, restarts=lambda line: False, is_log=lambda line: False):
        self.ends, self.restarts, self.is_log, self.heard = ends, restarts, is_log, heard
        dies_with_its_adapter = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=os.environ.get("BOOTRACK_STORE") or None,
                preexec_fn=dies_with_its_adapter,
            )
        except OSError as error:
            lost(error)
        self.partial, self.lines, self.command, self.echoed, self.ended = "", [], None, False, False
        self.boots, self.booting, self.quiet = 0, True, False

    def type(self, command):
        self.command, self.lines, self.echoed, self.ended = command, [], False, False
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            lost("it takes no commands any more")

    def is_free(self):
        return self.command is None and not self.booting

    def feed(self):
        octets = os.read(self.process.stdout.fileno(), 65536)
        if not octets:
            lost(f"it has ended with status {self.process.wait()}")
        self.partial += octets.decode(errors="replace")
        while True:
            if self.partial.startswith(PROMPT):
                self.partial = self.partial[len(PROMPT) :]
                self.prompt()
            elif "\n" in self.partial:
                line, self.partial = self.partial.split("\n", 1)
                self.line(re.sub(r"[^\x20-\x7e]", "?", line.rstrip("\r")))
            else:
                return

    def prompt(self):
        if self.booting or (self.ends and not self.ended):
            # The end of a boot. A prompt that no end of a command announced is the first of a stack that has started anew.
            self.boots, self.booting, self.command, self.lines = self.boots + 1, False, None, None
        elif self.echoed or not self.ends:
            self.command = None
        self.ended = False

    def line(self, line):
        if not self.quiet:
            print(f"shell: {line[:1000]}", flush=True)
        self.heard(line)
        if self.restarts(line):
            self.booting, self.command, self.lines = True, None, None
        elif self.command is not None and not self.echoed and line == self.command:
            # What came before the echo of what was typed is none of this command's.
            self.echoed, self.lines, self.ended = True, [], False
        else:
            if self.command is not None and not self.ended and not self.is_log(line):
                self.lines.append(line)
            self.ended = self.ended or bool(self.ends and self.ends(line))


class Adapter:
    """UT/1 for a stack. A stack's own adapter brings `COMMANDS` (name: (method, required keys, further keys)) and `settle()`."""

    COMMANDS = {}

    def __init__(self, command, **shell):
        self.waiting, self.unread, self.booted_at, self.looked_at = collections.deque(), "", time.monotonic(), 0.0
        sys.stdout.reconfigure(encoding="ascii", errors="replace")
        self.eui64 = os.environ["BOOTRACK_EUI64"]
        self.site_file = os.path.join(os.environ.get("BOOTRACK_STORE", "."), "site.json")
        self.global_address, self.until, self.known_boots, self.running = None, 0.0, 0, False
        self.selector = selectors.PollSelector()
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.read_requests)
        self.shell = Shell(command, self.heard, **shell)
        self.selector.register(self.shell.process.stdout, selectors.EVENT_READ, self.shell.feed)

    # What a stack's adapter may replace.
    def settle(self):
        """Brings a stack that has started into the state that its site asks for."""

    def heard(self, line):
        """Looks at a line of the shell, whoever asked for it."""

    def look(self):
        """Looks after the stack while nobody asks for anything."""

    # The shell.
    def pump(self, until):
        """Takes what comes, until some time at most."""
        for key, _ in self.selector.select(max(0.0, until - time.monotonic())):
            key.data()

    def wait(self, done, until):
        while not done():
            if time.monotonic() >= until:
                return False
            self.pump(until)
        return True

    def type(self, line):
        """Starts a command once the shell is free."""
        if not self.wait(self.shell.is_free, self.until):
            raise Refused("busy")
        self.shell.type(line)

    def run(self, line):
        """The lines with which the shell answers a command."""
        self.type(line)
        before = self.shell.boots
        if not self.wait(self.shell.is_free, self.until):
            raise Refused("busy")
        if self.shell.boots != before or self.shell.lines is None:
            raise Refused("restarted")
        return self.shell.lines

    def find(self, pattern, lines):
        """What a pattern finds in a shell's lines; a shell that says something else is not believed."""
        found = re.search(pattern, "\n".join(lines), re.M)
        if not found:
            raise Refused("shell")
        return found

    def restart(self, line):
        """Restarts the stack by its own command, after the answer to the request."""
        self.until = time.monotonic() + RESTARTS_WITHIN
        before = self.shell.boots
        restarted = lambda: self.shell.boots != before
        if not self.wait(lambda: self.shell.is_free() or restarted(), self.until):
            lost(f"it is busy, and takes no `{line}`")
        if not restarted():
            self.shell.type(line)
        if not self.wait(restarted, self.until):
            lost(f"`{line}` does not restart it")

    # UT/1.
    def event(self, name, **arguments):
        milliseconds = int((time.monotonic() - self.booted_at) * 1000)
        self.say(f"! {name} t={milliseconds}", arguments)

    def say(self, head, arguments):
        print(head, *(f"{key}={value}" for key, value in arguments.items()), flush=True)

    def read_requests(self):
        octets = os.read(sys.stdin.fileno(), 65536)
        if not octets:
            self.shell.process.kill()
            sys.exit(0)
        *lines, self.unread = (self.unread + octets.decode(errors="replace")).split("\n")
        self.waiting.extend(line.rstrip("\r") for line in lines)

    def answer(self, line):
        number = re.match(r"> (0|[1-9][0-9]{0,9})(?= |$)", line)
        if not number or int(number[1]) >= 2**32:
            return
        self.until, after = time.monotonic() + ANSWERS_WITHIN, None
        try:
            name, arguments = self.parse(line[number.end():])
            if name not in self.COMMANDS:
                return self.say(f"< {number[1]} unimplemented", {})
            method, required, further = self.COMMANDS[name]
            if not set(required) <= set(arguments) <= set(required) | set(further):
                raise Refused("argument")
            told = getattr(self, method)(**arguments) or {}
            after = told.pop("after", None)
            self.say(f"< {number[1]} ok", told)
        except Refused as refused:
            self.say(f"< {number[1]} error code={refused}", {})
        if after:
            after()

    def parse(self, rest):
        found = re.fullmatch(r" ([a-z0-9_]+)((?: [a-z0-9_]+=[!-~]+)*)", rest)
        words = [word.split("=", 1) for word in found[2].split()] if found else []
        if not found or len(rest) + 12 >= MAX_LINE or len({key for key, _ in words}) != len(words):
            raise Refused("argument")
        return found[1], dict(words)

    def serve(self):
        self.until = time.monotonic() + RESTARTS_WITHIN
        if not self.wait(self.shell.is_free, self.until):
            lost("it shows no prompt")
        while True:
            if self.shell.boots != self.known_boots and not self.shell.booting:
                self.known_boots, self.booted_at, self.global_address = self.shell.boots, time.monotonic(), None
                self.running = False
                self.until = time.monotonic() + RESTARTS_WITHIN
                try:
                    self.settle()
                    state = self.state()
                except Refused as refused:
                    lost(f"it does not take its settings: {refused}")
                self.event("booted", state=state)
            elif self.waiting:
                self.answer(self.waiting.popleft())
            elif self.shell.command is None and time.monotonic() >= self.looked_at + LOOKS_EVERY:
                self.looked_at = time.monotonic()
                self.until, self.shell.quiet = self.looked_at + ANSWERS_WITHIN, True
                try:
                    self.look()
                except Refused:
                    pass  # there will be another look
                self.shell.quiet = False
            else:
                self.pump(self.looked_at + LOOKS_EVERY if self.shell.command is None else time.monotonic() + LOOKS_EVERY)

    # Commands that are the same for every stack.
    def site(self):
        try:
            with open(self.site_file, encoding="ascii") as file:
                return json.load(file)
        except OSError:
            return {}

    def store(self, **more):
        with open(self.site_file + ".new", "w", encoding="ascii") as file:
            json.dump({**self.site(), **more}, file)
        os.replace(self.site_file + ".new", self.site_file)

    def forget(self):
        if os.path.exists(self.site_file):
            os.remove(self.site_file)

    def state(self):
        return "installed" if "channel" in self.site() else "factory"

    def vendor(self, text):
        lines = self.run(decode(text))
        fits = lines[:]
        while len(encode("\n".join(fits))) > 440:
            fits.pop()
        return {"lines": len(lines), "text": encode("\n".join(fits))}

    def install(self, role, channel, pan_id, trigger="boot", **_):
        taken = {"role": ("6lr", "6lbr"), "trigger": ("boot", "selection"), "channel": [str(number) for number in range(11, 27)]}
        is_known = role in taken["role"] and trigger in taken["trigger"] and channel in taken["channel"]
        if not is_known or not re.fullmatch(r"0x(?!f{4}$)[0-9a-f]{4}", pan_id):
            raise Refused("argument")
        if self.running:
            raise Refused("state")
        self.store(channel=int(channel), pan_id=pan_id, trigger=trigger)

    def may_ping(self, size):
        """Refuses an echo request that no stack is asked for: its stack is not up, or its size is none."""
        self.must_run()
        if not size.isdigit() or int(size) > 1024:
            raise Refused("argument")

    def may_send(self, port, data):
        """Refuses a datagram as `may_ping` does: 1 to 160 octets in hex digits, to a port."""
        self.must_run()
        if not re.fullmatch(r"([0-9a-fA-F]{2}){1,160}", data) or not port.isdigit() or not 0 < int(port) < 65536:
            raise Refused("argument")

    def may_ask_for(self, neighbour):
        """Refuses what is no EUI-64."""
        if not re.fullmatch(r"[0-9a-fA-F]{16}", neighbour):
            raise Refused("argument")

    def must_run(self):
        if not self.running:
            raise Refused("state")


def address(text):
    """An address as UT/1 writes it."""
    try:
        return str(ipaddress.IPv6Address(text.split("%")[0]))
    except ValueError:
        raise Refused("argument") from None
