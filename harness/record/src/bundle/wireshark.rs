//! The `wireshark/` folder: a personal configuration folder for Wireshark and tshark with the run's link keys.

pub(super) const PREFERENCES: &str = "preferences";
pub(super) const README: &str = "README.md";

/// Context 0 of the mesh's header compression (`PROFILE-SEL`, Addresses), and every checksum verified.
pub(super) const PREFERENCES_TEXT: &str = "\
# Written by bootrack. Names as `tshark -G currentprefs` lists them.
6lowpan.context0: fd00:b007::/64
udp.check_checksum: TRUE
wpan.802154_fcs_ok: FALSE
";

pub(super) const README_TEXT: &str = "\
# Captures of this run, decrypted

This folder is a configuration folder for Wireshark and tshark (4.0 and later). From the run's folder:

    WIRESHARK_CONFIG_DIR=wireshark wireshark cases/CASE/capture.pcapng
    WIRESHARK_CONFIG_DIR=wireshark tshark -r cases/CASE/capture.pcapng

with a case's ID in the place of CASE. Your own settings are neither used nor changed.

- `ieee802154_keys` holds every link key that the tester learnt in this run. It is secret: mode 0600.
- `preferences` sets 6LoWPAN context 0 to fd00:b007::/64 and has checksums verified.
- DTLS secrets need no setting: they ride in each capture's decryption-secrets block.
- Interface 0 is the air, interface 1 the tester's backbone port. A packet's comment names its event in `events.jsonl`;
  a packet that the tester made wrong on purpose says so there.
- Times count from the epoch because a virtual rack has no wall clock; run.json says when the run was.
";
