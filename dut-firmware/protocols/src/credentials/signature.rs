//! `Ecdsa-Sig-Value` (RFC 3279 2.2.3): two integers in DER, read as strictly as DER is, and written.

use alloc::vec::Vec;

use p256::FieldBytes;
use p256::ecdsa::Signature;
use wire::reader::Reader;

use super::der::{INTEGER, SEQUENCE, content};

/// Reads a signature; `None` if it is not DER, or its numbers are 0 or not below the order of the group.
pub(super) fn parse(der: &[u8]) -> Option<Signature> {
    let mut outside = Reader::new(der);
    let mut inside = Reader::new(content(&mut outside, SEQUENCE)?);
    let (r, s) = (integer(&mut inside)?, integer(&mut inside)?);
    let is_whole = inside.is_empty() && outside.is_empty();
    Signature::from_scalars(r, s).ok().filter(|_| is_whole)
}

/// Writes a signature.
pub(super) fn emit(signature: &Signature) -> Vec<u8> {
    let (r, s) = signature.split_bytes();
    let mut numbers = Vec::new();
    for number in [r, s] {
        // Neither is 0.
        let at = number.iter().position(|octet| *octet != 0).unwrap_or(0);
        let digits = number.as_slice().get(at..).unwrap_or_default();
        let pad = digits.first().is_some_and(|first| *first >= 0x80);
        numbers.extend([INTEGER, (digits.len() + usize::from(pad)) as u8]);
        numbers.extend([0].iter().filter(|_| pad));
        numbers.extend(digits);
    }
    let mut der = Vec::from([SEQUENCE, numbers.len() as u8]);
    der.extend(numbers);
    der
}

/// An integer above 0, as short as it can be said (X.690 8.3.2).
fn integer(reader: &mut Reader<'_>) -> Option<FieldBytes> {
    let octets = content(reader, INTEGER)?;
    let digits = match octets {
        [0, rest @ ..] if rest.first().is_some_and(|next| *next >= 0x80) => rest,
        [1..0x80, ..] => octets,
        _ => return None,
    };
    let mut number = FieldBytes::default();
    let at = number.len().checked_sub(digits.len())?;
    number.get_mut(at..)?.copy_from_slice(digits);
    Some(number)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use p256::ecdsa::Signature;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{emit, parse};

    fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
        let mut der = Vec::from([0x30, (r.len() + s.len() + 4) as u8, 2, r.len() as u8]);
        der.extend(r);
        der.extend([2, s.len() as u8]);
        der.extend(s);
        der
    }

    proptest! {
        /// What another reader of DER makes of it is what this one does, and the same for what it writes.
        #[test]
        fn it_is_read_and_written_as_another_library_does(
            r in proptest::collection::vec(any::<u8>(), 0..35),
            s in proptest::collection::vec(any::<u8>(), 0..35),
            tail in proptest::option::weighted(0.1, any::<u8>()),
        ) {
            let mut der = signature(&r, &s);
            der.extend(tail);
            let read = parse(&der);
            prop_assert_eq!(read, Signature::from_der(&der).ok());
            if let Some(read) = read {
                let der: Vec<u8> = emit(&read);
                prop_assert_eq!(der, read.to_der().as_bytes().to_vec());
            }
        }

        #[test]
        fn a_signature_survives(r in any::<[u8; 31]>(), s in any::<[u8; 31]>(), high in 0_u8..0xff) {
            let number = |digits: &[u8; 31], high| [[high].as_slice(), digits].concat();
            let (r, s) = (number(&r, high), number(&s, 0));
            if let Ok(signature) = Signature::from_slice(&[r, s].concat()) {
                prop_assert_eq!(emit(&signature), signature.to_der().as_bytes().to_vec());
                prop_assert_eq!(parse(&emit(&signature)), Some(signature));
            }
        }
    }

    #[rstest]
    #[case::zero(&[0], &[1])]
    #[case::negative(&[0x80], &[1])]
    #[case::not_minimal(&[0, 1], &[1])]
    #[case::empty(&[], &[1])]
    #[case::too_long(&[1; 33], &[1])]
    #[case::above_the_order(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &[1])]
    fn a_number_that_is_none_is_refused(#[case] r: &[u8], #[case] s: &[u8]) {
        assert!(parse(&signature(&[1], &[1])).is_some());
        assert_eq!(parse(&signature(r, s)), None);
        assert_eq!(parse(&signature(s, r)), None);
    }
}
