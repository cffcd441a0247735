//! Named arguments put into their positions.

use serde_json::{Map, Value};

use crate::error::RpcError;
use crate::method::Declaration;
use crate::param::{Kind, Param};

/// Orders `named` as `declaration` has it, nulls standing for what is left out before the last one given.
///
/// The name `args` may hold an array of leading positional arguments. A member of an [`Kind::Options`] parameter may be
/// given as if it were a parameter of the method.
///
/// # Errors
/// A name is given twice, is unknown, or means what another argument means already.
pub(crate) fn to_positions(
    declaration: &Declaration,
    named: Vec<(String, Value)>,
) -> Result<Vec<Value>, RpcError> {
    let mut named = Named::new(named)?;
    let mut slots = Vec::with_capacity(declaration.params.len());
    for param in &declaration.params {
        slots.push(take_slot(param, &mut named)?);
    }

    let leading = match named.take("args") {
        Some(Value::Array(leading)) => leading,
        // As upstream, anything else under that name is passed over.
        Some(_) | None => Vec::new(),
    };
    if let Some((param, _)) = declaration
        .params
        .iter()
        .zip(&slots)
        .take(leading.len())
        .find(|(_, slot)| slot.is_some())
    {
        let names = &param.names;
        return Err(RpcError::invalid_parameter(format!(
            "Parameter {names} specified twice both as positional and named argument"
        )));
    }
    if let Some((name, _)) = named.0.first() {
        return Err(unknown(name));
    }
    let last = slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let given = leading.len();
    let rest = slots
        .into_iter()
        .take(last)
        .skip(given)
        .map(Option::unwrap_or_default);
    Ok(leading.into_iter().chain(rest).collect())
}

/// The value for one position, taken from the parameter's own names or from its members'.
fn take_slot(param: &Param, named: &mut Named) -> Result<Option<Value>, RpcError> {
    let own = named.take_any(param);
    let Kind::Options(members) = &param.kind else {
        return Ok(own.map(|(_, value)| value));
    };
    let mut options = Map::new();
    for member in members {
        if let Some((name, value)) = named.take_any(member) {
            options.insert(name, value);
        }
    }
    match (own, options.keys().next()) {
        (Some((name, _)), Some(option)) => Err(RpcError::invalid_parameter(format!(
            "Parameter {name} conflicts with parameter {option}"
        ))),
        (own, None) => Ok(own.map(|(_, value)| value)),
        (None, Some(_)) => Ok(Some(Value::Object(options))),
    }
}

fn unknown(name: &str) -> RpcError {
    RpcError::invalid_parameter(format!("Unknown named parameter {name}"))
}

/// Refuses a name that is given twice.
pub(crate) fn check_distinct(named: &[(String, Value)]) -> Result<(), RpcError> {
    let mut seen = std::collections::HashSet::new();
    match named.iter().find(|(name, _)| !seen.insert(name)) {
        Some((name, _)) => Err(RpcError::invalid_parameter(format!(
            "Parameter {name} specified multiple times"
        ))),
        None => Ok(()),
    }
}

/// Named arguments that no position has claimed yet; no name is there twice.
struct Named(Vec<(String, Value)>);

impl Named {
    fn new(named: Vec<(String, Value)>) -> Result<Self, RpcError> {
        check_distinct(&named)?;
        Ok(Self(named))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let position = self.0.iter().position(|(given, _)| given == name)?;
        Some(self.0.remove(position).1)
    }

    /// Takes the argument that has one of the parameter's names, the earlier name first.
    fn take_any(&mut self, param: &Param) -> Option<(String, Value)> {
        param
            .each_name()
            .find_map(|name| self.take(name).map(|value| (name.to_owned(), value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::method::Method;

    fn declaration() -> Declaration {
        let options = vec![
            Param::optional("fee", Kind::Number, ""),
            Param::optional("label", Kind::String, ""),
        ];
        Method::declare("test", "test", "")
            .param(Param::optional("a", Kind::Number, ""))
            .param(Param::optional("b|beta", Kind::Number, ""))
            .param(Param::optional("options", Kind::Options(options), ""))
            .param(Param::optional("d", Kind::Number, ""))
    }

    fn check(named: Vec<(&str, Value)>, expected: Result<Value, &str>) {
        let named: Vec<_> = named
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let result = to_positions(&declaration(), named.clone()).map(Value::from);
        assert_eq!(result, expected.map_err(RpcError::invalid_parameter), "{named:?}");
    }

    #[test]
    fn each_name_finds_its_position() {
        let one = json!(1);
        check(vec![], Ok(json!([])));
        check(vec![("b", one.clone())], Ok(json!([null, 1])));
        check(vec![("beta", one.clone()), ("a", json!(2))], Ok(json!([2, 1])));
        check(vec![("a", json!(null))], Ok(json!([null])));
        check(
            vec![("fee", one.clone()), ("label", json!("x"))],
            Ok(json!([null, null, {"fee": 1, "label": "x"}])),
        );
        check(
            vec![("args", json!([7])), ("d", one.clone())],
            Ok(json!([7, null, null, 1])),
        );
        check(
            vec![("args", json!([7, 8, 9, 10, 11]))],
            Ok(json!([7, 8, 9, 10, 11])),
        );
        check(vec![("args", json!([]))], Ok(json!([])));
        check(vec![("args", one), ("a", json!(2))], Ok(json!([2])));
        check(vec![("args", json!({"a": 1}))], Ok(json!([])));
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        let one = json!(1);
        let twice = "Parameter a specified multiple times";
        check(vec![("a", one.clone()), ("a", one.clone())], Err(twice));
        check(vec![("x", one.clone())], Err("Unknown named parameter x"));
        check(
            vec![("b", one.clone()), ("beta", one.clone())],
            Err("Unknown named parameter beta"),
        );
        check(
            vec![("options", json!({})), ("fee", one.clone())],
            Err("Parameter options conflicts with parameter fee"),
        );
        check(
            vec![("args", json!([7, 8])), ("b", one)],
            Err("Parameter b|beta specified twice both as positional and named argument"),
        );
    }

    proptest! {
        #[test]
        fn naming_arguments_is_the_same_as_placing_them(values in proptest::collection::vec(any::<i32>(), 0..=2), split in 0usize..=2) {
            let split = split.min(values.len());
            let leading = json!(values[..split]);
            let rest = ["a", "beta"].into_iter().zip(&values).skip(split);
            let mut named: Vec<_> = rest.map(|(name, value)| (name.to_owned(), json!(value))).collect();
            named.push(("args".to_owned(), leading));
            prop_assert_eq!(to_positions(&declaration(), named).map(Value::from), Ok(json!(values)));
        }
    }
}
