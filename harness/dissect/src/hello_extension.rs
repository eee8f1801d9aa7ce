//! Extensions of DTLS hellos: RFC 5246 section 7.4.1.4, RFC 5746, 6066, 6520, 7250, 7301, 7685, 8422, 8446, 8449, 9146 and
//! draft-cragie-tls-ecjpake.

use super::handshake::{length, numbers, signature_algorithms, vector};
use super::sheet::{Cursor, Sheet};
use wire::tls::ExtensionType;
use wire::{Error, Result};

/// Reads the extensions block, length included; nothing at all is an empty list (RFC 5246 section 7.4.1.2).
pub(super) fn extensions(sheet: &mut Sheet, cursor: &mut Cursor<'_>, in_client_hello: bool) -> Result<()> {
    if cursor.is_empty() {
        return Ok(());
    }
    let block_length = length(cursor.uint(sheet, "dtls.handshake.extensions_length", 2)?);
    let mut block = cursor.sub(block_length, "dtls.handshake.extensions")?;
    while !block.is_empty() {
        let extension_type = block.uint(sheet, "dtls.handshake.extension.type", 2)?;
        let data_length = length(block.uint(sheet, "dtls.handshake.extension.len", 2)?);
        block.clone().bytes(sheet, "dtls.extension.data", data_length)?;
        let mut data = block.sub(data_length, "dtls.handshake.extension.data")?;
        let extension_type = ExtensionType((extension_type & 0xffff) as u16);
        extension(sheet, &mut data, extension_type, in_client_hello)?;
        if !data.is_empty() {
            return Err(Error::Malformed("octets after a hello extension"));
        }
    }
    Ok(())
}

fn extension(
    sheet: &mut Sheet,
    data: &mut Cursor<'_>,
    extension_type: ExtensionType,
    in_client_hello: bool,
) -> Result<()> {
    match extension_type.0 {
        // server_name; a server says that it was of use with an empty one (RFC 6066 section 3).
        0 if !data.is_empty() => server_names(sheet, data),
        1 => data.uint(sheet, "dtls.handshake.max_fragment_length", 1).map(drop),
        5 if in_client_hello => {
            data.uint(sheet, "dtls.handshake.extensions_status_request_type", 1)?;
            let name = "dtls.handshake.extensions_status_request_responder_ids_len";
            let responders = length(data.uint(sheet, name, 2)?);
            data.take(responders, name)?;
            let name = "dtls.handshake.extensions_status_request_exts_len";
            let extensions = length(data.uint(sheet, name, 2)?);
            data.take(extensions, name).map(drop)
        }
        10 => some_numbers(
            sheet,
            data,
            2,
            "dtls.handshake.extensions_supported_groups_length",
            2,
            "dtls.handshake.extensions_supported_group",
        ),
        11 => some_numbers(
            sheet,
            data,
            1,
            "dtls.handshake.extensions_ec_point_formats_length",
            1,
            "dtls.handshake.extensions_ec_point_format",
        ),
        13 => signature_algorithms(sheet, data),
        14 => {
            let name = "dtls.use_srtp.protection_profiles_length";
            numbers(sheet, data, 2, name, 2, "dtls.use_srtp.protection_profile")?;
            vector(sheet, data, 1, "dtls.use_srtp.mki_length", "dtls.use_srtp.mki")
        }
        15 => data.uint(sheet, "dtls.handshake.extension.heartbeat.mode", 1).map(drop),
        16 => {
            let list_length = length(data.uint(sheet, "dtls.handshake.extensions_alpn_len", 2)?);
            let mut list = data.sub(list_length, "dtls.handshake.extensions_alpn_list")?;
            while !list.is_empty() {
                let name_length = length(list.uint(sheet, "dtls.handshake.extensions_alpn_str_len", 1)?);
                text(sheet, &mut list, "dtls.handshake.extensions_alpn_str", name_length)?;
            }
            Ok(())
        }
        // A client lists certificate types, a server selects one (RFC 7250 section 3).
        19 | 20 if in_client_hello => {
            numbers(sheet, data, 1, "dtls.handshake.cert_type.types_len", 1, "dtls.handshake.cert_type.type")
        }
        19 | 20 => data.uint(sheet, "dtls.handshake.cert_type.type", 1).map(drop),
        21 => {
            let padding = data.rest().len();
            data.bytes(sheet, "dtls.handshake.extensions_padding_data", padding).map(drop)
        }
        28 => data.uint(sheet, "dtls.record_size_limit", 2).map(drop),
        43 if in_client_hello => numbers(
            sheet,
            data,
            1,
            "dtls.handshake.extensions.supported_versions_len",
            2,
            "dtls.handshake.extensions.supported_version",
        ),
        43 => data.uint(sheet, "dtls.handshake.extensions.supported_version", 2).map(drop),
        54 => vector(sheet, data, 1, "dtls.connection_id_length", "dtls.connection_id"),
        0xff01 => {
            vector(sheet, data, 1, "dtls.handshake.extensions_reneg_info_len", "dtls.handshake.extensions_reneg_info")
        }
        256 => {
            data.clone().bytes(sheet, "dtls.handshake.extension.data", data.rest().len())?;
            // The two shares of round one, each with its proof of knowledge.
            while !data.is_empty() {
                vector(sheet, data, 1, "dtls.ecjpake.x_len", "dtls.ecjpake.x")?;
                vector(sheet, data, 1, "dtls.ecjpake.v_len", "dtls.ecjpake.v")?;
                vector(sheet, data, 1, "dtls.ecjpake.r_len", "dtls.ecjpake.r")?;
            }
            Ok(())
        }
        // Without octets, or with some that have no fields here but have in Wireshark: those of TLS 1.3, SRP, OCSP and CT.
        0 | 5 | 22 | 23 | 12 | 17 | 18 | 27 | 34 | 41 | 42 | 44 | 45 | 48 | 50 | 51 | 57 | 13172 | 17513 => {
            data.take(data.rest().len(), "dtls.handshake.extension.data").map(drop)
        }
        _ => {
            let rest = data.rest().len();
            data.bytes(sheet, "dtls.handshake.extension.data", rest).map(drop)
        }
    }
}

/// As [`numbers`], of which there must be one at least: `<2..2^16-1>` and `<1..2^8-1>` (RFC 8422 5.1.1, 5.1.2).
fn some_numbers(
    sheet: &mut Sheet,
    data: &mut Cursor<'_>,
    octets: usize,
    length_name: &'static str,
    size: usize,
    name: &'static str,
) -> Result<()> {
    let before = data.rest().len();
    numbers(sheet, data, octets, length_name, size, name)?;
    if before == data.rest().len() + octets { Err(Error::Malformed(name)) } else { Ok(()) }
}

fn server_names(sheet: &mut Sheet, data: &mut Cursor<'_>) -> Result<()> {
    let list_length = length(data.uint(sheet, "dtls.handshake.extensions_server_name_list_len", 2)?);
    let mut list = data.sub(list_length, "dtls.handshake.extensions_server_name_list_len")?;
    while !list.is_empty() {
        list.uint(sheet, "dtls.handshake.extensions_server_name_type", 1)?;
        let name_length = length(list.uint(sheet, "dtls.handshake.extensions_server_name_len", 2)?);
        text(sheet, &mut list, "dtls.handshake.extensions_server_name", name_length)?;
    }
    Ok(())
}

/// Text of `octets` octets, those that are not UTF-8 replaced.
fn text(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str, octets: usize) -> Result<()> {
    let value = cursor.take(octets, name)?;
    sheet.text(name, alloc::string::String::from_utf8_lossy(value), cursor.behind(octets));
    Ok(())
}
