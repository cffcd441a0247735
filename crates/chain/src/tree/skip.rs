//! Which blocks further back are kept at hand, so that any ancestor is found in a number of steps that grows with the
//! logarithm of the distance.

/// The height of the block that the entry at `height` keeps at hand.
pub(super) fn skip_height(height: u32) -> u32 {
    if height < 2 {
        return 0;
    }
    // Odd heights point further back than even ones, so that both kinds of steps alternate.
    if height.is_multiple_of(2) {
        without_lowest_bit(height)
    } else {
        without_lowest_bit(without_lowest_bit(height - 1)) + 1
    }
}

/// Whether the block at hand of the entry at `from` is a step towards `height` that the parent's would not better.
pub(super) fn is_worthwhile(height: u32, from: u32) -> bool {
    let skip = skip_height(from);
    if skip == height {
        return true;
    }
    let parents_skip = skip_height(from - 1);
    skip > height && !(parents_skip + 2 < skip && parents_skip >= height)
}

fn without_lowest_bit(number: u32) -> u32 {
    number & number.wrapping_sub(1)
}
