//! Delta debugging (Zeller, Hildebrandt 2002): the fewest actions that still show a departure.

/// Leaves actions out as long as `still_departs` holds of what is left.
pub fn minimise<T: Clone>(all: &[T], mut still_departs: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut left = all.to_vec();
    let mut pieces = 2;
    while !left.is_empty() {
        let length = left.len().div_ceil(pieces);
        let mut at = 0;
        let mut has_shrunk = false;
        while at < left.len() {
            let end = (at + length).min(left.len());
            let without: Vec<T> = left[..at].iter().chain(&left[end..]).cloned().collect();
            if still_departs(&without) {
                left = without;
                has_shrunk = true;
            } else {
                at = end;
            }
        }
        if has_shrunk && length > 1 {
            continue;
        }
        if length == 1 {
            if has_shrunk {
                continue;
            }
            break;
        }
        pieces = (pieces * 2).min(left.len());
    }
    left
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn the_fewest_that_are_needed_stay_in_their_order() {
        let all: Vec<u32> = (0..40).collect();
        let needs = |wanted: &[u32], left: &[u32]| wanted.iter().all(|number| left.contains(number));
        for wanted in [vec![], vec![7], vec![0, 39], vec![3, 4, 5, 30]] {
            assert_eq!(minimise(&all, |left| needs(&wanted, left)), wanted);
        }
    }

    #[test]
    fn what_needs_everything_keeps_everything() {
        let all = [1, 2, 3, 4, 5];
        assert_eq!(minimise(&all, |left| left.len() == 5), all);
    }
}
