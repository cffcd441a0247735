//! Outputs that are not spent (BIP 64).

use bitcoin::consensus::{Decodable as _, Encodable, encode};
use bitcoin::hashes::Hash as _;
use bitcoin::hex::FromHex as _;
use bitcoin::{BlockHash, OutPoint, TxOut, Txid, VarInt};
use chain::database::DatabaseError;
use consensus::params::AddressParams;
use consensus::transaction::Tokens;
use encoding::amount::unsigned_to_json;
use encoding::json::output_script;
use mempool::Mempool;
use serde_json::{Value, json};

use super::Site;
use super::answer::{Content, Failure};
use super::target::{Format, Target, number};
use crate::methods::tip_of;

/// Of how many outputs one request may ask.
const MOST: usize = 15;

/// The height that outputs of unconfirmed transactions are given.
const UNCONFIRMED: u32 = 0x7fff_ffff;

/// What is asked.
#[derive(Debug, PartialEq, Eq, Default)]
struct Question {
    /// Whether unconfirmed transactions count.
    checks_pool: bool,
    outpoints: Vec<OutPoint>,
}

/// An output, the height of the block that has it, and the tokens that it holds.
struct Found {
    output: TxOut,
    height: u32,
    tokens: Option<Tokens>,
}

/// What is answered, at one state of the chain.
struct State {
    tip: BlockHash,
    height: u32,
    /// For each output that was asked for, what is known of it if it is not spent.
    found: Vec<Option<Found>>,
}

pub(super) fn outputs(site: &Site, target: &Target) -> Result<Content, Failure> {
    let question = question(target)?;
    if question.outpoints.len() > MOST {
        let tried = question.outpoints.len();
        return Err(Failure::bad(format!(
            "Error: max outpoints exceeded (max: {MOST}, tried: {tried})"
        )));
    }
    let state = look_up(site, &question)?;
    let chain = &site.node.chain.params().address;
    target.give(|| Ok(state.to_bytes()), || Ok(state.to_json(chain)))
}

fn question(target: &Target) -> Result<Question, Failure> {
    let empty = || Failure::bad("Error: empty request");
    let mut letters = target.path.chars();
    // What comes first parts the outputs from the path.
    letters.next();
    let in_path = letters.as_str();
    if in_path.is_empty() && target.body.is_empty() {
        return Err(empty());
    }
    let from_path = match in_path {
        "" => None,
        text => Some(parse_path(text)?),
    };
    let body = match target.format {
        None => return Err(Target::no_format()),
        Some(Format::Json) => return from_path.ok_or_else(empty),
        Some(Format::Binary) => target.body.clone(),
        Some(Format::Hex) => digits(&target.body),
    };
    match (from_path, body.is_empty()) {
        (Some(question), true) => Ok(question),
        (Some(_), false) => Err(Failure::bad(
            "Combination of URI scheme inputs and raw post data is not allowed",
        )),
        (None, true) => Ok(Question::default()),
        (None, false) => parse_body(&body).map_err(|_| Failure::bad("Parse error")),
    }
}

/// Bytes written as digits, with spaces or without; none if they are no digits.
fn digits(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let text: String = text.split_ascii_whitespace().collect();
    Vec::from_hex(&text).unwrap_or_default()
}

/// Reads `checkmempool/<id>-<number>/…`.
fn parse_path(text: &str) -> Result<Question, Failure> {
    let mut parts = text.split('/').peekable();
    let checks_pool = parts.next_if_eq(&"checkmempool").is_some();
    let mut outpoints = Vec::new();
    for part in parts {
        let (id, vout) = part.split_once('-').unwrap_or((part, part));
        let outpoint = number(vout).zip(parse_id(id)).map(|(vout, txid)| OutPoint {
            txid,
            vout: vout.cast_unsigned(),
        });
        outpoints.push(outpoint.ok_or_else(|| Failure::bad("Parse error"))?);
    }
    if outpoints.is_empty() {
        return Err(Failure::bad("Error: empty request"));
    }
    Ok(Question {
        checks_pool,
        outpoints,
    })
}

/// Reads an id. Of too many digits the last ones count, and missing ones are zeros.
fn parse_id(text: &str) -> Option<Txid> {
    let bytes = Vec::from_hex(text).ok().filter(|bytes| !bytes.is_empty())?;
    let mut id = [0; 32];
    for (place, byte) in id.iter_mut().zip(bytes.iter().rev()) {
        *place = *byte;
    }
    Some(Txid::from_byte_array(id))
}

/// Reads whether unconfirmed transactions count, and the outputs; what follows them is not looked at.
fn parse_body(mut body: &[u8]) -> Result<Question, encode::Error> {
    let checks_pool = u8::consensus_decode(&mut body)? != 0;
    let count = VarInt::consensus_decode(&mut body)?.0;
    let mut outpoints = Vec::new();
    for _ in 0..count {
        outpoints.push(OutPoint::consensus_decode(&mut body)?);
    }
    Ok(Question {
        checks_pool,
        outpoints,
    })
}

fn look_up(site: &Site, question: &Question) -> Result<State, Failure> {
    // There is none while the chain is made anew from its files.
    tip_of(&site.node.chain.tree())?;
    let state = match question.checks_pool {
        true => site
            .node
            .pool
            .with(|pool| look_up_at_once(site, &question.outpoints, Some(pool))),
        false => look_up_at_once(site, &question.outpoints, None),
    };
    state.map_err(|error| site.node.fail(&error.into()).into())
}

/// Looks outputs up while the chain stands still.
fn look_up_at_once(
    site: &Site,
    outpoints: &[OutPoint],
    pool: Option<&Mempool>,
) -> Result<State, DatabaseError> {
    let coins = site.node.chain.lock_coins();
    let mut found = Vec::with_capacity(outpoints.len());
    for outpoint in outpoints {
        if pool.is_some_and(|pool| pool.spender(outpoint).is_some()) {
            found.push(None);
            continue;
        }
        let made = pool.and_then(|pool| pool.get(&outpoint.txid));
        let made = made.and_then(|entry| entry.transaction.output.get(outpoint.vout as usize));
        found.push(match made {
            Some(output) => Some(Found {
                output: output.clone(),
                height: UNCONFIRMED,
                // Transactions that move tokens wait in no pool.
                tokens: None,
            }),
            None => coins.peek(outpoint)?.map(|coin| Found {
                output: coin.output,
                height: coin.height,
                tokens: coin.tokens.as_deref().copied(),
            }),
        });
    }
    let tree = site.node.chain.tree();
    let tip = tree.tip().map(|tip| tree.entry(tip));
    let tip = tip.expect("there is a tip because the node answers");
    Ok(State {
        tip: tip.hash,
        height: tip.height,
        found,
    })
}

impl State {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bitmap = vec![0_u8; self.found.len().div_ceil(8)];
        for (place, _) in self.found.iter().enumerate().filter(|(_, found)| found.is_some()) {
            bitmap[place / 8] |= 1 << (place % 8);
        }
        let outputs: Vec<&Found> = self.found.iter().flatten().collect();
        let mut bytes = self.height.to_le_bytes().to_vec();
        bytes.extend(self.tip.as_byte_array());
        append(&mut bytes, &bitmap);
        append(&mut bytes, &VarInt::from(outputs.len()));
        for found in outputs {
            // A version of the transaction, which is not known.
            bytes.extend([0; 4]);
            bytes.extend(found.height.to_le_bytes());
            append(&mut bytes, &found.output);
        }
        bytes
    }

    fn to_json(&self, chain: &AddressParams) -> Value {
        let bits = self.found.iter().map(|found| match found {
            Some(_) => '1',
            None => '0',
        });
        let outputs = self.found.iter().flatten().map(|found| {
            let mut object = json!({
                "height": found.height,
                "value": unsigned_to_json(found.output.value.to_sat()),
                "scriptPubKey": output_script(&found.output.script_pubkey, chain),
            });
            if let Some(tokens) = found.tokens {
                object["asset_guid"] = tokens.asset.get().into();
                object["asset_value"] = unsigned_to_json(tokens.value);
            }
            object
        });
        json!({
            "chainHeight": self.height,
            "chaintipHash": self.tip.to_string(),
            "bitmap": bits.collect::<String>(),
            "utxos": outputs.collect::<Vec<_>>(),
        })
    }
}

fn append(bytes: &mut Vec<u8>, value: &impl Encodable) {
    value
        .consensus_encode(bytes)
        .expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpc::PageRequest;

    fn ask(target: &str, body: &[u8]) -> Result<Question, Failure> {
        question(&Target::new(PageRequest {
            target: target.to_owned(),
            body: body.to_vec(),
        }))
    }

    fn outpoint(id: u8, vout: u32) -> OutPoint {
        let mut txid = [0; 32];
        txid[0] = id;
        OutPoint {
            txid: Txid::from_byte_array(txid),
            vout,
        }
    }

    /// A request for two outputs, unconfirmed transactions included.
    fn two() -> Vec<u8> {
        let mut body = vec![1, 2];
        append(&mut body, &outpoint(1, 0));
        append(&mut body, &outpoint(2, 7));
        body
    }

    #[test]
    fn outputs_are_asked_for_in_the_path_or_the_body() {
        let question = |checks_pool, outpoints: &[OutPoint]| {
            Ok(Question {
                checks_pool,
                outpoints: outpoints.to_vec(),
            })
        };
        let whole = format!("/{}-1.json", outpoint(9, 0).txid);
        assert_eq!(ask(&whole, &[]), question(false, &[outpoint(9, 1)]));
        let both = question(true, &[outpoint(1, 0), outpoint(2, 7)]);
        assert_eq!(ask("/checkmempool/01-0/0002-7.bin", &[]), both);
        assert_eq!(ask(".bin", &two()), both);
        let digits = bitcoin::hex::DisplayHex::to_lower_hex_string(&two()[..]);
        assert_eq!(ask("/.hex", format!(" {digits}\n").as_bytes()), both);
        assert_eq!(ask("/01--1.json", &[]), question(false, &[outpoint(1, u32::MAX)]));
        assert_eq!(ask("/10.json", &[]), question(false, &[outpoint(16, 10)]));
        assert_eq!(ask(".hex", b"no digits"), question(false, &[]));
        assert_eq!(ask("/01-0.json", &two()), question(false, &[outpoint(1, 0)]));
    }

    #[test]
    fn an_output_is_shown_with_its_tokens() {
        let found = |tokens| Found {
            output: TxOut {
                value: bitcoin::Amount::from_sat(546),
                script_pubkey: bitcoin::ScriptBuf::new(),
            },
            height: 7,
            tokens,
        };
        let tokens = Tokens {
            asset: 5.try_into().unwrap(),
            value: 100_000_000,
        };
        let state = State {
            tip: BlockHash::all_zeros(),
            height: 8,
            found: vec![Some(found(None)), None, Some(found(Some(tokens)))],
        };
        let chain = &consensus::Params::new(consensus::Network::Regtest).address;
        let shown = state.to_json(chain);
        assert_eq!(shown["bitmap"], "101");
        let [plain, holding] = [&shown["utxos"][0], &shown["utxos"][1]];
        assert!(plain.get("asset_guid").is_none() && plain.get("asset_value").is_none());
        assert_eq!(holding["asset_guid"], 5);
        assert_eq!(holding["asset_value"].to_string(), "1.00000000");
    }

    #[test]
    fn other_requests_are_refused_with_a_reason() {
        let two = two();
        let cut = &two[..two.len() - 1];
        for (target, body, expected) in [
            (".json", &[][..], "Error: empty request"),
            ("/.bin", &[], "Error: empty request"),
            ("/checkmempool.json", &[], "Error: empty request"),
            (".json", &two, "Error: empty request"),
            ("/01.x-0.json", &[], "Parse error"),
            ("/1-0.json", &[], "Parse error"),
            ("/01-x.json", &[], "Parse error"),
            ("/-1.json", &[], "Parse error"),
            ("/01-0/.json", &[], "Parse error"),
            ("/01-2147483648.json", &[], "Parse error"),
            (".bin", cut, "Parse error"),
            (".bin", &[1, 0xfd, 1, 0], "Parse error"),
            (
                "/01-0.bin",
                &two,
                "Combination of URI scheme inputs and raw post data is not allowed",
            ),
        ] {
            assert_eq!(ask(target, body), Err(Failure::bad(expected)), "{target}");
        }
        assert_eq!(ask("/01-0", &[]), Err(Target::no_format()));
        assert_eq!(ask("", &two), Err(Target::no_format()));
    }
}
