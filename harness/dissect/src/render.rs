//! Values as text, appended to a buffer: what `core::fmt` writes, without its price per argument.

use alloc::vec::Vec;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble & 0xf)).copied().unwrap_or_default()
}

/// Decimal digits.
pub(super) fn decimal(output: &mut Vec<u8>, number: u64) {
    // 20 digits are the longest number.
    let (mut digits, mut rest) = ([0u8; 20], number);
    let mut first = digits.len();
    for (index, place) in digits.iter_mut().enumerate().rev() {
        *place = b'0' | (rest % 10) as u8;
        rest /= 10;
        first = index;
        if rest == 0 {
            break;
        }
    }
    output.extend_from_slice(digits.get(first..).unwrap_or(&[]));
}

/// Lower-case hex digits without separators.
pub(super) fn hex(output: &mut Vec<u8>, bytes: &[u8]) {
    output.reserve(bytes.len().saturating_mul(2));
    for octet in bytes {
        output.extend_from_slice(&[digit(octet >> 4), digit(*octet)]);
    }
}

/// Lower-case hex digits with a colon between octets.
pub(super) fn colons(output: &mut Vec<u8>, bytes: &[u8]) {
    output.reserve(bytes.len().saturating_mul(3));
    for (index, octet) in bytes.iter().enumerate() {
        if index > 0 {
            output.push(b':');
        }
        output.extend_from_slice(&[digit(octet >> 4), digit(*octet)]);
    }
}

/// An IPv6 address (RFC 5952 section 4): the first longest run of two or more zero groups becomes `::`; an
/// IPv4-mapped address ends in dotted decimal (section 5).
pub(super) fn ipv6(output: &mut Vec<u8>, octets: &[u8; 16]) {
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] = octets {
        output.extend_from_slice(b"::ffff:");
        for (index, octet) in [a, b, c, d].into_iter().enumerate() {
            if index > 0 {
                output.push(b'.');
            }
            decimal(output, (*octet).into());
        }
        return;
    }
    let mut groups = [0u16; 8];
    for (group, pair) in groups.iter_mut().zip(octets.as_chunks::<2>().0) {
        *group = u16::from_be_bytes(*pair);
    }
    let run = longest_run(&groups);
    let mut needs_colon = false;
    for (index, group) in groups.iter().enumerate() {
        if run.contains(&index) {
            if index == run.start {
                output.extend_from_slice(b"::");
            }
            needs_colon = false;
            continue;
        }
        if needs_colon {
            output.push(b':');
        }
        needs_colon = true;
        let mut started = false;
        for shift in [12, 8, 4, 0] {
            let nibble = (group >> shift & 0xf) as u8;
            started |= nibble != 0 || shift == 0;
            if started {
                output.push(digit(nibble));
            }
        }
    }
}

/// Where the first longest run of at least two zero groups lies; empty if there is none.
fn longest_run(groups: &[u16; 8]) -> core::ops::Range<usize> {
    let (mut best, mut start) = (0..0, 0usize);
    for (index, group) in groups.iter().enumerate() {
        let end = index.saturating_add(1);
        if *group != 0 {
            start = end;
        } else if end.saturating_sub(start) > best.len().max(1) {
            best = start..end;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use core::net::Ipv6Addr;
    use proptest::prelude::*;
    use rstest::rstest;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut output = Vec::new();
        write(&mut output);
        String::from_utf8(output).unwrap()
    }

    #[rstest]
    #[case("::")]
    #[case("::1")]
    #[case("1::")]
    #[case("fe80::ff:fe00:1")]
    #[case("2001:db8:0:1:1:1:1:1")]
    #[case("2001:db8::1:0:0:1")]
    #[case("::ffff:192.0.2.1")]
    #[case("::fffe:c000:201")]
    #[case("::c000:201")]
    fn addresses_are_written_as_rfc_5952_asks(#[case] text: &str) {
        let address: Ipv6Addr = text.parse().unwrap();
        assert_eq!(written(|output| ipv6(output, &address.octets())), text);
    }

    proptest! {
        #[test]
        fn addresses_read_as_the_standard_library_writes_them(groups in proptest::array::uniform8(prop_oneof![Just(0u16), Just(0xffff), any::<u16>()])) {
            let address = Ipv6Addr::from(groups);
            prop_assert_eq!(written(|output| ipv6(output, &address.octets())), address.to_string());
        }

        #[test]
        fn numbers_read_as_the_standard_library_writes_them(number in any::<u64>(), shift in 0u32..64) {
            let number = number >> shift;
            prop_assert_eq!(written(|output| decimal(output, number)), number.to_string());
        }
    }
}
