//! Block options, bodies in blocks (RFC 7959) and the OSCORE option (RFC 8613 6.1).

use bootrack_wire::Error;
use bootrack_wire::coap::{Assembler, Block, BlockError, BlockSize, Code, OptionNumber, Options, OscoreOption, slice};
use proptest::prelude::*;
use rstest::rstest;

fn block(number: u32, more: bool, octets: usize) -> Block {
    Block { number, more, size: BlockSize::at_most(octets) }
}

/// The notation of RFC 7959 3: `2:3/1/64` is block 3 of 64 octets with more to come.
#[rstest]
#[case::zero("", 0, false, 16)]
#[case::first_of_many("0b", 0, true, 128)]
#[case::second("1b", 1, true, 128)]
#[case::last("23", 2, false, 128)]
#[case::two_octets("0152", 21, false, 64)]
#[case::three_octets("fffffe", Block::MAX_NUMBER, true, 1024)]
#[case::leading_zero("000b", 0, true, 128)]
fn block_options_have_number_more_and_size(
    #[case] digits: &str,
    #[case] number: u32,
    #[case] more: bool,
    #[case] octets: usize,
) {
    let parsed = Block::parse(&hex::decode(digits).unwrap()).unwrap();
    assert_eq!(parsed, block(number, more, octets));
    let mut options = Options::new();
    options.push_block(OptionNumber::BLOCK2, parsed);
    assert_eq!(options.block(OptionNumber::BLOCK2), Ok(Some(parsed)));
    assert_eq!(hex::encode(options.get(OptionNumber::BLOCK2).unwrap()), digits.trim_start_matches("00"));
}

#[rstest]
#[case::reserved_size("07", Error::Malformed("coap.opt.block_size"))]
#[case::reserved_size_of_a_later_block("1f", Error::Malformed("coap.opt.block_size"))]
#[case::four_octets("00000010", Error::Malformed("coap.opt.block_number"))]
fn bad_block_options_are_errors(#[case] digits: &str, #[case] expected: Error) {
    assert_eq!(Block::parse(&hex::decode(digits).unwrap()), Err(expected));
}

#[rstest]
#[case(0, 16)]
#[case(15, 16)]
#[case(16, 16)]
#[case(63, 32)]
#[case(1024, 1024)]
#[case(100_000, 1024)]
fn sizes_are_powers_of_two(#[case] octets: usize, #[case] expected: usize) {
    assert_eq!(BlockSize::at_most(octets).octets(), expected);
}

/// Figure 9: the first block has 128 octets, the server then wants 32; the body goes on where it was.
#[test]
fn a_size_may_shrink_between_blocks() {
    let body: Vec<u8> = (0..200).collect();
    let mut assembler = Assembler::new(1000);
    assert_eq!(assembler.push(block(0, true, 128), &body[..128]), Ok(false));
    let next = Block::at(assembler.received(), true, BlockSize::at_most(32)).unwrap();
    assert_eq!(next, block(4, true, 32));
    assert_eq!(assembler.push(next, &body[128..160]), Ok(false));
    assert_eq!(assembler.push(block(5, true, 32), &body[160..192]), Ok(false));
    assert_eq!(assembler.push(block(6, false, 32), &body[192..]), Ok(true));
    assert_eq!(assembler.into_body(), body);
}

#[rstest]
#[case::later_than_wanted(block(2, true, 16), 16, BlockError::Incomplete)]
#[case::more_but_short(block(1, true, 16), 15, BlockError::WrongLength)]
#[case::last_too_long(block(1, false, 16), 17, BlockError::WrongLength)]
#[case::too_large(block(2, false, 32), 32, BlockError::TooLarge { limit: 64 })]
#[case::more_behind_the_limit(block(3, true, 16), 16, BlockError::TooLarge { limit: 64 })]
fn blocks_that_do_not_fit_are_refused(#[case] next: Block, #[case] octets: usize, #[case] expected: BlockError) {
    let mut assembler = Assembler::new(64);
    assert_eq!(assembler.push(block(0, true, 16), &[7; 16]), Ok(false));
    assert_eq!(assembler.push(next, &vec![8; octets]), Err(expected));
    assert_eq!(assembler.received(), 16, "what was there stays");
}

#[test]
fn refusals_have_the_codes_of_the_specification() {
    assert_eq!(BlockError::Incomplete.code(), Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(BlockError::TooLarge { limit: 1 }.code(), Code::REQUEST_ENTITY_TOO_LARGE);
    assert_eq!(BlockError::WrongLength.code(), Code::BAD_REQUEST);
}

#[test]
fn a_repeated_block_changes_nothing_and_block_zero_starts_anew() {
    let mut assembler = Assembler::new(64);
    assert_eq!(assembler.push(block(0, true, 16), &[1; 16]), Ok(false));
    assert_eq!(assembler.push(block(1, true, 16), &[2; 16]), Ok(false));
    assert_eq!(assembler.push(block(1, true, 16), &[2; 16]), Ok(false));
    assert_eq!(assembler.push(block(1, true, 16), &[3; 16]), Err(BlockError::Incomplete));
    assert_eq!(assembler.push(block(0, true, 16), &[4; 16]), Ok(false));
    assert_eq!(assembler.push(block(1, false, 16), &[5]), Ok(true));
    assert_eq!(assembler.into_body(), [[4; 16].as_slice(), &[5]].concat());
}

#[test]
fn nothing_lies_behind_the_end_of_a_body() {
    let size = BlockSize::MIN;
    assert_eq!(slice(&[], 0, size), Some((block(0, false, 16), &[][..])));
    assert_eq!(slice(&[], 1, size), None);
    assert_eq!(slice(&[1; 32], 1, size), Some((block(1, false, 16), &[1; 16][..])));
    assert_eq!(slice(&[1; 32], 2, size), None);
    assert_eq!(slice(&[1; 32], u32::MAX, size), None);
}

/// RFC 8613 6.3: the five examples of compressed COSE objects.
#[rstest]
#[case::request("090525", "05", None, Some("25"))]
#[case::request_with_an_empty_kid("0900", "00", None, Some(""))]
#[case::request_with_a_kid_context("19050544616c656b", "05", Some("44616c656b"), Some(""))]
#[case::response("", "", None, None)]
#[case::response_with_a_partial_iv("0107", "07", None, None)]
fn oscore_options_have_partial_iv_kid_context_and_kid(
    #[case] digits: &str,
    #[case] partial_iv: &str,
    #[case] kid_context: Option<&str>,
    #[case] kid: Option<&str>,
) {
    let octets = |digits: &str| hex::decode(digits).unwrap();
    let value = octets(digits);
    let (kid_context, kid) = (kid_context.map(octets), kid.map(octets));
    let expected = OscoreOption { partial_iv: octets(partial_iv), kid_context, kid };
    assert_eq!(OscoreOption::parse(&value), Ok(expected.clone()));
    assert_eq!(expected.to_vec(), Ok(value));
}

#[test]
fn a_kid_context_past_the_end_of_the_option_is_an_error() {
    let expected = Err(Error::Truncated("coap.opt.object_security_kid_context"));
    assert_eq!(OscoreOption::parse(&hex::decode("19050644616c656b").unwrap()), expected);
}

#[rstest]
#[case::reserved("e105")]
#[case::extension("2105")]
#[case::partial_iv_of_six("06010203040506")]
#[case::zero_flags("00")]
#[case::octets_behind("010507")]
fn bad_oscore_options_are_errors(#[case] digits: &str) {
    assert!(matches!(OscoreOption::parse(&hex::decode(digits).unwrap()), Err(Error::Malformed(_))));
}

#[rstest]
#[case(26, &[Code::CONTENT, Code::NOT_FOUND, Code::INTERNAL_SERVER_ERROR], &[])]
#[case(2, &[Code::CONTENT], &[Code::NOT_FOUND, Code::INTERNAL_SERVER_ERROR])]
#[case(0, &[], &[Code::CONTENT, Code::NOT_FOUND, Code::INTERNAL_SERVER_ERROR])]
fn no_response_suppresses_classes(#[case] value: u32, #[case] suppressed: &[Code], #[case] wanted: &[Code]) {
    let mut options = Options::new();
    options.push_uint(OptionNumber::NO_RESPONSE, value);
    assert!(suppressed.iter().all(|code| options.suppresses(*code)));
    assert!(!wanted.iter().any(|code| options.suppresses(*code)));
}

proptest! {
    #[test]
    fn every_block_survives_emit_and_parse(number in 0..=Block::MAX_NUMBER, more: bool, szx in 0u8..7) {
        let block = Block { number, more, size: BlockSize::from_szx(szx).unwrap() };
        let mut options = Options::new();
        options.push_block(OptionNumber::BLOCK1, block);
        prop_assert!(options.get(OptionNumber::BLOCK1).unwrap().len() <= 3);
        prop_assert_eq!(options.block(OptionNumber::BLOCK1), Ok(Some(block)));
    }

    #[test]
    fn every_body_survives_slices_and_assembly(
        body in prop::collection::vec(any::<u8>(), 0..3000),
        sizes in prop::collection::vec(0u8..7, 1..8),
    ) {
        let mut assembler = Assembler::new(body.len());
        let mut sizes: Vec<BlockSize> = sizes.into_iter().map(|szx| BlockSize::from_szx(szx).unwrap()).collect();
        // A size that shrinks always divides what has arrived.
        sizes.sort();
        let mut size = sizes.pop().unwrap();
        loop {
            let next = Block::at(assembler.received(), false, size).unwrap();
            let (block, payload) = slice(&body, next.number, size).unwrap();
            if assembler.push(block, payload).unwrap() {
                break;
            }
            size = sizes.pop().unwrap_or(size);
        }
        prop_assert_eq!(assembler.into_body(), body);
    }

    #[test]
    fn an_assembler_never_holds_more_than_its_limit(
        limit in 0usize..200,
        blocks in prop::collection::vec((0u32..20, any::<bool>(), 0u8..3, 0usize..70), 0..30),
    ) {
        let mut assembler = Assembler::new(limit);
        for (number, more, szx, octets) in blocks {
            let size = BlockSize::from_szx(szx).unwrap();
            let _ = assembler.push(Block { number, more, size }, &vec![0; octets]);
            prop_assert!(assembler.received() <= limit);
        }
    }

    #[test]
    fn every_oscore_option_survives_emit_and_parse(
        partial_iv in prop::collection::vec(any::<u8>(), 0..=5),
        kid_context in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
        kid in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
    ) {
        let option = OscoreOption { partial_iv, kid_context, kid };
        prop_assert_eq!(OscoreOption::parse(&option.to_vec().unwrap()), Ok(option));
    }

    #[test]
    fn no_octets_panic_the_parsers_of_values(value in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = Block::parse(&value);
        if let Ok(option) = OscoreOption::parse(&value) {
            prop_assert_eq!(option.to_vec(), Ok(value));
        }
    }
}
