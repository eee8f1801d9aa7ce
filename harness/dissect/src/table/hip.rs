//! Fields of layer `hip`. HIP: RFC 7401.

use super::{FieldInfo, FieldKind};

fields! {
    "hip" {
        "hip.proto" 8 "next header: 59 none";
        "hip.hdr_len" 8 "header length in units of eight octets, the first eight not counted";
        "hip.shim6_fixed_p" bool "fixed bit: 0";
        "hip.packet_type" 7 "packet type: 1 I1, 2 R1, 3 I2, 4 R2, 16 UPDATE, 17 NOTIFY, 18 CLOSE, 19 CLOSE_ACK";
        "hip.version" 4 "version";
        "hip.shim6_fixed_s" bool "fixed bit: 1";
        "hip.checksum" 16 "checksum";
        "hip.checksum.status" 8 "0 the checksum is wrong, 1 it is right";
        "hip.controls" 16 "controls";
        "hip.controls.a" bool "the sender's host identity is anonymous";
        "hip.hit_sndr" bytes "host identity tag of the sender";
        "hip.hit_rcvr" bytes "host identity tag of the receiver";
        "hip.type" 16 "type of a parameter";
    } else {
        "hip.parameter.length" 16 "length of a parameter's contents";
    }
}
