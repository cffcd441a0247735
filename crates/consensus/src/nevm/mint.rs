//! Transactions that make tokens which were frozen on the NEVM.

#[cfg(test)]
mod tests;

use bitcoin::Transaction;

use super::freeze::{Form, Freeze, read_freeze};
use super::proof::{Proven, prove};
use super::rlp::{Item, NotAnItem};
use super::{MintError, NevmHash, NevmRoots};
use crate::address::script_address;
use crate::params::Params;
use crate::script::is_unspendable;
use crate::transaction::{Tokens, TransactionKind, read_allocation, read_count, syscoin_data};

/// What a transaction of version 140 proves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mint<'a> {
    /// The NEVM's transaction: the hash of its bytes without its type, by which it is known whether it was used before.
    pub transaction: NevmHash,
    /// The NEVM's block that has it.
    pub block: NevmHash,
    /// What that block holds, as this transaction says.
    pub roots: NevmRoots,
    /// The place of the NEVM's transaction in both tries.
    path: &'a [u8],
    transaction_nodes: Proof<'a>,
    receipt_nodes: Proof<'a>,
}

/// Nodes of a trie, and where in their bytes the value begins, which is the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Proof<'a> {
    nodes: &'a [u8],
    start: usize,
}

/// Whether another transaction proves the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlierMint {
    /// None that is known.
    #[default]
    None,
    /// One of a block before.
    Confirmed,
    /// One of the same block, or one that no block has.
    Pending,
}

/// What must be known to check a mint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MintContext {
    /// What the NEVM's block holds that it names, if a block before commits to that.
    pub roots: Option<NevmRoots>,
    /// Whether its transaction of the NEVM was used before.
    pub earlier: EarlierMint,
}

impl<'a> Mint<'a> {
    /// What a transaction proves with; none if it is not of version 140, or that cannot be read.
    #[must_use]
    pub fn of(transaction: &'a Transaction) -> Option<Self> {
        if TransactionKind::of(transaction) != TransactionKind::AssetMint {
            return None;
        }
        let mut data = syscoin_data(transaction)?;
        read_allocation(&mut data)?;
        let transaction = read_hash(&mut data)?;
        let block = read_hash(&mut data)?;
        let transaction_start = read_start(&mut data)?;
        let transaction_nodes = read_bytes(&mut data)?;
        let path = read_bytes(&mut data)?;
        let receipt_start = read_start(&mut data)?;
        let receipt_nodes = read_bytes(&mut data)?;
        let roots = NevmRoots {
            transactions: read_hash(&mut data)?,
            receipts: read_hash(&mut data)?,
        };
        data.is_empty().then_some(())?;
        Some(Self {
            transaction,
            block,
            roots,
            path,
            transaction_nodes: Proof {
                nodes: transaction_nodes,
                start: transaction_start,
            },
            receipt_nodes: Proof {
                nodes: receipt_nodes,
                start: receipt_start,
            },
        })
    }
}

impl<'a> Proof<'a> {
    /// What it is about, unless that begins behind it.
    fn value(&self) -> Option<&'a [u8]> {
        self.nodes.get(self.start..).filter(|value| !value.is_empty())
    }
}

fn read_hash(data: &mut &[u8]) -> Option<NevmHash> {
    let (hash, rest) = data.split_first_chunk()?;
    *data = rest;
    Some(NevmHash(*hash))
}

fn read_start(data: &mut &[u8]) -> Option<usize> {
    let (start, rest) = data.split_first_chunk()?;
    *data = rest;
    Some(u16::from_le_bytes(*start).into())
}

fn read_bytes<'a>(data: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(read_count(data)?).ok()?;
    let (bytes, rest) = data.split_at_checked(length)?;
    *data = rest;
    Some(bytes)
}

/// Checks that a transaction of version 140 proves that tokens were frozen on the NEVM, and that one of its outputs, which
/// hold what `held` says, has as many at the address that was named there: upstream's `CheckSyscoinMint`, without the sums
/// of what it spends and makes. Gives the tokens.
///
/// # Consensus
/// A block before must commit to the NEVM's block. Each transaction of the NEVM can be used once. Since the second bridge
/// another contract freezes tokens; since ChainLocks have receipts there is one way alone to tell of it.
pub(crate) fn check_mint(
    transaction: &Transaction,
    held: &[Option<Tokens>],
    context: &MintContext,
    height: u32,
    params: &Params,
) -> Result<Tokens, MintError> {
    let mint = Mint::of(transaction).ok_or(MintError::Malformed)?;
    let form = match params.heights.chainlock_receipts.is_active(height) {
        true => Form::Canonical,
        false => Form::Any,
    };
    let freeze = check_proofs(&mint, context, form, params.bridge_contract(height), params)?;
    find_output(transaction, held, &freeze, params)
}

/// Checks all that a mint proves, in upstream's order, and gives what was frozen.
fn check_proofs<'a>(
    mint: &Mint<'a>,
    context: &MintContext,
    form: Form,
    contract: &[u8; 20],
    params: &Params,
) -> Result<Freeze<'a>, MintError> {
    let roots = context.roots.ok_or(MintError::UnknownBlock)?;
    if mint.roots.transactions != roots.transactions {
        return Err(MintError::TransactionsRoot);
    }
    if mint.roots.receipts != roots.receipts {
        return Err(MintError::ReceiptsRoot);
    }
    let transaction = mint
        .transaction_nodes
        .value()
        .ok_or(MintError::TransactionPlace)?;
    let receipt = mint.receipt_nodes.value().ok_or(MintError::ReceiptPlace)?;
    let transaction_nodes = Item::parse(mint.transaction_nodes.nodes)?;
    let receipt_nodes = Item::parse(mint.receipt_nodes.nodes)?;
    let receipt = Item::parse(receipt)?;
    let transaction = Item::parse(transaction)?;
    if NevmHash::of(transaction.bytes()) != mint.transaction {
        return Err(MintError::TransactionHash);
    }
    if context.earlier == EarlierMint::Confirmed {
        return Err(MintError::Exists);
    }
    let of_receipt =
        proven(mint.path, &receipt, &receipt_nodes, &roots.receipts)?.ok_or(MintError::ReceiptProof)?;
    let of_transaction = proven(mint.path, &transaction, &transaction_nodes, &roots.transactions)?
        .ok_or(MintError::TransactionProof)?;
    match form {
        // Upstream did not know the last type as one.
        Form::Any if [of_receipt, of_transaction].contains(&Proven { envelope: Some(0x7f) }) => {
            return Err(MintError::Format);
        }
        Form::Canonical if of_receipt != of_transaction => return Err(MintError::EnvelopeType),
        Form::Any | Form::Canonical => {}
    }
    let freeze = read_freeze(&receipt, contract, form)?;
    if context.earlier == EarlierMint::Pending {
        return Err(MintError::Duplicate);
    }
    check_transaction(&transaction, of_transaction, form, contract, params)?;
    Ok(freeze)
}

fn proven(
    path: &[u8],
    value: &Item<'_>,
    nodes: &Item<'_>,
    root: &NevmHash,
) -> Result<Option<Proven>, NotAnItem> {
    match nodes.list()? {
        Some(nodes) => prove(path, value.bytes(), &nodes, root),
        None => Ok(None),
    }
}

/// Checks that a transaction of the NEVM is one of its chain, and goes to the contract.
fn check_transaction(
    transaction: &Item<'_>,
    proven: Proven,
    form: Form,
    contract: &[u8; 20],
    params: &Params,
) -> Result<(), MintError> {
    let fields = transaction.list()?.ok_or(MintError::TransactionList)?;
    if fields.count() < 8 {
        return Err(MintError::TransactionFields);
    }
    // Before there were types, the chain was part of the signature.
    let (is_typed, receiver) = match (form, proven.envelope, fields.count()) {
        (Form::Any, _, 9) | (Form::Canonical, None, 9) => (false, 3),
        (Form::Any, _, 12..) | (Form::Canonical, Some(2), 12) => (true, 5),
        (Form::Canonical, Some(1), 11) => (true, 4),
        (Form::Canonical, None, _) => return Err(MintError::LegacyFormat),
        _ => return Err(MintError::Format),
    };
    let field = |place| fields.get(place).ok_or(MintError::Format);
    let number = field(if is_typed { 0 } else { 6 })?.number(32)?;
    let chain_id = match (is_typed, small(number)) {
        (true, number) => number,
        (false, number) => number.and_then(|number| number.checked_sub(35)).map(|id| id / 2),
    };
    if chain_id != Some(params.nevm.chain_id) {
        return Err(MintError::ChainId);
    }
    let receiver = field(receiver)?.text().ok_or(NotAnItem)?;
    if receiver.len() != contract.len() {
        return Err(MintError::ReceiverLength);
    }
    if receiver != contract {
        return Err(MintError::Receiver);
    }
    Ok(())
}

/// A number that does not begin with zero, if it has 64 bits at most.
fn small(number: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    let start = bytes.len().checked_sub(number.len())?;
    bytes[start..].copy_from_slice(number);
    Some(u64::from_be_bytes(bytes))
}

/// Finds the output with the tokens. All spendable ones up to it must pay to addresses.
fn find_output(
    transaction: &Transaction,
    held: &[Option<Tokens>],
    freeze: &Freeze<'_>,
    params: &Params,
) -> Result<Tokens, MintError> {
    for (output, held) in transaction.output.iter().zip(held) {
        if is_unspendable(&output.script_pubkey) {
            continue;
        }
        let address = script_address(&output.script_pubkey, &params.address).ok_or(MintError::NoAddress)?;
        let is_frozen = |tokens: &Tokens| tokens.asset.get() == freeze.asset && tokens.value == freeze.value;
        if address.as_bytes() == freeze.address
            && let Some(tokens) = held.filter(is_frozen)
        {
            return Ok(tokens);
        }
    }
    Err(MintError::Destination)
}
