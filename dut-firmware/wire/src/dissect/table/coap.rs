//! Fields of layer `coap`. CoAP: RFC 7252, 7959, 7641, 8768.

use super::{FieldInfo, FieldKind};

fields! {
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
}
