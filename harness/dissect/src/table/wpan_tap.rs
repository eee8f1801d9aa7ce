//! Fields of layer `wpan-tap`. The pseudo-header of link type 283.

use super::{FieldInfo, FieldKind};

fields! {
    "wpan-tap" {
        "wpan-tap.version" 8 "version";
        "wpan-tap.reserved" 8 "reserved";
        "wpan-tap.length" 16 "length of the pseudo-header";
        "wpan-tap.data_length" 16 "length of the frame behind it";
        "wpan-tap.tlv.type" 16 "type of a TLV";
        "wpan-tap.tlv.length" 16 "length of a TLV without padding";
        "wpan-tap.tlv.unknown" bytes "value of a TLV of another type than those here";
        "wpan-tap.tlv.padding" bytes "padding of a TLV";
        "wpan-tap.fcs_type" 8 "FCS of the frame: 0 none, 1 of 16 bits, 2 of 32 bits";
        "wpan-tap.rss" text "received signal strength in dBm";
        "wpan-tap.bit_rate" 32 "bit rate in bit/s";
        "wpan-tap.ch_num" 16 "channel number";
        "wpan-tap.ch_page" 8 "channel page";
        "wpan-tap.sun_band" 8 "band of a smart utility network PHY";
        "wpan-tap.sun_type" 8 "its type";
        "wpan-tap.sun_mode" 8 "its mode, of another type than those here";
        "wpan-tap.mode.fsk_a" 8 "its mode: FSK-A";
        "wpan-tap.mode.fsk_b" 8 "its mode: FSK-B";
        "wpan-tap.mode.oqpsk_a" 8 "its mode: O-QPSK-A";
        "wpan-tap.mode.oqpsk_b" 8 "its mode: O-QPSK-B";
        "wpan-tap.mode.oqpsk_c" 8 "its mode: O-QPSK-C";
        "wpan-tap.mode.ofdm" 8 "its mode: OFDM";
        "wpan-tap.sof_ts" 64 "start of the frame in nanoseconds";
        "wpan-tap.eof_ts" 64 "end of the frame in nanoseconds";
        "wpan-tap.slot_start_ts" 64 "start of the slot in nanoseconds";
        "wpan-tap.timeslot_length" 32 "length of a slot in microseconds";
        "wpan-tap.lqi" 8 "link quality indicator";
        "wpan-tap.chplan.start" text "frequency of channel 0 in kHz";
        "wpan-tap.chplan.spacing" text "spacing of channels in kHz";
        "wpan-tap.chplan.channels" 16 "number of channels";
        "wpan-tap.ch_freq" text "centre frequency in kHz";
        "wpan-tap.asn" 64 "absolute slot number";
    } else {}
}
