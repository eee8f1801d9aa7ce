//! The subject of a certificate, as far as it names a device: serialNumber (X.520 6.2.9), where IEEE 802.1AR puts the
//! identity of a device.

use wire::reader::Reader;

use super::der::{OBJECT_IDENTIFIER, SEQUENCE, SET, content, element};

/// id-at-serialNumber, 2.5.4.5.
const SERIAL_NUMBER: [u8; 3] = [0x55, 0x04, 0x05];

/// The serialNumber of a subject: the elements of an RDNSequence (RFC 5280 4.1.2.4), without the outer SEQUENCE.
pub(super) fn subject_serial_number(subject: &[u8]) -> Option<&[u8]> {
    let mut names = Reader::new(subject);
    while !names.is_empty() {
        let mut attributes = Reader::new(content(&mut names, SET)?);
        while !attributes.is_empty() {
            let mut attribute = Reader::new(content(&mut attributes, SEQUENCE)?);
            let id = content(&mut attribute, OBJECT_IDENTIFIER)?;
            let (_, value) = element(&mut attribute)?;
            if id == SERIAL_NUMBER {
                return Some(value);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::subject_serial_number;

    /// C=DE, serialNumber=70b3 as PrintableString, CN=x.
    const SUBJECT: [u8; 41] = [
        0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, b'D', b'E', // country
        0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x05, 0x13, 0x04, b'7', b'0', b'b', b'3', // serial number
        0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, b'x', b'y', // common name
    ];

    #[test]
    fn the_serial_number_is_found_among_the_names() {
        assert_eq!(subject_serial_number(&SUBJECT), Some(&b"70b3"[..]));
        assert_eq!(subject_serial_number(&SUBJECT[..13]), None);
        assert_eq!(subject_serial_number(&[]), None);
    }

    #[test]
    fn no_octets_make_it_panic() {
        for at in 0..SUBJECT.len() {
            let mut spoilt = SUBJECT;
            spoilt[at] ^= 0xff;
            let _ = subject_serial_number(&spoilt);
            let _ = subject_serial_number(&SUBJECT[at..]);
            let _ = subject_serial_number(&SUBJECT[..at]);
        }
    }
}
