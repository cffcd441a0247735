//! A call's arguments, read by the names their method declares.

use std::sync::Arc;

use serde_json::Value;

use crate::error::RpcError;
use crate::method::Declaration;

/// Arguments in the order of the declaration; those left out at the end are absent.
#[derive(Debug)]
pub struct Arguments {
    declaration: Arc<Declaration>,
    values: Vec<Value>,
}

/// A type that an argument can be read as.
pub trait FromArgument: Sized {
    /// Reads the argument.
    ///
    /// # Errors
    /// Core's error for a value of another type or out of range.
    fn from_argument(value: &Value) -> Result<Self, RpcError>;
}

impl Arguments {
    pub(crate) fn new(declaration: Arc<Declaration>, values: Vec<Value>) -> Self {
        Self { declaration, values }
    }

    pub(crate) fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// The arguments as they came.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Takes the arguments as they came.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The argument, `Null` when absent.
    ///
    /// # Panics
    /// The method declares no such parameter.
    pub fn value(&self, name: &str) -> &Value {
        let position = self
            .declaration
            .params
            .iter()
            .position(|param| param.first_name() == name);
        let position = position.unwrap_or_else(|| panic!("{} declares no {name}", self.declaration.name));
        self.values.get(position).unwrap_or(&Value::Null)
    }

    /// Reads an argument that the declaration requires.
    ///
    /// # Errors
    /// The value has another type or is out of range.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    pub fn required<T: FromArgument>(&self, name: &str) -> Result<T, RpcError> {
        T::from_argument(self.value(name))
    }

    /// Reads an argument that may be absent or null.
    ///
    /// # Errors
    /// The value has another type or is out of range.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    pub fn optional<T: FromArgument>(&self, name: &str) -> Result<Option<T>, RpcError> {
        match self.value(name) {
            Value::Null => Ok(None),
            value => T::from_argument(value).map(Some),
        }
    }
}

impl FromArgument for String {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| RpcError::wrong_type(value, "string"))
    }
}

impl FromArgument for bool {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        value.as_bool().ok_or_else(|| RpcError::wrong_type(value, "bool"))
    }
}

impl FromArgument for i64 {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        match value {
            Value::Number(number) => number
                .as_i64()
                .ok_or_else(|| RpcError::misc("JSON integer out of range")),
            _ => Err(RpcError::wrong_type(value, "number")),
        }
    }
}

impl FromArgument for i32 {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        in_range(value)
    }
}

impl FromArgument for u32 {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        in_range(value)
    }
}

/// A number that another type may not have room for.
fn in_range<T: TryFrom<i64>>(value: &Value) -> Result<T, RpcError> {
    T::try_from(i64::from_argument(value)?).map_err(|_| RpcError::misc("JSON integer out of range"))
}

impl<T: FromArgument> FromArgument for Vec<T> {
    fn from_argument(value: &Value) -> Result<Self, RpcError> {
        let elements = value
            .as_array()
            .ok_or_else(|| RpcError::wrong_type(value, "array"))?;
        elements.iter().map(T::from_argument).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check<T: FromArgument + PartialEq + std::fmt::Debug>(value: &Value, expected: Result<T, (i32, &str)>) {
        let expected = expected.map_err(|(code, message)| RpcError::new(code, message));
        assert_eq!(T::from_argument(value), expected, "{value}");
    }

    #[test]
    fn an_argument_is_read_or_refused_with_the_text_clients_know() {
        check(&json!("x"), Ok("x".to_owned()));
        check::<String>(
            &json!(1),
            Err((-3, "JSON value of type number is not of expected type string")),
        );
        check(&json!(-5), Ok(-5_i64));
        check::<i64>(&json!(1.5), Err((-1, "JSON integer out of range")));
        check::<i64>(
            &serde_json::from_str("9223372036854775808").unwrap(),
            Err((-1, "JSON integer out of range")),
        );
        check(&json!(-5), Ok(-5_i32));
        check::<i32>(&json!(1_u64 << 31), Err((-1, "JSON integer out of range")));
        check::<u32>(&json!(-1), Err((-1, "JSON integer out of range")));
        check::<i64>(
            &json!("1"),
            Err((-3, "JSON value of type string is not of expected type number")),
        );
        check::<bool>(
            &json!(null),
            Err((-3, "JSON value of type null is not of expected type bool")),
        );
        check(&json!(["a", "b"]), Ok(vec!["a".to_owned(), "b".to_owned()]));
        check::<Vec<String>>(
            &json!([true]),
            Err((-3, "JSON value of type bool is not of expected type string")),
        );
    }
}
