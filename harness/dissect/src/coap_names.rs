//! What Wireshark calls options, their properties and content formats.

use alloc::borrow::Cow;
use alloc::format;

use wire::coap::{ContentFormat, OptionNumber};

/// Options whose names are there without formatting: that many in a message.
const COUNTED: usize = 8;

macro_rules! option_names {
    ($($number:literal $name:literal;)*) => {
        /// The name, and the same behind `#1: ` and so on.
        const fn names(number: u16) -> Option<(&'static str, &'static [&'static str; COUNTED])> {
            Some(match number {
                $($number => ($name, &[
                    concat!("#1: ", $name), concat!("#2: ", $name), concat!("#3: ", $name), concat!("#4: ", $name),
                    concat!("#5: ", $name), concat!("#6: ", $name), concat!("#7: ", $name), concat!("#8: ", $name),
                ]),)*
                _ => return None,
            })
        }

        /// Number and properties without formatting.
        fn description(number: u16) -> Option<&'static str> {
            Some(match number {
                $($number => {
                    const NUMBER: OptionNumber = OptionNumber($number);
                    const CRITICAL: bool = NUMBER.is_critical();
                    const UNSAFE: bool = NUMBER.is_unsafe_to_forward();
                    const NO_CACHE_KEY: bool = NUMBER.is_no_cache_key();
                    match (CRITICAL, UNSAFE, NO_CACHE_KEY) {
                        (true, true, false) => concat!("Type ", $number, ", Critical, Unsafe"),
                        (true, true, true) => concat!("Type ", $number, ", Critical, Unsafe, NoCacheKey"),
                        (true, false, false) => concat!("Type ", $number, ", Critical, Safe"),
                        (true, false, true) => concat!("Type ", $number, ", Critical, Safe, NoCacheKey"),
                        (false, true, false) => concat!("Type ", $number, ", Elective, Unsafe"),
                        (false, true, true) => concat!("Type ", $number, ", Elective, Unsafe, NoCacheKey"),
                        (false, false, false) => concat!("Type ", $number, ", Elective, Safe"),
                        (false, false, true) => concat!("Type ", $number, ", Elective, Safe, NoCacheKey"),
                    }
                })*
                _ => return None,
            })
        }
    };
}

option_names! {
    1 "If-Match";
    3 "Uri-Host";
    4 "Etag";
    5 "If-None-Match";
    6 "Observe";
    7 "Uri-Port";
    8 "Location-Path";
    9 "OSCORE";
    11 "Uri-Path";
    12 "Content-Format";
    14 "Max-age";
    15 "Uri-Query";
    16 "Hop-Limit";
    17 "Accept";
    19 "Q-Block1";
    20 "Location-Query";
    23 "Block2";
    27 "Block1";
    28 "Size2";
    31 "Q-Block2";
    35 "Proxy-Uri";
    39 "Proxy-Scheme";
    60 "Size1";
    252 "Echo";
    258 "No-Response";
    292 "Request-Tag";
}

/// `#1: Uri-Path` for the first option of a message.
pub(super) fn option_name(count: usize, number: u16) -> Cow<'static, str> {
    let Some((name, counted)) = names(number) else { return format!("#{count}: Unknown Option ({number})").into() };
    match count.checked_sub(1).and_then(|index| counted.get(index)) {
        Some(text) => Cow::Borrowed(text),
        None => format!("#{count}: {name}").into(),
    }
}

/// `Type 11, Critical, Unsafe`.
pub(super) fn option_description(number: u16) -> Cow<'static, str> {
    if let Some(text) = description(number) {
        return Cow::Borrowed(text);
    }
    let option = OptionNumber(number);
    let critical = if option.is_critical() { "Critical" } else { "Elective" };
    let forward = if option.is_unsafe_to_forward() { "Unsafe" } else { "Safe" };
    let cache_key = if option.is_no_cache_key() { ", NoCacheKey" } else { "" };
    format!("Type {number}, {critical}, {forward}{cache_key}").into()
}

/// The media type of a Content-Format or Accept.
pub(super) fn content_format(number: u64) -> Cow<'static, str> {
    let known = u16::try_from(number).ok().and_then(|number| ContentFormat(number).media_type());
    known.map_or_else(|| format!("Unknown Type {number}").into(), Cow::Borrowed)
}
