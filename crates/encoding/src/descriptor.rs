//! Output descriptors (BIP 380 to 386): texts that stand for outputs' scripts.
//!
//! `miniscript` reads what stands within `wsh()` and the leaves of `tr()`. The rest is read here: its addresses are those
//! of Bitcoin's chains, and clients match on upstream's words for what is wrong.

mod checksum;
mod error;
mod expand;
mod infer;
mod key;
mod parse;
mod policy;

use std::fmt;

use bitcoin::ScriptBuf;
use consensus::params::AddressParams;

pub use checksum::{checksum, with_checksum};
pub use error::{DescriptorError, KeyError};
pub use expand::{Expanded, Expansion};
pub use infer::{Known, infer};
pub use key::{Key, Wildcard};

use crate::Address;
use policy::Policy;

/// A descriptor.
///
/// ```
/// use consensus::{Network, Params};
/// use encoding::descriptor::{Checksum, Descriptor};
///
/// let chain = Params::new(Network::Regtest).address;
/// let text = "wpkh(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";
/// let descriptor = Descriptor::parse(text, &chain, Checksum::Optional)?;
/// assert!(!descriptor.is_range());
/// let scripts = descriptor.scripts(0).expect("it has no key that must be derived with a private one");
/// assert_eq!(scripts[0].to_hex_string(), "0014751e76e8199196d454941c45d1b3a323f1433bd6");
/// # Ok::<(), encoding::descriptor::DescriptorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Descriptor {
    node: Node,
    chain: AddressParams,
}

/// Whether a descriptor must end with its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
}

/// A descriptor's parts.
#[derive(Debug, Clone)]
enum Node {
    PublicKey(Key),
    PublicKeyHash(Key),
    WitnessKeyHash(Key),
    Combo(Key),
    Multisig(Multisig),
    ScriptHash(Box<Self>),
    WitnessScriptHash(Box<Self>),
    Taproot { internal: Key, leaves: Vec<(u8, Self)> },
    RawTaproot(Key),
    Address(Address),
    Raw(ScriptBuf),
    Policy(Policy),
}

#[derive(Debug, Clone)]
struct Multisig {
    required: usize,
    keys: Vec<Key>,
    order: KeyOrder,
    form: MultisigForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyOrder {
    AsWritten,
    Sorted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MultisigForm {
    /// One operation checks all signatures.
    Check,
    /// One operation for each key, in a tapscript (BIP 387).
    Add,
}

impl Descriptor {
    /// Reads a descriptor of a chain.
    ///
    /// # Errors
    /// [`DescriptorError`] says in upstream's words what is wrong.
    pub fn parse(text: &str, chain: &AddressParams, checksum: Checksum) -> Result<Self, DescriptorError> {
        let payload = checksum::check(text, checksum)?;
        let node = parse::parse(payload, chain)?;
        let chain = chain.clone();
        Ok(Self { node, chain })
    }

    /// Whether it stands for a series of outputs: a key ends with `/*`.
    #[must_use]
    pub fn is_range(&self) -> bool {
        self.node.any_key(&|key| key.wildcard() != Wildcard::None)
    }

    /// Whether what it says is enough to spend its outputs, given private keys.
    #[must_use]
    pub fn is_solvable(&self) -> bool {
        !matches!(self.node, Node::Address(_) | Node::Raw(_))
    }

    /// Whether any of its keys is a private one.
    #[must_use]
    pub fn has_private_keys(&self) -> bool {
        self.node.any_key(&Key::is_private)
    }

    /// Whether each output has one script, as is so of all but `combo()`.
    #[must_use]
    pub fn is_single(&self) -> bool {
        !matches!(self.node, Node::Combo(_))
    }

    /// The scripts of its outputs at an index, which only matters where it [is a range](Self::is_range). There are
    /// several only for `combo()`.
    ///
    /// Returns `None` if a key cannot be derived for the lack of a private key.
    #[must_use]
    pub fn scripts(&self, index: u32) -> Option<Vec<ScriptBuf>> {
        self.expand(index).map(|expansion| expansion.outputs)
    }

    /// The scripts of its outputs at an index, and what is needed to spend them.
    ///
    /// Returns `None` if a key cannot be derived for the lack of a private key.
    #[must_use]
    pub fn expand(&self, index: u32) -> Option<Expansion> {
        expand::expand(&self.node, index)
    }
}

/// Without private keys, and with its checksum.
impl fmt::Display for Descriptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = Shown(&self.node, &self.chain).to_string();
        formatter.write_str(&with_checksum(&payload))
    }
}

/// A part with the chain on which it is shown.
struct Shown<'a>(&'a Node, &'a AddressParams);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node, chain) = self;
        match node {
            Node::PublicKey(key) => write!(formatter, "pk({key})"),
            Node::PublicKeyHash(key) => write!(formatter, "pkh({key})"),
            Node::WitnessKeyHash(key) => write!(formatter, "wpkh({key})"),
            Node::Combo(key) => write!(formatter, "combo({key})"),
            Node::Multisig(multisig) => multisig.fmt(formatter),
            Node::ScriptHash(inner) => write!(formatter, "sh({})", Shown(inner, chain)),
            Node::WitnessScriptHash(inner) => write!(formatter, "wsh({})", Shown(inner, chain)),
            Node::Taproot { internal, leaves } => {
                write!(formatter, "tr({internal}")?;
                show_tree(leaves, chain, formatter)?;
                formatter.write_str(")")
            }
            Node::RawTaproot(key) => write!(formatter, "rawtr({key})"),
            Node::Address(address) => write!(formatter, "addr({})", address.encode(chain)),
            Node::Raw(script) => write!(formatter, "raw({})", script.to_hex_string()),
            Node::Policy(policy) => policy.fmt(formatter),
        }
    }
}

/// Leaves with braces around each two branches.
fn show_tree(
    leaves: &[(u8, Node)],
    chain: &AddressParams,
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    // Of the branches that lead to the leaf at hand, which are the second of two.
    let mut branches: Vec<bool> = Vec::new();
    for (index, (depth, leaf)) in leaves.iter().enumerate() {
        if index == 0 {
            formatter.write_str(",")?;
        }
        while branches.len() < usize::from(*depth) {
            formatter.write_str("{")?;
            branches.push(false);
        }
        write!(formatter, "{}", Shown(leaf, chain))?;
        while branches.last() == Some(&true) {
            formatter.write_str("}")?;
            branches.pop();
        }
        if let Some(last) = branches.last_mut() {
            formatter.write_str(",")?;
            *last = true;
        }
    }
    Ok(())
}

impl fmt::Display for Multisig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = if self.order == KeyOrder::Sorted {
            "sorted"
        } else {
            ""
        };
        let form = if self.form == MultisigForm::Add { "_a" } else { "" };
        write!(formatter, "{sorted}multi{form}({}", self.required)?;
        for key in &self.keys {
            write!(formatter, ",{key}")?;
        }
        formatter.write_str(")")
    }
}

impl Node {
    fn any_key(&self, holds: &dyn Fn(&Key) -> bool) -> bool {
        match self {
            Self::PublicKey(key)
            | Self::PublicKeyHash(key)
            | Self::WitnessKeyHash(key)
            | Self::Combo(key)
            | Self::RawTaproot(key) => holds(key),
            Self::Multisig(multisig) => multisig.keys.iter().any(holds),
            Self::ScriptHash(inner) | Self::WitnessScriptHash(inner) => inner.any_key(holds),
            Self::Taproot { internal, leaves } => {
                holds(internal) || leaves.iter().any(|(_, leaf)| leaf.any_key(holds))
            }
            Self::Address(_) | Self::Raw(_) => false,
            Self::Policy(policy) => policy.keys().any(holds),
        }
    }
}

#[cfg(test)]
mod tests;
