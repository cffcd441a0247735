//! The event by which the bridge's contract on the NEVM tells that it froze tokens.

use super::rlp::{Item, List, NotAnItem};
use super::{MintError, NevmHash};
use crate::limits::MAX_MONEY;

/// The event as its contract declares it. A topic of each event is the hash of that.
const EVENT: &[u8] = b"TokenFreeze(uint64,address,uint256,string)";

/// The most events that a receipt may tell of.
const MAX_LOGS: usize = 10;
/// The most bytes of an address.
const MAX_ADDRESS: u64 = 1024;

/// Bytes of a number of the NEVM's contracts, and of all else that they align.
const WORD: usize = 32;
/// Where an event's data name the place of the address, the number of tokens before it.
const OFFSET_PLACE: u64 = 32;
/// That place, if nothing is left free.
const ADDRESS_PLACE: u64 = 64;

/// Whether there is one way to write an event, which holds since ChainLocks have receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// High bytes of numbers, and what is too much, are not looked at.
    Any,
    /// As contracts write it.
    Canonical,
}

/// Tokens that were frozen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Freeze<'a> {
    /// Their kind, which is not 0.
    pub(super) asset: u64,
    /// How many, in their smallest units.
    pub(super) value: u64,
    /// Who gets as many, as the text of an address.
    pub(super) address: &'a [u8],
}

impl From<NotAnItem> for MintError {
    fn from(_: NotAnItem) -> Self {
        Self::Rlp
    }
}

/// Reads from a receipt which tokens the contract froze.
pub(super) fn read_freeze<'a>(
    receipt: &Item<'a>,
    contract: &[u8; 20],
    form: Form,
) -> Result<Freeze<'a>, MintError> {
    let fields = receipt.list()?.filter(|fields| fields.count() == 4);
    let fields = fields.ok_or(MintError::ReceiptStructure)?;
    let field = |place| fields.get(place).ok_or(MintError::ReceiptStructure);
    if field(0)?.number(8)? != [1] {
        return Err(MintError::Status);
    }
    let logs = field(3)?.list()?;
    let logs = logs.filter(|logs| (1..=MAX_LOGS).contains(&logs.count()));
    for log in logs.ok_or(MintError::LogCount)?.items() {
        if let Some((log, topics)) = of_freeze(&log, contract)? {
            return read_log(&log, &topics, form);
        }
    }
    Err(MintError::NothingFrozen)
}

/// An event's fields and topics, if the contract told by it that it froze tokens.
fn of_freeze<'a>(log: &Item<'a>, contract: &[u8; 20]) -> Result<Option<(List<'a>, List<'a>)>, MintError> {
    let Some(fields) = log.list()?.filter(|fields| fields.count() >= 3) else {
        return Ok(None);
    };
    let address = fields.get(0).and_then(|address| address.text());
    let address = address.filter(|address| address.len() == contract.len());
    if address.ok_or(NotAnItem)? != contract {
        return Ok(None);
    }
    let topics = fields.get(1).ok_or(NotAnItem)?.list()?;
    let Some((topics, event)) = topics.and_then(|topics| Some((topics, topics.get(0)?))) else {
        return Ok(None);
    };
    let is_freeze = event.text().ok_or(NotAnItem)? == NevmHash::of(EVENT).0;
    Ok(is_freeze.then_some((fields, topics)))
}

fn read_log<'a>(log: &List<'a>, topics: &List<'a>, form: Form) -> Result<Freeze<'a>, MintError> {
    let is_canonical = form == Form::Canonical;
    if is_canonical && log.count() != 3 {
        return Err(MintError::LogFields);
    }
    if topics.count() < 3 || (is_canonical && topics.count() != 3) {
        return Err(MintError::TopicCount);
    }
    let text = |item: Option<Item<'a>>| item.and_then(|item| item.text()).ok_or(NotAnItem);
    let asset = number(text(topics.get(1))?, form).ok_or(MintError::AssetTopic)?;
    if asset == 0 {
        return Err(MintError::NullAsset);
    }
    if is_canonical {
        let freezer = text(topics.get(2))?;
        if freezer.len() != WORD || freezer[..12] != [0; 12] {
            return Err(MintError::FreezerTopic);
        }
    }
    let data = text(log.get(2))?;
    if data.len() < 3 * WORD {
        return Err(MintError::DataTooSmall);
    }
    let value = number(&data[..WORD], Form::Canonical)
        .filter(|value| *value <= MAX_MONEY)
        .ok_or(MintError::Value)?;
    let address = read_address(data, form)?;
    if value == 0 || address.is_empty() {
        return Err(MintError::NothingFrozen);
    }
    Ok(Freeze {
        asset,
        value,
        address,
    })
}

/// The text that an event's data hold beside a number.
fn read_address(data: &[u8], form: Form) -> Result<&[u8], MintError> {
    let is_canonical = form == Form::Canonical;
    let offset = word(data, OFFSET_PLACE)
        .and_then(|offset| number(offset, form))
        .filter(|offset| !is_canonical || *offset == ADDRESS_PLACE)
        .ok_or(MintError::AddressOffset)?;
    let length = word(data, offset)
        .and_then(|length| number(length, form))
        .ok_or(MintError::AddressLength)?;
    if length > MAX_ADDRESS {
        return Err(MintError::AddressTooLong);
    }
    let (start, length) = (fit(offset) + WORD, fit(length));
    let address = data[start..].get(..length).ok_or(MintError::AddressLength)?;
    if is_canonical {
        let end = start + length.next_multiple_of(WORD);
        let is_padded = end == data.len() && data[start + length..].iter().all(|byte| *byte == 0);
        if !is_padded {
            return Err(MintError::AddressForm);
        }
    }
    Ok(address)
}

/// The aligned bytes at a place of data.
fn word(data: &[u8], place: u64) -> Option<&[u8]> {
    data.get(usize::try_from(place).ok()?..)?.get(..WORD)
}

/// A number that was found to be a place in data, or is small.
fn fit(number: u64) -> usize {
    usize::try_from(number).expect("it is within bytes that are in memory, or at most 1024")
}

/// A number of 32 bytes, as far as it has 64 bits.
fn number(word: &[u8], form: Form) -> Option<u64> {
    let (high, low) = word.split_last_chunk()?;
    let is_right = word.len() == WORD && (form == Form::Any || high.iter().all(|byte| *byte == 0));
    is_right.then(|| u64::from_be_bytes(*low))
}

#[cfg(test)]
mod tests {
    use bitcoin::hex::FromHex as _;
    use proptest::prelude::*;

    use super::super::tests::{CONTRACT, Event, list, text};
    use super::*;

    #[test]
    fn the_event_has_the_topic_that_the_bridge_names() {
        let topic = "0b8914e27c9a6c88836bc5547f82ccf331142c761f84e9f1d36934a6a31eefad";
        assert_eq!(NevmHash::of(EVENT).0, <[u8; 32]>::from_hex(topic).unwrap());
    }

    fn read(receipt: &[u8], form: Form) -> Result<(u64, u64, Vec<u8>), MintError> {
        let freeze = read_freeze(&Item::parse(receipt)?, &CONTRACT, form)?;
        Ok((freeze.asset, freeze.value, freeze.address.to_vec()))
    }

    /// What an event tells in any form, and in the one form.
    fn check(change: impl FnOnce(&mut Event), any: Result<(), MintError>, canonical: Result<(), MintError>) {
        let mut event = Event::new(7, 50, b"address");
        change(&mut event);
        let receipt = event.receipt();
        let expected = |result: Result<(), MintError>| result.map(|()| (7, 50, b"address".to_vec()));
        assert_eq!(read(&receipt, Form::Any), expected(any));
        assert_eq!(read(&receipt, Form::Canonical), expected(canonical));
    }

    #[test]
    fn events_tell_what_was_frozen() {
        check(|_| {}, Ok(()), Ok(()));
        check(|event| event.before = vec![Event::other()], Ok(()), Ok(()));
        check(
            |event| event.topics[0][0] ^= 1,
            Err(MintError::NothingFrozen),
            Err(MintError::NothingFrozen),
        );
        check(
            |event| event.contract[0] ^= 1,
            Err(MintError::NothingFrozen),
            Err(MintError::NothingFrozen),
        );
        check(
            |event| event.contract.push(0),
            Err(MintError::Rlp),
            Err(MintError::Rlp),
        );
        check(
            |event| event.before = vec![Event::other(); 10],
            Err(MintError::LogCount),
            Err(MintError::LogCount),
        );
        check(
            |event| event.status = vec![],
            Err(MintError::Status),
            Err(MintError::Status),
        );
        check(
            |event| event.status = vec![0],
            Err(MintError::Rlp),
            Err(MintError::Rlp),
        );
    }

    #[test]
    fn numbers_and_what_is_too_much_must_be_right_in_the_one_form() {
        check(
            |event| event.topics.push(vec![]),
            Ok(()),
            Err(MintError::TopicCount),
        );
        check(
            |event| event.topics.truncate(2),
            Err(MintError::TopicCount),
            Err(MintError::TopicCount),
        );
        check(
            |event| event.more = vec![vec![]],
            Ok(()),
            Err(MintError::LogFields),
        );
        check(|event| event.topics[1][0] = 1, Ok(()), Err(MintError::AssetTopic));
        check(
            |event| event.topics[1].truncate(31),
            Err(MintError::AssetTopic),
            Err(MintError::AssetTopic),
        );
        check(
            |event| event.topics[1] = vec![0; 32],
            Err(MintError::NullAsset),
            Err(MintError::NullAsset),
        );
        check(
            |event| event.topics[2] = vec![1; 32],
            Ok(()),
            Err(MintError::FreezerTopic),
        );
        check(
            |event| event.topics[2] = vec![1],
            Ok(()),
            Err(MintError::FreezerTopic),
        );
        check(|event| event.data[32] = 1, Ok(()), Err(MintError::AddressOffset));
        check(|event| event.data[64] = 1, Ok(()), Err(MintError::AddressLength));
        check(
            |event| *event.data.last_mut().unwrap() = 1,
            Ok(()),
            Err(MintError::AddressForm),
        );
        check(|event| event.data.push(0), Ok(()), Err(MintError::AddressForm));
        check(
            |event| event.data.truncate(96 + 7),
            Ok(()),
            Err(MintError::AddressForm),
        );
    }

    #[test]
    fn amounts_and_addresses_have_limits() {
        for (place, byte, any, canonical) in [
            (0, 1, MintError::Value, MintError::Value),
            (24, 0xe, MintError::Value, MintError::Value),
            (31, 0, MintError::NothingFrozen, MintError::NothingFrozen),
            (63, 255, MintError::AddressLength, MintError::AddressOffset),
            (56, 255, MintError::AddressLength, MintError::AddressOffset),
            (95, 0, MintError::NothingFrozen, MintError::AddressForm),
            (95, 33, MintError::AddressLength, MintError::AddressLength),
            (94, 5, MintError::AddressTooLong, MintError::AddressTooLong),
        ] {
            check(|event| event.data[place] = byte, Err(any), Err(canonical));
        }
        check(
            |event| event.data.truncate(95),
            Err(MintError::DataTooSmall),
            Err(MintError::DataTooSmall),
        );
        let most = Event::new(1, MAX_MONEY, b"a").receipt();
        assert_eq!(read(&most, Form::Canonical), Ok((1, MAX_MONEY, b"a".to_vec())));
        let more = Event::new(1, MAX_MONEY + 1, b"a").receipt();
        assert_eq!(read(&more, Form::Canonical), Err(MintError::Value));
    }

    #[test]
    fn a_receipt_has_four_fields_the_last_of_them_a_list() {
        for (receipt, expected) in [
            (text(b"receipt"), MintError::ReceiptStructure),
            (list(&[&[1], &text(&[]), &text(&[])]), MintError::ReceiptStructure),
            (list(&[&[1], &[0x80], &[0x80], &[0x80]]), MintError::LogCount),
            (list(&[&[1], &[0x80], &[0x80], &[0xc0]]), MintError::LogCount),
            (
                list(&[&[1], &[0x80], &[0x80], &list(&[&[0x80]])]),
                MintError::NothingFrozen,
            ),
            (list(&[&[1], &[0x80], &[0x80], &[0xc2, 0x82, 1]]), MintError::Rlp),
        ] {
            assert_eq!(read(&receipt, Form::Any), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_receipt_or_refused(bytes: Vec<u8>) {
            _ = read(&bytes, Form::Any);
        }

        #[test]
        fn any_data_are_an_event_or_refused(
            mut data in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..200),
            offset: u8,
            length: u8,
        ) {
            for (place, byte) in [(63, offset), (usize::from(offset) + 31, length)] {
                if let Some(place) = data.get_mut(place) {
                    *place = byte;
                }
            }
            let mut event = Event::new(7, 50, b"address");
            event.data = data;
            let receipt = event.receipt();
            let any = read(&receipt, Form::Any);
            // What holds in the one form, holds in any.
            if let Ok(freeze) = read(&receipt, Form::Canonical) {
                prop_assert_eq!(any, Ok(freeze));
            }
        }
    }
}
