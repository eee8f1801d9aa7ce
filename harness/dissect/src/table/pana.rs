//! Fields of layer `pana`. PANA: RFC 5191, RFC 6345.

use super::{FieldInfo, FieldKind};

fields! {
    "pana" {
        "pana.reserved" bytes "reserved octets";
        "pana.length" 16 "length of the message";
        "pana.type" 16 "type: 1 client initiation, 2 authentication, 3 termination, 4 notification, 5 relay";
        "pana.sid" 32 "session identifier";
        "pana.seq" 32 "sequence number";
        "pana.avp.code" 16 "code of an AVP";
        "pana.avp.flags" 16 "flags of an AVP";
        "pana.avp.flags.v" bool "whether the AVP has a vendor";
        "pana.avp.data_length" 16 "length of an AVP's value";
        "pana.avp.reserved" bytes "reserved octets of an AVP";
        "pana.avp.vendorid" 32 "vendor of an AVP";
        "pana.avp.data.bytes" bytes "AUTH, nonce or PaC-Information";
        "pana.avp.data.uint32" 32 "integrity algorithm, PRF or session lifetime";
        "pana.avp.data.int32" text "key identifier, signed";
    } else {
        "pana.flag_bits" 16 "flags";
        "pana.flag.r" bool "a request, else an answer";
        "pana.flag.s" bool "start";
        "pana.flag.c" bool "complete";
        "pana.flag.a" bool "re-authentication";
        "pana.flag.p" bool "ping";
        "pana.flag.i" bool "IP reconfiguration";
        "pana.avp.result_code" 32 "0 success, 1 authentication rejected, 2 authorization rejected";
        "pana.avp.termination_cause" 32 "1 logout, 4 administrative, 8 session timeout";
    }
}
