//! How the tool and a device authenticate each other (`SEL` 5.4): the device's entry in the manufacturer's list, and the
//! tool's own key.

use std::time::Duration;

use protocols::credentials::{Identity, PublicKey, SigningKey, Trust, TrustAnchor};
use protocols::dtls::ClientConfig;
use protocols::tls::{ClientEcdhe, Psk};
use wire::Eui64;

use super::{CommissioningTool, Mutant};

/// By what a device is known: its entry in the manufacturer's list.
#[derive(Clone)]
pub(super) enum DeviceAnchor {
    /// A pre-shared key.
    Psk(Vec<u8>),
    /// Its raw public key.
    PublicKey(PublicKey),
    /// The root of its manufacturer; its certificate bears its EUI-64 as serialNumber (IEEE 802.1AR).
    Root(TrustAnchor),
}

/// With what one handshake is done.
#[derive(Clone)]
pub(super) enum Credential {
    /// TLS_PSK_WITH_AES_128_CCM_8.
    Psk { psk: Vec<u8>, identity: Vec<u8> },
    /// TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8.
    Ecdhe(Box<ClientEcdhe>),
}

/// The tool's own key and what it knows of keys in general.
#[derive(Default)]
pub(super) struct Keyring {
    /// Shown to devices that ask for it.
    pub(super) identity: Option<Identity>,
    /// Wall time at the start of the case, since 1970.
    pub(super) unix_time_at_zero: Duration,
    /// Hashes of keys that are believed no more.
    pub(super) revoked: Vec<[u8; 32]>,
}

/// What `identity` brings: nothing, a raw key, or a key with its chain.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct IdentityOrder {
    pub(super) key: Option<[u8; 32]>,
    pub(super) chain: Vec<Vec<u8>>,
}

impl IdentityOrder {
    /// The identity, or why there is none.
    pub(super) fn identity(self) -> Result<Option<Identity>, String> {
        let Some(scalar) = self.key else { return Ok(None) };
        let key = SigningKey::from_scalar(&scalar).map_err(|error| error.to_string())?;
        if self.chain.is_empty() {
            return Ok(Some(Identity::raw_public_key(key)));
        }
        Identity::x509(key, self.chain).map(Some).map_err(|error| error.to_string())
    }
}

impl CommissioningTool {
    /// How to authenticate a device that claims this EUI-64.
    pub(super) fn credential_for(&self, eui64: Eui64) -> Result<Credential, String> {
        let trust = Trust {
            unix_time_at_zero: match self.is(Mutant::ClockIgnored) {
                true => Duration::from_secs(MUTANT_TIME),
                false => self.keyring.unix_time_at_zero,
            },
            revoked: match self.is(Mutant::RevocationIgnored) {
                true => Vec::new(),
                false => self.keyring.revoked.clone(),
            },
            ..Trust::default()
        };
        let by_key = |trust| Credential::Ecdhe(Box::new(ClientEcdhe::new(self.keyring.identity.clone(), trust)));
        Ok(match self.anchor(eui64)? {
            DeviceAnchor::Psk(psk) => Credential::Psk { psk, identity: self.identity_of(eui64) },
            DeviceAnchor::PublicKey(_) if self.is(Mutant::OffersPskOnly) => {
                Credential::Psk { psk: vec![0; 16], identity: self.identity_of(eui64) }
            }
            DeviceAnchor::PublicKey(key) => {
                by_key(Trust { raw_public_keys: vec![key], everybody: self.is(Mutant::BelievesAnyKey), ..trust })
            }
            DeviceAnchor::Root(root) => by_key(Trust {
                anchors: vec![root],
                everybody: self.is(Mutant::BelievesAnyCertificate),
                peer_serial_number: (!self.is(Mutant::AcceptsOtherDevice)).then(|| eui64.to_string()),
                ..trust
            }),
        })
    }

    /// By which PSK identity a device is spoken to.
    pub(super) fn identity_of(&self, eui64: Eui64) -> Vec<u8> {
        self.manners.of(eui64).identity()
    }

    pub(super) fn anchor(&self, eui64: Eui64) -> Result<DeviceAnchor, String> {
        let made_up = || self.is(Mutant::SecuresUnlisted).then(|| DeviceAnchor::Psk(vec![0; 16]));
        let known = self.anchors.get(&eui64).cloned().or_else(made_up);
        known.ok_or_else(|| format!("the anchor of {eui64} is not known"))
    }
}

impl Credential {
    /// The DTLS client that uses it.
    pub(super) fn client_config(self) -> ClientConfig {
        match self {
            Self::Psk { psk, identity } => ClientConfig::new(identity, Psk::new(psk)),
            Self::Ecdhe(ecdhe) => ClientConfig::with_ecdhe(*ecdhe),
        }
    }

    /// The same with another PSK or identity, if it is a pre-shared key.
    pub(super) fn overridden(self, other_psk: Option<Vec<u8>>, other_identity: Option<Vec<u8>>) -> Self {
        match self {
            Self::Psk { psk, identity } => {
                Self::Psk { psk: other_psk.unwrap_or(psk), identity: other_identity.unwrap_or(identity) }
            }
            ecdhe => ecdhe,
        }
    }
}

/// 2020-07-01, where a mutant's clock stands.
const MUTANT_TIME: u64 = 1_593_561_600;
