//! Messages of the RPC protocol, word by word: sound ones, and those that no library would send.

/// The kinds of messages that are sent, as the protocol numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// Gives up the connection.
    Abort = 1,
    /// Calls a method.
    Call = 2,
    /// Answers a call.
    Return = 3,
    /// Lets go of an answer.
    Finish = 4,
    /// Says what a promise became.
    Resolve = 5,
    /// Lets go of a capability.
    Release = 6,
    /// Asks for the first capability.
    Bootstrap = 8,
    /// Offers a capability to a third party.
    Provide = 10,
    /// Takes a capability from a third party.
    Accept = 11,
    /// Asks whether capabilities are the same.
    Join = 12,
    /// Ends the waiting for calls that go another way.
    Disembargo = 13,
}

/// What a pointer points to.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing.
    Null,
    /// A structure: its data words and its pointers.
    Struct(Vec<u64>, Vec<Content>),
    /// A list of structures, all of the first one's sizes.
    Structs(Vec<(Vec<u64>, Vec<Content>)>),
    /// A text.
    Text(String),
    /// The capability at this place of the message's table.
    Capability(u32),
    /// This pointer as it is, whatever it points to.
    Raw(u64),
}

const STRUCT: u64 = 0;
const LIST: u64 = 1;
const CAPABILITY: u64 = 3;
const BYTES: u64 = 2;
const COMPOSITE: u64 = 7;

impl Content {
    /// The frame of an RPC message of this kind, with this as its body.
    #[must_use]
    pub fn framed(&self, kind: Kind) -> Vec<u8> {
        let body = self.clone();
        let mut words = vec![0];
        Self::Struct(vec![kind as u64], vec![body]).write(&mut words, 0);
        frame(&words)
    }

    /// Puts the pointer at `place`, and what it points to at the end.
    fn write(&self, words: &mut Vec<u64>, place: usize) {
        let target = words.len();
        let offset = ((target - place - 1) as u64) << 2;
        words[place] = match self {
            Self::Null => 0,
            Self::Raw(pointer) => *pointer,
            Self::Capability(index) => CAPABILITY | u64::from(*index) << 32,
            Self::Struct(data, pointers) => {
                write_struct(words, data, pointers);
                STRUCT | offset | sizes(data, pointers)
            }
            Self::Structs(items) => {
                words.push(
                    (items.len() as u64) << 2
                        | items.first().map_or(0, |(data, pointers)| sizes(data, pointers)),
                );
                // The structures lie side by side; what they point to comes behind all of them.
                let starts: Vec<usize> = items
                    .iter()
                    .map(|(data, pointers)| {
                        words.extend(data);
                        let start = words.len();
                        words.resize(start + pointers.len(), 0);
                        start
                    })
                    .collect();
                let n_words = (words.len() - target - 1) as u64;
                for (start, (_, pointers)) in starts.into_iter().zip(items) {
                    write_pointers(words, start, pointers);
                }
                LIST | offset | COMPOSITE << 32 | n_words << 35
            }
            Self::Text(text) => {
                let mut bytes = text.clone().into_bytes();
                bytes.push(0);
                for chunk in bytes.chunks(8) {
                    let mut word = [0; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    words.push(u64::from_le_bytes(word));
                }
                LIST | offset | BYTES << 32 | (bytes.len() as u64) << 35
            }
        };
    }
}

fn sizes(data: &[u64], pointers: &[Content]) -> u64 {
    (data.len() as u64) << 32 | (pointers.len() as u64) << 48
}

fn write_struct(words: &mut Vec<u64>, data: &[u64], pointers: &[Content]) {
    words.extend(data);
    let start = words.len();
    words.resize(start + pointers.len(), 0);
    write_pointers(words, start, pointers);
}

fn write_pointers(words: &mut Vec<u64>, start: usize, pointers: &[Content]) {
    for (index, pointer) in pointers.iter().enumerate() {
        pointer.write(words, start + index);
    }
}

/// The frame of a message of one segment.
#[must_use]
pub fn frame(words: &[u64]) -> Vec<u8> {
    let mut bytes = ((words.len() as u64) << 32).to_le_bytes().to_vec();
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

/// A capability that a call goes to or passes on, as the caller can name it.
#[derive(Clone, Debug)]
pub enum Capability {
    /// One that the other side has exported by this number.
    Imported(u32),
    /// What stands in the answer to this question: itself, or where following these pointer fields leads.
    Answer(u32, Vec<u16>),
    /// One of our own.
    Own(u32),
    /// One of our own that is yet to come.
    Promised(u32),
}

impl Capability {
    /// As the target of a call.
    pub(crate) fn target(&self) -> Content {
        match self {
            Self::Imported(number) | Self::Own(number) | Self::Promised(number) => {
                Content::Struct(vec![u64::from(*number)], vec![Content::Null])
            }
            Self::Answer(question, fields) => {
                Content::Struct(vec![1 << 32], vec![promised(*question, fields)])
            }
        }
    }

    /// As an entry of a message's table.
    pub(crate) fn descriptor(&self) -> (Vec<u64>, Vec<Content>) {
        const SENDER_HOSTED: u64 = 1;
        const SENDER_PROMISE: u64 = 2;
        const RECEIVER_HOSTED: u64 = 3;
        const RECEIVER_ANSWER: u64 = 4;
        let numbered = |kind, number: u32| (vec![kind | u64::from(number) << 32], vec![Content::Null]);
        match self {
            Self::Own(number) => numbered(SENDER_HOSTED, *number),
            Self::Promised(number) => numbered(SENDER_PROMISE, *number),
            Self::Imported(number) => numbered(RECEIVER_HOSTED, *number),
            Self::Answer(question, fields) => (vec![RECEIVER_ANSWER], vec![promised(*question, fields)]),
        }
    }
}

fn promised(question: u32, fields: &[u16]) -> Content {
    const GET_POINTER_FIELD: u64 = 1;
    let steps = fields
        .iter()
        .map(|field| (vec![GET_POINTER_FIELD | u64::from(*field) << 16], Vec::new()))
        .collect();
    Content::Struct(vec![u64::from(question)], vec![Content::Structs(steps)])
}
