//! References in suites: `$name.field` with an optional offset, and where they stand inside a longer text.

use std::ops::Range;

use crate::duration;

/// An offset behind a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offset {
    /// `+1`
    Number(i64),
    /// `+2s`, in nanoseconds.
    Time(i64),
}

/// `$name.field` inside a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) field: String,
    /// Where in the text, the `$` included.
    pub(crate) place: Range<usize>,
}

/// Reads a text that is one reference and perhaps an offset. `None`: it does not begin with `$`.
pub(crate) fn whole(text: &str) -> Option<Result<(Found, Option<Offset>), String>> {
    if !text.starts_with('$') {
        return None;
    }
    let Some(Ok(found)) = scan(text).into_iter().next() else {
        return Some(Err(format!("`{text}` is no reference: `$name.field`, perhaps with `+2s` or `-1` behind it")));
    };
    let rest = text.get(found.place.end..).unwrap_or_default();
    Some(match offset(rest) {
        Some(offset) => Ok((found, offset)),
        None => Err(format!("`{rest}` behind the reference is no offset such as `+2s`, `-200ms` or `+1`")),
    })
}

fn offset(text: &str) -> Option<Option<Offset>> {
    if text.is_empty() {
        return Some(None);
    }
    // Several terms, as they come of `$jsr.time+$pixit.NAME-50ms`.
    let next = text.get(1..)?.find(['+', '-']).map(|at| at + 1);
    if let Some((first, others)) = next.and_then(|at| text.split_at_checked(at)) {
        return match (offset(first)??, offset(others)??) {
            (Offset::Number(a), Offset::Number(b)) => Some(Some(Offset::Number(a.checked_add(b)?))),
            (Offset::Time(a), Offset::Time(b)) => Some(Some(Offset::Time(a.checked_add(b)?))),
            _ => None,
        };
    }
    let (sign, rest) =
        text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))?;
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(number) = rest.parse::<i64>() {
        return Some(Some(Offset::Number(sign * number)));
    }
    let nanoseconds = i64::try_from(duration::parse(rest)?.as_nanos()).ok()?;
    Some(Some(Offset::Time(sign * nanoseconds)))
}

/// Every reference in a text; an `Err` holds the place of a `$` that begins none.
pub(crate) fn scan(text: &str) -> Vec<Result<Found, Range<usize>>> {
    let mut all = Vec::new();
    for (start, _) in text.match_indices('$') {
        let rest = text.get(start + 1..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        all.push(match word.split_once('.') {
            Some((name, field)) if !name.is_empty() && !field.is_empty() => {
                Ok(Found { name: name.to_owned(), field: field.to_owned(), place: start..start + 1 + word.len() })
            }
            _ => Err(start..start + 1 + word.len()),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String, Option<Offset>) {
        let (found, offset) = whole(text).unwrap().unwrap();
        (found.name, found.field, offset)
    }

    #[test]
    fn a_reference_may_bear_an_offset_in_numbers_or_time() {
        assert_eq!(read("$dut.eui64"), ("dut".into(), "eui64".into(), None));
        assert_eq!(read("$jsr.sel.eui64"), ("jsr".into(), "sel.eui64".into(), None));
        assert_eq!(read("$jsr.time+2s"), ("jsr".into(), "time".into(), Some(Offset::Time(2_000_000_000))));
        assert_eq!(read("$jsr.time-200ms"), ("jsr".into(), "time".into(), Some(Offset::Time(-200_000_000))));
        assert_eq!(read("$put.coap.mid+1"), ("put".into(), "coap.mid".into(), Some(Offset::Number(1))));
        let sum = read("$jsr.time+1s-50ms");
        assert_eq!(sum.2, Some(Offset::Time(950_000_000)));
        assert!(whole("$jsr.time+1s-1").unwrap().is_err());
        assert!(whole("plain").is_none());
        for bad in ["$", "$dut", "$dut.", "$.x", "$a.b+", "$a.b+x", "$a.b 1", "$a.b+-1"] {
            assert!(whole(bad).unwrap().is_err(), "{bad}");
        }
    }

    #[test]
    fn references_are_found_inside_commands() {
        let found = scan("route dest=$dut.eui64 via=$router.eui64. $bad");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].as_ref().unwrap().place, 11..21);
        assert_eq!(found[1].as_ref().unwrap().field, "eui64");
        assert!(found[2].is_err());
    }
}
