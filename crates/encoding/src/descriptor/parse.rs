//! Reading descriptors.

use bitcoin::ScriptBuf;
use consensus::params::AddressParams;

use super::key::Forms;
use super::policy::{self, Policy, Reading};
use super::{DescriptorError, Key, KeyError, KeyOrder, Multisig, MultisigForm, Node};
use crate::Address;
use crate::assembly::decode_hex;
use crate::kind::MAX_KEYS_OF_MULTISIG;

/// The most keys that a tapscript of several signatures may name.
const MAX_KEYS_OF_MULTI_A: usize = 999;

/// The deepest leaf of a tree (BIP 341).
const MAX_DEPTH: usize = 128;

/// The longest script that a hash may stand for (BIP 16).
const MAX_REDEEM_SCRIPT: usize = 520;

/// Where in a descriptor an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    ScriptHash,
    WitnessScriptHash,
    Taproot,
}

impl Place {
    fn forms(self) -> Forms {
        match self {
            Self::Top | Self::ScriptHash => Forms::Any,
            Self::WitnessScriptHash => Forms::Compressed,
            Self::Taproot => Forms::Taproot,
        }
    }
}

/// Reads a descriptor without its checksum.
pub(super) fn parse(mut text: &str, chain: &AddressParams) -> Result<Node, DescriptorError> {
    let node = Parser { chain }.script(&mut text, Place::Top)?;
    if text.is_empty() {
        Ok(node)
    } else {
        Err(DescriptorError::Trailing)
    }
}

/// What is within the parentheses of a function, if the text is a call of it.
fn arguments<'a>(function: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')')
}

/// Takes an expression from the text: what comes before a comma or a closing bracket that belongs to nothing in it.
fn expression<'a>(text: &mut &'a str) -> &'a str {
    let mut level = 0_usize;
    let end = text.find(|character| match character {
        '(' | '{' => {
            level += 1;
            false
        }
        ')' | '}' if level > 0 => {
            level -= 1;
            false
        }
        ')' | '}' | ',' => level == 0,
        _ => false,
    });
    let (expression, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    expression
}

/// Takes a character from the text, if it begins with it.
fn take(character: char, text: &mut &str) -> bool {
    let rest = text.strip_prefix(character);
    *text = rest.unwrap_or(text);
    rest.is_some()
}

fn first(text: &str) -> char {
    text.chars().next().unwrap_or_default()
}

struct Parser<'a> {
    chain: &'a AddressParams,
}

impl Parser<'_> {
    fn key(&self, text: &str, forms: Forms) -> Result<Key, KeyError> {
        Key::parse(text, forms, self.chain)
    }

    fn function_key(&self, function: &'static str, text: &str, forms: Forms) -> Result<Key, DescriptorError> {
        self.key(text, forms)
            .map_err(|source| DescriptorError::Key { function, source })
    }

    fn script(&self, text: &mut &str, place: Place) -> Result<Node, DescriptorError> {
        let expression = expression(text);
        match self.function(expression, place)? {
            Some(node) => Ok(node),
            None => self.policy(expression, place),
        }
    }

    /// One of the functions that are no miniscript.
    fn function(&self, expression: &str, place: Place) -> Result<Option<Node>, DescriptorError> {
        use Place::{ScriptHash, Top};

        let call = |name| arguments(name, expression);
        let forms = place.forms();
        if let Some(key) = call("pk") {
            let key = self.function_key("pk()", key, forms)?;
            return Ok(Some(Node::PublicKey(key)));
        }
        if let Some(key) = call("pkh").filter(|_| place != Place::Taproot) {
            let key = self.function_key("pkh()", key, forms)?;
            return Ok(Some(Node::PublicKeyHash(key)));
        }
        if let Some(key) = call("combo") {
            only_at(place == Top, "combo() at top level")?;
            let key = self.function_key("combo()", key, forms)?;
            return Ok(Some(Node::Combo(key)));
        }
        if let Some(multisig) = self.multisig(expression, place)? {
            return Ok(Some(Node::Multisig(multisig)));
        }
        if let Some(key) = call("wpkh") {
            only_at(
                matches!(place, Top | ScriptHash),
                "wpkh() at top level or inside sh()",
            )?;
            let key = self.function_key("wpkh()", key, Forms::Compressed)?;
            return Ok(Some(Node::WitnessKeyHash(key)));
        }
        if let Some(inner) = call("sh") {
            only_at(place == Top, "sh() at top level")?;
            let inner = self.inner(inner, ScriptHash)?;
            return Ok(Some(Node::ScriptHash(inner)));
        }
        if let Some(inner) = call("wsh") {
            only_at(
                matches!(place, Top | ScriptHash),
                "wsh() at top level or inside sh()",
            )?;
            let inner = self.inner(inner, Place::WitnessScriptHash)?;
            return Ok(Some(Node::WitnessScriptHash(inner)));
        }
        if let Some(address) = call("addr") {
            only_at(place == Top, "addr() at top level")?;
            let address = Address::decode(address, self.chain).map_err(|_| DescriptorError::Address)?;
            return Ok(Some(Node::Address(address)));
        }
        if let Some(parts) = call("tr") {
            only_at(place == Top, "tr at top level")?;
            return self.taproot(parts).map(Some);
        }
        if let Some(key) = call("rawtr") {
            only_at(place == Top, "rawtr at top level")?;
            return self.raw_taproot(key).map(Some);
        }
        if let Some(script) = call("raw") {
            only_at(place == Top, "raw() at top level")?;
            let script = decode_hex(script).filter(|script| !script.is_empty());
            let script = script.ok_or(DescriptorError::RawHex)?;
            return Ok(Some(Node::Raw(ScriptBuf::from(script))));
        }
        Ok(None)
    }

    fn inner(&self, mut text: &str, place: Place) -> Result<Box<Node>, DescriptorError> {
        let node = self.script(&mut text, place)?;
        if text.is_empty() {
            Ok(Box::new(node))
        } else {
            Err(DescriptorError::Trailing)
        }
    }

    fn multisig(&self, expression: &str, place: Place) -> Result<Option<Multisig>, DescriptorError> {
        let functions = [
            ("multi", KeyOrder::AsWritten, MultisigForm::Check),
            ("sortedmulti", KeyOrder::Sorted, MultisigForm::Check),
            ("multi_a", KeyOrder::AsWritten, MultisigForm::Add),
            ("sortedmulti_a", KeyOrder::Sorted, MultisigForm::Add),
        ];
        let found = functions
            .into_iter()
            .find_map(|(name, order, form)| Some((arguments(name, expression)?, order, form)));
        let Some((mut text, order, form)) = found else {
            return Ok(None);
        };
        match form {
            MultisigForm::Check => only_at(
                place != Place::Taproot,
                "multi/sortedmulti at top level, in sh(), or in wsh()",
            )?,
            MultisigForm::Add => only_at(place == Place::Taproot, "multi_a/sortedmulti_a inside tr()")?,
        }
        let threshold = self::expression(&mut text);
        let threshold: u32 = Some(threshold)
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| DescriptorError::Threshold(threshold.to_owned()))?;
        let mut keys = Vec::new();
        while !text.is_empty() {
            if !take(',', &mut text) {
                return Err(DescriptorError::MultiComma(first(text)));
            }
            let key = self::expression(&mut text);
            keys.push(self.function_key("Multi", key, place.forms())?);
        }
        check_multisig(threshold, &keys, form, place)?;
        Ok(Some(Multisig {
            required: threshold as usize,
            keys,
            order,
            form,
        }))
    }

    fn taproot(&self, mut text: &str) -> Result<Node, DescriptorError> {
        let internal = expression(&mut text);
        let internal = self.function_key("tr()", internal, Forms::Taproot)?;
        let mut leaves = Vec::new();
        if !text.is_empty() {
            if !take(',', &mut text) {
                return Err(DescriptorError::TreeComma(first(text)));
            }
            self.tree(&mut text, &mut leaves)?;
            if !text.is_empty() {
                return Err(DescriptorError::TreeExpected(')'));
            }
        }
        Ok(Node::Taproot { internal, leaves })
    }

    fn tree(&self, text: &mut &str, leaves: &mut Vec<(u8, Node)>) -> Result<(), DescriptorError> {
        // Of the branches that lead to the leaf at hand, which are the second of two.
        let mut branches: Vec<bool> = Vec::new();
        loop {
            while take('{', text) {
                branches.push(false);
                if branches.len() > MAX_DEPTH {
                    return Err(DescriptorError::TreeDepth);
                }
            }
            let mut leaf = expression(text);
            let leaf = self.script(&mut leaf, Place::Taproot)?;
            let depth = u8::try_from(branches.len()).map_err(|_| DescriptorError::TreeDepth)?;
            leaves.push((depth, leaf));
            while branches.last() == Some(&true) {
                if !take('}', text) {
                    return Err(DescriptorError::TreeExpected('}'));
                }
                branches.pop();
            }
            let Some(last) = branches.last_mut() else {
                return Ok(());
            };
            if !take(',', text) {
                return Err(DescriptorError::TreeExpected(','));
            }
            *last = true;
        }
    }

    fn raw_taproot(&self, mut text: &str) -> Result<Node, DescriptorError> {
        let key = expression(&mut text);
        if !text.is_empty() {
            return Err(DescriptorError::RawTaprootKeys);
        }
        let key = self.key(key, Forms::Taproot);
        key.map(Node::RawTaproot).map_err(DescriptorError::BareKey)
    }

    fn policy(&self, expression: &str, place: Place) -> Result<Node, DescriptorError> {
        let reading = match place {
            Place::Taproot => Reading::Tapscript,
            _ => Reading::Witness,
        };
        let key = |text: &str| self.key(text, place.forms());
        let policy: Option<Policy> = match place {
            Place::WitnessScriptHash | Place::Taproot => policy::parse(expression, reading, &key)?,
            Place::Top | Place::ScriptHash if policy::is_expression(expression) => {
                return Err(DescriptorError::PolicyPlace);
            }
            Place::Top | Place::ScriptHash => None,
        };
        match (policy, place) {
            (Some(policy), _) => Ok(Node::Policy(policy)),
            (None, Place::ScriptHash) => Err(DescriptorError::FunctionNeeded("P2SH")),
            (None, Place::WitnessScriptHash) => Err(DescriptorError::FunctionNeeded("P2WSH")),
            (None, _) => Err(DescriptorError::Function(expression.to_owned())),
        }
    }
}

fn only_at(is_there: bool, place: &'static str) -> Result<(), DescriptorError> {
    if is_there {
        Ok(())
    } else {
        Err(DescriptorError::Place(place))
    }
}

fn check_multisig(
    threshold: u32,
    keys: &[Key],
    form: MultisigForm,
    place: Place,
) -> Result<(), DescriptorError> {
    let count = keys.len();
    let (function, limit) = match form {
        MultisigForm::Check => ("multisig", MAX_KEYS_OF_MULTISIG),
        MultisigForm::Add => ("multi_a", MAX_KEYS_OF_MULTI_A),
    };
    if !(1..=limit).contains(&count) {
        return Err(DescriptorError::KeyCount {
            count,
            function,
            limit,
        });
    }
    if threshold < 1 {
        return Err(DescriptorError::ThresholdTooSmall(threshold));
    }
    if threshold as usize > count {
        return Err(DescriptorError::ThresholdTooLarge { threshold, count });
    }
    if place == Place::Top && count > 3 {
        return Err(DescriptorError::BareMultisig(count));
    }
    let size = keys.iter().map(|key| key.length() + 1).sum::<usize>() + 3;
    if place == Place::ScriptHash && size > MAX_REDEEM_SCRIPT {
        return Err(DescriptorError::RedeemScriptSize(size));
    }
    Ok(())
}
