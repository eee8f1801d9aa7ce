//! The secrets of a case or a run, each by its kind's line in [`dissect::KINDS`]: what rides in a capture, what a
//! configuration folder of Wireshark holds, and what only a key file beside the capture can tell.

use std::collections::{BTreeMap, BTreeSet};

use dissect::{KINDS, Wireshark, secret_kind};

use crate::event::Key;

/// Sessions and secrets of one kind.
type Known = BTreeSet<(Vec<u8>, Vec<u8>)>;

/// Secrets, each once. It has a `Debug` that names none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    known: BTreeMap<&'static str, Known>,
    /// In the order in which they were learnt.
    key_log: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.known.iter().map(|(kind, known)| (kind, known.len()))).finish()
    }
}

impl Secrets {
    /// Takes a secret, if there is such a kind and it fits it.
    pub fn learn(&mut self, key: &Key) {
        let (protocol, session, secret) = key.parts();
        let Some(kind) = secret_kind(protocol).filter(|kind| kind.fits(session, secret)) else { return };
        let is_new = self.known.entry(kind.protocol).or_default().insert((session.to_vec(), secret.to_vec()));
        if let Some(line) = kind.key_log_line(session, secret).filter(|_| is_new) {
            self.key_log.push_str(&line);
            self.key_log.push('\n');
        }
    }

    /// Takes all of others that a table of Wireshark's can hold; whether any of them was not known.
    pub(crate) fn learn_rows(&mut self, others: &Self) -> bool {
        let mut is_new = false;
        for kind in KINDS.iter().filter(|kind| matches!(kind.wireshark, Some(Wireshark::Table { .. }))) {
            let known = self.known.entry(kind.protocol).or_default();
            let before = known.len();
            known.extend(others.known.get(kind.protocol).into_iter().flatten().cloned());
            is_new |= known.len() > before;
        }
        is_new
    }

    /// The lines of a TLS key log, for the capture; empty if there are none.
    pub fn key_log(&self) -> &str {
        &self.key_log
    }

    /// The tables of a configuration folder of Wireshark, each with its file's name, empty ones too.
    pub(crate) fn tables(&self) -> Vec<(&'static str, String)> {
        let table = |kind: &&dissect::SecretKind| {
            let Some(Wireshark::Table { file, head, row }) = kind.wireshark else { return None };
            let known = self.known.get(kind.protocol).into_iter().flatten();
            let rows = known.map(|(session, secret)| row(session, secret));
            Some((file, std::iter::once(head.to_owned()).chain(rows).map(|line| line + "\n").collect()))
        };
        KINDS.iter().filter_map(table).collect()
    }

    /// What Wireshark cannot be told, as lines of a key file for `bootrack dissect --keys`; `None` if there is nothing.
    pub fn key_file(&self) -> Option<String> {
        let of_kind = |kind: &&&dissect::SecretKind| kind.wireshark.is_none();
        let mut text = String::new();
        for kind in KINDS.iter().filter(of_kind) {
            for (session, secret) in self.known.get(kind.protocol).into_iter().flatten() {
                text.push_str(&kind.line(session, secret));
                text.push('\n');
            }
        }
        (!text.is_empty()).then_some(text)
    }
}
