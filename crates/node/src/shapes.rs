//! Shapes of results that several methods share.

use encoding::KIND_NAMES;
use rpc::{Shape, ShapeKind};

/// The members of an object.
type Members = Vec<(&'static str, Shape)>;

pub(crate) fn text(description: &'static str) -> Shape {
    Shape::new(ShapeKind::String, description)
}

pub(crate) fn hex(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Hex, description)
}

pub(crate) fn number(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Number, description)
}

pub(crate) fn amount(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Amount, description)
}

pub(crate) fn flag(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Boolean, description)
}

pub(crate) fn object(members: Members) -> Shape {
    Shape::new(ShapeKind::Object(members), "")
}

pub(crate) fn array(element: Shape) -> Shape {
    Shape::new(ShapeKind::Array(vec![element]), "")
}

/// An output's script.
pub(crate) fn output_script() -> Shape {
    object(vec![
        ("asm", text("The script's operations in words")),
        ("desc", text("A descriptor of the output")),
        ("hex", hex("The script")),
        (
            "address",
            text("The Syscoin address, where the script has one").optional(),
        ),
        ("type", kind()),
    ])
}

/// A script's kind.
pub(crate) fn kind() -> Shape {
    let names = KIND_NAMES.join(", ");
    Shape::new(ShapeKind::String, format!("The script's kind, one of: {names}"))
}

/// The members of a transaction that all methods show.
pub(crate) fn transaction(txid: &'static str) -> Members {
    vec![
        ("txid", hex(txid)),
        (
            "hash",
            hex("The hash with the witness, which is not the id where there is one"),
        ),
        ("version", number("The version")),
        ("size", number("The length in bytes")),
        (
            "vsize",
            number("The length in bytes of which those of a witness count a quarter"),
        ),
        ("weight", number("Four times that, before it is rounded up")),
        ("locktime", Shape::new(ShapeKind::Time, "The lock time")),
        ("vin", array(object(input()))),
        ("vout", array(object(output()))),
        ("systx", tokens().optional()),
    ]
}

/// The members of an input.
pub(crate) fn input() -> Members {
    vec![
        ("coinbase", hex("The script of a coinbase").optional()),
        ("txid", hex("The id of the transaction that is spent").optional()),
        ("vout", number("Which of its outputs").optional()),
        (
            "scriptSig",
            object(vec![
                ("asm", text("The script's operations in words")),
                ("hex", hex("The script")),
            ])
            .optional(),
        ),
        ("txinwitness", array(hex("An item of the witness")).optional()),
        ("sequence", number("The sequence number")),
    ]
}

fn output() -> Members {
    vec![
        ("value", amount("The amount in SYS")),
        ("n", number("The output's place")),
        ("scriptPubKey", output_script()),
        ("asset_guid", number("The kind of token that it holds").optional()),
        ("asset_value", amount("How many of them").optional()),
    ]
}

fn tokens() -> Shape {
    object(vec![
        ("txtype", text("What is done with the tokens")),
        (
            "nevm_destination",
            text("The NEVM address that they go to").optional(),
        ),
    ])
}
