use expect_test::{Expect, expect};

use super::*;
use crate::method::Method;
use crate::shape::Shape;

fn check(declaration: &Declaration, expected: &Expect) {
    expected.assert_eq(&full(declaration, &Naming::for_tests()));
}

#[test]
fn a_method_without_anything_shows_its_name_and_description() {
    check(
        &Method::declare("control", "uptime", "\nSays how long.\n"),
        &expect![[r#"
            uptime

            Says how long.
        "#]],
    );
}

#[test]
fn a_usage_line_may_name_a_parameter_without_its_parts() {
    let parts = || Kind::Array(vec![Param::optional("object", Kind::String, "")]);
    let declaration = Method::declare("test", "scan", "")
        .param(Param::required("action", Kind::String, ""))
        .param(Param::optional("objects", parts(), "").in_usage("[objects,...]"))
        .param(Param::optional("others", parts(), ""));
    let help = full(&declaration, &Naming::for_tests());
    assert_eq!(
        help.lines().next(),
        Some(r#"scan "action" ( [objects,...] ["object",...] )"#)
    );
}

#[test]
fn nested_parameters_and_results_are_aligned() {
    let inputs = Kind::Array(vec![Param::optional(
        "",
        Kind::Object(vec![
            Param::required("txid", Kind::Hex, "The transaction"),
            Param::defaulted("sequence", Kind::Number, 0, "Two lines\nof text"),
        ]),
        "",
    )]);
    let options = Kind::Options(vec![Param::hinted(
        "fee|fee_rate",
        Kind::Amount,
        "the wallet's choice",
        "The fee",
    )]);
    let declaration = Method::declare("test", "build", "Builds it.")
        .param(Param::required("name", Kind::String, "Its name"))
        .param(Param::required("inputs", inputs, "What goes in"))
        .param(Param::optional(
            "to",
            Kind::Map(vec![Param::required("address", Kind::Amount, "How much")]),
            "Where",
        ))
        .param(Param::defaulted(
            "verbose|verbosity",
            Kind::Boolean,
            false,
            "More of it",
        ))
        .param(Param::optional("options", options, ""))
        .param(Param::optional("secret", Kind::Number, "").hidden())
        .result_when("for verbose=false", Shape::new(ShapeKind::Hex, "The bytes"))
        .result_when(
            "for verbose=true",
            Shape::new(
                ShapeKind::Object(vec![
                    ("time", Shape::new(ShapeKind::Time, "When")),
                    (
                        "list",
                        Shape::new(
                            ShapeKind::Array(vec![Shape::new(ShapeKind::Boolean, "Each")]),
                            "All",
                        )
                        .optional(),
                    ),
                    (
                        "by_key",
                        Shape::new(
                            ShapeKind::Map("key", Box::new(Shape::new(ShapeKind::Number, "One\nof many"))),
                            "",
                        ),
                    ),
                ]),
                "",
            ),
        )
        .result(Shape::new(ShapeKind::Any, ""))
        .example("\"a\" '[]'", "\"a\", []");
    check(
        &declaration,
        &expect![[r#"
        build "name" [{"txid":"hex","sequence":n},...] ( {"address":amount,...} verbose options )

        Builds it.

        Arguments:
        1. name                      (string, required) Its name
        2. inputs                    (json array, required) What goes in
             [
               {                     (json object)
                 "txid": "hex",      (string, required) The transaction
                 "sequence": n,      (numeric, optional, default=0) Two lines
                                     of text
               },
               ...
             ]
        3. to                        (json object, optional) Where
             {
               "address": amount,    (numeric or string, required) How much
               ...
             }
        4. verbose                   (boolean, optional, default=false) More of it
        5. options                   (json object, optional) The options listed below, which may also be passed as named arguments.

        Named Arguments:
        fee    (numeric or string, optional, default=the wallet's choice) The fee

        Result (for verbose=false):
        "hex"    (string) The bytes

        Result (for verbose=true):
        {                  (json object)
          "time" : xxx,    (numeric) When
          "list" : [       (json array, optional) All
            true|false,    (boolean) Each
            ...
          ],
          "by_key" : {     (json object)
            "key" : n,     (numeric) One
                           of many
            ...
          }
        }

        Examples:
        > product-cli build "a" '[]'
        > curl --user myusername --data-binary '{"jsonrpc": "1.0", "id": "curltest", "method": "build", "params": ["a", []]}' -H 'content-type: text/plain;' http://127.0.0.1:8370/
    "#]],
    );
}
