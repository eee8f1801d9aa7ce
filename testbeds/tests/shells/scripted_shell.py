"""A stack's shell that says what a real one said: it replays a recorded session, whose lines are

    > COMMAND       what was typed
    < "TEXT"        what came, as a JSON string, in one piece
    ~ MILLISECONDS  a pause before the next piece
    ! STATUS        the stack ended

A command gets the next answer if it is the next one of the session, else its latest one: an adapter may look after its stack more often, or less,
than the recorded one did. `SHELL_HOW` is a list with commas of what is made worse: `split` (an octet at a time), `late` (pauses, also within a line), `log` (other
lines in between), `wrong` (octets that are no text, and the end of a command that nobody typed). `SHELL_ENDS` is a command at which it ends, with `SHELL_STATUS`, or hangs after it has said `SHELL_PANICS`.
"""

import json
import os
import sys
import time

how = os.environ.get("SHELL_HOW", "").split(",")
stack = os.path.basename(sys.argv[1]).split(".")[0]
LOG = {"openthread": "[N] Mle-----------: Role detached -> leader\r\n", "riot": "gnrc_netif: something else happened\n"}
LOOKS = ("state", "ipaddr mleid", "ifconfig 6")
STRAY = {"openthread": "Done\r\n> ", "riot": "\n"}

blocks = [(None, [])]
with open(sys.argv[1], encoding="ascii") as file:
    for line in file:
        kind, text = line.rstrip("\n")[:2], line.rstrip("\n")[2:]
        if kind == "> ":
            blocks.append((text, []))
        elif kind in ("< ", "~ ", "! "):
            blocks[-1][1].append((kind, text))


def put(text):
    octets = text.encode("latin-1")
    pieces = [octets[: len(octets) // 2], octets[len(octets) // 2 :]] if "late" in how else [octets]
    for piece in pieces:
        size = 1 if "split" in how else len(piece) or 1
        for at in range(0, len(piece), size):
            os.write(1, piece[at : at + size])
        time.sleep(0.01 if "late" in how else 0)


def play(block):
    command, pieces = block
    echoes = bool(pieces) and command is not None and json.loads(pieces[0][1]).startswith(command)
    if echoes and "wrong" in how:
        put("\xff\xfe\x80 noise\r\n" + STRAY[stack])
    if echoes and "log" in how:
        put(LOG[stack])
    for kind, text in pieces:
        if kind == "~ ":
            time.sleep(int(text) / 1000)
        elif kind == "! ":
            sys.exit(int(text))
        else:
            text = json.loads(text)
            # Within the answer too, where an adapter has to find its line.
            if echoes and "log" in how and command.split()[0] in ("counters", "ifconfig", "ipaddr", "state") and stack == "openthread":
                text = text.replace("\r\n", "\r\n" + LOG[stack], 1)
            put(text)


play(blocks[0])
position = 1
for line in sys.stdin:
    command = line.rstrip("\n")
    if command == os.environ.get("SHELL_ENDS"):
        if "SHELL_PANICS" in os.environ:
            put(f"{command}\r\n{os.environ['SHELL_PANICS']}\n")
            time.sleep(600)
        sys.exit(int(os.environ.get("SHELL_STATUS", "0")))
    ahead = position
    while command not in LOOKS and ahead < len(blocks) and blocks[ahead][0] in LOOKS:
        ahead += 1
    if ahead < len(blocks) and blocks[ahead][0] == command:
        position = ahead + 1
        play(blocks[ahead])
        continue
    before = [block for block in blocks[:position] if block[0] == command]
    after = [block for block in blocks[position:] if block[0] == command]
    if before or after:
        play(before[-1] if before else after[0])
    elif stack == "openthread":
        put(f"{command}\r\nError 35: InvalidCommand\r\n> ")
    else:
        put(f"{command}\r\nshell: command not found: {command.split()[0]}\n> ")
