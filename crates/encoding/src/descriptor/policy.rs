//! Miniscript within descriptors, read by the `miniscript` crate.
//!
//! Keys are texts to that crate. Here they are keys, whose public texts stand in the expression.

use std::collections::BTreeMap;
use std::fmt;

use bitcoin::hashes::{hash160, ripemd160, sha256};
use bitcoin::{PublicKey, ScriptBuf, XOnlyPublicKey};
use miniscript::miniscript::Miniscript;
use miniscript::{Error, ScriptContext, Segwitv0, Tap, TranslateErr, TranslatePk as _, Translator, hash256};

use super::{DescriptorError, Key, KeyError};

/// How an expression is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As a witness script.
    Witness,
    /// As a leaf of a tree.
    Tapscript,
}

/// A miniscript, and its keys by their public texts.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    expression: Expression,
    keys: BTreeMap<String, Key>,
}

#[derive(Debug, Clone)]
enum Expression {
    Witness(Miniscript<String, Segwitv0>),
    Tapscript(Miniscript<String, Tap>),
}

/// Whether a text is a miniscript, whatever its keys are.
pub(super) fn is_expression(text: &str) -> bool {
    Miniscript::<String, Segwitv0>::from_str_insane(text).is_ok()
        || Miniscript::<String, Tap>::from_str_insane(text).is_ok()
}

/// Reads an expression. `None` says that it is none.
pub(super) fn parse(
    text: &str,
    reading: Reading,
    key: &dyn Fn(&str) -> Result<Key, KeyError>,
) -> Result<Option<Policy>, DescriptorError> {
    let mut keys = BTreeMap::new();
    let expression = match reading {
        Reading::Witness => read::<Segwitv0>(text, key, &mut keys)?.map(Expression::Witness),
        Reading::Tapscript => read::<Tap>(text, key, &mut keys)?.map(Expression::Tapscript),
    };
    Ok(expression.map(|expression| Policy { expression, keys }))
}

fn read<Context: ScriptContext>(
    text: &str,
    key: &dyn Fn(&str) -> Result<Key, KeyError>,
    keys: &mut BTreeMap<String, Key>,
) -> Result<Option<Miniscript<String, Context>>, DescriptorError> {
    let refused = |complaint| DescriptorError::Policy {
        expression: text.to_owned(),
        complaint,
    };
    let expression = match Miniscript::<String, Context>::from_str_insane(text) {
        Ok(expression) => expression,
        Err(Error::TypeCheck(_) | Error::NonTopLevel(_) | Error::ContextError(_)) => {
            return Err(refused("is invalid"));
        }
        Err(_) => return Ok(None),
    };
    let expression = match expression.translate_pk(&mut PublicTexts { key, keys }) {
        Ok(expression) => expression,
        Err(TranslateErr::TranslatorErr(error)) => return error.map_or(Ok(None), Err),
        Err(TranslateErr::OuterError(_)) => return Err(refused("is invalid")),
    };
    match complaint(&expression) {
        Some(complaint) => Err(refused(complaint)),
        None => Ok(Some(expression)),
    }
}

/// What is unwise about an expression, the gravest first.
fn complaint<Context: ScriptContext>(expression: &Miniscript<String, Context>) -> Option<&'static str> {
    if !expression.is_non_malleable() {
        Some("is not sane: malleable witnesses exist")
    } else if !expression.requires_sig() {
        Some("is not sane: witnesses without signature exist")
    } else if expression.has_mixed_timelocks() {
        Some("is not sane: contains mixes of timelocks expressed in blocks and seconds")
    } else if expression.has_repeated_keys() {
        Some("is not sane: contains duplicate public keys")
    } else if !expression.within_resource_limits() {
        Some("is not sane: needs witnesses that may exceed resource limits")
    } else {
        None
    }
}

/// Reads the keys and puts their public texts in their places. An error of `None` says that a hash is none.
struct PublicTexts<'a> {
    key: &'a dyn Fn(&str) -> Result<Key, KeyError>,
    keys: &'a mut BTreeMap<String, Key>,
}

fn hash<T: std::str::FromStr>(text: &str) -> Result<String, Option<DescriptorError>> {
    text.parse::<T>().map(|_| text.to_owned()).map_err(|_| None)
}

impl Translator<String, String, Option<DescriptorError>> for PublicTexts<'_> {
    fn pk(&mut self, text: &String) -> Result<String, Option<DescriptorError>> {
        let key = (self.key)(text).map_err(|error| Some(DescriptorError::BareKey(error)))?;
        let text = key.to_string();
        self.keys.insert(text.clone(), key);
        Ok(text)
    }

    fn sha256(&mut self, text: &String) -> Result<String, Option<DescriptorError>> {
        hash::<sha256::Hash>(text)
    }

    fn hash256(&mut self, text: &String) -> Result<String, Option<DescriptorError>> {
        hash::<hash256::Hash>(text)
    }

    fn ripemd160(&mut self, text: &String) -> Result<String, Option<DescriptorError>> {
        hash::<ripemd160::Hash>(text)
    }

    fn hash160(&mut self, text: &String) -> Result<String, Option<DescriptorError>> {
        hash::<hash160::Hash>(text)
    }
}

/// Puts public keys in the places of their texts.
struct PublicKeys<'a>(&'a BTreeMap<String, PublicKey>);

/// Reads the hashes of an expression that was looked at when it was read.
macro_rules! hashes {
    () => {
        fn sha256(&mut self, text: &String) -> Result<sha256::Hash, ()> {
            text.parse().map_err(|_| ())
        }

        fn hash256(&mut self, text: &String) -> Result<hash256::Hash, ()> {
            text.parse().map_err(|_| ())
        }

        fn ripemd160(&mut self, text: &String) -> Result<ripemd160::Hash, ()> {
            text.parse().map_err(|_| ())
        }

        fn hash160(&mut self, text: &String) -> Result<hash160::Hash, ()> {
            text.parse().map_err(|_| ())
        }
    };
}

impl Translator<String, PublicKey, ()> for PublicKeys<'_> {
    fn pk(&mut self, text: &String) -> Result<PublicKey, ()> {
        self.0.get(text).copied().ok_or(())
    }

    hashes!();
}

impl Translator<String, XOnlyPublicKey, ()> for PublicKeys<'_> {
    fn pk(&mut self, text: &String) -> Result<XOnlyPublicKey, ()> {
        let key = self.0.get(text).ok_or(())?;
        Ok(key.inner.x_only_public_key().0)
    }

    hashes!();
}

impl Policy {
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// The script with these keys, which stand for those of [`keys`](Self::keys) in their order.
    pub(super) fn script(&self, keys: &[PublicKey]) -> Option<ScriptBuf> {
        let keys = self.keys.keys().cloned().zip(keys.iter().copied()).collect();
        let mut keys = PublicKeys(&keys);
        match &self.expression {
            Expression::Witness(expression) => {
                let expression: Miniscript<PublicKey, Segwitv0> = expression.translate_pk(&mut keys).ok()?;
                Some(expression.encode())
            }
            Expression::Tapscript(expression) => {
                let expression: Miniscript<XOnlyPublicKey, Tap> = expression.translate_pk(&mut keys).ok()?;
                Some(expression.encode())
            }
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expression {
            Expression::Witness(expression) => expression.fmt(formatter),
            Expression::Tapscript(expression) => expression.fmt(formatter),
        }
    }
}
