//! JSON over several lines, as scripts that read the output of upstream's programs expect.

use serde_json::Value;

/// A value with so many spaces a level. Empty containers take two lines.
pub fn pretty(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    push(&mut text, value, indent, 0);
    text
}

fn push(text: &mut String, value: &Value, indent: usize, depth: usize) {
    let inner = " ".repeat(indent * (depth + 1));
    let (open, close, length) = match value {
        Value::Array(values) => ('[', ']', values.len()),
        Value::Object(members) => ('{', '}', members.len()),
        scalar => return text.push_str(&scalar.to_string()),
    };
    let separator = |index: usize| if index + 1 < length { ",\n" } else { "\n" };
    text.push(open);
    text.push('\n');
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                text.push_str(&inner);
                push(text, value, indent, depth + 1);
                text.push_str(separator(index));
            }
        }
        Value::Object(members) => {
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(&format!("{inner}{}: ", Value::String(name.clone())));
                push(text, value, indent, depth + 1);
                text.push_str(separator(index));
            }
        }
        _ => {}
    }
    text.push_str(&" ".repeat(indent * depth));
    text.push(close);
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_take_lines_even_if_they_are_empty() {
        let value = json!({"a": [], "b": {"c": [1, "x"]}});
        expect![[r#"
            {
               "a": [
               ],
               "b": {
                  "c": [
                     1,
                     "x"
                  ]
               }
            }"#]]
        .assert_eq(&pretty(&value, 3));
        assert_eq!(pretty(&json!(1.5), 2), "1.5");
    }
}
