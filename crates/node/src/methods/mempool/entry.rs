//! A transaction of the pool as an object.

use std::collections::BTreeSet;

use encoding::amount::{to_json, unsigned_to_json};
use mempool::{Entry, Mempool};
use rpc::{Shape, ShapeKind};
use serde_json::{Value, json};

use crate::shapes;

/// What is told of it.
pub(super) fn shape() -> Vec<(&'static str, Shape)> {
    let ids = |description| {
        Shape::new(
            ShapeKind::Array(vec![shapes::hex("A transaction's id")]),
            description,
        )
    };
    vec![
        ("vsize", shapes::number("The size in virtual bytes")),
        ("weight", shapes::number("The weight")),
        (
            "time",
            Shape::new(ShapeKind::Time, "When it came in, in seconds since 1970"),
        ),
        ("height", shapes::number("The height of the best chain then")),
        (
            "descendantcount",
            shapes::number("How many stand on it, itself included"),
        ),
        ("descendantsize", shapes::number("Their size in virtual bytes")),
        (
            "ancestorcount",
            shapes::number("On how many it stands, itself included"),
        ),
        ("ancestorsize", shapes::number("Their size in virtual bytes")),
        ("wtxid", shapes::hex("The hash that covers its witness too")),
        (
            "fees",
            shapes::object(vec![
                ("base", shapes::amount("What it pays")),
                ("modified", shapes::amount("What that counts as")),
                (
                    "ancestor",
                    shapes::amount("What it and those that it stands on count as"),
                ),
                (
                    "descendant",
                    shapes::amount("What it and those that stand on it count as"),
                ),
            ]),
        ),
        ("depends", ids("Those that it spends outputs of")),
        ("spentby", ids("Those that spend its outputs")),
        (
            "bip125-replaceable",
            shapes::flag("Whether it says that it may be replaced (BIP 125)"),
        ),
        (
            "unbroadcast",
            shapes::flag("Whether no peer has asked for it yet"),
        ),
    ]
}

/// A transaction of the pool.
pub(super) fn describe(pool: &Mempool, entry: &Entry) -> Value {
    let total = |units: i128| to_json(i64::try_from(units).unwrap_or(i64::MAX));
    // In the order of the texts, which is not that of the ids.
    let parents: BTreeSet<String> = entry.parents.iter().map(ToString::to_string).collect();
    let children: Vec<String> = entry.children.iter().map(ToString::to_string).collect();
    json!({
        "vsize": entry.size,
        "weight": entry.weight,
        "time": entry.time,
        "height": entry.height,
        "descendantcount": entry.descendants.count,
        "descendantsize": entry.descendants.size,
        "ancestorcount": entry.ancestors.count,
        "ancestorsize": entry.ancestors.size,
        "wtxid": entry.wtxid.to_string(),
        "fees": {
            "base": unsigned_to_json(entry.fee.to_sat()),
            "modified": to_json(entry.modified_fee()),
            "ancestor": total(entry.ancestors.fees),
            "descendant": total(entry.descendants.fees),
        },
        "depends": parents,
        "spentby": children,
        "bip125-replaceable": pool.is_replaceable(&entry.txid),
        "unbroadcast": pool.unbroadcast().contains(&entry.txid),
    })
}
