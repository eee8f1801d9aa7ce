//! The field table: every name that a dissection may contain and a suite may ask for.

/// What a field's value is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// An unsigned integer of that many bits: a number.
    Uint {
        /// Width on the wire.
        bits: u8,
    },
    /// The number 0 or 1.
    Bool,
    /// Text: hex digits, lower case, without separators.
    Bytes,
    /// Text: `02:00:00:00:00:00:00:01`.
    Eui64,
    /// Text: RFC 5952.
    Ipv6,
    /// Any text.
    Text,
}

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name; `ut.*` stands for an open namespace.
    pub name: &'static str,
    /// What its value is like.
    pub kind: FieldKind,
    /// Layer that it is found in.
    pub layer: &'static str,
    /// For a person.
    pub description: &'static str,
    /// Whether Wireshark has a field of this name with the same value.
    pub wireshark: bool,
}

/// The entry of a name. Any `ut.[a-z0-9_]+` is known: its entry is `ut.*` unless it has one of its own.
pub fn field(name: &str) -> Option<&'static FieldInfo> {
    if let Some(found) = FIELDS.iter().find(|field| field.name == name) {
        return (name != OPEN.name).then_some(found);
    }
    let key = name.strip_prefix("ut.")?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!key.is_empty() && key.chars().all(allowed)).then_some(&OPEN)
}

const OPEN: FieldInfo = FieldInfo {
    name: "ut.*",
    kind: FieldKind::Text,
    layer: "ut",
    description: "any other key=value of an upper-tester reply or event",
    wireshark: false,
};

macro_rules! kind {
    (bool) => {
        FieldKind::Bool
    };
    (bytes) => {
        FieldKind::Bytes
    };
    (eui64) => {
        FieldKind::Eui64
    };
    (ipv6) => {
        FieldKind::Ipv6
    };
    (text) => {
        FieldKind::Text
    };
    ($bits:literal) => {
        FieldKind::Uint { bits: $bits }
    };
}

macro_rules! fields {
    ($($layer:literal { $($name:literal $kind:tt $description:literal;)* } else { $($own:literal $own_kind:tt $own_description:literal;)* })*) => {
        /// All fields; [`field`] finds one.
        pub const FIELDS: &[FieldInfo] = &[
            $(
                $(FieldInfo { name: $name, kind: kind!($kind), layer: $layer, description: $description, wireshark: true },)*
                $(FieldInfo { name: $own, kind: kind!($own_kind), layer: $layer, description: $own_description, wireshark: false },)*
            )*
            OPEN,
        ];
    };
}

// Per layer: fields of Wireshark first, ours after `else`.
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
        "wpan.fcs_ok" bool "the frame check sequence is right; absent if the capture has none";
    } else {
        "wpan.bcn_payload" bytes "beacon payload";
        "link.secured" bool "every frame of this PDU had link security that was verified under a known key";
    }
    "6lowpan" {
        "6lowpan.pattern" 8 "dispatch bits, right-aligned";
        "6lowpan.frag.size" 11 "datagram size";
        "6lowpan.frag.tag" 16 "datagram tag";
        "6lowpan.frag.offset" 11 "datagram offset in octets";
        "6lowpan.fragment.count" 32 "number of fragments that made up the datagram";
        "6lowpan.reassembled.length" 32 "octets of the reassembled datagram";
        "6lowpan.iphc.tf" 2 "traffic class and flow label mode";
        "6lowpan.iphc.nh" bool "next header is compressed";
        "6lowpan.iphc.hlim" 2 "hop limit mode";
        "6lowpan.iphc.cid" bool "context identifier extension is present";
        "6lowpan.iphc.sac" bool "source address compression is context-based";
        "6lowpan.iphc.sam" 2 "source address mode";
        "6lowpan.iphc.m" bool "destination is multicast";
        "6lowpan.iphc.dac" bool "destination address compression is context-based";
        "6lowpan.iphc.dam" 2 "destination address mode";
        "6lowpan.iphc.sci" 4 "source context identifier";
        "6lowpan.iphc.dci" 4 "destination context identifier";
        "6lowpan.next" 8 "in-line next header";
        "6lowpan.hops" 8 "in-line hop limit";
        "6lowpan.src" ipv6 "source address";
        "6lowpan.dst" ipv6 "destination address";
        "6lowpan.nhc.pattern" 8 "next header compression bits, right-aligned";
        "6lowpan.nhc.udp.checksum" bool "UDP checksum is elided";
        "6lowpan.nhc.udp.ports" 2 "UDP port mode";
        "6lowpan.udp.src" 16 "UDP source port";
        "6lowpan.udp.dst" 16 "UDP destination port";
        "6lowpan.udp.checksum" 16 "in-line UDP checksum";
    } else {}
    "ipv6" {
        "ipv6.version" 4 "version";
        "ipv6.tclass" 8 "traffic class";
        "ipv6.tclass.dscp" 6 "differentiated services code point";
        "ipv6.tclass.ecn" 2 "explicit congestion notification";
        "ipv6.flow" 20 "flow label";
        "ipv6.plen" 16 "payload length";
        "ipv6.nxt" 8 "next header";
        "ipv6.hlim" 8 "hop limit";
        "ipv6.src" ipv6 "source address";
        "ipv6.dst" ipv6 "destination address";
    } else {}
    "udp" {
        "udp.srcport" 16 "source port";
        "udp.dstport" 16 "destination port";
        "udp.length" 16 "length, header included";
        "udp.checksum" 16 "checksum";
        "udp.checksum.status" 8 "0 the checksum is wrong, 1 it is right";
        "udp.payload" bytes "payload";
    } else {}
    "icmpv6" {
        "icmpv6.type" 8 "type";
        "icmpv6.code" 8 "code";
        "icmpv6.checksum" 16 "checksum";
        "icmpv6.checksum.status" 8 "0 the checksum is wrong, 1 it is right";
        "icmpv6.mtu" 32 "MTU of a packet too big message";
        "icmpv6.pointer" 32 "pointer of a parameter problem message";
        "icmpv6.echo.identifier" 16 "echo identifier";
        "icmpv6.echo.sequence_number" 16 "echo sequence number";
        "icmpv6.nd.ra.cur_hop_limit" 8 "current hop limit";
        "icmpv6.nd.ra.flag" 8 "router advertisement flags";
        "icmpv6.nd.ra.flag.m" bool "managed address configuration";
        "icmpv6.nd.ra.flag.o" bool "other configuration";
        "icmpv6.nd.ra.router_lifetime" 16 "router lifetime in seconds";
        "icmpv6.nd.ra.reachable_time" 32 "reachable time in milliseconds";
        "icmpv6.nd.ra.retrans_timer" 32 "retransmission timer in milliseconds";
        "icmpv6.nd.ns.target_address" ipv6 "target address of a neighbor solicitation";
        "icmpv6.nd.na.flag.r" bool "router flag";
        "icmpv6.nd.na.flag.s" bool "solicited flag";
        "icmpv6.nd.na.flag.o" bool "override flag";
        "icmpv6.nd.na.target_address" ipv6 "target address of a neighbor advertisement";
        "icmpv6.6lowpannd.da.status" 8 "status of a duplicate address request or confirmation";
        "icmpv6.6lowpannd.da.lifetime" 16 "its registration lifetime in units of 60 s";
        "icmpv6.6lowpannd.da.eui64" eui64 "its EUI-64";
        "icmpv6.6lowpannd.da.reg_addr" ipv6 "its registered address";
        "icmpv6.opt.type" 8 "option type";
        "icmpv6.opt.length" 8 "option length in units of eight octets";
        "icmpv6.opt.src_linkaddr" text "source link-layer address: hex digits, with colons if it has 48 bits";
        "icmpv6.opt.target_linkaddr" text "target link-layer address of 48 bits: hex digits with colons";
        "icmpv6.opt.src_linkaddr_eui64" eui64 "source link-layer address, if extended";
        "icmpv6.opt.target_linkaddr_eui64" eui64 "target link-layer address, if extended";
        "icmpv6.opt.prefix.length" 8 "prefix length";
        "icmpv6.opt.prefix.flag.l" bool "on-link flag";
        "icmpv6.opt.prefix.flag.a" bool "autonomous address configuration flag";
        "icmpv6.opt.prefix.valid_lifetime" 32 "valid lifetime in seconds";
        "icmpv6.opt.prefix.preferred_lifetime" 32 "preferred lifetime in seconds";
        "icmpv6.opt.prefix" ipv6 "prefix";
        "icmpv6.opt.mtu" 32 "MTU option";
        "icmpv6.opt.aro.status" 8 "address registration status: 0 success, 1 duplicate, 2 cache full";
        "icmpv6.opt.aro.registration_lifetime" 16 "address registration lifetime in units of 60 s";
        "icmpv6.opt.aro.eui64" eui64 "EUI-64 of the registering interface";
        "icmpv6.opt.6co.context_length" 8 "context length in bits";
        "icmpv6.opt.6co.flag.c" bool "context may be used for compression";
        "icmpv6.opt.6co.flag.cid" 4 "context identifier";
        "icmpv6.opt.6co.valid_lifetime" 16 "context lifetime in units of 60 s";
        "icmpv6.opt.6co.context_prefix" ipv6 "context prefix";
        "icmpv6.opt.abro.version_low" 16 "low half of the border router's version";
        "icmpv6.opt.abro.version_high" 16 "high half of the border router's version";
        "icmpv6.opt.abro.valid_lifetime" 16 "lifetime of the border router's information in units of 60 s";
        "icmpv6.opt.abro.6lbr_address" ipv6 "address of the 6LBR";
    } else {
        "icmpv6.error.parameter" 32 "the four octets after the checksum of any error message";
    }
    "sel" {} else {
        "sel.code" 8 "ICMPv6 code: 1 join secure request, 2 set secure request";
        "sel.status" 8 "status";
        "sel.reserved" 8 "reserved octet";
        "sel.registration_lifetime" 16 "registration lifetime in units of 60 s";
        "sel.eui64" eui64 "EUI-64 in the message";
        "sel.trailing" bytes "octets after the message";
    }
    "dtls" {
        "dtls.record.content_type" 8 "20 change cipher spec, 21 alert, 22 handshake, 23 application data";
        "dtls.record.version" 16 "65277 for DTLS 1.2, 65279 for 1.0";
        "dtls.record.epoch" 16 "epoch";
        "dtls.record.sequence_number" 48 "sequence number";
        "dtls.record.length" 16 "length of the fragment";
        "dtls.alert_message.level" 8 "1 warning, 2 fatal";
        "dtls.alert_message.desc" 8 "alert description";
        "dtls.handshake.type" 8 "handshake message type";
        "dtls.handshake.length" 24 "length of the whole message";
        "dtls.handshake.message_seq" 16 "message sequence number";
        "dtls.handshake.fragment_offset" 24 "fragment offset";
        "dtls.handshake.fragment_length" 24 "fragment length";
        "dtls.handshake.version" 16 "version in a hello";
        "dtls.handshake.random" bytes "random of a hello, 32 octets";
        "dtls.handshake.session_id_length" 8 "octets of the session ID";
        "dtls.handshake.session_id" bytes "session ID";
        "dtls.handshake.cookie_length" 8 "octets of the cookie";
        "dtls.handshake.cookie" bytes "cookie";
        "dtls.handshake.cipher_suites_length" 16 "octets of the list of cipher suites";
        "dtls.handshake.ciphersuite" 16 "a cipher suite, offered or selected";
        "dtls.handshake.comp_methods_length" 8 "number of compression methods offered";
        "dtls.handshake.comp_method" 8 "a compression method, offered or selected";
        "dtls.handshake.extensions_length" 16 "octets of the extensions";
        "dtls.handshake.extension.type" 16 "extension type";
        "dtls.handshake.extension.len" 16 "octets of an extension's data";
        "dtls.handshake.hint_len" 16 "octets of the PSK identity hint";
        "dtls.handshake.hint" bytes "identity hint of a PSK ServerKeyExchange";
        "dtls.handshake.identity_len" 16 "octets of the PSK identity";
        "dtls.handshake.identity" bytes "identity of a PSK ClientKeyExchange";
    } else {
        "dtls.extension.data" bytes "data of an extension";
        "dtls.hint_text" text "the identity hint, if it is UTF-8";
        "dtls.identity_text" text "the identity, if it is UTF-8";
        "dtls.verify_data" bytes "verify_data of a Finished";
        "dtls.decrypted" bool "the record was protected and could be decrypted";
    }
    "coap" {
        "coap.version" 2 "version";
        "coap.type" 2 "0 confirmable, 1 non-confirmable, 2 acknowledgement, 3 reset";
        "coap.token_len" 4 "octets of the token";
        "coap.code" 8 "code: class in the upper three bits, detail in the lower five";
        "coap.mid" 16 "message ID";
        "coap.token" bytes "token";
        "coap.opt.uri_path" text "a Uri-Path option";
        "coap.opt.uri_path_recon" text "the whole path, behind `coap://host:port` if those options are there";
        "coap.opt.uri_query" text "a Uri-Query option";
        "coap.opt.uri_host" text "Uri-Host";
        "coap.opt.uri_port" 16 "Uri-Port";
        "coap.opt.location_path" text "a Location-Path option";
        "coap.opt.location_query" text "a Location-Query option";
        "coap.opt.proxy_uri" text "Proxy-Uri";
        "coap.opt.proxy_scheme" text "Proxy-Scheme";
        "coap.opt.etag" bytes "ETag";
        "coap.opt.if_match" bytes "an If-Match option";
        "coap.opt.max_age" 32 "Max-Age in seconds";
        "coap.opt.size1" 32 "Size1";
        "coap.opt.observe" 24 "Observe";
        "coap.opt.hop_limit" 8 "Hop-Limit";
        "coap.opt.block_number" 20 "block number of a Block1 or Block2 option";
        "coap.opt.block_mflag" bool "more blocks follow";
        "coap.opt.block_size" 3 "encoded block size: 16 << n octets";
        "coap.payload_length" 32 "octets of the payload";
    } else {
        "coap.is_request" bool "the code is that of a request";
        "coap.is_response" bool "the code is that of a response";
        "coap.class" 3 "class of the code";
        "coap.detail" 5 "detail of the code";
        "coap.content_format" 16 "Content-Format as a number";
        "coap.accept" 16 "Accept as a number";
        "coap.payload_bytes" bytes "payload";
        "coap.payload_text" text "payload, if it is UTF-8";
    }
    "ut" {} else {
        "ut.is_event" bool "an event, not a reply";
        "ut.seq" 32 "sequence number of the command that is answered";
        "ut.status" text "ok, error or unimplemented";
        "ut.code" text "error code of a reply";
        "ut.event" text "name of an event";
        "ut.t" 64 "milliseconds since boot, of an event";
    }
}
