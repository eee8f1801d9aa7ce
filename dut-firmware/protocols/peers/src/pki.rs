//! A public key infrastructure for a test, made by GnuTLS's `certtool`: a root, an issuing authority under it, and the
//! credentials of devices, good and bad. All keys are of P-256, all signatures ECDSA with SHA-256 (RFC 7925 section 4.4).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What is special about a device's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: a chain of the device and the issuing authority.
    None,
    /// Its validity ended in 2021.
    Expired,
    /// It signed itself.
    SelfSigned,
    /// Its root is not one that the peer trusts.
    Foreign,
    /// As before, but that root bears the name of the one that the peer trusts.
    Namesake,
    /// The last octet of the issuing authority's signature was changed.
    BadSignature,
    /// Its private key is not that of the certificate.
    OtherKey,
}

/// Credentials of a device, as files for programs and as DER for our engine.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// PEM of the certificates, the device's first.
    pub chain: PathBuf,
    /// PEM of all certificates but the first; none if it signed itself.
    pub issuers: Option<PathBuf>,
    /// PEM (PKCS #8) of the private key.
    pub key: PathBuf,
    /// PEM of the public key alone (RFC 7250).
    pub public_key: PathBuf,
    /// DER of each certificate of the chain.
    pub chain_der: Vec<Vec<u8>>,
    /// The private scalar, 32 octets.
    pub scalar: [u8; 32],
    /// DER of the SubjectPublicKeyInfo.
    pub public_key_der: Vec<u8>,
}

/// The authorities.
pub struct Pki {
    folder: TempDir,
    certtool: PathBuf,
    openssl: PathBuf,
}

const YEARS: &str = "activation_date = \"2020-01-01 00:00:00 UTC\"\nexpiration_date = \"2099-01-01 00:00:00 UTC\"\n";
const PAST: &str = "activation_date = \"2020-01-01 00:00:00 UTC\"\nexpiration_date = \"2021-01-01 00:00:00 UTC\"\n";
const AUTHORITY: &str = "ca\ncert_signing_key\n";
const DEVICE: &str = "dns_name = \"device.test\"\nsigning_key\ntls_www_server\ntls_www_client\n";

impl Pki {
    /// Makes the authorities; `None` if `certtool` or `openssl` is not installed, which is said on stderr.
    ///
    /// # Panics
    /// If a program fails, or in CI if one is not installed.
    pub fn new() -> Option<Self> {
        let certtool = crate::find_program("certtool")?;
        let openssl = crate::find_program("openssl")?;
        let pki = Self { folder: TempDir::new().expect("a temporary folder"), certtool, openssl };
        for (root, name) in [("root", "Root"), ("foreign", "Other Root"), ("namesake", "Root")] {
            pki.private_key(root);
            pki.template(root, &format!("cn = \"{name}\"\n{AUTHORITY}{YEARS}"));
            pki.sign(root, None);
        }
        for (issuing, root) in [("issuing", "root"), ("foreign-issuing", "foreign"), ("namesake-issuing", "namesake")] {
            pki.private_key(issuing);
            pki.template(issuing, &format!("cn = \"Issuing\"\n{AUTHORITY}{YEARS}"));
            pki.sign(issuing, Some(root));
        }
        Some(pki)
    }

    /// PEM of the root that peers trust.
    pub fn root(&self) -> PathBuf {
        self.file("root", "pem")
    }

    /// DER of the root that peers trust.
    ///
    /// # Panics
    /// If a program fails.
    pub fn root_der(&self) -> Vec<u8> {
        self.der(&self.root())
    }

    /// Makes credentials called `name`.
    ///
    /// # Panics
    /// If a program fails.
    pub fn credentials(&self, name: &str, flaw: Flaw) -> Credentials {
        self.private_key(name);
        let validity = if flaw == Flaw::Expired { PAST } else { YEARS };
        self.template(name, &format!("cn = \"{name}\"\n{DEVICE}{validity}"));
        let issuing = match flaw {
            Flaw::SelfSigned => None,
            Flaw::Foreign => Some("foreign-issuing"),
            Flaw::Namesake => Some("namesake-issuing"),
            _ => Some("issuing"),
        };
        self.sign(name, issuing);
        let mut chain_der = vec![self.der(&self.file(name, "pem"))];
        chain_der.extend(issuing.map(|issuing| self.der(&self.file(issuing, "pem"))));
        if flaw == Flaw::BadSignature {
            let last = chain_der[0].last_mut().expect("a certificate");
            *last ^= 1;
        }
        if flaw == Flaw::OtherKey {
            self.private_key(name);
        }
        let chain = self.file(name, "chain.pem");
        let pem: String = chain_der.iter().map(|der| self.pem(der)).collect();
        std::fs::write(&chain, pem).expect("a file in the temporary folder");
        let issuers = issuing.map(|issuing| self.file(issuing, "pem"));
        let key = self.file(name, "key");
        let public_key = self.file(name, "pub");
        self.openssl(&["pkey", "-in", text(&key), "-pubout", "-out", text(&public_key)]);
        let public_key_der = self.openssl(&["pkey", "-in", text(&key), "-pubout", "-outform", "DER"]);
        // The RFC 5915 form begins with SEQUENCE, INTEGER 1 and the scalar as an OCTET STRING.
        let private = self.openssl(&["ec", "-in", text(&key), "-outform", "DER"]);
        let scalar = private.get(7..39).and_then(|scalar| scalar.try_into().ok()).expect("an EC private key");
        Credentials { chain, issuers, key, public_key, chain_der, scalar, public_key_der }
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.{extension}"))
    }

    fn template(&self, name: &str, text: &str) {
        std::fs::write(self.file(name, "template"), text).expect("a file in the temporary folder");
    }

    fn private_key(&self, name: &str) {
        let key = self.file(name, "key");
        run(
            &self.certtool,
            &[
                "--generate-privkey",
                "--key-type=ecdsa",
                "--curve=secp256r1",
                "--no-text",
                "--pkcs8",
                "--password=",
                "--outfile",
                text(&key),
            ],
        );
    }

    /// Signs with the key of `issuer`, or with its own.
    fn sign(&self, name: &str, issuer: Option<&str>) {
        let (key, template) = (self.file(name, "key"), self.file(name, "template"));
        let certificate = self.file(name, "pem");
        let mut arguments = vec!["--hash=SHA256", "--load-privkey", text(&key), "--template", text(&template)];
        arguments.extend(["--outfile", text(&certificate)]);
        let issuer = issuer.map(|issuer| (self.file(issuer, "pem"), self.file(issuer, "key")));
        match &issuer {
            None => arguments.push("--generate-self-signed"),
            Some((authority, authority_key)) => arguments.extend([
                "--generate-certificate",
                "--load-ca-certificate",
                text(authority),
                "--load-ca-privkey",
                text(authority_key),
            ]),
        }
        run(&self.certtool, &arguments);
    }

    fn der(&self, pem: &Path) -> Vec<u8> {
        self.openssl(&["x509", "-in", text(pem), "-outform", "DER"])
    }

    /// PEM of a certificate, its octets as they are.
    fn pem(&self, der: &[u8]) -> String {
        let file = self.file("certificate", "der");
        std::fs::write(&file, der).expect("a file in the temporary folder");
        let body = self.openssl(&["base64", "-in", text(&file)]);
        let body = String::from_utf8(body).expect("base64");
        format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    }

    fn openssl(&self, arguments: &[&str]) -> Vec<u8> {
        run(&self.openssl, arguments)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}

fn run(program: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {complaint}", program.display());
    output.stdout
}
