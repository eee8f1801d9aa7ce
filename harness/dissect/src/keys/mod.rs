//! The keys that a dissector may use, and the table of their kinds.

mod kind;
mod link;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use wire::tls::RANDOM_LENGTH;

pub use kind::{SecretKind, Session, Wireshark};
pub use link::THREAD_KEY_SEQUENCES;
pub(crate) use link::{KeyFailure, Secured};

use super::dtls_session;
use link::LinkKeys;

/// Every kind of secret. What learns, records, exports or reads secrets goes by this table.
pub const KINDS: &[&SecretKind] = &[
    &link::LINK,
    &link::THREAD,
    &dtls_session::PSK,
    &dtls_session::MASTER_SECRET,
    #[cfg(test)]
    &super::tests::sealed::SECRET,
];

/// The kind that this word names.
pub fn secret_kind(protocol: &str) -> Option<&'static SecretKind> {
    KINDS.iter().copied().find(|kind| kind.protocol == protocol)
}

/// A session and its secret, in octets.
type Kept = (Vec<u8>, Vec<u8>);

/// Keys by what identifies them. It has no `Debug`: a log cannot leak them.
#[derive(Clone, Default)]
pub struct Keys {
    link: LinkKeys,
    /// Sessions and their secrets by the word for their kind, in the order in which they came.
    kept: BTreeMap<&'static str, Vec<Kept>>,
}

impl Keys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// A secret of the kind that `protocol` names. Whether it is one that fits its kind and was not known.
    pub fn add(&mut self, protocol: &str, session: &[u8], secret: &[u8]) -> bool {
        secret_kind(protocol).is_some_and(|kind| kind.fits(session, secret) && (kind.add)(self, kind, session, secret))
    }

    /// The master secret of the DTLS session that this client random began: a line of a key log.
    pub fn add_dtls_master_secret(&mut self, client_random: [u8; RANDOM_LENGTH], master_secret: [u8; 48]) -> bool {
        self.keep(&dtls_session::MASTER_SECRET, &client_random, &master_secret)
    }

    /// A pre-shared key that any DTLS session may use.
    pub fn add_psk(&mut self, psk: &[u8]) -> bool {
        self.keep(&dtls_session::PSK, &[], psk)
    }

    /// Keeps a secret for who asks by [`Self::kept`]; whether it was not known. What most kinds do.
    pub(crate) fn keep(&mut self, kind: &SecretKind, session: &[u8], secret: &[u8]) -> bool {
        let kept = self.kept.entry(kind.protocol).or_default();
        let is_new = !kept.iter().any(|(known, octets)| known == session && octets == secret);
        if is_new {
            kept.push((session.to_vec(), secret.to_vec()));
        }
        is_new
    }

    /// The secrets of a kind that were kept for a session, the newest first.
    pub(crate) fn kept<'a>(&'a self, kind: &SecretKind, session: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let kept = self.kept.get(kind.protocol).into_iter().flatten().rev();
        kept.filter(move |(known, _)| known == session).map(|(_, secret)| secret.as_slice())
    }
}
