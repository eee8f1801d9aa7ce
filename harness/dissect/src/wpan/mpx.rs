//! The MPX payload element of IEEE 802.15.9, with reassembly of what it carries in fragments.

use alloc::vec::Vec;

use super::super::Dissector;
use super::super::carried::Under;
use super::super::lowpan::Link;
use super::super::model::NoteKind;
use super::super::protocols::{of_kmp_id, of_multiplex_id};
use super::super::sheet::{Cursor, Sheet};
use super::elements::all;
use super::mark;
use wire::ieee802154::{KMP_MULTIPLEX_ID, KmpId, LinkAddress, MpxAssembler, MpxProgress, WISUN_MULTIPLEX_ID};
use wire::{Error, Result};

/// Transactions that are remembered; the one that began first gives way.
const MOST_TRANSACTIONS: usize = 64;

/// Whose transaction a fragment belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: Option<LinkAddress>,
    destination: Option<LinkAddress>,
    transaction_id: u64,
}

struct Transaction {
    key: Key,
    assembler: MpxAssembler,
    /// Numbers of the frames so far.
    sources: Vec<u64>,
    /// Whether link security was verified, of all and of any.
    all_verified: bool,
    any_verified: bool,
}

/// Upper-layer frames of which not all fragments are there.
#[derive(Default)]
pub(in super::super) struct Transactions {
    open: Vec<Transaction>,
}

impl Dissector {
    /// Reads the element; what it carries goes to `upper`, as its layers come above this one.
    pub(super) fn mpx(
        &mut self,
        sheet: &mut Sheet,
        cursor: &mut Cursor<'_>,
        link: Link,
        upper: &mut Vec<UpperFrame>,
    ) -> Result<()> {
        let control = cursor.uint(sheet, "wpan.mpx.transaction_control", 1)?;
        let span = cursor.behind(1);
        let (transfer_type, transaction_id) = (control & 7, control >> 3);
        let is_compressed = transfer_type == 1;
        let name = if is_compressed { "wpan.mpx.multiplex_id" } else { "wpan.mpx.transaction_id" };
        sheet.number(name, transaction_id, span);
        sheet.number("wpan.mpx.transfer_type", transfer_type, span);
        let key = Key { source: link.source, destination: link.destination, transaction_id };
        match transfer_type {
            0 | 1 => {
                let multiplex_id =
                    if is_compressed { transaction_id } else { cursor.uint_le(sheet, "wpan.mpx.multiplex_id", 2)? };
                let identifier = Identifier::read(sheet, cursor, multiplex_id)?;
                let frame = cursor.sub(cursor.len(), "upper-layer frame")?;
                let (buffer, base) = (frame.buffer(), frame.offset());
                let missing = frame.missing();
                upper.push(UpperFrame { identifier, bytes: frame.rest().to_vec(), buffer, base, missing });
                Ok(())
            }
            2 | 4 => {
                let number = cursor.uint(sheet, "wpan.mpx.fragment_number", 1)?;
                let is_last = transfer_type == 4;
                let is_cut = cursor.is_cut();
                if is_cut {
                    self.transactions.open.retain(|transaction| transaction.key != key);
                    sheet.note(NoteKind::FragmentIncomplete, "a fragment that the capture cut is not put together");
                }
                if number != 0 || is_last {
                    let fragment = cursor.rest();
                    all(sheet, cursor, "wpan.mpx.fragment")?;
                    if is_cut {
                        return Ok(());
                    }
                    let whole = self.next_fragment(sheet, key, (number & 0xff) as u8, is_last, fragment, link)?;
                    upper.extend(whole);
                    return Ok(());
                }
                let total_size = cursor.uint_le(sheet, "wpan.mpx.total_frame_size", 2)?;
                let multiplex_id = cursor.uint_le(sheet, "wpan.mpx.multiplex_id", 2)?;
                let start = cursor.rest();
                Identifier::read(sheet, cursor, multiplex_id)?;
                all(sheet, cursor, "wpan.mpx.fragment")?;
                if is_cut {
                    return Ok(());
                }
                let (total_size, multiplex_id) = ((total_size & 0xffff) as u16, (multiplex_id & 0xffff) as u16);
                self.first_fragment(key, MpxAssembler::new(total_size, multiplex_id, start), link);
                sheet.note(NoteKind::FragmentIncomplete, "first fragment of an upper-layer frame");
                Ok(())
            }
            6 => {
                self.transactions.open.retain(|transaction| transaction.key != key);
                if cursor.len() == 2 {
                    cursor.uint_le(sheet, "wpan.mpx.total_frame_size", 2)?;
                }
                Ok(())
            }
            _ => {
                mark(sheet, "wpan.payload_ie.mpx.invalid_transfer_type");
                sheet.note(NoteKind::Malformed, "reserved MPX transfer type");
                Ok(())
            }
        }
    }

    fn first_fragment(&mut self, key: Key, assembler: MpxAssembler, link: Link) {
        if link.is_retry {
            return;
        }
        let open = &mut self.transactions.open;
        open.retain(|transaction| transaction.key != key);
        if open.len() >= MOST_TRANSACTIONS {
            open.remove(0);
        }
        let (all_verified, any_verified) = (link.verified, link.verified);
        open.push(Transaction { key, assembler, sources: Vec::from([link.number]), all_verified, any_verified });
    }

    fn next_fragment(
        &mut self,
        sheet: &mut Sheet,
        key: Key,
        number: u8,
        is_last: bool,
        fragment: &[u8],
        link: Link,
    ) -> Result<Option<UpperFrame>> {
        let open = &mut self.transactions.open;
        let Some(index) = open.iter().position(|transaction| transaction.key == key) else {
            sheet.note(NoteKind::FragmentIncomplete, "fragment of an upper-layer frame whose start was not seen");
            return Ok(None);
        };
        let Some(transaction) = open.get_mut(index) else { return Ok(None) };
        match transaction.assembler.accept(number, is_last, fragment) {
            MpxProgress::Incomplete => {
                transaction.sources.push(link.number);
                transaction.all_verified &= link.verified;
                transaction.any_verified |= link.verified;
                sheet.note(NoteKind::FragmentIncomplete, "fragment of an upper-layer frame");
                Ok(None)
            }
            MpxProgress::Repeated => {
                sheet.note(NoteKind::FragmentIncomplete, "a fragment of an upper-layer frame again");
                Ok(None)
            }
            MpxProgress::Conflict => {
                open.remove(index);
                sheet.note(NoteKind::FragmentConflict, "a fragment of an upper-layer frame that is not due");
                Ok(None)
            }
            MpxProgress::Complete(multiplex_id, bytes) => {
                let mut transaction = open.remove(index);
                transaction.sources.push(link.number);
                transaction.sources.sort_unstable();
                transaction.sources.dedup();
                let all_verified = transaction.all_verified && link.verified;
                if (transaction.any_verified || link.verified) && !all_verified {
                    sheet.note(NoteKind::MixedProtection, "fragments of this frame were not protected alike");
                }
                sheet.set_secured(all_verified);
                sheet.dissection.sources = transaction.sources;
                let buffer = sheet.buffer("reassembled", &bytes);
                let mut frame = Cursor::new(&bytes, buffer, 0);
                let identifier = Identifier::peek(&mut frame, u64::from(multiplex_id))?;
                let (base, bytes) = (frame.offset(), frame.rest().to_vec());
                Ok(Some(UpperFrame { identifier, bytes, buffer, base, missing: 0 }))
            }
        }
    }

    /// What the multiplex ID says that the frame is.
    pub(super) fn upper_layer(&mut self, sheet: &mut Sheet, upper: &UpperFrame, link: Link) -> Result<()> {
        let frame = Cursor::new(&upper.bytes, upper.buffer, upper.base).lacking(upper.missing);
        match upper.identifier {
            Identifier::Kmp(id) => match of_kmp_id(id) {
                Some(protocol) => (protocol.body)(self, sheet, frame, Under::Mpx),
                None => Err(Error::Unsupported("key management protocol in MPX")),
            },
            Identifier::WiSun(1) => self.lowpan(sheet, frame, link),
            Identifier::WiSun(_) => {
                sheet.note(NoteKind::Unsupported, "Wi-SUN frame in MPX");
                Ok(())
            }
            Identifier::Other(0x86dd) => self.ipv6(sheet, frame),
            Identifier::Other(number) => match of_multiplex_id(number) {
                Some(protocol) => (protocol.body)(self, sheet, frame, Under::Mpx),
                None => {
                    sheet.note(NoteKind::Unsupported, "multiplex ID of MPX");
                    Ok(())
                }
            },
        }
    }
}

/// A frame that MPX carried, and where it lies.
pub(super) struct UpperFrame {
    identifier: Identifier,
    bytes: Vec<u8>,
    buffer: usize,
    base: usize,
    /// Octets that the capture lacks behind it.
    missing: usize,
}

/// What tells the kind of an upper-layer frame.
#[derive(Clone, Copy)]
enum Identifier {
    Kmp(KmpId),
    WiSun(u64),
    Other(u64),
}

impl Identifier {
    /// From the multiplex ID and what stands first in the frame.
    fn read(sheet: &mut Sheet, frame: &mut Cursor<'_>, multiplex_id: u64) -> Result<Self> {
        if multiplex_id == u64::from(KMP_MULTIPLEX_ID) {
            let id = KmpId((frame.uint(sheet, "wpan.mpx.kmp.id", 1)? & 0xff) as u8);
            match id {
                KmpId::IEEE_802_1X | KmpId::IEEE_802_11_4WH | KmpId::IEEE_802_11_GKH => {}
                KmpId::HIP | KmpId::IKEV2 | KmpId::PANA | KmpId::DRAGONFLY | KmpId::ETSI_TS_102_887_2 => {
                    mark(sheet, "wpan.mpx.unsupported_kmp");
                }
                KmpId::VENDOR_SPECIFIC => drop(frame.uint(sheet, "wpan.mpx.kmp.vendor_oui", 3)?),
                _ => mark(sheet, "wpan.mpx.unknown_kmp"),
            }
            return Ok(Self::Kmp(id));
        }
        if multiplex_id == u64::from(WISUN_MULTIPLEX_ID) {
            let sub_id = frame.uint(sheet, "wpan.mpx.wisun", 1)?;
            match sub_id {
                0 => mark(sheet, "wpan.mpx.unsupported_kmp"),
                1 | 2 => {}
                _ => mark(sheet, "wpan.mpx.unknown_kmp"),
            }
            return Ok(Self::WiSun(sub_id));
        }
        Ok(Self::Other(multiplex_id))
    }

    /// The same without fields, of a reassembled frame: its first fragment showed them.
    fn peek(frame: &mut Cursor<'_>, multiplex_id: u64) -> Result<Self> {
        if multiplex_id == u64::from(KMP_MULTIPLEX_ID) {
            let id = KmpId((frame.read_uint(1, "KMP ID")? & 0xff) as u8);
            if id == KmpId::VENDOR_SPECIFIC {
                frame.take(3, "vendor OUI")?;
            }
            return Ok(Self::Kmp(id));
        }
        if multiplex_id == u64::from(WISUN_MULTIPLEX_ID) {
            return Ok(Self::WiSun(frame.read_uint(1, "Wi-SUN sub-ID")?));
        }
        Ok(Self::Other(multiplex_id))
    }
}
