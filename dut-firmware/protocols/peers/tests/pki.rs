//! The credentials that other tests use are what they say, by the word of OpenSSL.

use std::process::Command;

use bootrack_peer_tests::{Flaw, Pki};
use rstest::rstest;

#[rstest]
#[case(Flaw::None, "OK")]
#[case(Flaw::Expired, "certificate has expired")]
#[case(Flaw::SelfSigned, "self-signed certificate")]
#[case(Flaw::Foreign, "unable to get local issuer certificate")]
#[case(Flaw::Namesake, "unable to get local issuer certificate")]
#[case(Flaw::BadSignature, "certificate signature failure")]
#[case(Flaw::OtherKey, "OK")]
fn openssl_says_what_is_wrong_with_a_chain(#[case] flaw: Flaw, #[case] expected: &str) {
    let Some(pki) = Pki::new() else { return };
    let credentials = pki.credentials("device", flaw);
    let output = Command::new("openssl")
        .args(["verify", "-CAfile"])
        .arg(pki.root())
        .arg("-untrusted")
        .arg(&credentials.chain)
        .arg(&credentials.chain)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(expected), "{said}");
    let public_key =
        Command::new("openssl").args(["x509", "-noout", "-pubkey", "-in"]).arg(&credentials.chain).output();
    let same = public_key.unwrap().stdout == std::fs::read(&credentials.public_key).unwrap();
    assert_eq!(same, flaw != Flaw::OtherKey);
}
