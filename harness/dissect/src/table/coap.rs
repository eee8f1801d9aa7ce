//! Fields of layer `coap`. CoAP: RFC 7252, 7641, 7959, 7967, 8613, 8768, 9175, 9177.

use super::{FieldInfo, FieldKind};

fields! {
    "coap" {
        "coap.version" 2 "version";
        "coap.type" 2 "0 confirmable, 1 non-confirmable, 2 acknowledgement, 3 reset";
        "coap.token_len" 4 "octets of the token";
        "coap.code" 8 "code: class in the upper three bits, detail in the lower five";
        "coap.mid" 16 "message ID";
        "coap.token" bytes "token";
        "coap.opt.name" text "position and name of an option, as `#1: Uri-Path`";
        "coap.opt.desc" text "number and properties of an option, as `Type 11, Critical, Unsafe`";
        "coap.opt.delta" 4 "delta of an option as it stands in its first octet";
        "coap.opt.delta_ext" 16 "extended delta as it stands in the message";
        "coap.opt.length" 4 "length of an option as it stands in its first octet";
        "coap.opt.length_ext" 16 "extended length as it stands in the message";
        "coap.opt.end_marker" 8 "the marker before the payload: 255";
        "coap.opt.unknown" bytes "value of an option that is not known";
        "coap.opt.uri_path" text "a Uri-Path option";
        "coap.opt.uri_path_recon" text "the whole path, behind `coap://host:port` if those options are there; in a response, that of its request";
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
        "coap.opt.ctype" text "media type of Content-Format";
        "coap.opt.accept" text "media type of Accept";
        "coap.opt.object_security_reserved" bool "reserved bits of an OSCORE option are set";
        "coap.opt.object_security_kid_context_present" bool "the OSCORE option has a kid context";
        "coap.opt.object_security_kid_present" bool "the OSCORE option has a kid";
        "coap.opt.object_security_piv_len" 3 "octets of the Partial IV";
        "coap.opt.object_security_piv" bytes "Partial IV of an OSCORE option";
        "coap.opt.object_security_kid_context_len" 8 "octets of the kid context";
        "coap.opt.object_security_kid_context" bytes "kid context of an OSCORE option";
        "coap.opt.object_security_kid" bytes "kid of an OSCORE option";
        "coap.block_payload" bytes "payload of a message with a Block option";
        "coap.block_length" 32 "octets of that payload";
        "coap.block" 32 "number of a frame that brought a block of a body that is complete, in the order of offsets";
        "coap.block.count" 32 "blocks of a body that is complete";
        "coap.block.reassembled.length" 32 "octets of that body";
        "coap.payload_desc" text "media type of the payload";
        "coap.payload_length" 32 "octets of the payload or of the body that is complete";
    } else {
        "coap.is_request" bool "the code is that of a request";
        "coap.is_response" bool "the code is that of a response";
        "coap.class" 3 "class of the code";
        "coap.detail" 5 "detail of the code";
        "coap.content_format" 16 "Content-Format as a number";
        "coap.accept" 16 "Accept as a number";
        "coap.opt.number" 16 "number of an option";
        "coap.size2" 32 "Size2";
        "coap.no_response" 8 "No-Response: classes of responses that are not wanted, by bit";
        "coap.echo" bytes "Echo";
        "coap.request_tag" bytes "a Request-Tag option";
        "coap.q_block_number" 20 "block number of a Q-Block1 or Q-Block2 option";
        "coap.q_block_more" bool "more blocks follow";
        "coap.q_block_size" 3 "encoded block size: 16 << n octets";
        "coap.payload_bytes" bytes "payload";
        "coap.body_bytes" bytes "body that is complete with this block";
        "coap.body_text" text "that body, if it is UTF-8 and its format is text or not known";
        "coap.payload_text" text "payload, if it is UTF-8 and its format is text or not known";
    }
}
