//! How hard blocks are to find.

use bitcoin::CompactTarget;

/// How much harder a block with this target is to find than the easiest one of Bitcoin's, as upstream computes it.
pub(in crate::methods) fn difficulty(bits: CompactTarget) -> f64 {
    let bits = bits.to_consensus();
    let size = i32::try_from(bits >> 24).unwrap_or(0);
    let mantissa = f64::from(bits & 0x00ff_ffff);
    let mut difficulty = f64::from(0xffff) / mantissa;
    for _ in size..29 {
        difficulty *= 256.0;
    }
    for _ in 29..size {
        difficulty /= 256.0;
    }
    difficulty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difficulty_is_relative_to_bitcoins_easiest_block() {
        for (bits, expected) in [
            (0x1d00_ffff, 1.0),
            (0x1b04_04cb, 16_307.420_938_523_983),
            (0x207f_ffff, 4.656_542_373_906_925e-10),
        ] {
            let found = difficulty(CompactTarget::from_consensus(bits));
            assert!((found - expected).abs() <= expected * 1e-15, "{found}");
        }
    }
}
