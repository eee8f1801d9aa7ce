//! Fields of layer `wpan`. IEEE 802.15.4: MAC header, security, beacons, commands.

use super::{FieldInfo, FieldKind};

fields! {
    "wpan" {
        "wpan.fcf" 16 "frame control field";
        "wpan.frame_type" 3 "frame type: 0 beacon, 1 data, 2 acknowledgment, 3 MAC command";
        "wpan.security" bool "security enabled";
        "wpan.pending" bool "frame pending";
        "wpan.ack_request" bool "acknowledgment request";
        "wpan.pan_id_compression" bool "PAN ID compression";
        "wpan.dst_addr_mode" 2 "destination addressing mode: 0 none, 2 short, 3 extended";
        "wpan.version" 2 "frame version: 0 of 2003, 1 of 2006";
        "wpan.src_addr_mode" 2 "source addressing mode: 0 none, 2 short, 3 extended";
        "wpan.seq_no" 8 "sequence number";
        "wpan.dst_pan" 16 "destination PAN identifier";
        "wpan.dst16" 16 "destination short address";
        "wpan.dst64" eui64 "destination extended address";
        "wpan.src_pan" 16 "source PAN identifier, if it is in the frame";
        "wpan.src16" 16 "source short address";
        "wpan.src64" eui64 "source extended address";
        "wpan.aux_sec.sec_level" 3 "security level";
        "wpan.aux_sec.key_id_mode" 2 "key identifier mode";
        "wpan.aux_sec.frame_counter" 32 "frame counter";
        "wpan.aux_sec.key_source.bytes" bytes "key source, octets as on air";
        "wpan.aux_sec.key_index" 8 "key index";
        "wpan.mic" bytes "message integrity code";
        "wpan.cmd" 8 "command frame identifier";
        "wpan.beacon_order" 4 "beacon order";
        "wpan.superframe_order" 4 "superframe order";
        "wpan.bcn_coord" bool "sender of the beacon is the PAN coordinator";
        "wpan.assoc_permit" bool "association permit";
        "wpan.gts.count" 3 "number of GTS descriptors";
        "wpan.gts.permit" bool "GTS permit";
        "wpan.pending16" 16 "short address with data pending";
        "wpan.pending64" eui64 "extended address with data pending";
        "wpan.fcs" 16 "frame check sequence";
        "wpan.fcs32" 32 "frame check sequence of 32 bits";
        "wpan.rssi" text "signal strength in place of an FCS that the radio (TI CC24xx) has checked, signed";
        "wpan.correlation" 7 "its correlation value";
        "wpan.fcs_ok" bool "the frame check sequence is right; absent if the capture has none";
    } else {
        "wpan.bcn_payload" bytes "beacon payload";
        "link.secured" bool "every frame of this PDU had link security that was verified under a known key";
    }
}
