//! Reading numbers from bytes.

use super::PeersError;

/// What was not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PeersError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(PeersError::End)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PeersError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(PeersError::End)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PeersError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, PeersError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, PeersError> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, PeersError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number in one, three, five or nine bytes, the fewest that it fits into.
    pub(super) fn compact(&mut self) -> Result<u64, PeersError> {
        let (number, least) = match self.byte()? {
            0xff => (self.u64()?, 1 << 32),
            0xfe => (u64::from(self.u32()?), 1 << 16),
            0xfd => (u64::from(self.array().map(u16::from_le_bytes)?), 0xfd),
            number => (u64::from(number), 0),
        };
        match number >= least {
            true => Ok(number),
            false => Err(PeersError::LongNumber),
        }
    }
}

/// The bytes of such a number.
pub(super) fn push_compact(bytes: &mut Vec<u8>, number: u64) {
    let all = number.to_le_bytes();
    match number {
        0..0xfd => bytes.push(all[0]),
        0xfd..=0xffff => {
            bytes.push(0xfd);
            bytes.extend(&all[..2]);
        }
        0x1_0000..=0xffff_ffff => {
            bytes.push(0xfe);
            bytes.extend(&all[..4]);
        }
        _ => {
            bytes.push(0xff);
            bytes.extend(all);
        }
    }
}
