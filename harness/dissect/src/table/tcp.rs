//! Fields of layer `tcp`. The head of TCP segments: RFC 9293.

use super::{FieldInfo, FieldKind};

fields! {
    "tcp" {
        "tcp.srcport" 16 "source port";
        "tcp.dstport" 16 "destination port";
        "tcp.seq_raw" 32 "sequence number";
        "tcp.ack_raw" 32 "acknowledgment number";
        "tcp.hdr_len" 8 "header length in octets";
        "tcp.flags" 12 "flags";
        "tcp.window_size_value" 16 "window, not scaled";
        "tcp.checksum" 16 "checksum, not verified";
        "tcp.urgent_pointer" 16 "urgent pointer";
    } else {}
}
