//! What messages look like in the log. Fields whose Rust type is a secret are not shown, whatever they are called.

use std::fmt;

use capnp::dynamic_value::Reader;
use capnp::schema::Field;
use capnp::schema_capnp::value;

use crate::schema::rust_capnp::holds;

/// What stands for a secret.
const HIDDEN: &str = "<secret>";

/// The types of secrets and of what may have secrets in it, as the schemas name them.
const SECRETS: [&str; 3] = ["interfaces::Secret", "interfaces::Json", "interfaces::RpcText"];

/// A part of a message, as it is shown.
pub(super) struct Shown<'a>(pub(super) Reader<'a>);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reader::Struct(structure) => {
                let fields = or_stop(structure.get_schema().get_fields())?;
                let mut separator = "";
                formatter.write_str("(")?;
                for field in fields {
                    if !or_stop(structure.has(field))? {
                        continue;
                    }
                    let name = or_stop(field.get_proto().get_name())?;
                    write!(formatter, "{separator}{} = ", or_stop(name.to_str())?)?;
                    separator = ", ";
                    if or_stop(is_secret(field))? {
                        formatter.write_str(HIDDEN)?;
                    } else {
                        Shown(or_stop(structure.get(field))?).fmt(formatter)?;
                    }
                }
                formatter.write_str(")")
            }
            Reader::List(list) => {
                let mut separator = "";
                formatter.write_str("[")?;
                for element in list {
                    formatter.write_str(separator)?;
                    separator = ", ";
                    Shown(or_stop(element)?).fmt(formatter)?;
                }
                formatter.write_str("]")
            }
            value => value.fmt(formatter),
        }
    }
}

/// A message that cannot be decoded ends where it goes wrong.
fn or_stop<T, E>(decoded: Result<T, E>) -> Result<T, fmt::Error> {
    decoded.map_err(|_| fmt::Error)
}

fn is_secret(field: Field) -> capnp::Result<bool> {
    for annotation in field.get_proto().get_annotations()? {
        if annotation.get_id() == holds::ID
            && let value::Text(rust) = annotation.get_value()?.which()?
        {
            let rust = rust?.to_str()?;
            if SECRETS.iter().any(|secret| rust.contains(secret)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::Shown;
    use crate::schema::wallet_capnp::{wallet, wallet_loader};

    #[test]
    fn secrets_are_hidden_by_their_type_and_all_else_is_shown() {
        let mut message = capnp::message::Builder::new_default();
        let mut parameters = message.init_root::<wallet::change_wallet_passphrase_params::Builder<'_>>();
        parameters.set_old(b"hunter1");
        parameters.set_new(b"hunter2");
        assert_eq!(
            format!("{:?}", Shown(parameters.into_reader().into())),
            "(old = <secret>, new = <secret>)"
        );

        let mut parameters = message.init_root::<wallet_loader::create_wallet_params::Builder<'_>>();
        parameters.set_name("name");
        parameters.set_passphrase(b"hunter2");
        let shown = format!("{:?}", Shown(parameters.into_reader().into()));
        assert_eq!(shown, "(name = \"name\", passphrase = <secret>)");
    }
}
