//! Fields of layer `zep`. The ZigBee Encapsulation Protocol.

use super::{FieldInfo, FieldKind};

fields! {
    "zep" {
        "zep.protocol_id" text "preamble: EX";
        "zep.version" 8 "version";
        "zep.type" 8 "type, from version 2 on: 1 data, 2 acknowledgement; 255 the hello of RIOT's nodes, which has no frame";
        "zep.channel_id" 8 "channel number";
        "zep.device_id" 16 "which sniffer";
        "zep.lqi_mode" bool "what ends the frame: 0 metadata of the radio, 1 the FCS";
        "zep.seqno" 32 "sequence number";
        "zep.length" 7 "octets of the frame";
    } else {
        "zep.link_quality" 8 "link quality, if metadata end the frame; Wireshark shows its zep.lqi in the other mode of version 1";
        "zep.band" 8 "band of version 3, by the sniffer's number for it";
        "zep.channel_page" 8 "channel page of version 3";
        "zep.hello" eui64 "the EUI-64 by which a node makes itself known to a dispatcher";
        "zep.reserved_field" bytes "reserved octets";
        "zep.timestamp" 64 "NTP timestamp: seconds since 1900, and fractions of 2^-32 s";
    }
}
