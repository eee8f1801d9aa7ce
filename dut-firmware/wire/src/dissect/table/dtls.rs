//! Fields of layer `dtls`. DTLS 1.2: RFC 6347, 5246, 4279.

use super::{FieldInfo, FieldKind};

fields! {
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
}
