//! What is said of a wallet's addresses.

use bitcoin::ScriptBuf;

/// The kinds of addresses that a wallet makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// The hash of a key.
    Legacy,
    /// A witness program behind the hash of a script.
    P2shSegwit,
    /// A witness program of version 0.
    Bech32,
    /// Taproot.
    Bech32m,
}

/// What an address in the book is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPurpose {
    /// Others pay the wallet.
    Receive,
    /// The wallet pays others.
    Send,
    /// It was of use to other software once.
    Refund,
}

/// An address in the book. An address is the script that pays to it, which holds for each network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressEntry {
    /// The script.
    pub destination: ScriptBuf,
    /// Its name; may be empty.
    pub label: String,
    /// Whether the wallet can spend from it.
    pub is_mine: bool,
    /// What it is for, where that is known.
    pub purpose: Option<AddressPurpose>,
}
