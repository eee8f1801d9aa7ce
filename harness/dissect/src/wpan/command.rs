//! MAC commands (IEEE 802.15.4-2006 section 7.3; IEEE 802.15.4-2015 section 7.5).

use super::super::Dissector;
use super::super::model::NoteKind;
use super::super::sheet::{Cursor, Sheet};
use super::{Head, bits, mark};
use wire::Result;
use wire::ieee802154::{AddressingMode, CommandId, LinkAddress, PanId, ShortAddress};

/// The command frame identifier.
pub(super) fn identifier(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<CommandId> {
    Ok(CommandId((cursor.uint(sheet, "wpan.cmd", 1)? & 0xff) as u8))
}

impl Dissector {
    /// The body of a command of frame `number`; up to 2006 its identifier was read before, as it is never encrypted.
    pub(super) fn command(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        head: &Head,
        id: Option<CommandId>,
        number: u64,
    ) -> Result<()> {
        let id = match id {
            Some(id) => id,
            None => identifier(sheet, &mut cursor)?,
        };
        for is_right in addressing(id, head) {
            if !is_right {
                mark(sheet, "wpan.invalid_addressing");
            }
        }
        match id {
            CommandId::ASSOCIATION_REQUEST => association_request(sheet, &mut cursor)?,
            CommandId::ASSOCIATION_RESPONSE => self.association_response(sheet, &mut cursor, head, number)?,
            CommandId::DISASSOCIATION_NOTIFICATION => {
                cursor.uint(sheet, "wpan.disassoc.reason", 1)?;
                let ends = [head.header.source.extended(), head.header.destination.extended()];
                ends.into_iter().flatten().for_each(|eui64| self.short_addresses.forget(eui64));
            }
            CommandId::DATA_REQUEST
            | CommandId::PAN_ID_CONFLICT_NOTIFICATION
            | CommandId::ORPHAN_NOTIFICATION
            | CommandId::BEACON_REQUEST => {}
            CommandId::COORDINATOR_REALIGNMENT => self.realignment(sheet, &mut cursor, head, number)?,
            CommandId::GTS_REQUEST => {
                let value = cursor.read_uint(1, "GTS characteristics")?;
                let fields =
                    [("wpan.gtsreq.length", 0, 0xf), ("wpan.gtsreq.direction", 4, 1), ("wpan.gtsreq.type", 5, 1)];
                bits(sheet, value, cursor.behind(1), &fields);
            }
            CommandId::VENDOR_SPECIFIC => {
                cursor.uint(sheet, "wpan.cmd.vendor_oui", 3)?;
                return Ok(());
            }
            // TRLE, DSME, RIT and DBS commands of 2015.
            CommandId(0x0a | 0x0b | 0x13..=0x1c | 0x20..=0x23) => {
                mark(sheet, "wpan.cmd.unsupported_cmd");
                sheet.note(NoteKind::Unsupported, "body of this MAC command");
                return Ok(());
            }
            _ => {
                mark(sheet, "wpan.cmd.unknown_cmd");
                sheet.note(NoteKind::Unsupported, "unknown MAC command");
                return Ok(());
            }
        }
        if !cursor.is_empty() {
            sheet.note(NoteKind::Malformed, "octets behind a MAC command");
        }
        Ok(())
    }

    fn association_response(
        &mut self,
        sheet: &mut Sheet,
        cursor: &mut Cursor<'_>,
        head: &Head,
        number: u64,
    ) -> Result<()> {
        let short = ShortAddress((cursor.uint_le(sheet, "wpan.asoc.addr", 2)? & 0xffff) as u16);
        let status = cursor.uint(sheet, "wpan.assoc.status", 1)?;
        let device = head.header.destination;
        if let (0, Some(pan), Some(eui64)) = (status, device.pan(), device.extended())
            && short != ShortAddress::NONE
        {
            self.short_addresses.learn(pan, short, eui64, number);
        }
        Ok(())
    }

    fn realignment(&mut self, sheet: &mut Sheet, cursor: &mut Cursor<'_>, head: &Head, number: u64) -> Result<()> {
        let pan = PanId((cursor.uint_le(sheet, "wpan.realign.pan", 2)? & 0xffff) as u16);
        cursor.uint_le(sheet, "wpan.realign.addr", 2)?;
        cursor.uint(sheet, "wpan.realign.channel", 1)?;
        let short = ShortAddress((cursor.uint_le(sheet, "wpan.realign.addr", 2)? & 0xffff) as u16);
        if !cursor.is_empty() {
            cursor.uint(sheet, "wpan.realign.channel_page", 1)?;
        }
        let is_given = short != ShortAddress::NONE && short != ShortAddress::BROADCAST;
        if let Some(eui64) = head.header.destination.extended().filter(|_| is_given) {
            self.short_addresses.learn(pan, short, eui64, number);
        }
        Ok(())
    }
}

fn association_request(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let value = cursor.read_uint(1, "capability information")?;
    let fields = [
        ("wpan.cinfo.alt_coord", 0, 1),
        ("wpan.cinfo.device_type", 1, 1),
        ("wpan.cinfo.power_src", 2, 1),
        ("wpan.cinfo.idle_rx", 3, 1),
        ("wpan.cinfo.sec_capable", 6, 1),
        ("wpan.cinfo.alloc_addr", 7, 1),
    ];
    bits(sheet, value, cursor.behind(1), &fields);
    Ok(())
}

/// What the specification says of the addresses of a command, and whether it is so (2006 sections 7.3.1 to 7.3.9).
fn addressing(id: CommandId, head: &Head) -> [bool; 2] {
    use AddressingMode::{Absent, Extended, Short};
    let (to, from) = (head.control.destination_mode, head.control.source_mode);
    let (destination, source) = (head.header.destination, head.header.source);
    let is_broadcast = destination.link() == Some(LinkAddress::BROADCAST);
    let to_every_pan = destination.pan() == Some(PanId::BROADCAST);
    let first = match id {
        CommandId::ASSOCIATION_REQUEST => from == Extended && to != Absent,
        CommandId::ASSOCIATION_RESPONSE
        | CommandId::DISASSOCIATION_NOTIFICATION
        | CommandId::PAN_ID_CONFLICT_NOTIFICATION => from == Extended && to == Extended,
        CommandId::DATA_REQUEST => from != Absent,
        CommandId::ORPHAN_NOTIFICATION => {
            let from_every_pan = source.pan() == Some(PanId::BROADCAST);
            from == Extended && is_broadcast && to_every_pan && from_every_pan
        }
        CommandId::BEACON_REQUEST => head.is_2015() || from == Absent && is_broadcast && to_every_pan,
        CommandId::COORDINATOR_REALIGNMENT => from == Extended && to_every_pan && to != Absent,
        CommandId::GTS_REQUEST => {
            let is_given = |address| address != LinkAddress::BROADCAST && address != NO_ADDRESS;
            from == Short && to == Absent && source.link().is_some_and(is_given)
        }
        _ => true,
    };
    // A realignment of the whole PAN goes to everybody.
    let second = id != CommandId::COORDINATOR_REALIGNMENT || to != Short || is_broadcast;
    [first, second]
}

const NO_ADDRESS: LinkAddress = LinkAddress::Short(ShortAddress::NONE);
