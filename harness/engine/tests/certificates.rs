//! The certificates of a case as another program sees them: OpenSSL validates the good ones up to their root, refuses each
//! flawed one for its flaw, and reads the EUI-64 where IEEE 802.1AR puts it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use bootrack_engine::{credentials, environment::Environment};
use suites::credentials::{AUTHORITY_PROPERTIES, KEY_PROPERTIES};
use suites::plan::{Answer, Board, Case, Command as Act, Iut, Origin, Part, Role, Step, StepKind, Topology};

const EUI64: &str = "70b3d5b007000002";
/// A case that refers to every property that there is.
fn environment() -> Environment {
    let mut words: Vec<String> = KEY_PROPERTIES.iter().map(|property| format!("$dut.{property}")).collect();
    words.extend(AUTHORITY_PROPERTIES.iter().map(|property| format!("$manufacturer.{property}")));
    let step = Step {
        part: Part::Body,
        text: "all".to_owned(),
        clauses: Vec::new(),
        procedure: None,
        kind: StepKind::Do(Act::UpperTester { board: "dut".to_owned(), command: words.join(" "), answer: Answer::Ok }),
    };
    let case = Case {
        id: "T-01".to_owned(),
        base: "T-01".to_owned(),
        suite: "t".to_owned(),
        phase: "bootstrap".to_owned(),
        purpose: "To make certificates.".to_owned(),
        clauses: Vec::new(),
        pics: Vec::new(),
        topology: Topology {
            text: String::new(),
            boards: vec![Board { name: "dut".to_owned(), role: Role::Router }],
            links: Vec::new(),
            routing: suites::plan::Routing::Tree,
        },
        params: BTreeMap::new(),
        kills: Vec::new(),
        oracle: None,
        table: None,
        iut: Iut::default(),
        entry: None,
        exit: None,
        security_level: suites::plan::PROFILE_LEVEL,
        device: suites::device::DeviceFacts::default(),
        steps: vec![step],
        monitors: suites::monitor::Monitors::default(),
        origin: Origin { file: "t.toml".to_owned(), line: 1 },
    };
    let mut environment = Environment::default();
    environment.set("dut", "eui64", EUI64);
    credentials::issue(&case, &[7; 32], authenticator::Registry::default(), &mut environment);
    environment
}

fn openssl(arguments: &[&str]) -> Option<(bool, String)> {
    match Command::new("openssl").args(arguments).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) if std::env::var_os("CI").is_some() => panic!("openssl is not installed: {error}"),
        Err(_) => {
            eprintln!("SKIPPED: openssl is not installed");
            None
        }
    }
}

/// Writes a certificate of the environment as PEM and gives its path.
fn pem(folder: &Path, environment: &Environment, name: &str, field: &str) -> Option<String> {
    let der = hex::decode(environment.get(name, field).expect("a property")).unwrap();
    let (from, to) = (folder.join("der"), folder.join(format!("{name}.{field}.pem")));
    std::fs::write(&from, der).unwrap();
    let to = to.to_str().unwrap().to_owned();
    let (done, text) = openssl(&["x509", "-inform", "DER", "-in", from.to_str().unwrap(), "-out", &to])?;
    assert!(done, "{text}");
    Some(to)
}

#[test]
fn openssl_believes_the_good_certificate_and_no_other() {
    let environment = environment();
    let folder = tempfile::tempdir().unwrap();
    let at = credentials::TODAY.to_string();
    let file = |name: &str, field: &str| pem(folder.path(), &environment, name, field);
    let Some(root) = file("manufacturer", "certificate") else { return };
    let issuing = file("manufacturer", "issuing").unwrap();
    let verify_under = |issuing: &str, field: &str| {
        let leaf = file("dut", field).unwrap();
        let arguments = ["verify", "-x509_strict", "-attime", &at, "-CAfile", &root, "-untrusted", issuing, &leaf];
        openssl(&arguments).unwrap()
    };
    let verify = |field: &str| verify_under(&issuing, field);
    // Whose key may do what, OpenSSL asks of a server's certificate only if it is told the purpose.
    for good in ["certificate", "certificate_of_another", "certificate_named"] {
        let (believed, text) = verify(good);
        assert!(believed, "{good}: {text}");
    }
    for (bad, reason) in [
        ("certificate_expired", "certificate has expired"),
        ("certificate_not_yet_valid", "certificate is not yet valid"),
        ("certificate_self_signed", "self-signed certificate"),
        ("certificate_foreign", "unable to get local issuer certificate"),
    ] {
        let (believed, text) = verify(bad);
        assert!(!believed && text.contains(reason), "{bad}: {text}");
    }
    for (bad, reason) in [
        ("issuing_expired", "certificate has expired"),
        ("issuing_of_lists", "invalid CA certificate"),
        ("issuing_no_authority", "invalid CA certificate"),
    ] {
        let (believed, text) = verify_under(&file("manufacturer", bad).unwrap(), "certificate");
        assert!(!believed, "{bad} ({reason}): {text}");
    }
    let (_, text) =
        openssl(&["x509", "-in", &file("dut", "certificate_signs_nothing").unwrap(), "-noout", "-text"]).unwrap();
    assert!(text.contains("Key Agreement") && !text.contains("Digital Signature"), "{text}");
    let leaf = file("dut", "certificate").unwrap();
    let (_, subject) = openssl(&["x509", "-in", &leaf, "-noout", "-subject", "-nameopt", "RFC2253"]).unwrap();
    assert!(subject.contains(&format!("serialNumber={EUI64}")), "{subject}");
}

#[test]
fn the_same_seed_makes_the_same_certificates_and_pieces_make_the_whole() {
    let (one, other) = (environment(), environment());
    assert_eq!(one, other);
    let pieces = (0..suites::credentials::PIECES).map(|piece| one.get("dut", &format!("certificate.{piece}")).unwrap());
    let whole: String = pieces.filter(|piece| *piece != "-").collect();
    assert_eq!(Some(whole.as_str()), one.get("dut", "certificate"));
}
