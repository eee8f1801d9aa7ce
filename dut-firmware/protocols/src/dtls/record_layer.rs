//! Records out and in: sequence numbers, protection, packing into datagrams, replay detection (RFC 6347 4.1).

use alloc::vec::Vec;

use wire::dtls::{RecordHeader, open, seal};
use wire::tls::{ContentType, KeyBlock, MAX_PLAINTEXT, PROTECTION_OVERHEAD, ProtocolVersion, Sender};

use super::replay::{Freshness, ReplayWindow};
use crate::liberties::Free;
use crate::work::Work;

/// Octets of the additional data of a record: epoch and sequence number, type, version, length (RFC 5246 6.2.3.3).
const ADDITIONAL_DATA: usize = 13;

/// State of one epoch: 0 in the clear, 1 protected. There is no renegotiation, so there are no others.
#[derive(Default)]
struct Epoch {
    next_sequence_number: u64,
    received: ReplayWindow,
}

/// What became of a received record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Its plaintext.
    Plaintext(Vec<u8>),
    /// To be discarded: seen before, say.
    Invalid,
    /// Its MAC does not verify.
    BadMac,
}

/// No sequence number is left in the epoch (RFC 6347 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// The record layer of one side.
pub(super) struct RecordLayer {
    side: Sender,
    mtu: usize,
    /// What the next record says; a first ClientHello and a HelloVerifyRequest say 1.0.
    pub(super) version: ProtocolVersion,
    epochs: [Epoch; 2],
    keys: Option<KeyBlock>,
    /// What protection has cost.
    work: Work,
    /// The datagram that is being filled.
    filling: Vec<u8>,
    /// Datagrams that are ready.
    ready: Vec<Vec<u8>>,
    /// Which liberties it takes.
    free: Free,
    #[cfg(feature = "mutants")]
    wrong: Wrong,
}

/// What mutants do wrong with records.
#[cfg(feature = "mutants")]
#[derive(Debug, Default, Clone, Copy)]
pub struct Wrong {
    /// Records are taken whatever their MAC.
    pub unverified: bool,
    /// All application data is protected under the explicit nonce of the first.
    pub nonce_again: bool,
    /// That nonce, once there is one.
    pub nonce: Option<[u8; 8]>,
}

impl RecordLayer {
    /// A record layer without keys.
    pub(super) fn new(side: Sender, mtu: usize) -> Self {
        Self {
            side,
            mtu,
            version: ProtocolVersion::DTLS_1_0,
            epochs: Default::default(),
            keys: None,
            work: Work::default(),
            filling: Vec::new(),
            ready: Vec::new(),
            free: Free::default(),
            #[cfg(feature = "mutants")]
            wrong: Wrong::default(),
        }
    }

    /// Takes these liberties from now on.
    pub(super) fn set_free(&mut self, free: Free) {
        self.free = free;
    }

    /// Which liberties it takes.
    pub(super) fn free(&self) -> Free {
        self.free
    }

    /// Does this wrong from now on.
    #[cfg(feature = "mutants")]
    pub(super) fn set_wrong(&mut self, wrong: Wrong) {
        self.wrong = wrong;
    }

    /// What it does wrong.
    #[cfg(feature = "mutants")]
    pub(super) fn wrong(&self) -> Wrong {
        self.wrong
    }

    /// Makes epoch 1 usable.
    pub(super) fn install(&mut self, keys: KeyBlock) {
        self.keys = Some(keys);
    }

    /// What protection has cost.
    pub(super) fn work(&self) -> Work {
        self.work
    }

    /// Whether epoch 1 is usable.
    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The next record of epoch 0 gets this number: a server mirrors the client's (RFC 6347 4.2.1). Returns what it would have got.
    pub(super) fn set_clear_sequence_number(&mut self, sequence_number: u64) -> u64 {
        let [clear, _] = &mut self.epochs;
        core::mem::replace(&mut clear.next_sequence_number, sequence_number)
    }

    /// Forgets which records of epoch 0 were seen: a server that keeps no state may number its records anew.
    pub(super) fn forget_clear_records(&mut self) {
        let [clear, _] = &mut self.epochs;
        clear.received = ReplayWindow::default();
    }

    /// Octets of plaintext that a record of this epoch can carry in an empty datagram.
    pub(super) fn capacity(&self, epoch: u16) -> usize {
        self.mtu.saturating_sub(overhead(epoch)).min(MAX_PLAINTEXT)
    }

    /// Octets of plaintext that a record of this epoch can carry in what is left of the current datagram.
    pub(super) fn room(&self, epoch: u16) -> usize {
        self.mtu.saturating_sub(self.filling.len() + overhead(epoch)).min(MAX_PLAINTEXT)
    }

    /// Adds a record, to the current datagram if it fits there. `plaintext` is no longer than [`Self::capacity`].
    pub(super) fn write(&mut self, epoch: u16, content_type: ContentType, plaintext: &[u8]) -> Result<(), Exhausted> {
        if plaintext.len() > self.room(epoch) || self.free.messages_apart() {
            self.flush();
        }
        let [clear, protected] = &mut self.epochs;
        let state = if epoch == 0 { clear } else { protected };
        let sequence_number = state.next_sequence_number;
        if sequence_number > RecordHeader::MAX_SEQUENCE_NUMBER {
            return Err(Exhausted);
        }
        state.next_sequence_number += 1;
        let mut header = RecordHeader { content_type, version: self.version, epoch, sequence_number, length: 0 };
        let sealed;
        let fragment = match (epoch, &self.keys) {
            (0, _) => plaintext,
            (_, Some(keys)) => {
                self.work += Work::ccm(ADDITIONAL_DATA, plaintext.len());
                let right = seal(keys.of(self.side), &header, plaintext).map_err(|_| Exhausted)?;
                #[cfg(feature = "mutants")]
                let right = sealed_again(&mut self.wrong, keys.of(self.side), &header, plaintext).unwrap_or(right);
                sealed = right;
                &sealed
            }
            (_, None) => return Err(Exhausted),
        };
        header.length = u16::try_from(fragment.len()).map_err(|_| Exhausted)?;
        header.emit(&mut self.filling);
        self.filling.extend_from_slice(fragment);
        Ok(())
    }

    /// How many records of epoch 1 were sent.
    pub(super) fn protected_sent(&self) -> u64 {
        let [_, protected] = &self.epochs;
        protected.next_sequence_number
    }

    /// Ends the current datagram.
    pub(super) fn flush(&mut self) {
        if !self.filling.is_empty() {
            self.ready.push(core::mem::take(&mut self.filling));
        }
    }

    /// Ends the current datagram and hands out all that are ready.
    pub(super) fn take_datagrams(&mut self) -> Vec<Vec<u8>> {
        self.flush();
        core::mem::take(&mut self.ready)
    }

    /// Checks and decrypts a record of epoch 0 or 1.
    pub(super) fn open(&mut self, header: &RecordHeader, fragment: &[u8]) -> Opened {
        let sequence_number = header.sequence_number;
        let [clear, protected] = &mut self.epochs;
        let opened = if header.epoch == 0 {
            // Nothing authenticates these, so a forged high number must not shut out what is left of the window.
            if clear.received.check(sequence_number) == Freshness::Duplicate {
                return Opened::Invalid;
            }
            clear.received.mark(sequence_number);
            fragment.to_vec()
        } else {
            if protected.received.check(sequence_number) != Freshness::New {
                return Opened::Invalid;
            }
            let Some(keys) = &self.keys else { return Opened::Invalid };
            let peer = if self.side == Sender::Client { Sender::Server } else { Sender::Client };
            self.work += Work::ccm(ADDITIONAL_DATA, fragment.len().saturating_sub(PROTECTION_OVERHEAD));
            let opened = open(keys.of(peer), header, fragment);
            #[cfg(feature = "mutants")]
            let opened = opened.or_else(|error| match self.wrong.unverified {
                true => decrypted(keys.of(peer), header, fragment),
                false => Err(error),
            });
            let Ok(plaintext) = opened else { return Opened::BadMac };
            protected.received.mark(sequence_number);
            plaintext
        };
        if opened.len() > MAX_PLAINTEXT { Opened::Invalid } else { Opened::Plaintext(opened) }
    }

    /// For tests of exhaustion.
    #[cfg(test)]
    pub(super) fn set_protected_sequence_number(&mut self, sequence_number: u64) {
        self.epochs[1].next_sequence_number = sequence_number;
    }
}

/// CTR mode: encrypting the ciphertext once more decrypts it; the MAC is not looked at. The nonce is the record's number.
#[cfg(feature = "mutants")]
fn decrypted(keys: &wire::tls::WriteKeys, header: &RecordHeader, fragment: &[u8]) -> wire::Result<Vec<u8>> {
    const NONCE: usize = 8;
    let end = fragment.len().saturating_sub(PROTECTION_OVERHEAD - NONCE);
    let again = seal(keys, header, fragment.get(NONCE..end).unwrap_or(&[]))?;
    Ok(again.get(NONCE..end).unwrap_or(&[]).to_vec())
}

/// Application data under the explicit nonce of the first, for a mutant that does so.
#[cfg(feature = "mutants")]
fn sealed_again(
    wrong: &mut Wrong,
    keys: &wire::tls::WriteKeys,
    header: &RecordHeader,
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    if !wrong.nonce_again || header.content_type != ContentType::ApplicationData {
        return None;
    }
    let own = (u64::from(header.epoch) << 48 | header.sequence_number).to_be_bytes();
    let explicit = *wrong.nonce.get_or_insert(own);
    let data = wire::dtls::additional_data(header, u16::try_from(plaintext.len()).ok()?);
    let nonce = wire::tls::nonce(&keys.iv, &explicit);
    let sealed = wire::ccm::seal(&keys.key, &nonce, &data, plaintext, PROTECTION_OVERHEAD - explicit.len()).ok()?;
    Some([&explicit[..], &sealed].concat())
}

fn overhead(epoch: u16) -> usize {
    RecordHeader::LENGTH + if epoch == 0 { 0 } else { PROTECTION_OVERHEAD }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{Exhausted, Opened, RecordLayer};
    use wire::dtls::{RecordHeader, records};
    use wire::tls::{ContentType, MasterSecret, Sender};

    fn pair() -> (RecordLayer, RecordLayer) {
        let keys = MasterSecret::from_octets([5; 48]).key_block(&[1; 32], &[2; 32]);
        let (mut client, mut server) = (RecordLayer::new(Sender::Client, 128), RecordLayer::new(Sender::Server, 128));
        client.install(keys.clone());
        server.install(keys);
        (client, server)
    }

    #[test]
    fn sequence_numbers_are_never_used_twice() {
        let (mut client, _) = pair();
        client.set_protected_sequence_number(RecordHeader::MAX_SEQUENCE_NUMBER);
        assert_eq!(client.write(1, ContentType::ApplicationData, b"last"), Ok(()));
        assert_eq!(client.write(1, ContentType::ApplicationData, b"one more"), Err(Exhausted));
    }

    #[test]
    fn records_share_datagrams_up_to_the_mtu() {
        let (mut client, mut server) = pair();
        for n in 0..5u8 {
            client.write(1, ContentType::ApplicationData, &[n; 20]).unwrap();
        }
        let datagrams = client.take_datagrams();
        assert_eq!(datagrams.iter().map(Vec::len).collect::<Vec<_>>(), [98, 98, 49]);
        let opened: Vec<Opened> = datagrams
            .iter()
            .flat_map(|datagram| records(datagram))
            .map(|record| record.unwrap())
            .map(|record| server.open(&record.header, record.fragment))
            .collect();
        assert_eq!(opened, (0..5u8).map(|n| Opened::Plaintext(vec![n; 20])).collect::<Vec<_>>());
    }

    #[test]
    fn tampered_record_is_not_remembered_as_seen() {
        let (mut client, mut server) = pair();
        client.write(1, ContentType::ApplicationData, b"text").unwrap();
        let datagram = client.take_datagrams().remove(0);
        let mut tampered = datagram.clone();
        tampered[20] ^= 1;
        let open = |server: &mut RecordLayer, datagram: &[u8]| {
            let record = records(datagram).next().unwrap().unwrap();
            server.open(&record.header, record.fragment)
        };
        assert_eq!(open(&mut server, &tampered), Opened::BadMac);
        assert_eq!(open(&mut server, &datagram), Opened::Plaintext(b"text".to_vec()));
        assert_eq!(open(&mut server, &datagram), Opened::Invalid);
    }
    #[cfg(feature = "mutants")]
    #[test]
    fn a_mutant_takes_a_tampered_record() {
        let (mut client, mut server) = pair();
        server.set_wrong(super::Wrong { unverified: true, ..super::Wrong::default() });
        client.write(1, ContentType::ApplicationData, b"text").unwrap();
        let mut datagram = client.take_datagrams().remove(0);
        datagram[21] ^= 1;
        let record = records(&datagram).next().unwrap().unwrap();
        assert_eq!(server.open(&record.header, record.fragment), Opened::Plaintext(b"uext".to_vec()));
    }
}
