//! Fields of layer `zep`. The ZigBee Encapsulation Protocol.

use super::{FieldInfo, FieldKind};

fields! {
    "zep" {
        "zep.protocol_id" text "preamble: EX";
        "zep.version" 8 "version";
        "zep.type" 8 "type, of version 2: 1 data, 2 acknowledgement";
        "zep.channel_id" 8 "channel number";
        "zep.device_id" 16 "which sniffer";
        "zep.lqi_mode" bool "what ends the frame: 0 metadata of the radio, 1 the FCS";
        "zep.seqno" 32 "sequence number";
        "zep.length" 7 "octets of the frame";
    } else {
        "zep.link_quality" 8 "link quality, if metadata end the frame; Wireshark shows its zep.lqi in the other mode of version 1";
        "zep.reserved_field" bytes "reserved octets";
        "zep.timestamp" 64 "NTP timestamp: seconds since 1900, and fractions of 2^-32 s";
    }
}
