//! What a peer says: as much of its messages as the tests look at.

use std::io::Read;

use anyhow::{Context as _, Result, ensure};

use crate::ipc_message::Kind;

/// Words that no message of a well-behaved peer comes near.
const MANY: usize = 1 << 20;

/// A message of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The answer to a question: the text that the results begin with, if they do, or why there are none.
    Answer(u32, Result<Option<String>, String>),
    /// The peer gives up, for this reason.
    Abort(String),
    /// Another kind of message.
    Other(u16),
}

impl Received {
    /// Reads the next message from a stream; an end within it is an error.
    pub(crate) fn read(stream: &mut impl Read) -> Result<Self> {
        let message = Message::read(stream)?;
        let root = message.structure(0, 0)?;
        let kind = (root.data(0) & 0xffff) as u16;
        let is_answer = kind == Kind::Return as u16;
        if !is_answer && kind != Kind::Abort as u16 {
            return Ok(Self::Other(kind));
        }
        let body = root.pointer(0)?.context("a message without a body")?;
        if !is_answer {
            return Ok(Self::Abort(body.text(0)?.unwrap_or_default()));
        }
        let number = body.data(0);
        let question = (number & 0xffff_ffff) as u32;
        let content = body.pointer(0)?.context("an answer without a content")?;
        let outcome = match number >> 48 {
            // The payload's content is a structure of any kind, or, in the first answer, a capability.
            0 => Ok(match content.pointer(0) {
                Ok(Some(results)) => results.text(0)?,
                Ok(None) | Err(_) => None,
            }),
            _ => Err(content.text(0)?.unwrap_or_default()),
        };
        Ok(Self::Answer(question, outcome))
    }
}

struct Message {
    segments: Vec<Vec<u64>>,
}

struct Structure<'a> {
    message: &'a Message,
    segment: usize,
    start: usize,
    n_data: usize,
    n_pointers: usize,
}

/// A pointer that is followed: it itself, and where its target begins.
struct Target {
    pointer: u64,
    segment: usize,
    start: usize,
}

impl Message {
    fn read(stream: &mut impl Read) -> Result<Self> {
        let mut number = || -> Result<usize> {
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes)?;
            Ok(usize::try_from(u32::from_le_bytes(bytes))?)
        };
        let n_segments = number()? + 1;
        ensure!(n_segments <= 512, "{n_segments} segments");
        let lengths: Vec<usize> = (0..n_segments).map(|_| number()).collect::<Result<_>>()?;
        if n_segments % 2 == 0 {
            number()?;
        }
        ensure!(lengths.iter().sum::<usize>() < MANY, "{lengths:?} words");
        let segments = lengths.into_iter().map(|length| {
            let mut bytes = vec![0; length * 8];
            stream.read_exact(&mut bytes)?;
            let (words, _) = bytes.as_chunks::<8>();
            Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
        });
        Ok(Self {
            segments: segments.collect::<Result<_>>()?,
        })
    }

    fn word(&self, segment: usize, place: usize) -> Result<u64> {
        let word = self.segments.get(segment).and_then(|words| words.get(place));
        word.copied().context("a pointer beyond the message")
    }

    /// Follows the pointer at a place, also into another segment; `None` when it is null.
    fn follow(&self, segment: usize, place: usize) -> Result<Option<Target>> {
        const FAR: u64 = 2;
        let pointer = self.word(segment, place)?;
        if pointer == 0 {
            return Ok(None);
        }
        if pointer & 3 != FAR {
            let offset = i64::from((pointer & 0xffff_ffff) as u32 as i32 >> 2);
            let start = usize::try_from(i64::try_from(place)? + 1 + offset)?;
            return Ok(Some(Target {
                pointer,
                segment,
                start,
            }));
        }
        let (segment, pad) = far(pointer)?;
        if pointer & 4 == 0 {
            return self.follow(segment, pad);
        }
        let (target, start) = far(self.word(segment, pad)?)?;
        Ok(Some(Target {
            pointer: self.word(segment, pad + 1)?,
            segment: target,
            start,
        }))
    }

    fn structure(&self, segment: usize, place: usize) -> Result<Structure<'_>> {
        let target = self.follow(segment, place)?.context("no structure")?;
        ensure!(target.pointer & 3 == 0, "not a structure");
        Ok(Structure {
            message: self,
            segment: target.segment,
            start: target.start,
            n_data: (target.pointer >> 32 & 0xffff) as usize,
            n_pointers: (target.pointer >> 48) as usize,
        })
    }
}

/// The segment and the place that a far pointer names.
fn far(pointer: u64) -> Result<(usize, usize)> {
    Ok((
        usize::try_from(pointer >> 32)?,
        usize::try_from(pointer >> 3 & 0x1fff_ffff)?,
    ))
}

impl<'a> Structure<'a> {
    /// A data word; those that are not there are zero.
    fn data(&self, index: usize) -> u64 {
        if index >= self.n_data {
            return 0;
        }
        self.message
            .word(self.segment, self.start + index)
            .unwrap_or_default()
    }

    fn place(&self, index: usize) -> Option<usize> {
        (index < self.n_pointers).then_some(self.start + self.n_data + index)
    }

    /// The structure behind a pointer; `None` when there is none.
    fn pointer(&self, index: usize) -> Result<Option<Structure<'a>>> {
        let Some(place) = self.place(index) else {
            return Ok(None);
        };
        match self.message.follow(self.segment, place)? {
            None => Ok(None),
            Some(_) => self.message.structure(self.segment, place).map(Some),
        }
    }

    /// The text behind a pointer; `None` when there is something else or nothing.
    fn text(&self, index: usize) -> Result<Option<String>> {
        const TEXT: u64 = 1 | 2 << 32;
        let Some(place) = self.place(index) else {
            return Ok(None);
        };
        let target = self.message.follow(self.segment, place)?;
        let Some(target) = target.filter(|target| target.pointer & (3 | 7 << 32) == TEXT) else {
            return Ok(None);
        };
        let n_bytes = usize::try_from(target.pointer >> 35)?.saturating_sub(1);
        let words = (target.start..target.start + n_bytes.div_ceil(8))
            .map(|place| self.message.word(target.segment, place))
            .collect::<Result<Vec<u64>>>()?;
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.truncate(n_bytes);
        Ok(Some(String::from_utf8(bytes)?))
    }
}
