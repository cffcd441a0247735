//! `fee_estimates.dat`: what is known of fees, on disk.

use std::io::{self, BufRead, Write};

use bitcoin::VarInt;
use bitcoin::consensus::{Decodable, Encodable, encode};
use thiserror::Error;

use super::FeeEstimator;
use super::statistics::Statistics;

/// The version of readers that can read the file.
const VERSION_REQUIRED: i32 = 149_900;

/// The version that wrote it: upstream's, of which this is the format.
const VERSION_WRITTEN: i32 = 50_101;

/// The most blocks that a horizon may know about: a week.
const MAX_TARGET: usize = 6 * 24 * 7;

/// The most ranges of rates.
const MAX_BUCKETS: u64 = 1000;

/// Why estimates cannot be read.
#[derive(Debug, Error)]
pub enum EstimatesError {
    /// They are of another version.
    #[error("version {0} of the estimates is not known")]
    Version(i32),
    /// They cannot be true.
    #[error("the estimates are damaged: {0}")]
    Implausible(&'static str),
    /// They end too early, or reading fails.
    #[error("the estimates cannot be read: {0}")]
    Malformed(#[from] encode::Error),
}

impl FeeEstimator {
    /// Writes what is to be known after the next start, as upstream does.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        let (first, best) = if self.block_span() > self.historical_span() / 2 {
            (self.first_recorded, self.best_height)
        } else {
            (self.historical_first, self.historical_best)
        };
        bytes.extend(VERSION_REQUIRED.to_le_bytes());
        bytes.extend(VERSION_WRITTEN.to_le_bytes());
        for number in [self.best_height, first, best] {
            bytes.extend(number.to_le_bytes());
        }
        write_numbers(&self.buckets, &mut bytes)?;
        for statistics in [&self.medium, &self.short, &self.long] {
            write_statistics(statistics, &mut bytes)?;
        }
        writer.write_all(&bytes)
    }

    /// Reads what [`write`](Self::write) or upstream wrote.
    ///
    /// # Errors
    /// [`EstimatesError`] if it cannot be read, or not be true.
    pub fn read(reader: &mut impl BufRead) -> Result<Self, EstimatesError> {
        let mut reader = bitcoin::io::FromStd::new(reader);
        let required = i32::consensus_decode(&mut reader)?;
        let _written = i32::consensus_decode(&mut reader)?;
        if required != VERSION_REQUIRED {
            return Err(EstimatesError::Version(required));
        }
        let best_height = u32::consensus_decode(&mut reader)?;
        let historical_first = u32::consensus_decode(&mut reader)?;
        let historical_best = u32::consensus_decode(&mut reader)?;
        if historical_first > historical_best || historical_best > best_height {
            return Err(EstimatesError::Implausible("a range of blocks"));
        }
        let buckets = read_numbers(&mut reader)?;
        if buckets.len() < 2 || !buckets.is_sorted_by(|one, next| one < next) {
            return Err(EstimatesError::Implausible("ranges of rates"));
        }
        let medium = read_statistics(&mut reader, buckets.len())?;
        let short = read_statistics(&mut reader, buckets.len())?;
        let long = read_statistics(&mut reader, buckets.len())?;
        let targets = [&short, &medium, &long].map(Statistics::max_target);
        if !targets.is_sorted() {
            return Err(EstimatesError::Implausible("horizons"));
        }
        Ok(Self {
            buckets,
            short,
            medium,
            long,
            best_height,
            historical_first,
            historical_best,
            ..Self::default()
        })
    }
}

fn write_numbers(numbers: &[f64], bytes: &mut Vec<u8>) -> io::Result<()> {
    VarInt::from(numbers.len()).consensus_encode(bytes)?;
    for number in numbers {
        bytes.extend(number.to_bits().to_le_bytes());
    }
    Ok(())
}

fn write_statistics(statistics: &Statistics, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.extend(statistics.decay.to_bits().to_le_bytes());
    bytes.extend(statistics.scale.to_le_bytes());
    write_numbers(&statistics.rates, bytes)?;
    write_numbers(&statistics.confirmed, bytes)?;
    for counts in [&statistics.in_time, &statistics.failed] {
        VarInt::from(counts.len()).consensus_encode(bytes)?;
        for row in counts {
            write_numbers(row, bytes)?;
        }
    }
    Ok(())
}

type Reader<'a, R> = bitcoin::io::FromStd<&'a mut R>;

fn read_number<R: BufRead>(reader: &mut Reader<'_, R>) -> Result<f64, EstimatesError> {
    let number = f64::from_bits(u64::consensus_decode(reader)?);
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err(EstimatesError::Implausible("a number"))
    }
}

fn read_count<R: BufRead>(reader: &mut Reader<'_, R>, most: u64) -> Result<u64, EstimatesError> {
    let count = VarInt::consensus_decode(reader)?.0;
    if count > most {
        return Err(EstimatesError::Implausible("a length"));
    }
    Ok(count)
}

fn read_numbers<R: BufRead>(reader: &mut Reader<'_, R>) -> Result<Vec<f64>, EstimatesError> {
    let count = read_count(reader, MAX_BUCKETS)?;
    (0..count).map(|_place| read_number(reader)).collect()
}

fn read_statistics<R: BufRead>(
    reader: &mut Reader<'_, R>,
    buckets: usize,
) -> Result<Statistics, EstimatesError> {
    let decay = read_number(reader)?;
    if decay <= 0.0 || decay >= 1.0 {
        return Err(EstimatesError::Implausible("a decay"));
    }
    let scale = u32::consensus_decode(reader)?;
    let rates = read_numbers(reader)?;
    let confirmed = read_numbers(reader)?;
    let mut read_rows = || -> Result<Vec<Vec<f64>>, EstimatesError> {
        let count = read_count(reader, MAX_TARGET as u64)?;
        (0..count).map(|_place| read_numbers(reader)).collect()
    };
    let in_time = read_rows()?;
    let failed = read_rows()?;
    let most = in_time.len().saturating_mul(scale as usize);
    if !(1..=MAX_TARGET).contains(&most) || failed.len() != in_time.len() {
        return Err(EstimatesError::Implausible("a horizon"));
    }
    let fits = |row: &Vec<f64>| row.len() == buckets;
    if !fits(&rates) || !fits(&confirmed) || !in_time.iter().chain(&failed).all(fits) {
        return Err(EstimatesError::Implausible("a number of ranges"));
    }
    Ok(Statistics::from_counts(
        decay, scale, rates, confirmed, in_time, failed,
    ))
}
