//! Blocks that upstream's `generate` makes, byte for byte.

use consensus::vote::VotingChain;

use crate::chain::Chain;

#[test]
fn generated_blocks_have_the_published_hashes() {
    let chain = Chain::with_height(100);
    assert_eq!(
        chain.hash(1).to_string(),
        "38116ec93dfc6c4d55a67d7a3c1f8349c4d6ba10e9e09693760be6ddabee333b"
    );
    assert_eq!(
        chain.hash(100).to_string(),
        "0988393aa1ef9b532f79b4f00d61f3b6c3ca2482cab1657e0d85a5b50b0457a8"
    );
}

#[test]
fn generated_blocks_have_the_published_versions() {
    let chain = Chain::with_height(435);
    for (height, version) in [
        (1, 0x2000_0000),
        (143, 0x2000_0000),
        (144, 0x3000_0000),
        (431, 0x3000_0000),
        (432, 0x2010_0000),
    ] {
        assert_eq!(chain.version(height).to_consensus(), version, "{height}");
    }
}
