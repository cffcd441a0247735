//! Blocks that are made by hand, of bytes, as those make them who know nothing of the node's code.

use std::cmp::Ordering;

use anyhow::{Context as _, Result, ensure};
use functional_tests::text;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) type Hash = [u8; 32];

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(digits: &str) -> Result<Vec<u8>> {
    ensure!(
        digits.len().is_multiple_of(2),
        "an odd number of digits: {digits}"
    );
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| Ok(u8::from_str_radix(&digits[at..at + 2], 16)?))
        .collect()
}

/// A hash as it is shown, with its last byte first.
pub(crate) fn shown(hash: &Hash) -> String {
    let mut bytes = *hash;
    bytes.reverse();
    to_hex(&bytes)
}

fn hash_from(digits: &str) -> Result<Hash> {
    let mut bytes = from_hex(digits)?;
    bytes.reverse();
    bytes.try_into().ok().context("a hash has 32 bytes")
}

fn sha256d(bytes: &[u8]) -> Hash {
    Sha256::digest(Sha256::digest(bytes)).into()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("scripts here are short");
    assert!(length < 0xfd, "lengths here take a byte");
    [&[length], bytes].concat()
}

/// A transaction with one input, which spends nothing.
#[derive(Clone)]
pub(crate) struct Coinbase {
    pub(crate) version: u32,
    /// The output that is said to be spent: zeros for none.
    pub(crate) spent: Hash,
    pub(crate) script: Vec<u8>,
    pub(crate) outputs: Vec<(u64, Vec<u8>)>,
    pub(crate) lock_time: u32,
    pub(crate) has_witness: bool,
}

impl Coinbase {
    fn bytes(&self, with_witness: bool) -> Vec<u8> {
        let mut bytes = self.version.to_le_bytes().to_vec();
        if with_witness {
            bytes.extend([0, 1]);
        }
        bytes.push(1);
        bytes.extend(self.spent);
        bytes.extend([0xff; 4]);
        bytes.extend(with_length(&self.script));
        // Not the last sequence number, with which the lock time would not count.
        bytes.extend([0xfe, 0xff, 0xff, 0xff]);
        bytes.push(u8::try_from(self.outputs.len()).expect("there are few outputs"));
        for (value, script) in &self.outputs {
            bytes.extend(value.to_le_bytes());
            bytes.extend(with_length(script));
        }
        if with_witness {
            bytes.push(1);
            bytes.extend(with_length(&[0; 32]));
        }
        bytes.extend(self.lock_time.to_le_bytes());
        bytes
    }

    fn id(&self) -> Hash {
        sha256d(&self.bytes(false))
    }

    /// Lets it be of the block of this height.
    pub(crate) fn set_height(&mut self, height: u64) {
        self.script = height_script(height);
    }
}

/// The script that begins with a height (BIP 34).
fn height_script(height: u64) -> Vec<u8> {
    if (1..=16).contains(&height) {
        return vec![0x50 + u8::try_from(height).expect("it is small"), 0];
    }
    let mut bytes = height.to_le_bytes().to_vec();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.last().is_some_and(|last| *last >= 0x80) {
        bytes.push(0);
    }
    [with_length(&bytes), vec![0]].concat()
}

/// A header.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) version: u32,
    pub(crate) previous: Hash,
    pub(crate) root: Hash,
    pub(crate) time: u32,
    pub(crate) bits: u32,
    pub(crate) nonce: u32,
}

impl Header {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [
            &self.version.to_le_bytes()[..],
            &self.previous,
            &self.root,
            &self.time.to_le_bytes(),
            &self.bits.to_le_bytes(),
            &self.nonce.to_le_bytes(),
        ]
        .concat()
    }

    pub(crate) fn hash(&self) -> Hash {
        sha256d(&self.bytes())
    }

    /// Looks for a nonce with which the hash is below regtest's target, which begins with this byte, or is not.
    pub(crate) fn search(&mut self, is_wanted: bool) {
        const FIRST: u8 = 0x7f;
        let wanted = if is_wanted {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        while self.hash()[31].cmp(&FIRST) != wanted {
            self.nonce += 1;
        }
    }
}

/// A block whose transactions, besides the coinbase, are those of a template.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) coinbases: Vec<Coinbase>,
    /// What the NEVM is given, if the version says that it is there.
    pub(crate) nevm_data: Option<Vec<u8>>,
    others: Vec<(Hash, Vec<u8>)>,
}

impl Block {
    /// What a template asks for. The coinbase pays to anyone.
    pub(crate) fn of(template: &Value) -> Result<Self> {
        let number = |name: &str| template[name].as_u64().with_context(|| format!("no {name}"));
        let small = |name: &str| Ok::<_, anyhow::Error>(u32::try_from(number(name)?)?);
        let commitment = from_hex(&text(&template["default_witness_commitment"])?)?;
        let coinbase = Coinbase {
            version: small("version_coinbase")?,
            spent: [0; 32],
            script: height_script(number("height")?),
            outputs: vec![(number("coinbasevalue")?, vec![0x51]), (0, commitment)],
            lock_time: 0,
            has_witness: true,
        };
        let others = template["transactions"].as_array().context("no list")?.iter();
        let others = others.map(|transaction| {
            let id = hash_from(&text(&transaction["txid"])?)?;
            Ok((id, from_hex(&text(&transaction["data"])?)?))
        });
        let mut block = Self {
            header: Header {
                version: small("version")?,
                previous: hash_from(&text(&template["previousblockhash"])?)?,
                root: [0; 32],
                time: small("curtime")?,
                bits: u32::from_str_radix(&text(&template["bits"])?, 16)?,
                nonce: 0,
            },
            coinbases: vec![coinbase],
            nevm_data: None,
            others: others.collect::<Result<_>>()?,
        };
        block.seal();
        Ok(block)
    }

    /// Adds a transaction without a witness.
    pub(crate) fn add(&mut self, transaction: Vec<u8>) {
        self.others.push((sha256d(&transaction), transaction));
    }

    /// Leaves the coinbases alone.
    pub(crate) fn clear(&mut self) {
        self.others.clear();
    }

    /// Sets the merkle root.
    pub(crate) fn seal(&mut self) {
        let coinbases = self.coinbases.iter().map(Coinbase::id);
        let mut level: Vec<Hash> = coinbases.chain(self.others.iter().map(|(id, _)| *id)).collect();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| sha256d(&[pair[0], *pair.last().expect("no chunk is empty")].concat()))
                .collect();
        }
        self.header.root = level[0];
    }

    pub(crate) fn hex(&self) -> String {
        let count = self.coinbases.len() + self.others.len();
        let mut bytes = self.header.bytes();
        bytes.push(u8::try_from(count).expect("there are few transactions"));
        for coinbase in &self.coinbases {
            bytes.extend(coinbase.bytes(coinbase.has_witness));
        }
        for (_, other) in &self.others {
            bytes.extend(other);
        }
        if let Some(data) = &self.nevm_data {
            bytes.extend(with_length(data));
        }
        to_hex(&bytes)
    }
}

/// The work of a parent's block for a block of ours with this hash. The parent's coinbase has an output with `tag`, or
/// with nothing; its hash is below the target, or is not.
pub(crate) fn aux_pow(hash: &str, tag: &str, is_solved: bool) -> Result<String> {
    // The hash stands there as it is shown.
    let script = ["fabe6d6d", hash, "01000000", "00000000"].concat();
    let coinbase = Coinbase {
        version: 1,
        spent: [0; 32],
        script: from_hex(&script)?,
        outputs: vec![(0, from_hex(tag)?)],
        lock_time: 0,
        has_witness: false,
    };
    let mut parent = Header {
        version: 0x2000_0000,
        previous: [0; 32],
        root: coinbase.id(),
        time: 1_600_000_000,
        bits: 0x207f_ffff,
        nonce: 0,
    };
    parent.search(is_solved);
    let bytes = [
        coinbase.bytes(false),
        vec![0; 32],
        // No branch, and the first place: twice.
        vec![0; 5],
        vec![0; 5],
        parent.bytes(),
    ];
    Ok(to_hex(&bytes.concat()))
}
