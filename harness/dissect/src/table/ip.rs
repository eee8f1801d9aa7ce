//! Fields of layer `ip`. IPv4: RFC 791.

use super::{FieldInfo, FieldKind};

fields! {
    "ip" {
        "ip.version" 4 "version";
        "ip.hdr_len" 8 "header length in octets";
        "ip.dsfield" 8 "DSCP and ECN";
        "ip.dsfield.dscp" 6 "differentiated services code point";
        "ip.dsfield.ecn" 2 "explicit congestion notification";
        "ip.len" 16 "total length";
        "ip.id" 16 "identification";
        "ip.flags" 3 "flags";
        "ip.flags.rb" bool "reserved bit";
        "ip.flags.df" bool "don't fragment";
        "ip.flags.mf" bool "more fragments";
        "ip.frag_offset" 13 "fragment offset in units of eight octets";
        "ip.ttl" 8 "time to live";
        "ip.proto" 8 "protocol";
        "ip.checksum" 16 "header checksum";
        "ip.checksum.status" 8 "0 the header checksum is wrong, 1 it is right";
        "ip.src" text "source address";
        "ip.dst" text "destination address";
    } else {
        "ip.options" bytes "options";
    }
}
