//! The keys and certificates of a case: of its devices, of the commissioning tool, and of those who vouch for them. All of them
//! follow from the case seed, signatures included (RFC 6979), so that the same seed leaves the same octets.

use authenticator::Registry;
use protocols::credentials::SigningKey;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PrintableString,
    RemoteKeyPair, SanType, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use sha2::{Digest, Sha256};
use suites::credentials::{AUTHORITIES, Flaw, KEY_PROPERTIES};
use suites::images::ImageKind;
use suites::plan::{Case, Role};

use crate::environment::Environment;
use crate::{images, seed};

/// The day on which the cases play, in seconds since 1970: 2026-01-01.
pub const TODAY: u64 = 1_767_225_600;

/// Octets of a certificate or an image that one line of the upper tester takes.
const CHUNK: usize = 160;

/// Puts into the environment what the case refers to, and nothing else: a signature takes time.
pub fn issue(case: &Case, case_seed: &[u8; 32], stations: Registry, environment: &mut Environment) {
    // Commands hold references as text, constraints as values.
    let text = serde_json::to_string(&case.steps).unwrap_or_default();
    let mentions = |name: &str, field: &str| {
        text.contains(&format!("${name}.{field}")) || text.contains(&format!(r#""name":"{name}","field":"{field}""#))
    };
    let issuer = Issuer { case_seed };
    for authority in AUTHORITIES {
        if mentions(authority, "certificate") {
            put_pieces(environment, authority, "certificate", issuer.root(authority).0.der());
        }
        for flaw in IssuingFlaw::ALL.into_iter().filter(|flaw| mentions(authority, flaw.field())) {
            put_pieces(environment, authority, flaw.field(), issuer.issuing(authority, flaw).0.der());
        }
    }
    for board in &case.topology.boards {
        let (name, is_station) = (board.name.as_str(), board.role == Role::BackboneStation);
        if board.role == Role::RadioStation || !KEY_PROPERTIES.iter().any(|field| mentions(name, field)) {
            continue;
        }
        let key = signing_key(case_seed, name);
        let public_key = key.public_key();
        if mentions(name, "private_key") {
            environment.set(name, "private_key", hex::encode(scalar(case_seed, name)));
        }
        if mentions(name, "public_key") {
            environment.set(name, "public_key", hex::encode(public_key.subject_public_key_info()));
        }
        if mentions(name, "key_hash") {
            environment.set(name, "key_hash", hex::encode(public_key.hash()));
        }
        // The manufacturer writes the EUI-64 into a device's certificate; a station at the backbone has none.
        let title = stations.kind(name).map_or(name, |kind| kind.info.title);
        let serial_number = environment.get(name, "eui64").unwrap_or(title).to_owned();
        for flaw in Flaw::ALL {
            if mentions(name, flaw.field()) {
                let authority = if is_station { "owner" } else { "manufacturer" };
                let certificate = issuer.end_entity(&key, authority, &serial_number, flaw);
                put_pieces(environment, name, flaw.field(), certificate.der());
            }
        }
    }
    for board in &case.topology.boards {
        for kind in ImageKind::ALL.into_iter().filter(|kind| mentions(&board.name, kind.field())) {
            put_pieces(environment, &board.name, kind.field(), &images::image(case_seed, kind));
        }
    }
    if mentions("case", "today") {
        environment.set("case", "today", TODAY.to_string());
    }
}

/// A certificate or an image as a whole, and in pieces that fit into lines; a piece behind the end is `-`.
fn put_pieces(environment: &mut Environment, name: &str, field: &str, octets: &[u8]) {
    environment.set(name, field, hex::encode(octets));
    for piece in 0..suites::credentials::PIECES {
        let rest = octets.get(piece * CHUNK..).unwrap_or_default();
        let chunk = rest.get(..CHUNK).unwrap_or(rest);
        let text = if chunk.is_empty() { "-".to_owned() } else { hex::encode(chunk) };
        environment.set(name, &format!("{field}.{piece}"), text);
    }
}

fn scalar(case_seed: &[u8; 32], name: &str) -> [u8; 32] {
    // The chance that it is no scalar of the curve is 2^-32; the next one is taken then.
    let candidates = (0_u32..).map(|number| seed::derive(case_seed, &format!("private key {name} {number}")));
    candidates.into_iter().find(|scalar| SigningKey::from_scalar(scalar).is_ok()).unwrap_or([1; 32])
}

fn signing_key(case_seed: &[u8; 32], name: &str) -> SigningKey {
    SigningKey::from_scalar(&scalar(case_seed, name)).unwrap_or_else(|_| unreachable!("a scalar that was tried"))
}

/// Signs with our own deterministic ECDSA what `rcgen` encodes.
struct Signer {
    key: SigningKey,
    point: Vec<u8>,
}

impl RemoteKeyPair for Signer {
    fn public_key(&self) -> &[u8] {
        &self.point
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign(&Sha256::digest(message).into()).ok_or(rcgen::Error::RemoteKeyError)
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn key_pair(key: &SigningKey) -> KeyPair {
    let signer = Signer { key: key.clone(), point: key.public_key().point() };
    KeyPair::from_remote(Box::new(signer)).unwrap_or_else(|error| unreachable!("a key on P-256: {error}"))
}

/// What is wrong with the certificate of whoever issues under a root. Name and key are the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IssuingFlaw {
    None,
    Expired,
    /// Its key usage is cRLSign and keyAgreement, without keyCertSign.
    OfLists,
    /// Its basic constraints say that it is none.
    NoAuthority,
}

impl IssuingFlaw {
    const ALL: [Self; 4] = [Self::None, Self::Expired, Self::OfLists, Self::NoAuthority];

    /// The property of an authority that is this certificate.
    fn field(self) -> &'static str {
        match self {
            Self::None => "issuing",
            Self::Expired => "issuing_expired",
            Self::OfLists => "issuing_of_lists",
            Self::NoAuthority => "issuing_no_authority",
        }
    }
}

/// Those who vouch for devices and tools in one case.
struct Issuer<'a> {
    case_seed: &'a [u8; 32],
}

impl Issuer<'_> {
    fn root(&self, authority: &str) -> (Certificate, KeyPair) {
        let key = key_pair(&signing_key(self.case_seed, &format!("root of {authority}")));
        let parameters = authority_parameters(&format!("{authority} root"), &key);
        (signed(parameters.self_signed(&key)), key)
    }

    fn issuing(&self, authority: &str, flaw: IssuingFlaw) -> (Certificate, KeyPair) {
        let (root, root_key) = self.root(authority);
        let key = key_pair(&signing_key(self.case_seed, &format!("issuing of {authority}")));
        let mut parameters = authority_parameters(&format!("{authority} issuing"), &key);
        // RFC 5280 4.2.1.1 asks for it in all that is not self-signed.
        parameters.use_authority_key_identifier_extension = true;
        match flaw {
            IssuingFlaw::None => {}
            IssuingFlaw::Expired => parameters.not_after = date_time_ymd(2021, 1, 1),
            IssuingFlaw::OfLists => {
                use KeyUsagePurpose::{CrlSign, EncipherOnly, KeyAgreement};
                parameters.key_usages = vec![CrlSign, KeyAgreement, EncipherOnly];
            }
            IssuingFlaw::NoAuthority => parameters.is_ca = IsCa::ExplicitNoCa,
        }
        (signed(parameters.signed_by(&key, &root, &root_key)), key)
    }

    /// The certificate of a device or a tool, with what is wrong with it.
    fn end_entity(&self, key: &SigningKey, authority: &str, serial_number: &str, flaw: Flaw) -> Certificate {
        let key = key_pair(key);
        let serial_number = match flaw {
            Flaw::OtherDevice => "70b3d5b0070fffff",
            _ => serial_number,
        };
        let (from, to) = match flaw {
            Flaw::Expired => (2020, 2021),
            Flaw::NotYetValid => (2090, 2099),
            _ => (2020, 2099),
        };
        let mut parameters = parameters(serial_number, &key);
        if let Ok(text) = PrintableString::try_from(serial_number) {
            parameters.distinguished_name.push(serial_number_type(), DnValue::PrintableString(text));
        }
        parameters.use_authority_key_identifier_extension = flaw != Flaw::SelfSigned;
        parameters.not_before = date_time_ymd(from, 1, 1);
        parameters.not_after = date_time_ymd(to, 1, 1);
        parameters.key_usages = match flaw {
            Flaw::SignsNothing => vec![KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::EncipherOnly],
            Flaw::Named => Vec::new(),
            _ => vec![KeyUsagePurpose::DigitalSignature],
        };
        if flaw == Flaw::Named {
            // Not critical: RFC 5280 4.2.1.3 only recommends that it is.
            parameters.custom_extensions =
                vec![CustomExtension::from_oid_content(&KEY_USAGE, DIGITAL_SIGNATURE.to_vec())];
            parameters.subject_alt_names = ALTERNATIVE_NAMES.iter().filter_map(dns_name).collect();
        }
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        match flaw {
            Flaw::SelfSigned => signed(parameters.self_signed(&key)),
            Flaw::Foreign => {
                let (issuing, issuing_key) = self.issuing("stranger", IssuingFlaw::None);
                signed(parameters.signed_by(&key, &issuing, &issuing_key))
            }
            _ => {
                let (issuing, issuing_key) = self.issuing(authority, IssuingFlaw::None);
                signed(parameters.signed_by(&key, &issuing, &issuing_key))
            }
        }
    }
}

/// id-ce-keyUsage (RFC 5280 4.2.1.3).
const KEY_USAGE: [u64; 4] = [2, 5, 29, 15];
/// A BIT STRING with the bit digitalSignature alone.
const DIGITAL_SIGNATURE: [u8; 4] = [0x03, 0x02, 0x07, 0x80];
/// Names beside the subject: so many octets that the list of extensions takes a length of two octets.
const ALTERNATIVE_NAMES: [&str; 2] = ["commissioning-tool.building-7.example", "tool-of-the-second-floor.example"];

fn dns_name(name: &&str) -> Option<SanType> {
    (*name).try_into().ok().map(SanType::DnsName)
}

/// id-at-serialNumber, 2.5.4.5 (X.520 6.2.9).
fn serial_number_type() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 5])
}

/// What every certificate has: a name, a serial number that follows from its key, no validity yet.
fn parameters(common_name: &str, key: &KeyPair) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    let hash = Sha256::digest(key.public_key_raw());
    // Positive, and of a fixed length.
    let mut number = vec![0x40 | hash[0] >> 2];
    number.extend(&hash[1..8]);
    parameters.serial_number = Some(SerialNumber::from(number));
    parameters.key_identifier_method = KeyIdMethod::PreSpecified(hash[..20].to_vec());
    parameters
}

fn authority_parameters(common_name: &str, key: &KeyPair) -> CertificateParams {
    let mut parameters = parameters(common_name, key);
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2099, 1, 1);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

fn signed(certificate: Result<Certificate, rcgen::Error>) -> Certificate {
    certificate.unwrap_or_else(|error| unreachable!("parameters of our own: {error}"))
}
