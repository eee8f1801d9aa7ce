//! What a PIXIT states is a liberty of the device: a device that is otherwise, and says so, fails no case. `ci/test` plays
//! all cases so; here those that speak of it.

use std::fs;

use rstest::rstest;

use crate::common::call_in;

#[rstest]
#[case::slow_set_secure_requests(
    "slow-set-secure-requests",
    "ssr_within = \"20s\"",
    &["SEL-SSR-0*", "SEL-JOIN-*", "SEL-LBR-05", "SEL-LBR-08", "SEL-RX-07", "PRO-SSR-0*", "PRO-MSG-*", "DEC-RESET-01"]
)]
#[case::security_level("tx-level-six", "security_level = 6", &["PRO-SEC-01", "SEL-RX-0*", "SEL-JOIN-01", "OPE-KEY-02"])]
#[case::longest_pause("jsr-no-ceiling", "jsr_greatest_interval = \"4m\"", &["PRO-JSR-*", "SEL-KEY-0*"])]
#[case::steady_pause("jsr-fixed-interval", "jsr_greatest_interval = \"2s\"", &["PRO-JSR-*", "REB-*", "PRO-SSR-07"])]
#[case::button(
    "waits-for-button",
    "trigger = \"selection\"",
    &["SEL-JSR-0*", "SEL-JOIN-01", "SEL-FIND-0*", "SEL-SSR-01", "MAN-ANCHOR-01", "PRO-JSR-03", "CT-SEL-01"]
)]
#[case::server(
    "server-elsewhere",
    "dtls_port = 5699",
    &["SEL-JOIN-01", "SEL-KEY-0*", "PRO-PSK-*", "ADV-FLOOD-HELLO-0*", "ADV-CT-01", "CT-SEL-01"]
)]
#[case::identity_in_upper_case(
    "identity-upper-case",
    "psk_identity = \"eui64-hex-upper\"",
    &["SEL-JOIN-01", "PRO-PSK-*", "ADV-FLOOD-HELLO-0*", "CT-PSK-01"]
)]
#[case::identity_of_octets(
    "identity-octets",
    "psk_identity = \"eui64-octets\"",
    &["SEL-JOIN-01", "PRO-PSK-*", "ADV-FLOOD-HELLO-0*"]
)]
#[case::longer_keys("psk-of-32-octets", "psk_octets = 32", &["SEL-JOIN-01", "PRO-PSK-*", "RCM-OWNER-01", "ADV-PRIV-01"])]
#[case::neighbours("neighbour-list-unbounded", "neighbours = 1000", &["PRO-LIST-01", "ADV-FLOOD-*"])]
fn a_device_that_is_as_its_pixit_states_fails_no_case(
    #[case] device: &str,
    #[case] pixit: &str,
    #[case] cases: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pixit.toml"), format!("[pixit]\n{pixit}\n")).unwrap();
    let told = ["run", "--mutant", device, "--pixit", "pixit.toml", "--out", "told"];
    call_in(folder.path(), told.into_iter().chain(cases.iter().copied())).expect(0);
    // Who does not say so departs from the profile.
    fs::write(folder.path().join("usual.toml"), "[pixit]\n").unwrap();
    let untold = ["run", "--mutant", device, "--pixit", "usual.toml", "--out", "untold"];
    let outcome = call_in(folder.path(), untold.into_iter().chain(cases.iter().copied()));
    // A device that refuses what the preamble asks of it is caught there: nothing passes, and nothing fails.
    let caught = if device == "psk-of-32-octets" { 3 } else { 1 };
    outcome.expect(caught);
}
