//! `mempool.dat`: the pool on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use bitcoin::consensus::encode;
use bitcoin::consensus::{Decodable, Encodable};
use bitcoin::{Transaction, Txid, VarInt};
use consensus::transaction::{decode_transaction, encode_transaction};
use thiserror::Error;

use crate::pool::Mempool;

/// The format's version, which Bitcoin Core 26 writes.
const VERSION: u64 = 1;

/// Why a dump cannot be read.
#[derive(Debug, Error)]
pub enum DumpError {
    /// It is of a version that is not known.
    #[error("version {0} of the dump is not known")]
    Version(u64),
    /// It is damaged, or reading fails.
    #[error("the dump cannot be read: {0}")]
    Malformed(#[from] encode::Error),
}

/// A transaction of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedTransaction {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// When it came in, in seconds since 1970.
    pub time: i64,
    /// What is added to its fee, in units.
    pub delta: i64,
}

/// What `mempool.dat` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dump {
    /// The transactions, parents before their children.
    pub transactions: Vec<DumpedTransaction>,
    /// What is added to fees of transactions that were not there, in units.
    pub deltas: BTreeMap<Txid, i64>,
    /// Transactions of the node's own that no peer had asked for.
    pub unbroadcast: BTreeSet<Txid>,
}

impl Mempool {
    /// What is to be written to disk.
    #[must_use]
    pub fn dump(&self) -> Dump {
        let transactions = self.iter().map(|entry| DumpedTransaction {
            transaction: Arc::clone(&entry.transaction),
            time: entry.time.cast_signed(),
            delta: entry.delta,
        });
        let absent = self
            .prioritised()
            .filter(|prioritised| prioritised.modified_fee.is_none());
        Dump {
            transactions: transactions.collect(),
            deltas: absent
                .map(|prioritised| (prioritised.txid, prioritised.delta))
                .collect(),
            unbroadcast: self.unbroadcast().clone(),
        }
    }
}

impl Dump {
    /// Writes it as Bitcoin Core 26 does.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.transactions.len() as u64).to_le_bytes());
        writer.write_all(&bytes)?;
        for dumped in &self.transactions {
            bytes.clear();
            encode_transaction(&dumped.transaction, &mut bytes)?;
            bytes.extend(dumped.time.to_le_bytes());
            bytes.extend(dumped.delta.to_le_bytes());
            writer.write_all(&bytes)?;
        }
        bytes.clear();
        VarInt::from(self.deltas.len()).consensus_encode(&mut bytes)?;
        for (txid, delta) in &self.deltas {
            txid.consensus_encode(&mut bytes)?;
            bytes.extend(delta.to_le_bytes());
        }
        VarInt::from(self.unbroadcast.len()).consensus_encode(&mut bytes)?;
        for txid in &self.unbroadcast {
            txid.consensus_encode(&mut bytes)?;
        }
        writer.write_all(&bytes)
    }

    /// Reads what [`write`](Self::write) wrote, or Bitcoin Core up to 26 or Syscoin Core did.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read to its end.
    pub fn read(reader: &mut impl BufRead) -> Result<Self, DumpError> {
        let mut reader = bitcoin::io::FromStd::new(reader);
        let version = u64::consensus_decode(&mut reader)?;
        if version != VERSION {
            return Err(DumpError::Version(version));
        }
        let mut dump = Self::default();
        for _ in 0..u64::consensus_decode(&mut reader)? {
            dump.transactions.push(DumpedTransaction {
                transaction: Arc::new(decode_transaction(&mut reader)?),
                time: i64::consensus_decode(&mut reader)?,
                delta: i64::consensus_decode(&mut reader)?,
            });
        }
        for _ in 0..VarInt::consensus_decode(&mut reader)?.0 {
            let txid = Txid::consensus_decode(&mut reader)?;
            dump.deltas.insert(txid, i64::consensus_decode(&mut reader)?);
        }
        for _ in 0..VarInt::consensus_decode(&mut reader)?.0 {
            dump.unbroadcast.insert(Txid::consensus_decode(&mut reader)?);
        }
        Ok(dump)
    }
}
