//! What results about blocks look like.

use rpc::{Shape, ShapeKind};

fn of(kind: ShapeKind, description: &'static str) -> Shape {
    Shape::new(kind, description)
}

/// A time in seconds since 1970.
pub(super) fn time(description: &'static str) -> Shape {
    of(ShapeKind::Time, description)
}

/// The members that describe a block's header and its place in the chain.
pub(super) fn header() -> Vec<(&'static str, Shape)> {
    use ShapeKind::{Boolean, Hex, Number, Time};
    vec![
        ("hash", of(Hex, "The block's hash")),
        (
            "confirmations",
            of(
                Number,
                "Blocks from this one to the tip, both counted; -1 where it is off the best chain",
            ),
        ),
        ("height", of(Number, "Blocks before it")),
        ("version", of(Number, "The version")),
        ("versionHex", of(Hex, "The version in hexadecimal")),
        ("merkleroot", of(Hex, "The root of the tree of transactions")),
        ("time", of(Time, "The block's own time, in seconds since 1970")),
        (
            "mediantime",
            of(
                Time,
                "The median time of the block and the ten before it, in seconds since 1970",
            ),
        ),
        ("nonce", of(Number, "The nonce")),
        ("bits", of(Hex, "The target in its compact form")),
        (
            "difficulty",
            of(
                Number,
                "How much harder it is to find than the easiest block of Bitcoin's",
            ),
        ),
        (
            "chainwork",
            of(Hex, "Hashes that the chain up to here is expected to have taken"),
        ),
        ("nTx", of(Number, "Transactions in the block")),
        (
            "previousblockhash",
            of(Hex, "The block before; none before the genesis block").optional(),
        ),
        (
            "nextblockhash",
            of(Hex, "The block after it in the best chain").optional(),
        ),
        (
            "chainlock",
            of(Boolean, "Whether masternodes have locked the block in"),
        ),
    ]
}

/// The members of a block, with its transactions as `transactions` says.
pub(super) fn block(transactions: Shape) -> Shape {
    use ShapeKind::{Array, Hex, Number, Object};
    let mut members = header();
    members.extend([
        ("strippedsize", of(Number, "Bytes without witnesses")),
        ("size", of(Number, "Bytes")),
        ("weight", of(Number, "Units of weight (BIP 141)")),
        ("tx", of(Array(vec![transactions]), "The transactions")),
        (
            "auxpow",
            of(
                Object(vec![
                    (
                        "tx",
                        of(
                            ShapeKind::Elision,
                            "The other chain's coinbase, as decoderawtransaction shows it",
                        ),
                    ),
                    (
                        "chainindex",
                        of(
                            Number,
                            "The place of this chain in the tree of merge-mined chains",
                        ),
                    ),
                    (
                        "merklebranch",
                        of(
                            Array(vec![of(Hex, "")]),
                            "From the coinbase to the other block's merkle root",
                        ),
                    ),
                    (
                        "chainmerklebranch",
                        of(
                            Array(vec![of(Hex, "")]),
                            "From this block to the root in that coinbase",
                        ),
                    ),
                    ("parentblock", of(Hex, "The other chain's header")),
                ]),
                "The work of another chain, where the block was mined with one",
            )
            .optional(),
        ),
    ]);
    Shape::new(Object(members), "")
}
