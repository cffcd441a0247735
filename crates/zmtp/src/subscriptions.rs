//! What one subscriber wants to hear.

use std::collections::BTreeMap;
use std::io;

use crate::frame::{Frame, violation};

/// How many bytes the topics of one subscriber may have together, each counted with some more.
const MAX_BYTES: usize = 1 << 20;

/// What each topic is counted with beside its bytes.
const OVERHEAD: usize = 64;

/// How much of what a ping says is said again: as much as ZMTP 3.1 lets it say.
const MAX_CONTEXT: usize = 16;

/// The beginnings of the messages that a subscriber wants, and how often it asked for each.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    topics: BTreeMap<Vec<u8>, u32>,
    bytes: usize,
}

/// What a frame of a subscriber's asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Subscribe(Vec<u8>),
    Cancel(Vec<u8>),
    /// An answer with these bytes.
    Pong(Vec<u8>),
    Nothing,
}

impl Wish {
    /// Reads a frame. Version 3.0 has subscriptions in messages, version 3.1 in commands.
    pub(crate) fn read(frame: Frame) -> io::Result<Self> {
        match frame {
            Frame::Part(mut part) => match part.first() {
                Some(1) => Ok(Self::Subscribe(part.split_off(1))),
                Some(0) => Ok(Self::Cancel(part.split_off(1))),
                // Other messages are for publishers that listen to them.
                _ => Ok(Self::Nothing),
            },
            Frame::Command { name, data } => match name.as_slice() {
                b"SUBSCRIBE" => Ok(Self::Subscribe(data)),
                b"CANCEL" => Ok(Self::Cancel(data)),
                b"PING" => {
                    // How long the answer may take stands before what it must say.
                    let said = data.get(2..).ok_or_else(|| violation("a ping without a time"))?;
                    Ok(Self::Pong(said[..said.len().min(MAX_CONTEXT)].to_vec()))
                }
                b"ERROR" => Err(violation("an error of the subscriber's")),
                _ => Ok(Self::Nothing),
            },
        }
    }
}

impl Subscriptions {
    /// Adds a topic.
    pub(crate) fn add(&mut self, topic: Vec<u8>) -> io::Result<()> {
        if let Some(count) = self.topics.get_mut(&topic) {
            *count = count.saturating_add(1);
            return Ok(());
        }
        self.bytes += topic.len() + OVERHEAD;
        if self.bytes > MAX_BYTES {
            return Err(violation("more topics than are kept"));
        }
        self.topics.insert(topic, 1);
        Ok(())
    }

    /// Takes a topic back, once.
    pub(crate) fn remove(&mut self, topic: &[u8]) {
        let Some(count) = self.topics.get_mut(topic) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.topics.remove(topic);
            self.bytes -= topic.len() + OVERHEAD;
        }
    }

    /// Whether a message that begins so is wanted.
    pub(crate) fn want(&self, beginning: &[u8]) -> bool {
        // Topics may be many, and beginnings are short.
        (0..=beginning.len()).any(|length| self.topics.contains_key(&beginning[..length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_wanted_as_often_as_it_was_asked_for() {
        let mut subscriptions = Subscriptions::default();
        assert!(!subscriptions.want(b"hashblock"));
        subscriptions.add(b"hash".to_vec()).unwrap();
        subscriptions.add(b"hash".to_vec()).unwrap();
        subscriptions.remove(b"hash");
        subscriptions.remove(b"other");
        assert!(subscriptions.want(b"hashblock") && subscriptions.want(b"hash"));
        assert!(!subscriptions.want(b"has") && !subscriptions.want(b"rawblock"));
        subscriptions.remove(b"hash");
        assert!(!subscriptions.want(b"hashblock"));
        subscriptions.add(Vec::new()).unwrap();
        assert!(subscriptions.want(b"") && subscriptions.want(b"x"));
    }

    #[test]
    fn no_subscriber_fills_the_memory() {
        let mut subscriptions = Subscriptions::default();
        let refused = (0..u32::MAX).find(|number| subscriptions.add(number.to_le_bytes().to_vec()).is_err());
        assert_eq!(refused, Some(15_420));
    }

    #[test]
    fn wishes_are_read_from_messages_and_commands() {
        let command = |name: &[u8], data: &[u8]| {
            Wish::read(Frame::Command {
                name: name.to_vec(),
                data: data.to_vec(),
            })
        };
        let part = |bytes: &[u8]| Wish::read(Frame::Part(bytes.to_vec())).unwrap();
        assert_eq!(part(b"\x01ab"), Wish::Subscribe(b"ab".to_vec()));
        assert_eq!(part(b"\x00"), Wish::Cancel(Vec::new()));
        assert_eq!(part(b"\x02"), Wish::Nothing);
        assert_eq!(part(b""), Wish::Nothing);
        assert_eq!(
            command(b"SUBSCRIBE", b"a").unwrap(),
            Wish::Subscribe(b"a".to_vec())
        );
        assert_eq!(command(b"CANCEL", b"a").unwrap(), Wish::Cancel(b"a".to_vec()));
        assert_eq!(command(b"PING", b"\0\x0aid").unwrap(), Wish::Pong(b"id".to_vec()));
        let long = [b"\0\x0a", &[7; 100][..]].concat();
        assert_eq!(command(b"PING", &long).unwrap(), Wish::Pong(vec![7; MAX_CONTEXT]));
        assert_eq!(command(b"NEW", b"").unwrap(), Wish::Nothing);
        assert!(command(b"PING", b"\0").is_err() && command(b"ERROR", b"").is_err());
    }
}
