//! Any frame that can be sent: strategies that other tests of this crate share.

use super::*;
use proptest::collection::vec as many;

pub(crate) fn address(pan: u16) -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(Address::Absent),
        any::<u16>().prop_map(move |a| Address::Short { pan: PanId(pan), address: ShortAddress(a) }),
        any::<[u8; 8]>().prop_map(move |a| Address::Extended { pan: PanId(pan), address: Eui64(a) }),
    ]
}

/// Headers of the 2003 and 2006 editions.
fn header_2006() -> impl Strategy<Value = Header> {
    (any::<u16>(), any::<u16>(), any::<bool>()).prop_flat_map(|(destination_pan, source_pan, one_pan)| {
        let source_pan = if one_pan { destination_pan } else { source_pan };
        (address(destination_pan), address(source_pan), any::<(bool, bool, bool, u8, bool)>()).prop_map(
            |(destination, source, (frame_pending, ack_request, compress, sequence_number, old))| Header {
                version: if old { FrameVersion::V2003 } else { FrameVersion::V2006 },
                frame_pending,
                ack_request,
                pan_id_compression: compress && destination.pan().is_some() && destination.pan() == source.pan(),
                sequence_number: Some(sequence_number),
                destination,
                source,
            },
        )
    })
}

fn link_address() -> impl Strategy<Value = Option<LinkAddress>> {
    prop_oneof![
        Just(None),
        any::<u16>().prop_map(|address| Some(LinkAddress::Short(ShortAddress(address)))),
        any::<[u8; 8]>().prop_map(|address| Some(LinkAddress::Extended(Eui64(address)))),
    ]
}

/// Headers of the 2015 edition, in each row of its table of PAN ID compression.
fn header_2015() -> impl Strategy<Value = Header> {
    (link_address(), link_address(), any::<(u16, u16, bool, bool, bool)>(), any::<Option<u8>>()).prop_map(
        |(to, from, (pan, other_pan, pan_id_compression, frame_pending, ack_request), sequence_number)| {
            let version = FrameVersion::V2015;
            let mode = |address| match address {
                None => AddressingMode::Absent,
                Some(LinkAddress::Short(_)) => AddressingMode::Short,
                Some(LinkAddress::Extended(_)) => AddressingMode::Extended,
            };
            let (has_pan, has_source_pan) = version.pan_ids_present(mode(to), mode(from), pan_id_compression).unwrap();
            let pan = has_pan.then_some(PanId(pan));
            let source_pan = if has_source_pan { Some(PanId(other_pan)) } else { from.and(pan) };
            Header {
                version,
                frame_pending,
                ack_request,
                pan_id_compression,
                sequence_number,
                destination: Address::from_parts(pan, to),
                source: Address::from_parts(source_pan, from),
            }
        },
    )
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    many(any::<u8>(), 0..most)
}

fn beacon() -> impl Strategy<Value = Beacon> {
    let gts = (any::<u16>(), 0..16u8, 0..16u8).prop_map(|(address, starting_slot, length)| GtsDescriptor {
        address: ShortAddress(address),
        starting_slot,
        length,
    });
    let short = any::<u16>().prop_map(|address| PendingAddress::Short(ShortAddress(address)));
    let extended = any::<[u8; 8]>().prop_map(|address| PendingAddress::Extended(Eui64(address)));
    (any::<(u16, bool, u8)>(), many(gts, 0..8), many(short, 0..8), many(extended, 0..8), bytes(20)).prop_map(
        |((superframe, gts_permit, directions), gts, mut pending, extended, payload)| {
            pending.extend(extended);
            let gts_directions = if gts.is_empty() { 0 } else { directions & 0x7f };
            Beacon { superframe, gts_permit, gts_directions, gts, pending, payload }
        },
    )
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<u8>().prop_map(|octet| Command::AssociationRequest(CapabilityInformation(octet))),
        any::<(u16, u8)>().prop_map(|(a, status)| Command::AssociationResponse { address: ShortAddress(a), status }),
        any::<u8>().prop_map(|reason| Command::DisassociationNotification { reason }),
        Just(Command::DataRequest),
        Just(Command::PanIdConflictNotification),
        Just(Command::OrphanNotification),
        Just(Command::BeaconRequest),
        any::<(u16, u16, u8, u16, Option<u8>)>().prop_map(|(pan, coordinator, channel, address, channel_page)| {
            Command::CoordinatorRealignment {
                pan: PanId(pan),
                coordinator: ShortAddress(coordinator),
                channel,
                address: ShortAddress(address),
                channel_page,
            }
        }),
        any::<u8>().prop_map(|octet| Command::GtsRequest(GtsCharacteristics(octet))),
        (any::<[u8; 3]>(), bytes(20)).prop_map(|(vendor, content)| Command::VendorSpecific { vendor, content }),
        (0x0au8..0x24, bytes(20)).prop_map(|(id, body)| Command::Other { id: CommandId(id), body }),
    ]
}

pub(crate) fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        beacon().prop_map(Content::Beacon),
        bytes(80).prop_map(Content::Data),
        Just(Content::Acknowledgment),
        command().prop_map(Content::Command),
    ]
}

fn content_2015() -> impl Strategy<Value = Content> {
    prop_oneof![
        bytes(40).prop_map(Content::EnhancedBeacon),
        bytes(80).prop_map(Content::Data),
        bytes(10).prop_map(Content::EnhancedAcknowledgment),
        command().prop_map(Content::Command),
    ]
}

pub(crate) fn header_element() -> impl Strategy<Value = HeaderElement> {
    prop_oneof![
        (any::<[u8; 3]>(), bytes(20)).prop_map(|(vendor, content)| HeaderElement::VendorSpecific { vendor, content }),
        any::<(u16, u16, Option<u16>)>().prop_map(|(phase, period, rendezvous_time)| HeaderElement::Csl {
            phase,
            period,
            rendezvous_time
        }),
        any::<(u8, u8, u16)>().prop_map(|(first, number, interval)| HeaderElement::Rit {
            time_to_first_listen: first,
            number_of_repeat_listen: number,
            repeat_listen_interval: interval,
        }),
        any::<(u16, Option<u16>)>().prop_map(|(rendezvous_time, wakeup_interval)| {
            HeaderElement::RendezvousTime { rendezvous_time, wakeup_interval }
        }),
        (MIN_TIME_CORRECTION_MICROSECONDS..=MAX_TIME_CORRECTION_MICROSECONDS, any::<bool>())
            .prop_map(|(microseconds, is_negative)| HeaderElement::TimeCorrection { microseconds, is_negative }),
        any::<u32>().prop_map(HeaderElement::GlobalTime),
        (0x21u8..0x29, bytes(40)).prop_map(|(id, content)| HeaderElement::Opaque { id, content }),
        // Too short for its type.
        bytes(4).prop_map(|content| HeaderElement::Opaque { id: 0x1a, content }),
    ]
}

fn slotframe() -> impl Strategy<Value = Slotframe> {
    let link = any::<(u16, u16, u8)>().prop_map(|(timeslot, channel_offset, options)| SlotframeLink {
        timeslot,
        channel_offset,
        options,
    });
    (any::<(u8, u16)>(), many(link, 0..5)).prop_map(|((handle, size), links)| Slotframe { handle, size, links })
}

fn template() -> impl Strategy<Value = TimeslotTemplate> {
    (any::<[u16; 10]>(), any::<(u16, u16)>(), any::<(u8, u8, bool)>()).prop_map(
        |(durations, (max_tx, length), (max_tx_high, length_high, is_long))| {
            let wide = |low: u16, high: u8| u32::from(low) | if is_long { u32::from(high) << 16 } else { 0 };
            TimeslotTemplate {
                durations,
                max_tx: wide(max_tx, max_tx_high),
                length: wide(length, length_high),
                is_long,
            }
        },
    )
}

pub(crate) fn nested_element() -> impl Strategy<Value = NestedElement> {
    prop_oneof![
        (any::<u8>(), bytes(30))
            .prop_map(|(sequence_id, details)| NestedElement::ChannelHopping { sequence_id, details }),
        (0..1u64 << 40, any::<u8>()).prop_map(|(absolute_slot_number, join_metric)| {
            NestedElement::TschSynchronization { absolute_slot_number, join_metric }
        }),
        many(slotframe(), 0..4).prop_map(NestedElement::TschSlotframeAndLink),
        (any::<u8>(), proptest::option::of(template()))
            .prop_map(|(id, template)| NestedElement::TschTimeslot { id, template }),
        (any::<(bool, Option<u8>, Option<u8>)>(), bytes(4)).prop_map(|((joining, quality, percentage), attributes)| {
            NestedElement::EnhancedBeaconFilter(BeaconFilter {
                permit_joining_on: joining,
                minimum_link_quality: quality,
                response_percentage: percentage,
                attributes,
            })
        }),
        (0x1fu8..0x40, bytes(30)).prop_map(|(id, content)| NestedElement::Opaque { is_long: false, id, content }),
        (0u8..9, bytes(30)).prop_map(|(id, content)| NestedElement::Opaque { is_long: true, id, content }),
    ]
}

pub(crate) fn mpx() -> impl Strategy<Value = Mpx> {
    prop_oneof![
        (0..32u8, any::<u16>(), bytes(60)).prop_map(|(transaction_id, multiplex_id, frame)| Mpx::FullFrame {
            transaction_id,
            multiplex_id,
            frame
        }),
        (0..32u8, bytes(60)).prop_map(|(multiplex_id, frame)| Mpx::FullFrameCompressed { multiplex_id, frame }),
        (0..32u8, any::<(u16, u16)>(), bytes(60)).prop_map(|(transaction_id, (total_size, multiplex_id), fragment)| {
            Mpx::FirstFragment { transaction_id, total_size, multiplex_id, fragment }
        }),
        (0..32u8, any::<(u8, bool)>(), bytes(60)).prop_map(|(transaction_id, (number, is_last), fragment)| {
            Mpx::NextFragment { transaction_id, number, is_last: is_last || number == 0, fragment }
        }),
        (0..32u8, any::<Option<u16>>())
            .prop_map(|(transaction_id, total_size)| Mpx::Abort { transaction_id, total_size }),
    ]
}

pub(crate) fn payload_element() -> impl Strategy<Value = PayloadElement> {
    prop_oneof![
        bytes(60).prop_map(PayloadElement::Esdu),
        many(nested_element(), 0..4).prop_map(PayloadElement::Mlme),
        (any::<[u8; 3]>(), bytes(20)).prop_map(|(vendor, content)| PayloadElement::VendorSpecific { vendor, content }),
        mpx().prop_map(PayloadElement::Mpx),
        (4u8..15, bytes(60)).prop_map(|(id, content)| PayloadElement::Opaque { id, content }),
    ]
}

pub(crate) fn frame_2015() -> impl Strategy<Value = Frame> {
    (header_2015(), many(header_element(), 0..4), many(payload_element(), 0..3), content_2015()).prop_map(
        |(header, header_elements, payload_elements, content)| {
            let elements = Elements::terminated(header_elements, payload_elements, content.buffer_len() > 0);
            Frame { header, elements, content }
        },
    )
}

pub(crate) fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![(header_2006(), content()).prop_map(|(header, content)| Frame::new(header, content)), frame_2015(),]
}

pub(crate) fn security() -> impl Strategy<Value = AuxSecurityHeader> {
    let key_identifier = prop_oneof![
        Just(KeyIdentifier::Implicit),
        any::<u8>().prop_map(KeyIdentifier::Index),
        any::<([u8; 4], u8)>().prop_map(|(source, index)| KeyIdentifier::Source4(source, index)),
        any::<([u8; 8], u8)>().prop_map(|(source, index)| KeyIdentifier::Source8(source, index)),
    ];
    (0..8u8, any::<(Option<u32>, bool)>(), key_identifier).prop_map(
        |(level, (frame_counter, asn_in_nonce), key_identifier)| AuxSecurityHeader {
            level: SecurityLevel::from_bits(level),
            frame_counter,
            asn_in_nonce,
            key_identifier,
        },
    )
}
