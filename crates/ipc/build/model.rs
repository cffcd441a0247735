//! What the schemas say, as the generator needs it.

/// All schemas together.
#[derive(Default)]
pub(crate) struct Schemas {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) structures: Vec<Structure>,
    pub(crate) enumerations: Vec<Enumeration>,
}

/// One interface.
pub(crate) struct Interface {
    pub(crate) id: u64,
    /// As in the schema, `Echo`.
    pub(crate) name: String,
    /// The module of its generated code, `echo_capnp::echo`.
    pub(crate) module: String,
    /// The trait, `interfaces::Echo`.
    pub(crate) object: String,
    /// The ids of the interfaces that it extends.
    pub(crate) extends: Vec<u64>,
    pub(crate) methods: Vec<Method>,
    /// The method that ends calls which wait, as in the schema.
    pub(crate) ends_waits: Option<String>,
}

/// One method.
pub(crate) struct Method {
    /// As in the schema, `makeEcho`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// How a method is adapted.
pub(crate) enum Kind {
    /// The server's side is written by hand; no caller of ours calls it.
    Manual,
    /// It exists no more; callers are told so.
    Refused(String),
    /// Drops the object.
    Destroy,
    /// A call of the trait's method.
    Call(Call),
}

/// A method of the trait.
pub(crate) struct Call {
    /// Whether it runs on a thread.
    pub(crate) has_context: bool,
    /// The version that the context came with, where there was an earlier one.
    pub(crate) context_since: Option<String>,
    pub(crate) parameters: Vec<Field>,
    pub(crate) results: Results,
}

/// What a method returns.
pub(crate) enum Results {
    /// A value for each.
    Fields(Vec<Field>),
    /// One value of this type for all of them.
    Whole(String),
}

/// A structure with a generated conversion.
pub(crate) struct Structure {
    pub(crate) module: String,
    pub(crate) rust: String,
    pub(crate) fields: Vec<Field>,
}

/// An enumeration.
pub(crate) struct Enumeration {
    /// The generated type.
    pub(crate) wire: String,
    pub(crate) rust: String,
    /// As in the schema, `sizeLimit`.
    pub(crate) enumerants: Vec<String>,
}

/// A field, parameter or result.
pub(crate) struct Field {
    /// In snake case, as the Rust type has it.
    pub(crate) name: String,
    /// In snake case, as generated code has it.
    pub(crate) accessor: String,
    pub(crate) value: Value,
    pub(crate) presence: Presence,
    /// The pointer's place among the structure's, for a value behind one.
    pub(crate) offset: u32,
}

/// How it is said that a field has no value.
pub(crate) enum Presence {
    /// It always has one.
    Always,
    /// By a null pointer.
    Pointer,
    /// By a field of its own, `has_x`.
    Flag,
}

/// A type on the wire and in Rust.
pub(crate) struct Value {
    pub(crate) wire: Wire,
    pub(crate) rust: String,
}

pub(crate) enum Wire {
    /// With the type that generated code has for it.
    Scalar(&'static str),
    Text,
    Data,
    /// With the generated type.
    Enumeration(String),
    /// With the generated module.
    Structure(String),
    List(Box<Value>),
    /// With the generated module.
    Object(String),
}

impl Field {
    /// The variable for its value, which no other of the generated code is called like.
    pub(crate) fn variable(&self) -> String {
        format!("given_{}", self.name)
    }

    /// The field's type in Rust.
    pub(crate) fn rust(&self) -> String {
        match self.presence {
            Presence::Always => self.value.rust.clone(),
            Presence::Pointer | Presence::Flag => format!("Option<{}>", self.value.rust),
        }
    }
}

/// `byTxID` as `by_tx_i_d`, the way that the code has it which the schema compiler makes.
pub(crate) fn accessor(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// `byTxID` as `by_tx_id`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut after_upper = true;
    for letter in name.chars() {
        if letter.is_uppercase() && !after_upper {
            snake.push('_');
        }
        after_upper = letter.is_uppercase();
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// `makeEcho` as `MakeEcho`.
pub(crate) fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
