//! Fields of layer `isakmp`. IKEv2: RFC 7296.

use super::{FieldInfo, FieldKind};

fields! {
    "isakmp" {
        "isakmp.ispi" bytes "SPI of the initiator";
        "isakmp.rspi" bytes "SPI of the responder";
        "isakmp.nextpayload" 8 "next payload, of the header and of each payload";
        "isakmp.version" 8 "version";
        "isakmp.mjver" 4 "major version";
        "isakmp.mnver" 4 "minor version";
        "isakmp.exchangetype" 8 "exchange type: 34 IKE_SA_INIT, 35 IKE_AUTH, 36 CREATE_CHILD_SA, 37 INFORMATIONAL";
        "isakmp.flags" 8 "flags";
        "isakmp.flag_i" bool "sent by the original initiator";
        "isakmp.flag_v" bool "a higher version is possible";
        "isakmp.flag_r" bool "a response";
        "isakmp.messageid" 32 "message ID";
        "isakmp.length" 32 "length of the message";
        "isakmp.typepayload" 8 "type of a payload";
        "isakmp.criticalpayload" bool "critical";
        "isakmp.reserved7" 7 "reserved bits";
        "isakmp.reserved" bytes "reserved octets";
        "isakmp.payloadlength" 16 "length of a payload";
        "isakmp.prop.number" 8 "number of a proposal";
        "isakmp.prop.protoid" 8 "its protocol: 1 IKE, 2 AH, 3 ESP";
        "isakmp.spisize" 8 "octets of an SPI";
        "isakmp.spi" bytes "SPI of a proposal or notification";
        "isakmp.prop.transforms" 8 "transforms of a proposal";
        "isakmp.tf.type" 8 "type of a transform";
        "isakmp.tf.id.encr" 16 "encryption algorithm";
        "isakmp.tf.id.prf" 16 "pseudo-random function";
        "isakmp.tf.id.integ" 16 "integrity algorithm";
        "isakmp.tf.id.dh" 16 "Diffie-Hellman group";
        "isakmp.tf.id.esn" 16 "extended sequence numbers";
        "isakmp.ike2.attr.format" bool "form of an attribute: 0 with a length, 1 of two octets";
        "isakmp.ike2.attr.type" 15 "type of an attribute";
        "isakmp.ike2.attr.value" bytes "its value";
        "isakmp.ike2.attr.key_length" 16 "key length in bits";
        "isakmp.key_exchange.dh_group" 16 "group of a key exchange";
        "isakmp.key_exchange.data" bytes "public value";
        "isakmp.nonce" bytes "nonce";
        "isakmp.notify.protoid" 8 "protocol of a notification";
        "isakmp.notify.msgtype" 16 "type of a notification";
        "isakmp.notify.data" bytes "its data";
    } else {}
}
