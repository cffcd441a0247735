//! Keys of descriptors: fixed ones, and series of them derived from an extended key (BIP 32).

use std::fmt;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, KeySource, Xpriv, Xpub};
use bitcoin::hex::FromHex as _;
use bitcoin::secp256k1::{All, Secp256k1};
use bitcoin::{PublicKey, base58};
use consensus::params::AddressParams;

use super::KeyError;
use crate::SecretKey;
use crate::kind::has_key_length;

/// What stands for each number of a series at the end of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wildcard {
    /// There is no series.
    None,
    /// `/*`: each number.
    Normal,
    /// `/*h`: each number, derived with the private key.
    Hardened,
}

/// Which forms of key a place allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forms {
    /// Also such with both coordinates.
    Any,
    /// Such of 33 bytes.
    Compressed,
    /// Such of 33 bytes, or of 32 without a sign.
    Taproot,
}

/// A key, or a series of them.
#[derive(Clone)]
pub struct Key {
    origin: Option<KeySource>,
    kind: Kind,
    apostrophe: bool,
}

#[derive(Clone)]
enum Kind {
    Fixed {
        key: PublicKey,
        is_x_only: bool,
        secret: Option<SecretKey>,
    },
    Extended {
        root: Xpub,
        secret: Option<Xpriv>,
        path: Vec<ChildNumber>,
        wildcard: Wildcard,
    },
}

/// A key of a series, and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct DerivedKey {
    pub(super) public: PublicKey,
    pub(super) source: KeySource,
    pub(super) secret: Option<SecretKey>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({self})")
    }
}

impl Key {
    pub(super) fn parse(text: &str, forms: Forms, chain: &AddressParams) -> Result<Self, KeyError> {
        let parts: Vec<&str> = text.split(']').collect();
        let mut apostrophe = false;
        let (origin, text) = match parts[..] {
            [text] => (None, text),
            [origin, text] => (Some(parse_origin(origin, &mut apostrophe)?), text),
            _ => return Err(KeyError::SeveralOrigins),
        };
        let kind = parse_kind(text, forms, chain, &mut apostrophe)?;
        Ok(Self {
            origin,
            kind,
            apostrophe,
        })
    }

    /// A key of 32 bytes, with an even second coordinate.
    pub(super) fn of_x_only(key: bitcoin::XOnlyPublicKey) -> Self {
        let inner = key.public_key(bitcoin::secp256k1::Parity::Even);
        Self {
            origin: None,
            kind: Kind::Fixed {
                key: PublicKey::new(inner),
                is_x_only: true,
                secret: None,
            },
            apostrophe: false,
        }
    }

    /// Whether it is a series.
    #[must_use]
    pub fn wildcard(&self) -> Wildcard {
        match self.kind {
            Kind::Fixed { .. } => Wildcard::None,
            Kind::Extended { wildcard, .. } => wildcard,
        }
    }

    /// Whether it is a private key.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match &self.kind {
            Kind::Fixed { secret, .. } => secret.is_some(),
            Kind::Extended { secret, .. } => secret.is_some(),
        }
    }

    /// The length of the public keys, in bytes.
    pub(super) fn length(&self) -> usize {
        match &self.kind {
            Kind::Fixed { key, .. } if !key.compressed => 65,
            _ => 33,
        }
    }

    /// The key of this number, unless a private key would be needed for it.
    pub(super) fn derive(&self, index: u32, secp: &Secp256k1<All>) -> Option<DerivedKey> {
        let mut derived = match &self.kind {
            Kind::Fixed { key, secret, .. } => DerivedKey {
                public: *key,
                source: (fingerprint(key), DerivationPath::master()),
                secret: *secret,
            },
            Kind::Extended {
                root,
                secret,
                path,
                wildcard,
            } => {
                let last = match wildcard {
                    Wildcard::None => None,
                    Wildcard::Normal => Some(ChildNumber::from_normal_idx(index).ok()?),
                    Wildcard::Hardened => Some(ChildNumber::from_hardened_idx(index).ok()?),
                };
                let path: DerivationPath = path.iter().copied().chain(last).collect();
                derive_extended(root, secret.as_ref(), path, secp)?
            }
        };
        if let Some((fingerprint, path)) = &self.origin {
            derived.source = (*fingerprint, path.extend(&derived.source.1));
        }
        Some(derived)
    }
}

fn derive_extended(
    root: &Xpub,
    secret: Option<&Xpriv>,
    path: DerivationPath,
    secp: &Secp256k1<All>,
) -> Option<DerivedKey> {
    let secret = match secret {
        Some(secret) => Some(secret.derive_priv(secp, &path).ok()?),
        None => None,
    };
    let public = match &secret {
        Some(secret) => Xpub::from_priv(secp, secret),
        None => root.derive_pub(secp, &path).ok()?,
    };
    Some(DerivedKey {
        public: PublicKey::new(public.public_key),
        source: (root.fingerprint(), path),
        secret: secret.map(|secret| SecretKey {
            scalar: secret.private_key,
            is_compressed: true,
        }),
    })
}

fn fingerprint(key: &PublicKey) -> Fingerprint {
    let hash = key.pubkey_hash();
    let start = <[u8; 4]>::try_from(&AsRef::<[u8; 20]>::as_ref(&hash)[..4]);
    start.expect("a hash has more bytes").into()
}

fn parse_origin(text: &str, apostrophe: &mut bool) -> Result<KeySource, KeyError> {
    let Some(text) = text.strip_prefix('[') else {
        return Err(KeyError::OriginStart(text.chars().next().unwrap_or(']')));
    };
    let mut parts = text.split('/');
    let fingerprint = parts.next().unwrap_or_default();
    if fingerprint.len() != 8 {
        return Err(KeyError::FingerprintLength(fingerprint.len()));
    }
    let bytes =
        <[u8; 4]>::from_hex(fingerprint).map_err(|_| KeyError::FingerprintHex(fingerprint.to_owned()))?;
    Ok((bytes.into(), parse_path(parts, apostrophe)?.into()))
}

fn parse_path<'a>(
    parts: impl Iterator<Item = &'a str>,
    apostrophe: &mut bool,
) -> Result<Vec<ChildNumber>, KeyError> {
    parts
        .map(|part| {
            let number = part.strip_suffix(['\'', 'h']);
            if number.is_some() {
                *apostrophe = part.ends_with('\'');
            }
            let digits = number.unwrap_or(part);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let value: Option<u32> = is_number.then(|| digits.parse().ok()).flatten();
            let value = value.ok_or_else(|| KeyError::PathValue(digits.to_owned()))?;
            let child = match number {
                Some(_) => ChildNumber::from_hardened_idx(value),
                None => ChildNumber::from_normal_idx(value),
            };
            child.map_err(|_| KeyError::PathRange(value))
        })
        .collect()
}

fn parse_kind(
    text: &str,
    forms: Forms,
    chain: &AddressParams,
    apostrophe: &mut bool,
) -> Result<Kind, KeyError> {
    let mut parts: Vec<&str> = text.split('/').collect();
    let first = parts.remove(0);
    if first.is_empty() {
        return Err(KeyError::Missing);
    }
    if parts.is_empty() {
        if let Some(bytes) = crate::assembly::decode_hex(first) {
            return parse_public(first, &bytes, forms);
        }
        if let Ok(secret) = SecretKey::decode(first, chain) {
            if forms != Forms::Any && !secret.is_compressed {
                return Err(KeyError::Uncompressed);
            }
            return Ok(Kind::Fixed {
                key: secret.public_key(&Secp256k1::signing_only()),
                is_x_only: forms == Forms::Taproot,
                secret: Some(secret),
            });
        }
    }
    let (root, secret) = parse_extended(first, chain).ok_or_else(|| KeyError::NotValid(first.to_owned()))?;
    let wildcard = match parts.last() {
        Some(&"*") => Wildcard::Normal,
        Some(&last @ ("*'" | "*h")) => {
            *apostrophe = last.ends_with('\'');
            Wildcard::Hardened
        }
        _ => Wildcard::None,
    };
    if wildcard != Wildcard::None {
        parts.pop();
    }
    Ok(Kind::Extended {
        root,
        secret,
        path: parse_path(parts.into_iter(), apostrophe)?,
        wildcard,
    })
}

fn parse_public(text: &str, bytes: &[u8], forms: Forms) -> Result<Kind, KeyError> {
    if has_key_length(bytes) && matches!(bytes[0], 6 | 7) {
        return Err(KeyError::Hybrid);
    }
    let fixed = |key, is_x_only| Kind::Fixed {
        key,
        is_x_only,
        secret: None,
    };
    match PublicKey::from_slice(bytes) {
        Ok(key) if forms == Forms::Any || key.compressed => return Ok(fixed(key, false)),
        Ok(_) => return Err(KeyError::Uncompressed),
        Err(_) if forms == Forms::Taproot => {
            if let Ok(key) = bitcoin::XOnlyPublicKey::from_slice(bytes) {
                return Ok(Key::of_x_only(key).kind);
            }
        }
        Err(_) => {}
    }
    Err(KeyError::Invalid(text.to_owned()))
}

fn parse_extended(text: &str, chain: &AddressParams) -> Option<(Xpub, Option<Xpriv>)> {
    let payload = base58::decode_check(text).ok()?;
    if payload.starts_with(&chain.extended_secret_key) {
        let secret = Xpriv::decode(&payload).ok()?;
        let root = Xpub::from_priv(&Secp256k1::signing_only(), &secret);
        return Some((root, Some(secret)));
    }
    let is_public = payload.starts_with(&chain.extended_public_key);
    let root = is_public.then(|| Xpub::decode(&payload).ok()).flatten()?;
    Some((root, None))
}

/// Without its private half.
impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((fingerprint, path)) = &self.origin {
            write!(formatter, "[{fingerprint}")?;
            self.show_path(path, formatter)?;
            formatter.write_str("]")?;
        }
        match &self.kind {
            Kind::Fixed {
                key, is_x_only: true, ..
            } => write!(formatter, "{}", key.inner.x_only_public_key().0),
            Kind::Fixed { key, .. } => write!(formatter, "{key}"),
            Kind::Extended {
                root, path, wildcard, ..
            } => {
                write!(formatter, "{root}")?;
                self.show_path(path, formatter)?;
                formatter.write_str(match wildcard {
                    Wildcard::None => "",
                    Wildcard::Normal => "/*",
                    Wildcard::Hardened if self.apostrophe => "/*'",
                    Wildcard::Hardened => "/*h",
                })
            }
        }
    }
}

impl Key {
    fn show_path<'a>(
        &self,
        path: impl IntoIterator<Item = &'a ChildNumber>,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        for child in path {
            match child {
                ChildNumber::Normal { index } => write!(formatter, "/{index}")?,
                ChildNumber::Hardened { index } => {
                    let mark = if self.apostrophe { '\'' } else { 'h' };
                    write!(formatter, "/{index}{mark}")?;
                }
            }
        }
        Ok(())
    }
}
