//! Records out and in: protection and the sequence number that each side counts by itself (RFC 5246 6.1, 6.2).

use alloc::vec::Vec;

use wire::tls::{
    AlertDescription, ContentType, KeyBlock, MAX_PLAINTEXT, PROTECTION_OVERHEAD, ProtocolVersion, RecordHeader, Sealed,
    Sender, WriteKeys,
};

use crate::tls::Fault;
use crate::work::Work;

/// Octets of the additional data of a record: sequence number, type, version, length (RFC 5246 6.2.3.3).
const ADDITIONAL_DATA: usize = 13;

/// One direction: in the clear until its ChangeCipherSpec.
#[derive(Default)]
struct Direction {
    keys: Option<WriteKeys>,
    sequence_number: u64,
}

impl Direction {
    /// The number of the next record; none is used twice.
    fn next(&mut self) -> Option<u64> {
        let number = self.sequence_number;
        self.sequence_number = number.checked_add(1)?;
        Some(number)
    }

    fn change(&mut self, keys: WriteKeys) {
        *self = Self { keys: Some(keys), sequence_number: 0 };
    }
}

/// No sequence number is left (RFC 5246 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Why a record was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unopened {
    /// Its MAC does not verify.
    BadMac,
    /// More records came than can be counted.
    Exhausted,
}

/// The record layer of one side.
pub(super) struct RecordLayer {
    side: Sender,
    /// What the next record says; a first ClientHello says 1.0 (RFC 5246 appendix E.1).
    version: ProtocolVersion,
    /// Whether both sides have said so.
    is_agreed: bool,
    /// Most octets of plaintext in a record.
    record: usize,
    /// Of both directions, before they are in use.
    pending: Option<KeyBlock>,
    write: Direction,
    read: Direction,
    work: Work,
}

impl RecordLayer {
    pub(super) fn new(side: Sender, record: usize) -> Self {
        let version = if side == Sender::Client { ProtocolVersion::TLS_1_0 } else { ProtocolVersion::TLS_1_2 };
        Self {
            side,
            version,
            is_agreed: false,
            record,
            pending: None,
            write: Direction::default(),
            read: Direction::default(),
            work: Work::default(),
        }
    }

    /// What protection has cost.
    pub(super) fn work(&self) -> Work {
        self.work
    }

    /// Records say TLS 1.2 from now on, those of the peer too.
    pub(super) fn agree_on_version(&mut self) {
        self.is_agreed = true;
        self.version = ProtocolVersion::TLS_1_2;
    }

    /// Holds keys ready for both directions.
    pub(super) fn install(&mut self, keys: KeyBlock) {
        self.pending = Some(keys);
    }

    /// What this side sends is protected from now on. Without keys nothing changes.
    pub(super) fn change_write(&mut self) {
        if let Some(keys) = &self.pending {
            self.write.change(keys.of(self.side).clone());
        }
    }

    /// What the peer sends is protected from now on; whether there are keys for it.
    pub(super) fn change_read(&mut self) -> bool {
        let peer = if self.side == Sender::Client { Sender::Server } else { Sender::Client };
        if let Some(keys) = &self.pending {
            self.read.change(keys.of(peer).clone());
        }
        self.read.keys.is_some()
    }

    /// Whether what the peer sends is protected.
    pub(super) fn is_read_protected(&self) -> bool {
        self.read.keys.is_some()
    }

    /// How many protected records were sent.
    pub(super) fn protected_sent(&self) -> u64 {
        if self.write.keys.is_some() { self.write.sequence_number } else { 0 }
    }

    /// How many records these octets take.
    pub(super) fn records_of(&self, octets: usize) -> u64 {
        u64::try_from(octets.div_ceil(self.record)).unwrap_or(u64::MAX)
    }

    /// Appends records with these octets to `out`.
    pub(super) fn write(
        &mut self,
        content_type: ContentType,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Exhausted> {
        for plaintext in octets.chunks(self.record) {
            let sequence_number = self.write.next().ok_or(Exhausted)?;
            let version = self.version;
            let sealed;
            let fragment = match &self.write.keys {
                None => plaintext,
                Some(keys) => {
                    self.work += Work::ccm(ADDITIONAL_DATA, plaintext.len());
                    let record = Sealed { sequence_number, content_type, version };
                    sealed = record.seal(keys, plaintext).map_err(|_| Exhausted)?;
                    &sealed
                }
            };
            let length = u16::try_from(fragment.len()).map_err(|_| Exhausted)?;
            RecordHeader { content_type, version, length }.emit(out);
            out.extend_from_slice(fragment);
        }
        Ok(())
    }

    /// Looks at a header before its fragment has come: what is none of ours need not be waited for.
    pub(super) fn check(&self, header: &RecordHeader) -> Result<(), Fault> {
        if matches!(header.content_type, ContentType::Unknown(_)) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "record of an unknown type"));
        }
        let fits = if self.is_agreed {
            header.version == ProtocolVersion::TLS_1_2
        } else {
            header.version.is_of_the_family_of(ProtocolVersion::TLS_1_2)
        };
        if !fits {
            return Err(Fault::new(AlertDescription::ProtocolVersion, "version of a record"));
        }
        let overhead = if self.read.keys.is_some() { PROTECTION_OVERHEAD } else { 0 };
        if usize::from(header.length) > MAX_PLAINTEXT + overhead {
            return Err(Fault::new(AlertDescription::RecordOverflow, "record too long"));
        }
        Ok(())
    }

    /// Decrypts the next record, if records are protected by now.
    pub(super) fn open(&mut self, header: &RecordHeader, fragment: &[u8]) -> Result<Vec<u8>, Unopened> {
        let sequence_number = self.read.next().ok_or(Unopened::Exhausted)?;
        let Some(keys) = &self.read.keys else { return Ok(fragment.to_vec()) };
        self.work += Work::ccm(ADDITIONAL_DATA, fragment.len().saturating_sub(PROTECTION_OVERHEAD));
        let RecordHeader { content_type, version, .. } = *header;
        let record = Sealed { sequence_number, content_type, version };
        record.open(keys, fragment).map_err(|_| Unopened::BadMac)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use wire::reader::Reader;
    use wire::tls::{ContentType, MasterSecret, RecordHeader, Sender};

    use super::{Exhausted, RecordLayer, Unopened};

    fn pair() -> (RecordLayer, RecordLayer) {
        let keys = MasterSecret::from_octets([5; 48]).key_block(&[1; 32], &[2; 32]);
        let (mut client, mut server) = (RecordLayer::new(Sender::Client, 20), RecordLayer::new(Sender::Server, 20));
        client.install(keys.clone());
        server.install(keys);
        client.change_write();
        assert!(server.change_read());
        (client, server)
    }

    fn written(layer: &mut RecordLayer, octets: &[u8]) -> Vec<(RecordHeader, Vec<u8>)> {
        let mut out = Vec::new();
        layer.write(ContentType::ApplicationData, octets, &mut out).unwrap();
        let mut reader = Reader::new(&out);
        let mut records = Vec::new();
        while !reader.is_empty() {
            let header = RecordHeader::parse(&mut reader).unwrap();
            records.push((header, reader.take(usize::from(header.length), "fragment").unwrap().to_vec()));
        }
        records
    }

    #[test]
    fn long_data_take_several_records_and_come_out_in_their_order() {
        let (mut client, mut server) = pair();
        let records = written(&mut client, &[7; 45]);
        assert_eq!(records.iter().map(|(header, _)| header.length).collect::<Vec<_>>(), [36, 36, 21]);
        let opened: Vec<u8> =
            records.iter().flat_map(|(header, fragment)| server.open(header, fragment).unwrap()).collect();
        assert_eq!(opened, [7; 45]);
    }

    #[test]
    fn record_that_is_repeated_left_out_or_changed_does_not_open() {
        let (mut client, mut server) = pair();
        let records = written(&mut client, &[7; 60]);
        let open = |server: &mut RecordLayer, at: usize| server.open(&records[at].0, &records[at].1);
        assert!(open(&mut server, 0).is_ok());
        assert_eq!(open(&mut server, 0), Err(Unopened::BadMac), "repeated");
        let (_, mut server) = pair();
        assert_eq!(open(&mut server, 1), Err(Unopened::BadMac), "the first was left out");
        let (_, mut server) = pair();
        let mut fragment = records[0].1.clone();
        fragment[9] ^= 1;
        assert_eq!(server.open(&records[0].0, &fragment), Err(Unopened::BadMac));
        let (_, mut server) = pair();
        assert_eq!(server.open(&records[0].0, &[0; 15]), Err(Unopened::BadMac), "shorter than nonce and MAC");
    }

    #[test]
    fn sequence_numbers_are_never_used_twice() {
        let (mut client, _) = pair();
        client.write.sequence_number = u64::MAX - 1;
        assert_eq!(client.write(ContentType::ApplicationData, b"last", &mut Vec::new()), Ok(()));
        assert_eq!(client.write(ContentType::ApplicationData, b"one more", &mut Vec::new()), Err(Exhausted));
    }
}
